"""The OpenAPI document of the intake: what may be pushed into this project, by column and audience."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from audiencesync import __version__
from audiencesync.intake.segment import CALLS
from audiencesync.intake.shape import Shape
from audiencesync.store import WHOLE_NUMBERS, ColumnType

Document: TypeAlias = dict[str, Any]

_OBJECT = "object"
_SCALARS: Mapping[str, Document] = MappingProxyType(
    {
        "varchar": {"type": ["string", "number", "boolean", "null"]},
        "boolean": {"type": ["boolean", "null"]},
        "date": {"type": ["string", "null"], "format": "date"},
        "time": {"type": ["string", "null"], "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"},
        "timestamp with time zone": {"type": ["string", "null"], "format": "date-time"},
        "uuid": {"type": ["string", "null"], "format": "uuid"},
        "float": {"type": ["number", "null"], "minimum": -3.4e38, "maximum": 3.4e38},
        "double": {"type": ["number", "null"]},
    }
)
_MOMENT = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,9})?)?Z?)?$"
_SHOWN = {
    "400": "The body is not JSON, or cannot be unpacked.",
    "401": "The token is missing or wrong.",
    "413": "The body is larger than `daemon.intake.max_body`.",
    "415": "The media type or the packing is none that is taken.",
    "422": "A value, column, key or audience is none that can be.",
    "503": "The store cannot be written, or the source not be read, now.",
}
_ID: Document = {"type": ["string", "integer", "null"]}
_SEGMENT_KEYS: Mapping[str, Document] = {
    "identify": {"userId": _ID, "anonymousId": _ID, "traits": {"type": [_OBJECT, "null"]}},
    "group": {"groupId": _ID, "userId": _ID, "anonymousId": _ID, "traits": {"type": [_OBJECT, "null"]}},
    "track": {"userId": _ID, "anonymousId": _ID, "event": {"type": "string"}, "properties": {}},
    "page": {"userId": _ID, "anonymousId": _ID, "name": {}, "properties": {}},
    "screen": {"userId": _ID, "anonymousId": _ID, "name": {}, "properties": {}},
    "alias": {"userId": _ID, "previousId": _ID},
}
_REQUIRED = {"group": ["groupId"], "track": ["event"], "alias": ["userId", "previousId"]}


def document(shape: Shape, *, segment: bool) -> Document:
    """The document as JSON values.

    Args:
        shape: What may be pushed.
        segment: Segment's paths are there too.
    """
    paths = {**_own_paths(shape), **(_segment_paths() if segment else {})}
    return {
        "openapi": "3.1.0",
        "info": {"title": "audiencesync intake", "version": __version__},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "write_key": {"type": "http", "scheme": "basic", "description": "The token as user name."},
            },
            "schemas": _schemas(shape),
        },
        "security": [{"bearer": []}],
    }


def _own_paths(shape: Shape) -> Document:
    key = _in_path("key", {"type": "string", "minLength": 1}, "The profile's key, percent-encoded.")
    names = sorted(shape.audiences)
    audience = _in_path("audience", {"enum": names} if names else {"type": "string"}, "The audience's name.")
    return {
        "/profiles/{key}": {
            "parameters": [key],
            "patch": _operation("set_columns", "Set columns of a profile; null clears.", _ref("Attributes")),
            "delete": _operation("remove_profile", "The profile is gone."),
        },
        "/memberships/{audience}/{key}": {
            "parameters": [audience, key],
            "put": _operation("enter", "The profile enters the audience."),
            "delete": _operation("leave", "The profile leaves the audience."),
        },
        "/changes": {"post": _operation("change", "All of these changes, or none.", _ref("Changes"))},
    }


def _segment_paths() -> Document:
    calls = {}
    for call, kind in CALLS.items():
        name = "Batch" if kind == "batch" else kind.capitalize()
        operation = _operation(f"segment_{call}", f"Segment's {kind}.", _ref(name), success="Success")
        del operation["responses"]["422"]
        calls[f"/v1/{call}"] = {"post": {**operation, "security": [{"write_key": []}, {"bearer": []}]}}
    return calls


def _operation(name: str, summary: str, body: Document | None = None, success: str = "Accepted") -> Document:
    answers = {"200": _answer("It is on the disk.", success)}
    answers |= {status: _answer(told, "Error") for status, told in _SHOWN.items()}
    made: Document = {"operationId": name, "summary": summary, "responses": answers}
    if body is not None:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return made


def _answer(told: str, schema: str) -> Document:
    return {"description": told, "content": {"application/json": {"schema": _ref(schema)}}}


def _schemas(shape: Shape) -> Document:
    key = _key(shape.key)
    audience: Document = {"enum": sorted(shape.audiences)} if shape.audiences else {"type": "string"}
    columns = {column.name: _column(column.kind) for column in shape.columns.values()}
    profile = {
        "oneOf": [
            _object({"key": key, "attributes": _ref("Attributes")}, ["key", "attributes"]),
            _object({"key": key, "removed": {"const": True}}, ["key", "removed"]),
        ]
    }
    membership = _object(
        {"key": key, "audience": audience, "member": {"type": "boolean"}}, ["key", "audience", "member"]
    )
    lists = {"profiles": profile, "memberships": membership}
    messages: dict[str, Document] = {
        kind.capitalize(): {
            "type": _OBJECT,
            "properties": {"type": {"const": kind}, **keys, "integrations": {"type": [_OBJECT, "null"]}},
            "required": _REQUIRED.get(kind, []),
        }
        for kind, keys in _SEGMENT_KEYS.items()
    }
    in_a_batch = [{**message, "required": [*message["required"], "type"]} for message in messages.values()]
    error = _object({"field": {"type": "string"}, "message": {"type": "string"}}, ["field", "message"])
    return {
        "Attributes": _object(columns, []),
        "Changes": _object({name: {"type": "array", "items": one} for name, one in lists.items()}, []),
        **messages,
        "Batch": {
            "type": _OBJECT,
            "properties": {
                "batch": {"type": "array", "items": {"anyOf": in_a_batch}},
                "integrations": {"type": [_OBJECT, "null"]},
                "context": {},
            },
            "required": ["batch"],
        },
        "Accepted": _object({"accepted": {"type": "integer", "minimum": 0}}, ["accepted"]),
        "Success": _object({"success": {"const": True}}, ["success"]),
        "Error": {"type": _OBJECT, "properties": {"error": error}, "required": ["error"]},
    }


def _column(kind: ColumnType) -> Document:
    told: Document = {"description": kind.text}
    if kind.kind in WHOLE_NUMBERS:
        least, greatest = WHOLE_NUMBERS[kind.kind]
        return told | {"type": ["integer", "null"], "minimum": least, "maximum": greatest}
    if kind.kind == "decimal":
        precision, scale = kind.numbers
        bound = 10 ** (precision - scale)
        return told | {"type": ["number", "null"], "exclusiveMinimum": -bound, "exclusiveMaximum": bound}
    if kind.kind in _NESTED:
        return told | _NESTED[kind.kind](kind)
    if kind.kind.startswith("timestamp") and kind.kind not in _SCALARS:
        return told | {"type": ["string", "null"], "pattern": _MOMENT}
    return told | (_SCALARS.get(kind.kind) or ({} if kind.kind == "json" else {"type": "null"}))


def _list(kind: ColumnType) -> Document:
    length = {"minItems": kind.numbers[0], "maxItems": kind.numbers[0]} if kind.numbers else {}
    return {"type": ["array", "null"], "items": _column(kind.parts[0]), **length}


def _struct(kind: ColumnType) -> Document:
    members = dict(zip(kind.members, map(_column, kind.parts), strict=True))
    return _object(members, list(members)) | {"type": [_OBJECT, "null"]}


_NESTED: Mapping[str, Callable[[ColumnType], Document]] = MappingProxyType(
    {
        "enum": lambda kind: {"enum": [*kind.choices, None]},
        "list": _list,
        "array": _list,
        "map": lambda kind: {"type": [_OBJECT, "null"], "additionalProperties": _column(kind.parts[1])},
        "struct": _struct,
    }
)


def _key(kind: ColumnType) -> Document:
    if kind.kind in WHOLE_NUMBERS:
        return {"type": ["integer", "string"], "pattern": "^(0|-?[1-9][0-9]*)$"}
    return {"type": ["string", "integer"], "minLength": 1}


def _object(properties: Document, required: list[str]) -> Document:
    made: Document = {"type": _OBJECT, "properties": properties, "additionalProperties": False}
    return {**made, "required": required} if required else made


def _in_path(name: str, schema: Document, told: str) -> Document:
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": told}


def _ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}
