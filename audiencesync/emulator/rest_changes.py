"""What changed and what was deleted.

Source:
    REST API guide, "sObject Get Updated", "sObject Get Deleted".
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.http import Call, Reply, Route, route
from audiencesync.emulator.values import iso, parse_iso

if TYPE_CHECKING:
    from audiencesync.emulator.instance import Instance

_UPDATED_DAYS, _DELETED_DAYS, _MAX_IDS = 30, 15, 600_000
_MINUTE = dt.timedelta(minutes=1)


def updated(instance: Instance, call: Call) -> Reply:
    """`GET /sobjects/{name}/updated/?start=&end=`: Ids of records that changed, at most 30 days back."""
    start, end = _span(instance, call, _UPDATED_DAYS)
    table = instance.org.table(instance.view(call, call.args["name"]).kind.name)
    found = [record["Id"] for record in table.live() if start <= str(record["SystemModstamp"]) < end]
    if len(found) > _MAX_IDS:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", "The result has more than 600,000 ids")
    return Reply(200, {"ids": found, "latestDateCovered": _covered(instance, end)})


def deleted(instance: Instance, call: Call) -> Reply:
    """`GET /sobjects/{name}/deleted/?start=&end=`: at most 15 days back."""
    start, end = _span(instance, call, _DELETED_DAYS)
    table = instance.org.table(instance.view(call, call.args["name"]).kind.name)
    gone = [table.records[key] for key in sorted(table.deleted)]
    found = [
        {"id": record["Id"], "deletedDate": record["SystemModstamp"]}
        for record in gone
        if start <= str(record["SystemModstamp"]) < end
    ]
    earliest = iso(instance.org.clock.now() - dt.timedelta(days=_DELETED_DAYS))
    return Reply(
        200,
        {
            "deletedRecords": found,
            "earliestDateAvailable": earliest,
            "latestDateCovered": _covered(instance, end),
        },
    )


def _span(instance: Instance, call: Call, days: int) -> tuple[str, str]:
    """Start and end, cut to the minute."""
    start, end = (parse_iso(call.query.get(name, "").replace(" ", "+")) for name in ("start", "end"))
    now = instance.org.clock.now()
    if start is None or end is None:
        raise ApiError(400, "INVALID_REQUEST_PARAMETER", "start and end must be dateTime values")
    start, end = (moment.astimezone(dt.UTC).replace(second=0, microsecond=0) for moment in (start, end))
    if end - start < _MINUTE:
        raise ApiError(
            400, "INVALID_REPLICATION_DATE", "startDate must be at least one minute before endDate"
        )
    if start < now - dt.timedelta(days=days):
        raise ApiError(400, "INVALID_REPLICATION_DATE", f"startDate before {days} days ago")
    return iso(start), iso(end)


def _covered(instance: Instance, end: str) -> str:
    """Never later than the last full minute: a caller goes on from here and may see a record twice."""
    return min(end, iso(instance.org.clock.now().replace(second=0, microsecond=0)))


_ONE = "/services/data/v{version}/sobjects/{name}"
ROUTES: list[Route] = [
    route("GET", f"{_ONE}/updated", updated),
    route("GET", f"{_ONE}/deleted", deleted),
]
