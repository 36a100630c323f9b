"""Pydantic's errors in plain words, with the nearest valid name and without any secret."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from audiencesync.config.auth import METHODS, method_meant
from audiencesync.config.mistakes import KeyPath, Mistake, any_of, did_you_mean, nearest
from audiencesync.config.models import Config
from audiencesync.config.references import is_secret

_LONGEST_SHOWN = 60

Schema: TypeAlias = Mapping[str, Any]


def explain(error: ValidationError, data: object, hidden: frozenset[KeyPath]) -> list[Mistake]:
    """Say what is wrong.

    Args:
        error: What pydantic found.
        data: The values that it was given.
        hidden: Key paths whose value came from the environment and is not repeated.

    Returns:
        One mistake per place; a missing key is left out when a misspelt one stands beside it.
    """
    details = error.errors(include_url=False)
    schema = Config.model_json_schema()
    mistakes: list[Mistake] = []
    misspelt: set[KeyPath] = set()
    for detail in details:
        if detail["type"] == "extra_forbidden":
            keys = _locate(detail["loc"], data)
            meant = _meant(keys, data, schema)
            misspelt.update([(*keys[:-1], meant)] if meant else [])
            mistakes.append(Mistake(keys, "unknown key" + (f"; did you mean '{meant}'?" if meant else "")))
    for detail in details:
        keys = _locate(detail["loc"], data)
        if detail["type"] == "extra_forbidden" or (detail["type"] == "missing" and keys in misspelt):
            continue
        value = value_at(data, keys)
        if detail["type"] == "too_short" and isinstance(value, list) and value:
            continue  # pydantic counts valid items; the wrong ones are reported themselves
        mistakes.append(Mistake(keys, _say(detail, keys, value, may_show=_may_show(keys, hidden))))
    return mistakes


def unknown_keys(error: ValidationError, data: object) -> frozenset[KeyPath]:
    """Where a key stands that no model has: what is below it need not be right."""
    details = error.errors(include_url=False)
    return frozenset(_locate(each["loc"], data) for each in details if each["type"] == "extra_forbidden")


def value_at(data: object, keys: KeyPath) -> object:
    """The value at a key path, or None."""
    for key in keys:
        if isinstance(data, Mapping):
            data = data.get(key)
        elif isinstance(data, Sequence) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return None
    return data


def _locate(loc: tuple[str | int, ...], data: object) -> KeyPath:
    """The key path of a pydantic location, without the names of union members."""
    keys: list[str | int] = []
    for position, key in enumerate(loc):
        last = position == len(loc) - 1
        if isinstance(data, Mapping) and (key in data or (last and key != "[key]")):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int):
            data = data[key] if key < len(data) else None
        else:
            continue
        keys.append(key)
    return tuple(keys)


def _may_show(keys: KeyPath, hidden: frozenset[KeyPath]) -> bool:
    if keys[:2] == ("connection", "auth"):
        return keys[2:] == ("method",)
    if keys[:2] == ("daemon", "intake") and is_secret(keys):
        return False
    closed = {("source", "attach"), ("engine", "spark"), ("daemon", "alerts")}
    return keys not in hidden and keys[:2] not in closed


def _got(value: object, *, may_show: bool) -> str:
    if value is None:
        return ", got nothing"
    if isinstance(value, Mapping | list):
        return f", got a {'list' if isinstance(value, list) else 'mapping'}"
    if not may_show:
        return ""
    if isinstance(value, bool):
        return f", got {str(value).lower()}"
    if isinstance(value, int | float):
        return f", got {value}"
    text = str(value)
    return f", got '{text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + '...'}'"


_MUST_BE: Mapping[str, str] = {
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "mapping_type": "must be a mapping (key: value)",
    "dict_type": "must be a mapping (key: value)",
    "model_type": "must be a mapping (key: value)",
    "model_attributes_type": "must be a mapping (key: value)",
    "path_type": "must be a file name",
    "string_type": "must be text",
}


def _say(detail: ErrorDetails, keys: KeyPath, value: object, *, may_show: bool) -> str:
    kind = detail["type"]
    context = detail.get("ctx", {})
    got = _got(value, may_show=may_show)
    if kind in {"literal_error", "enum"}:
        return _say_choice(keys, value, context, got, may_show=may_show)
    if kind == "missing":
        return "is missing" + (f"; one of {any_of(METHODS)}" if keys[-1:] == ("method",) else "")
    if kind in _MUST_BE:
        unquoted = kind == "string_type" and isinstance(value, bool | int | float)
        return _MUST_BE[kind] + got + ("; put it in quotes" if unquoted else "")
    words = {
        "plain": str(context.get("what")),
        "greater_than_equal": f"must be at least {context.get('ge', 0):g}{got}",
        "less_than_equal": f"must be at most {context.get('le', 0):g}{got}",
        "too_short": "must hold at least one",
    }
    return words.get(kind, f"is not valid ({kind.replace('_', ' ')})")


def _say_choice(keys: KeyPath, value: object, context: Mapping[str, Any], got: str, *, may_show: bool) -> str:
    if keys == ("version",):
        return f"must be 1{got}"
    if keys == ("engine",):
        return f"must be 'duckdb' or {{spark: URL}}{got}" + _near(value, ("duckdb",), may_show=may_show)
    names = METHODS if keys[-1:] == ("method",) else _choices(str(context.get("expected", "")))
    return f"must be {any_of(names)}{got}" + _near(value, names, may_show=may_show)


def _near(value: object, names: Sequence[str], *, may_show: bool) -> str:
    return did_you_mean(value, names) if isinstance(value, str) and may_show else ""


def _choices(expected: str) -> tuple[str, ...]:
    return tuple(expected.replace(" or ", ", ").replace("'", "").split(", "))


def _meant(keys: KeyPath, data: object, schema: Schema) -> str | None:
    """The valid key nearest to an unknown one: rather one that is not written yet."""
    known = _known_keys(keys[:-1], data, schema)
    written = value_at(data, keys[:-1])
    unwritten = [name for name in known if not (isinstance(written, Mapping) and name in written)]
    name = str(keys[-1])
    return nearest(name, unwritten) or nearest(name, known)


def _known_keys(keys: KeyPath, data: object, schema: Schema) -> list[str]:
    nodes = list(_forms(schema, schema, data))
    for position, key in enumerate(keys):
        value = value_at(data, keys[: position + 1])
        nodes = [
            form for node in nodes for child in _below(node, key) for form in _forms(child, schema, value)
        ]
    return [name for node in nodes for name in node.get("properties", {})]


def _below(node: Schema, key: str | int) -> Iterator[Schema]:
    if isinstance(key, int):
        children: list[object] = [node.get("items")]
    else:
        named = node.get("properties", {}).get(key)
        patterns = list(node.get("patternProperties", {}).values())
        children = [named] if named is not None else [node.get("additionalProperties"), *patterns]
    yield from (child for child in children if isinstance(child, Mapping))


def _forms(node: Schema, root: Schema, value: object) -> Iterator[Schema]:
    """The node and what it refers to; of the ways to log in, only the one that is meant."""
    if "$ref" in node:
        yield from _forms(root["$defs"][node["$ref"].rsplit("/", 1)[1]], root, value)
        return
    method = node.get("properties", {}).get("method", {}).get("const")
    if method is None or method == method_meant(value):
        yield node
    for choice in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _forms(choice, root, value)
