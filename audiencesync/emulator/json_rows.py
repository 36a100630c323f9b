"""Records in JSON, in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audiencesync.emulator.errors import ApiError, RowError
from audiencesync.emulator.references import Parent
from audiencesync.emulator.save import Row
from audiencesync.emulator.values import json_reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audiencesync.emulator.schema import Field, ObjectType, Record, Schema
    from audiencesync.emulator.values import Reader


class RowReader:
    """Reads the records of one call for one object."""

    def __init__(self, schema: Schema, kind: ObjectType) -> None:
        self._schema = schema
        self._kind = kind
        self._readers: dict[str, tuple[Field, Reader]] = {}

    def read(self, data: Mapping[str, object]) -> Row:
        """One record.

        Raises:
            ApiError: A field that does not exist, or a value of a wrong type: the whole call fails.
        """
        row = Row({})
        for name, value in data.items():
            if name == "attributes":
                continue
            found = self._readers.get(name) or self._find(name)
            if found is not None:
                row.values[found[0].name] = found[1](value)
            else:
                parent = self._parent(name, value)
                row.parents[parent.reference.name] = parent
        return row

    def _find(self, name: str) -> tuple[Field, Reader] | None:
        item = self._kind.find(name)
        if item is None:
            return None
        self._readers[name] = (item, json_reader(item))
        return self._readers[name]

    def _parent(self, name: str, value: object) -> Parent:
        reference = self._kind.parent(name)
        if reference is None:
            raise ApiError(
                400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {self._kind.name}"
            )
        if not isinstance(value, dict):
            raise ApiError(
                400, "INVALID_FIELD", f"The {name} relationship takes an object that holds an external ID"
            )
        attributes = value.get("attributes")
        named = str(attributes.get("type", "")) if isinstance(attributes, dict) else ""
        if not named and len(reference.reference_to) > 1:
            raise ApiError(400, "INVALID_FIELD", f"The polymorphic relationship {name} needs attributes.type")
        kind = self._schema.find(named or reference.reference_to[0])
        keys = [key for key in value if key != "attributes"]
        if kind is None or kind.name not in reference.reference_to or len(keys) != 1:
            raise ApiError(400, "INVALID_FIELD", f"Unable to find relationship: {name}")
        match = kind.find(keys[0])
        if match is None or not match.matchable:
            raise ApiError(400, "INVALID_FIELD", f"No such column '{keys[0]}' on sobject of type {kind.name}")
        return Parent(reference, kind, match, json_reader(match)(value[keys[0]]))


def represent(
    kind: ObjectType, record: Record, version: str, fields: Iterable[Field] | None = None
) -> dict[str, object]:
    """A record as REST gives it: attributes first, nulls included, addresses whole."""
    body: dict[str, object] = {"attributes": {"type": kind.name, "url": url_of(kind, record, version)}}
    for item in kind.fields if fields is None else fields:
        body[item.name] = address(item, record) if item.parts else record.get(item.name)
    return body


def address(item: Field, record: Mapping[str, object]) -> dict[str, object] | None:
    """A compound address from its parts; null when all of them are."""
    parts: dict[str, object] = {part: record.get(name) for part, name in item.parts}
    return parts if any(value is not None for value in parts.values()) else None


def url_of(kind: ObjectType, record: Record, version: str) -> str:
    """The record's REST path."""
    return f"/services/data/v{version}/sobjects/{kind.name}/{record['Id']}"


def rest_error(error: RowError) -> dict[str, object]:
    """A row error as single-record REST words it."""
    return {**error.extra, "message": error.message, "errorCode": error.code, "fields": list(error.fields)}


def collection_error(error: RowError) -> dict[str, object]:
    """A row error as Collections words it: `statusCode`, not `errorCode`."""
    return {**error.extra, "statusCode": error.code, "message": error.message, "fields": list(error.fields)}
