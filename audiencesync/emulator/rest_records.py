"""Single records: create, read, update, upsert, delete.

Source:
    REST API guide, "sObject Basic Information", "sObject Rows", "sObject Rows by External ID".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audiencesync.emulator import ids
from audiencesync.emulator.changes import Changes
from audiencesync.emulator.errors import ApiError, RowError
from audiencesync.emulator.http import Call, Reply, Route, route
from audiencesync.emulator.json_rows import RowReader, represent, rest_error, url_of
from audiencesync.emulator.matching import upsert_all
from audiencesync.emulator.values import json_reader

if TYPE_CHECKING:
    from audiencesync.emulator.access import View
    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.save import Outcome
    from audiencesync.emulator.schema import Field, ObjectType, Record

_UPSERT_BODY_FROM = 46
_EXTENSIONS = (".inc", ".json", ".xml", ".zip")
"""Ends of a key that Salesforce takes for those of a file."""


def create(instance: Instance, call: Call) -> Reply:
    """`POST /sobjects/{name}`, and the same with `/Id`."""
    view = instance.view(call, call.args["name"])
    if not instance.org.table(view.kind.name).kind.createable:
        raise ApiError(405, "METHOD_NOT_ALLOWED", f"HTTP Method 'POST' not allowed for {view.kind.name}")
    changes = Changes()
    row = RowReader(instance.org.schema, view.kind).read(call.json_object())
    outcome = instance.writer(call, view, changes).insert(row)
    instance.commit(changes)
    return _created(view, outcome, call.version)


def read(instance: Instance, call: Call) -> Reply:
    """`GET /sobjects/{name}/{id}`, all fields or those in `?fields=`."""
    view = instance.view(call, call.args["name"])
    record = locate(instance, view.kind, call.args["id"])
    return Reply(200, represent(view.kind, record, call.version, wanted(view.kind, call.query.get("fields"))))


def update(instance: Instance, call: Call) -> Reply:
    """`PATCH /sobjects/{name}/{id}`."""
    view = instance.view(call, call.args["name"])
    record = locate(instance, view.kind, call.args["id"])
    data = call.json_object()
    _refuse_in_body(data, "Id")
    row = RowReader(instance.org.schema, view.kind).read(data)
    row.id = str(record["Id"])
    changes = Changes()
    outcome = instance.writer(call, view, changes).update(row)
    instance.commit(changes)
    return _refused(outcome.error) if outcome.error else Reply(204)


def delete(instance: Instance, call: Call) -> Reply:
    """`DELETE /sobjects/{name}/{id}`."""
    view = instance.view(call, call.args["name"])
    record = locate(instance, view.kind, call.args["id"])
    return _delete(instance, call, view, str(record["Id"]))


def read_by_key(instance: Instance, call: Call) -> Reply:
    """`GET /sobjects/{name}/{field}/{value}`."""
    view, match = _match(instance, call)
    found = _matched(instance, view.kind, match, call.args["value"])
    if len(found) > 1:
        return _many(instance, view.kind, found, call.version)
    if not found:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    record = instance.org.table(view.kind.name).records[found[0]]
    return Reply(200, represent(view.kind, record, call.version, wanted(view.kind, call.query.get("fields"))))


def upsert(instance: Instance, call: Call) -> Reply:
    """`PATCH /sobjects/{name}/{field}/{value}`: 201, 200, or 300 when several records match."""
    view, match = _match(instance, call)
    value = call.args["value"]
    found = _matched(instance, view.kind, match, value)
    if len(found) > 1:
        return _many(instance, view.kind, found, call.version)
    if not found and call.query.get("updateOnly", "").lower() == "true":
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    data = call.json_object()
    _refuse_in_body(data, "Id", match.name)
    row = RowReader(instance.org.schema, view.kind).read(data)
    key = json_reader(match)(value)
    if match.type != "id":
        row.values[match.name] = key
    changes = Changes()
    table = instance.org.table(view.kind.name)
    outcome = upsert_all(instance.writer(call, view, changes), table, [row], [key], match)[0]
    instance.commit(changes)
    if outcome.error or outcome.created:
        return _created(view, outcome, call.version, created=True)
    if float(call.version) < _UPSERT_BODY_FROM:
        return Reply(204)
    return Reply(200, {"id": outcome.id, "success": True, "errors": [], "created": False})


def delete_by_key(instance: Instance, call: Call) -> Reply:
    """`DELETE /sobjects/{name}/{field}/{value}`."""
    view, match = _match(instance, call)
    found = _matched(instance, view.kind, match, call.args["value"])
    if len(found) > 1:
        return _many(instance, view.kind, found, call.version)
    if not found:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return _delete(instance, call, view, found[0])


def locate(instance: Instance, kind: ObjectType, value: str) -> Record:
    """A live record by the Id in a path.

    Raises:
        ApiError: Malformed (400), unknown or deleted (404).
    """
    record_id = ids.to_long(value)
    if record_id is None or not record_id.startswith(kind.prefix):
        raise ApiError(400, "MALFORMED_ID", f"{kind.label} ID: id value of incorrect type: {value}", "Id")
    record = instance.org.table(kind.name).records.get(record_id)
    if record is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    if record["IsDeleted"]:
        raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted")
    return record


def wanted(kind: ObjectType, names: str | None) -> list[Field] | None:
    """The fields of a `fields` parameter; None is all.

    Raises:
        ApiError: One of them does not exist, or is hidden.
    """
    if not names:
        return None
    found = []
    for name in names.split(","):
        item = kind.find(name.strip())
        if item is None:
            raise ApiError(400, "INVALID_FIELD", f"No such column '{name}' on entity '{kind.name}'")
        found.append(item)
    return found


def _match(instance: Instance, call: Call) -> tuple[View, Field]:
    """The field of a path; a key that looks like a file is none.

    Source:
        REST API guide, "sObject Rows by External ID": `example@email.inc` is 404, as "some" other domains.
    """
    if call.args["value"].lower().endswith(_EXTENSIONS):
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    view = instance.view(call, call.args["name"])
    match = view.kind.find(call.args["field"])
    if match is None or not match.matchable:
        name = call.args["field"]
        raise ApiError(
            404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}"
        )
    return view, match


def _matched(instance: Instance, kind: ObjectType, match: Field, value: str) -> list[str]:
    if match.type == "id":
        return [str(locate(instance, kind, value)["Id"])]
    key = json_reader(match)(value)
    return instance.org.table(kind.name).find(match.name, key.strip() if isinstance(key, str) else key)


def _many(instance: Instance, kind: ObjectType, found: list[str], version: str) -> Reply:
    records = instance.org.table(kind.name).records
    return Reply(300, [url_of(kind, records[item], version) for item in found])


def _refuse_in_body(data: dict[str, object], *names: str) -> None:
    """The record's own key belongs in the path alone.

    Source:
        Recorded: "The Id field should not be specified in the sobject data."
    """
    lower = {name.lower() for name in data}
    for name in names:
        if name.lower() in lower:
            message = f"The {name} field should not be specified in the sobject data."
            raise ApiError(400, "INVALID_FIELD", message, name)


def _delete(instance: Instance, call: Call, view: View, record_id: str) -> Reply:
    if not instance.org.table(view.kind.name).kind.deletable:
        raise ApiError(405, "METHOD_NOT_ALLOWED", f"HTTP Method 'DELETE' not allowed for {view.kind.name}")
    changes = Changes()
    outcome = instance.writer(call, view, changes).delete(record_id)
    instance.commit(changes)
    return _refused(outcome.error) if outcome.error else Reply(204)


def _created(view: View, outcome: Outcome, version: str, **extra: object) -> Reply:
    if outcome.error:
        return _refused(outcome.error)
    body = {"id": outcome.id, "success": True, "errors": [], **extra}
    location = f"/services/data/v{version}/sobjects/{view.kind.name}/{outcome.id}"
    return Reply(201, body, {"Location": location})


def _refused(error: RowError) -> Reply:
    return Reply(400, [rest_error(error)])


_ONE = "/services/data/v{version}/sobjects/{name}"
ROUTES: list[Route] = [
    route("POST", _ONE, create),
    route("POST", f"{_ONE}/Id", create),
    route("GET", f"{_ONE}/{{id}}", read),
    route("PATCH", f"{_ONE}/{{id}}", update),
    route("DELETE", f"{_ONE}/{{id}}", delete),
    route("GET", f"{_ONE}/{{field}}/{{value}}", read_by_key),
    route("PATCH", f"{_ONE}/{{field}}/{{value}}", upsert),
    route("DELETE", f"{_ONE}/{{field}}/{{value}}", delete_by_key),
]
