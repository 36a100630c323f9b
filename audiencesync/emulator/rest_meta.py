"""Versions, resources, limits and describes.

Source:
    REST API guide, "Versions", "Resources by Version", "Limits", "Describe Global", "sObject Describe".
"""

from __future__ import annotations

import datetime as dt
import email.utils
from typing import TYPE_CHECKING

from audiencesync.emulator import describe
from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.http import Call, Reply, Route, route
from audiencesync.emulator.instance import NEWEST, OLDEST
from audiencesync.emulator.values import iso

if TYPE_CHECKING:
    from audiencesync.emulator.instance import Instance

_SEASONS = ("Winter", "Spring", "Summer")
_FIRST_WINTER, _FIRST_YEAR = 32, 15
_DATA = "/services/data/v{version}"
_BATCH_ROWS = 10_000
_DEVELOPER_LIMITS = {
    "AnalyticsExternalDataSizeMB": 40960,
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAnalyticsDataflowJobExecutions": 60,
    "DailyAsyncApexExecutions": 250000,
    "DailyBulkApiBatches": 15000,
    "DailyBulkV2QueryFileStorageMB": 976562,
    "DailyBulkV2QueryJobs": 10000,
    "DailyDeliveredPlatformEvents": 10000,
    "DailyDurableGenericStreamingApiEvents": 10000,
    "DailyDurableStreamingApiEvents": 10000,
    "DailyGenericStreamingApiEvents": 10000,
    "DailyStreamingApiEvents": 10000,
    "DailyWorkflowEmails": 390,
    "DataStorageMB": 5,
    "DurableStreamingApiConcurrentClients": 20,
    "FileStorageMB": 20,
    "HourlyAsyncReportRuns": 1200,
    "HourlyPublishedPlatformEvents": 50000,
    "MassEmail": 10,
    "SingleEmail": 15,
    "StreamingApiConcurrentClients": 20,
}


def label(version: int) -> str:
    """The release name: v32 was Winter '15, three releases a year."""
    year, season = divmod(version - _FIRST_WINTER, len(_SEASONS))
    return f"{_SEASONS[season]} '{_FIRST_YEAR + year}"


def versions(_: Instance, __: Call) -> Reply:
    """`GET /services/data/`: no session, no meter, no limit header."""
    return Reply(
        200,
        [
            {"label": label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
            for number in range(OLDEST, NEWEST + 1)
        ],
    )


def resources(instance: Instance, call: Call) -> Reply:
    """`GET /services/data/vXX.X/`."""
    base = f"/services/data/v{call.version}"
    names = ("composite", "jobs", "limits", "query", "queryAll", "sobjects", "tooling", "ui-api")
    identity = f"{instance.base_url(call)}/id/{instance.org.id}/{call.session.user_id}"
    return Reply(200, {**{name: f"{base}/{name}" for name in names}, "identity": identity})


def limits(instance: Instance, call: Call) -> Reply:
    """`GET /limits`, for who may view the set-up: some entries hold nested counts, as in a real org.

    Source:
        REST API guide, "Limits"; status and code of the refusal are chosen.
    """
    if not instance.access.allowed(call.session.user_id, "PermissionsViewSetup"):
        raise ApiError(403, "INSUFFICIENT_ACCESS", "The user needs View Setup and Configuration")
    meter = instance.org.meter
    body: dict[str, object] = {
        name: {"Max": most, "Remaining": most} for name, most in _DEVELOPER_LIMITS.items()
    }
    batches, queries = _jobs_of_a_day(instance)
    body["DailyBulkApiBatches"] = _left(_DEVELOPER_LIMITS["DailyBulkApiBatches"], batches)
    body["DailyBulkV2QueryJobs"] = _left(_DEVELOPER_LIMITS["DailyBulkV2QueryJobs"], queries)
    if float(call.version) < 49:  # noqa: PLR2004 - the release that renamed it
        body["DailyBulkApiRequests"] = body.pop("DailyBulkApiBatches")
    nested = {"Workbench": {"Max": 0, "Remaining": 0}}
    body["DailyApiRequests"] = {**_left(meter.limit, meter.used), **nested}
    body["PermissionSets"] = {
        "Max": 1500,
        "Remaining": 1499,
        "CreateCustom": {"Max": 1000, "Remaining": 999},
    }
    return Reply(200, dict(sorted(body.items())))


def _left(most: int, used: int) -> dict[str, int]:
    return {"Max": most, "Remaining": max(0, most - used)}


def _jobs_of_a_day(instance: Instance) -> tuple[int, int]:
    """Ingest batches (10,000 rows each, and one empty parent) and query jobs of the last 24 hours."""
    since = iso(instance.org.clock.now() - dt.timedelta(days=1))
    recent = [job for job in instance.jobs.all.values() if job.created > since and job.state != "Open"]
    ingests = [job for job in recent if job.kind == "ingest"]
    return sum(1 - -job.processed // _BATCH_ROWS for job in ingests), len(recent) - len(ingests)


def record_count(instance: Instance, call: Call) -> Reply:
    """`GET /limits/recordCount`: objects without records are left out."""
    wanted = [name.strip() for name in call.query.get("sObjects", "").split(",") if name.strip()]
    found = []
    for kind in instance.org.schema:
        if not wanted or kind.name.lower() in {name.lower() for name in wanted}:
            count = instance.org.table(kind.name).size
            if count:
                found.append({"count": count, "name": kind.name})
    return Reply(200, {"sObjects": found})


def describe_global(instance: Instance, call: Call) -> Reply:
    """`GET /sobjects`."""
    views = [instance.access.view(call.session.user_id, kind.name) for kind in instance.org.schema]
    listed = [describe.summary(view.kind, call.version) for view in views if view is not None]
    return _cacheable(instance, call, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})


def basic(instance: Instance, call: Call) -> Reply:
    """`GET /sobjects/{name}`."""
    kind = instance.view(call, call.args["name"]).kind
    return Reply(200, {"objectDescribe": describe.summary(kind, call.version), "recentItems": []})


def describe_object(instance: Instance, call: Call) -> Reply:
    """`GET /sobjects/{name}/describe`."""
    view = instance.view(call, call.args["name"])
    types = [row for row in instance.org.table("RecordType").live() if row["SobjectType"] == view.kind.name]
    return _cacheable(instance, call, describe.describe(instance.org.schema, view, call.version, types))


def _cacheable(instance: Instance, call: Call, body: dict[str, object]) -> Reply:
    """304 while no metadata or permission has changed since `If-Modified-Since`."""
    changed = instance.org.changed_at
    since = call.headers.get("if-modified-since")
    if since is not None:
        try:
            moment = email.utils.parsedate_to_datetime(since)
        except ValueError as error:
            raise ApiError(400, "INVALID_HTTP_HEADER", "If-Modified-Since is not an HTTP date") from error
        if changed.replace(microsecond=0) <= moment:
            return Reply(304)
    return Reply(200, body, {"Last-Modified": email.utils.format_datetime(changed, usegmt=True)})


ROUTES: list[Route] = [
    route("GET", "/services/data", versions, public=True),
    route("GET", _DATA, resources),
    route("GET", f"{_DATA}/limits", limits),
    route("GET", f"{_DATA}/limits/recordCount", record_count),
    route("GET", f"{_DATA}/sobjects", describe_global),
    route("GET", f"{_DATA}/sobjects/{{name}}", basic),
    route("GET", f"{_DATA}/sobjects/{{name}}/describe", describe_object),
]
