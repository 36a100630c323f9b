"""The three forms a result leaves in: nested JSON records, flat CSV rows, and `columns=true` metadata."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from itertools import islice
from typing import TYPE_CHECKING, Any

from audiencesync.emulator.soql.literals import as_date, as_datetime
from audiencesync.emulator.soql.paths import parent_of
from audiencesync.emulator.soql.result import Children, Leaf, Parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audiencesync.emulator.soql.result import ChildQuery, Column, Node, OneOf, QueryResult, Shape
    from audiencesync.emulator.soql.views import ObjectView, OrgView, Record

_CUSTOM = ("__c", "__pc", "__s", "__r")
_NOON = 12


def _moment(value: object, zone: str) -> str | None:
    found = as_datetime(value)
    if found is None:
        return None
    return found.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + zone


def _day(value: object) -> str | None:
    found = as_date(value)
    return None if found is None else found.isoformat()


def _clock(value: object) -> object:
    return value.isoformat(timespec="milliseconds") + "Z" if isinstance(value, time) else value


_JSON: dict[str, Callable[[Any], object]] = {
    "datetime": lambda value: _moment(value, "+0000"),
    "date": _day,
    "time": _clock,
    "double": float,
    "currency": float,
    "percent": float,
    "int": int,
    "long": int,
}


def json_value(value: object, field_type: str) -> object:
    """A value as REST writes it: decimals with a point, datetimes in UTC, empty texts as null.

    Source:
        REST API guide, "Valid Date and DateTime Formats".
    """
    if field_type == "boolean":
        return bool(value)
    if value is None or value == "":
        return None
    write = _JSON.get(field_type)
    return value if write is None else write(value)


def csv_value(value: object, field_type: str) -> str:
    """A value as Bulk API 2.0 writes it in CSV."""
    if field_type == "datetime":
        return _moment(value, "Z") or ""
    plain = json_value(value, field_type)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return str(plain)


def _localised(value: object, field_type: str) -> str | None:
    """FORMAT(): what a user of the English (United States) locale reads."""
    plain = json_value(value, field_type)
    if plain is None:
        return None
    day = as_datetime(value) if field_type == "datetime" else as_date(value) if field_type == "date" else None
    if isinstance(day, date):
        text = f"{day.month}/{day.day}/{day.year}"
        if isinstance(day, datetime):
            clock = f"{day.hour % _NOON or _NOON}:{day.minute:02d}"
            text += f", {clock} {'AM' if day.hour < _NOON else 'PM'}"
        return text
    if isinstance(plain, float):
        return f"{plain:,.3f}".rstrip("0").rstrip(".")
    return f"{plain:,d}" if isinstance(plain, int) and not isinstance(plain, bool) else str(plain)


class _JsonWriter:
    """Writes nested records for one API version."""

    def __init__(self, org: OrgView, api_version: str) -> None:
        self._org = org
        self._base = f"/services/data/v{api_version.removeprefix('v')}/sobjects/"

    def record(self, record: Record, shape: Shape, found: ObjectView) -> dict[str, Any]:
        kind = "Name" if shape.view is None else shape.view.name
        url = f"{self._base}{found.name}/{record.get('Id')}"
        written: dict[str, Any] = {"attributes": {"type": kind, "url": url}}
        for node in shape.nodes:
            if isinstance(node, Leaf):
                written[node.key] = self._leaf(record, node, found if shape.view is None else None)
            elif isinstance(node, Children):
                written[node.key] = self._children(record, node.query)
            else:
                written[node.key] = self._parent(record, node)
        return written

    def group(self, row: Record, shape: Shape) -> dict[str, Any]:
        written: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
        for node in shape.nodes:
            if isinstance(node, Leaf):
                written[node.key] = self._leaf(row, node, None)
        return written

    def _leaf(self, record: Record, node: Leaf, named: ObjectView | None) -> object:
        if named is not None and node.key == "Type":
            return named.name
        value, kind = node.get(record), node.column.field.type
        return _localised(value, kind) if node.column.format else json_value(value, kind)

    def _children(self, record: Record, query: ChildQuery) -> object:
        rows, view = query.rows_of(str(record.get("Id"))), query.shape.view
        if not rows or view is None:
            return None
        records = [self.record(row, query.shape, view) for row in rows]
        return {"totalSize": len(records), "done": True, "records": records}

    def _parent(self, record: Record, node: Parent | OneOf) -> object:
        found, parent = parent_of(self._org, node.step, record)
        if parent is None or found is None:
            return None
        shape = (
            node.shape if isinstance(node, Parent) else node.shapes.get(found.name.lower(), node.otherwise)
        )
        return None if shape is None else self.record(parent, shape, found)


def to_json_records(
    result: QueryResult, api_version: str, *, start: int = 0, stop: int | None = None
) -> list[dict[str, Any]]:
    """The rows from `start` up to `stop` as nested records.

    Parents are objects with `attributes`, or null; child subqueries are `{totalSize, done, records}`, or
    null where there are no children.

    Args:
        result: What `execute` gave.
        api_version: Such as `66.0`; it stands in the record URLs.
        start: First row.
        stop: Row after the last.
    """
    writer = _JsonWriter(result.org, api_version)
    rows = result.rows[start:stop]
    if result.aggregate:
        return [writer.group(row, result.shape) for row in rows]
    return [writer.record(row, result.shape, result.view) for row in rows]


def to_csv_rows(result: QueryResult, *, start: int = 0, stop: int | None = None) -> Iterator[list[str]]:
    """A header with dotted paths, then the rows from `start` up to `stop`.

    Null is an empty text, booleans are `true` and `false`, datetimes end in `.000Z`.

    Source:
        Bulk API 2.0 guide, "Get Results for a Query Job".
    """
    columns = result.columns
    yield [".".join(column.path) for column in columns]
    writers = [_csv_writer(column) for column in columns]
    for row in islice(result.rows, start, stop):
        yield [write(row) for write in writers]


def _csv_writer(column: Column) -> Callable[[Record], str]:
    get, kind = column.get, column.field.type
    if column.format:
        return lambda row: _localised(get(row), kind) or ""
    if kind == "boolean" and column.steps:  # empty, not false, where the parent is missing
        return lambda row: "" if (value := get(row)) is None else csv_value(value, kind)
    return lambda row: csv_value(get(row), kind)


_APEX = {
    "id": "Id",
    "reference": "Id",
    "boolean": "Boolean",
    "int": "Integer",
    "long": "Long",
    "double": "Double",
    "currency": "Double",
    "percent": "Double",
    "date": "Date",
    "datetime": "Datetime",
    "time": "Time",
    "address": "Address",
    "location": "Location",
    "base64": "Blob",
}


def _column(
    name: str, *, display: str, aggregate: bool, kind: str | None, joined: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    apex = None if kind is None else _APEX.get(kind, "String")
    return {
        "aggregate": aggregate,
        "apexType": apex,
        "booleanType": apex == "Boolean",
        "columnName": name,
        "custom": name.lower().endswith(_CUSTOM),
        "displayName": display,
        "foreignKeyName": None,
        "insertable": False,
        "joinColumns": joined or [],
        "numberType": apex in {"Integer", "Long", "Double"},
        "textType": apex == "String",
        "updatable": False,
    }


def _leaf(node: Leaf) -> dict[str, Any]:
    column = node.column
    plain = column.function is None
    entry = _column(
        node.key,
        display=node.key if plain else column.display_name,
        aggregate=column.aggregate,
        kind=column.field.type,
    )
    if plain:
        entry["insertable"] = bool(getattr(column.field, "createable", False))
        entry["updatable"] = bool(getattr(column.field, "updateable", False))
    return entry


def _describe(node: Node) -> dict[str, Any]:
    if isinstance(node, Leaf):
        return _leaf(node)
    if isinstance(node, Children):
        joined = [_describe(inner) for inner in node.query.shape.nodes]
        return _column(node.key, display=node.key, aggregate=True, kind=None, joined=joined)
    shapes = [node.shape] if isinstance(node, Parent) else [*node.shapes.values(), node.otherwise]
    seen = {inner.key: _describe(inner) for shape in shapes if shape is not None for inner in shape.nodes}
    entry = _column(node.key, display=node.key, aggregate=False, kind=None, joined=list(seen.values()))
    entry["foreignKeyName"] = node.step.field
    return entry


def column_metadata(result: QueryResult) -> dict[str, Any]:
    """The document that `?columns=true` answers with.

    The Salesforce CLI reads `columnName`, `displayName`, `aggregate` and `joinColumns`: a parent is a column
    with join columns, a child subquery is one that is also aggregate.

    Source:
        The CLI's data plugin, which asks for it before each `data query`.
    """
    nodes = () if result.is_count else result.shape.nodes
    return {
        "columnMetadata": [_describe(node) for node in nodes],
        "entityName": result.object_name,
        "groupBy": result.grouped,
        "idSelected": any(isinstance(node, Leaf) and node.key == "Id" for node in nodes),
        "keyPrefix": result.view.key_prefix,
    }
