"""`/__admin__/`: what a test does to the org behind the clients' backs. Loopback only, never metered."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import asdict
from typing import TYPE_CHECKING

from audiencesync.emulator import ids
from audiencesync.emulator.changes import Changes
from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.faults import KINDS, Fault
from audiencesync.emulator.http import Call, Reply, Route, route
from audiencesync.emulator.json_rows import RowReader, rest_error
from audiencesync.emulator.locks import RowLock
from audiencesync.emulator.save import Caller, Writer
from audiencesync.emulator.values import parse_iso

if TYPE_CHECKING:
    from audiencesync.emulator.access import View
    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.schema import Field

_FAULT_FIELDS = frozenset(item.name for item in dataclasses.fields(Fault) if item.init) - {"kind", "struck"}
_MATCH_FIELDS = frozenset({"method", "path"})


def records(instance: Instance, call: Call) -> Reply:
    """`GET /__admin__/records/{name}`: every record, `?deleted=true` for those in the recycle bin too."""
    table = instance.org.tables.get(_name(instance, call))
    found = list(table.records.values()) if table else []
    if call.query.get("deleted", "").lower() != "true":
        found = [record for record in found if not record["IsDeleted"]]
    return Reply(200, {"count": len(found), "records": found})


def edit(instance: Instance, call: Call) -> Reply:
    """`POST /__admin__/records/{name}` creates, `PATCH .../{id}` changes, `DELETE .../{id}` deletes.

    All as the org's user would in the browser: the same rules, no API call billed.
    """
    view, changes, writer = _at_work(instance, call)
    if call.method == "DELETE":
        outcome = writer.delete(call.args["id"])
    else:
        row = RowReader(instance.org.schema, view.kind).read(call.json_object())
        row.id = call.args.get("id")
        outcome = writer.insert(row) if call.method == "POST" else writer.update(row)
    instance.commit(changes)
    if outcome.error:
        return Reply(400, [rest_error(outcome.error)])
    return Reply(200, {"id": outcome.id})


def empty(instance: Instance, call: Call) -> Reply:
    """`DELETE /__admin__/records/{name}`: every record, each as `edit` deletes one."""
    view, changes, writer = _at_work(instance, call)
    table = instance.org.table(view.kind.name)
    live = [record_id for record_id, record in table.records.items() if not record["IsDeleted"]]
    refused = [outcome.error for outcome in map(writer.delete, live) if outcome.error]
    instance.commit(changes)
    if refused:
        return Reply(400, [rest_error(refused[0])])
    return Reply(200, {"count": len(live)})


def undelete(instance: Instance, call: Call) -> Reply:
    """`POST /__admin__/records/{name}/{id}/undelete`: out of the recycle bin, as a user would."""
    table = instance.org.table(_name(instance, call))
    record = table.records.get(call.args["id"])
    if record is None or not record["IsDeleted"]:
        raise ApiError(404, "NOT_FOUND", "There is no such record in the recycle bin")
    changes = Changes()
    changes.put(table, record | {"IsDeleted": False, "SystemModstamp": instance.org.now()})
    instance.commit(changes)
    return Reply(200, {"id": record["Id"]})


def counters(instance: Instance, _: Call) -> Reply:
    """`GET /__admin__/counters`."""
    org = instance.org
    return Reply(
        200,
        {
            "api_calls_total": org.meter.total,
            "api_calls_24h": org.meter.used,
            "daily_limit": org.meter.limit,
            "requests": len(instance.log),
            "sessions": len(instance.sessions.open),
            "jobs": len(instance.jobs.all),
            "records": {name: table.size for name, table in org.tables.items() if table.records},
            "now": org.now(),
        },
    )


def jobs(instance: Instance, _: Call) -> Reply:
    """`GET /__admin__/jobs`: every Bulk job, whoever made it."""
    return Reply(200, {"jobs": [job.info() for job in list(instance.jobs.all.values())]})


def requests_log(instance: Instance, _: Call) -> Reply:
    """`GET /__admin__/requests`: the latest requests, oldest first."""
    return Reply(200, {"requests": list(instance.log)})


def clear_log(instance: Instance, _: Call) -> Reply:
    """`DELETE /__admin__/requests`."""
    instance.log.clear()
    return Reply(204)


def clock(instance: Instance, call: Call) -> Reply:
    """`POST /__admin__/clock`: `{"advance_s": n}` or `{"now": "2026-01-01T00:00:00Z"}`."""
    body = call.json_object()
    if "now" in body:
        wanted = parse_iso(str(body["now"]))
        if wanted is None:
            raise ApiError(400, "JSON_PARSER_ERROR", "now must be a dateTime with a time zone")
        instance.org.clock.offset_s = (wanted - dt.datetime.now(dt.UTC)).total_seconds()
    instance.org.clock.offset_s += _number(body.get("advance_s", 0))
    instance.org.purge()
    instance.jobs.purge()
    return Reply(200, {"now": instance.org.now()})


def expire(instance: Instance, _: Call) -> Reply:
    """`POST /__admin__/sessions/expire`."""
    instance.sessions.end_all()
    return Reply(204)


def reset(instance: Instance, _: Call) -> Reply:
    """`POST /__admin__/reset`: the org as at its first start; address and credentials stay."""
    if instance.renew is None:
        raise ApiError(503, "SERVER_UNAVAILABLE", "this org has no server that could renew it")
    instance.renew()
    return Reply(204)


def limits(instance: Instance, call: Call) -> Reply:
    """`POST /__admin__/limits`: `{"daily_limit": n, "used": n}`."""
    body = call.json_object()
    if "daily_limit" in body:
        instance.org.meter.limit = int(_number(body["daily_limit"]))
    if "used" in body:
        instance.org.meter.set_used(int(_number(body["used"])))
    return counters(instance, call)


def settings(instance: Instance, call: Call) -> Reply:
    """`GET` or `POST /__admin__/settings`, such as `{"bulk_pace_s": 0}`."""
    if call.method == "POST":
        for name, value in call.json_object().items():
            current = getattr(instance.org.settings, name, None)
            if current is None:
                raise ApiError(400, "UNKNOWN_SETTING", f"there is no setting {name}")
            setattr(instance.org.settings, name, type(current)(value))
    return Reply(200, asdict(instance.org.settings))


def app(instance: Instance, call: Call) -> Reply:
    """`POST /__admin__/app`: change the connected app, such as `{"approved": false}`."""
    found = next(iter(instance.apps.values()))
    for name, value in call.json_object().items():
        if not hasattr(found, name):
            raise ApiError(400, "UNKNOWN_SETTING", f"a connected app has no {name}")
        setattr(found, name, value)
    return Reply(200, asdict(found))


def faults(instance: Instance, call: Call) -> Reply:
    """`GET`, `POST` or `DELETE /__admin__/faults`."""
    if call.method == "DELETE":
        instance.faults.script.clear()
        instance.org.locks.clear()
        return Reply(204)
    if call.method == "POST":
        add_fault(instance, call.json_object())
        return Reply(201, {"scripted": len(instance.faults.script) + len(instance.org.locks)})
    shown = [
        {name: getattr(item, name) for name in ("kind", *_FAULT_FIELDS, "struck")}
        for item in instance.faults.script
    ]
    return Reply(
        200,
        {
            "faults": shown,
            "locks": [asdict(item) | {"values": sorted(item.values)} for item in instance.org.locks],
        },
    )


def add_fault(instance: Instance, body: dict[str, object]) -> None:
    """Script one fault.

    Raises:
        ApiError: It is not a fault that exists, so a test fails at once instead of passing by accident.
    """
    kind = str(body.get("kind", ""))
    if kind not in KINDS:
        raise ApiError(400, "UNKNOWN_FAULT", f"kind must be one of {', '.join(sorted(KINDS))}")
    if kind == "lock_rows":
        instance.org.locks.append(_lock(instance, body))
        return
    match = body.get("match", {})
    given = {name: value for name, value in body.items() if name not in {"kind", "match", "object"}}
    if kind == "fail_job":
        match = {"method": "JOB", "path": f"^{body['object']}$" if "object" in body else ""}
    unknown = set(given) - _FAULT_FIELDS
    if not isinstance(match, dict) or unknown or set(match) - _MATCH_FIELDS:
        raise ApiError(400, "UNKNOWN_FAULT", f"unknown keys: {', '.join(sorted(unknown)) or match}")
    instance.faults.script.append(Fault(kind=kind, **match, **given))  # type: ignore[arg-type]


def _lock(instance: Instance, body: dict[str, object]) -> RowLock:
    kind = instance.org.schema.find(str(body.get("object", "")))
    item: Field | None = kind.find(str(body.get("field", ""))) if kind else None
    values = body.get("values")
    if kind is None or item is None or not isinstance(values, list):
        raise ApiError(400, "UNKNOWN_FAULT", "lock_rows needs object, field, values and times")
    folded = frozenset(str(ids.to_long(str(value)) or value).lower() for value in values)
    return RowLock(kind.name, item.name, folded, int(_number(body.get("times", 1))))


def _at_work(instance: Instance, call: Call) -> tuple[View, Changes, Writer]:
    """The org's user at an object, with what she changes; she assigns owners herself."""
    view = instance.access.view(instance.org.user_id, call.args["name"])
    if view is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    changes = Changes()
    return view, changes, Writer(instance.org, view, Caller(instance.org.user_id), changes)


def _name(instance: Instance, call: Call) -> str:
    kind = instance.org.schema.find(call.args["name"])
    if kind is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return kind.name


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise ApiError(400, "JSON_PARSER_ERROR", f"{value!r} is not a number")
    return value


ROUTES: list[Route] = [
    route("GET", "/__admin__/records/{name}", records, public=True),
    route("POST", "/__admin__/records/{name}", edit, public=True),
    route("DELETE", "/__admin__/records/{name}", empty, public=True),
    route("PATCH", "/__admin__/records/{name}/{id}", edit, public=True),
    route("DELETE", "/__admin__/records/{name}/{id}", edit, public=True),
    route("POST", "/__admin__/records/{name}/{id}/undelete", undelete, public=True),
    route("GET", "/__admin__/counters", counters, public=True),
    route("GET", "/__admin__/jobs", jobs, public=True),
    route("GET", "/__admin__/requests", requests_log, public=True),
    route("DELETE", "/__admin__/requests", clear_log, public=True),
    route("POST", "/__admin__/clock", clock, public=True),
    route("POST", "/__admin__/sessions/expire", expire, public=True),
    route("POST", "/__admin__/reset", reset, public=True),
    route("POST", "/__admin__/limits", limits, public=True),
    route("GET", "/__admin__/settings", settings, public=True),
    route("POST", "/__admin__/settings", settings, public=True),
    route("POST", "/__admin__/app", app, public=True),
    route("GET", "/__admin__/faults", faults, public=True),
    route("POST", "/__admin__/faults", faults, public=True),
    route("DELETE", "/__admin__/faults", faults, public=True),
]
