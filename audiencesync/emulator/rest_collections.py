"""sObject Collections: up to 200 records in one call.

Source:
    REST API guide, "sObject Collections"; recorded replies of create, upsert and rollback.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from audiencesync.emulator import ids
from audiencesync.emulator.changes import Changes
from audiencesync.emulator.errors import ApiError, RowError
from audiencesync.emulator.http import Call, Reply, Route, route
from audiencesync.emulator.json_rows import RowReader, collection_error, represent
from audiencesync.emulator.matching import update_all, upsert_all
from audiencesync.emulator.rest_records import wanted
from audiencesync.emulator.save import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audiencesync.emulator.access import View
    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.save import Row, Writer

MAX_RECORDS = 200
_MAX_CHUNKS = 10
_MAX_IDS = {"GET": 800, "POST": 2000}
_ROLLED_BACK = RowError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)


def create(instance: Instance, call: Call) -> Reply:
    """`POST /composite/sobjects`."""
    return _each(instance, call, lambda writer, rows: [writer.insert(row) for row in rows])


def update(instance: Instance, call: Call) -> Reply:
    """`PATCH /composite/sobjects`; every record carries its `id`."""
    return _each(instance, call, update_all, by_id=True)


def upsert(instance: Instance, call: Call) -> Reply:
    """`PATCH /composite/sobjects/{name}/{field}`."""
    view = instance.view(call, call.args["name"])
    all_or_none, records = _read_body(call)
    for record in records:
        if _type_of(record).lower() != view.kind.name.lower():
            raise ApiError(400, "INVALID_TYPE", "All records must be of the type in the request URI")
    match = view.kind.find(call.args["field"])
    if match is None or not match.matchable:
        error = _no_match_field(call.args["field"], view)
        return _reply([Outcome(None, error=error) for _ in records], Changes(), instance)
    reader = RowReader(instance.org.schema, view.kind)
    rows = [reader.read(record) for record in records]
    keys = [row.values.pop("Id", None) if match.type == "id" else row.values.get(match.name) for row in rows]
    changes = Changes()
    writer = instance.writer(call, view, changes)
    outcomes = upsert_all(writer, instance.org.table(view.kind.name), rows, keys, match)
    return _reply(outcomes, changes, instance, all_or_none=all_or_none, upsert=True)


def delete(instance: Instance, call: Call) -> Reply:
    """`DELETE /composite/sobjects?ids=`."""
    wanted_ids = [item.strip() for item in call.query.get("ids", "").split(",") if item.strip()]
    _check_size(wanted_ids)
    changes = Changes()
    outcomes = []
    for value in wanted_ids:
        kind = instance.org.schema.of_id(value)
        if kind is None or ids.to_long(value) is None:
            error = RowError("MALFORMED_ID", f"bad id {value}", ("Id",))
            outcomes.append(Outcome(None, error=error))
            continue
        writer = instance.writer(call, instance.view(call, kind.name), changes)
        outcomes.append(writer.delete(value))
    all_or_none = call.query.get("allOrNone", "false").lower() == "true"
    return _reply(outcomes, changes, instance, all_or_none=all_or_none)


def retrieve(instance: Instance, call: Call) -> Reply:
    """`GET` or `POST /composite/sobjects/{name}`: null stands for a record that is not there."""
    view = instance.view(call, call.args["name"])
    if call.method == "POST":
        body = call.json_object()
        wanted_ids, names = _strings(body.get("ids")), ",".join(_strings(body.get("fields")))
    else:
        wanted_ids = [item for item in call.query.get("ids", "").split(",") if item]
        names = call.query.get("fields", "")
    _check_size(wanted_ids, _MAX_IDS[call.method])
    fields = wanted(view.kind, names)
    records = instance.org.table(view.kind.name).records
    found: list[object] = []
    for value in wanted_ids:
        record = records.get(ids.to_long(value) or "")
        gone = record is None or record["IsDeleted"]
        found.append(None if record is None or gone else represent(view.kind, record, call.version, fields))
    return Reply(200, found)


def _each(
    instance: Instance, call: Call, save: Callable[[Writer, list[Row]], list[Outcome]], *, by_id: bool = False
) -> Reply:
    """Read every record first, since one malformed record refuses them all; then save in order."""
    all_or_none, records = _read_body(call)
    chunks = [
        (name, list(items)) for name, items in groupby(records, key=lambda item: _type_of(item).lower())
    ]
    if len(chunks) > _MAX_CHUNKS:
        raise ApiError(400, "LIMIT_EXCEEDED", "cannot have more than 10 chunks in a single operation")
    changes = Changes()
    work: list[tuple[Writer, bool, list[Row]]] = []
    for name, items in chunks:
        view = instance.access.view(call.session.user_id, name)
        if view is None:
            raise ApiError(400, "INVALID_TYPE", f"sObject type '{_type_of(items[0])}' is not supported.")
        reader = RowReader(instance.org.schema, view.kind)
        rows = [reader.read(item) for item in items]
        for row in rows if by_id else ():
            given = row.values.pop("Id", None)
            row.id = str(given) if given is not None else None
        work.append((instance.writer(call, view, changes), view.kind.setup, rows))
    outcomes: list[Outcome] = []
    for writer, setup, rows in work:
        if setup != work[0][1]:
            outcomes.extend(Outcome(None, error=_MIXED) for _ in rows)
        else:
            outcomes.extend(save(writer, rows))
    return _reply(outcomes, changes, instance, all_or_none=all_or_none)


_MIXED = RowError(
    "MIXED_DML_OPERATION",
    "DML operation on setup object is not permitted after you have updated a non-setup object",
)


def _reply(
    outcomes: Sequence[Outcome],
    changes: Changes,
    instance: Instance,
    *,
    all_or_none: bool = False,
    upsert: bool = False,
) -> Reply:
    if all_or_none and any(outcome.error for outcome in outcomes):
        changes.undo()
        return Reply(200, [_rolled_back(outcome) for outcome in outcomes])
    instance.commit(changes)
    return Reply(200, [_item(outcome, upsert=upsert) for outcome in outcomes])


def _item(outcome: Outcome, *, upsert: bool) -> dict[str, object]:
    """One result. A failure has no `id` at all, unlike most JSON APIs."""
    if outcome.error:
        return {"success": False, "errors": [collection_error(outcome.error)]}
    item: dict[str, object] = {"id": outcome.id, "success": True, "errors": []}
    return {**item, "created": outcome.created} if upsert else item


def _rolled_back(outcome: Outcome) -> dict[str, object]:
    item = {"success": False, "errors": [collection_error(outcome.error or _ROLLED_BACK)]}
    if outcome.error is None and not outcome.created:
        return {"id": outcome.id, **item}
    return item


def _read_body(call: Call) -> tuple[bool, list[dict[str, object]]]:
    body = call.json_object()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(item, dict) for item in records):
        raise ApiError(400, "JSON_PARSER_ERROR", "The request needs a records array of sObjects")
    _check_size(records)
    return body.get("allOrNone") is True, records


def _check_size(items: Sequence[object], limit: int = MAX_RECORDS) -> None:
    if len(items) > limit:
        message = f"record limit reached. cannot submit more than {limit} records into this call"
        raise ApiError(400, "EXCEEDED_ID_LIMIT", message)


def _type_of(record: dict[str, object]) -> str:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str) or not name:
        raise ApiError(400, "INVALID_TYPE", "The attributes.type of a record is required")
    return name


def _no_match_field(name: str, view: View) -> RowError:
    message = (
        f"Field name provided, {name} does not match an External ID, Salesforce Id, or indexed field for "
        f"{view.kind.name}"
    )
    return RowError("INVALID_FIELD", message)


def _strings(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ApiError(400, "JSON_PARSER_ERROR", "ids and fields must be arrays of strings")
    return value


_MANY = "/services/data/v{version}/composite/sobjects"
ROUTES: list[Route] = [
    route("POST", _MANY, create),
    route("PATCH", _MANY, update),
    route("DELETE", _MANY, delete),
    route("PATCH", f"{_MANY}/{{name}}/{{field}}", upsert),
    route("GET", f"{_MANY}/{{name}}", retrieve),
    route("POST", f"{_MANY}/{{name}}", retrieve),
]
