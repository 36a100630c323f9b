"""Bulk API 2.0 query: jobs whose results are CSV pages behind locators.

Source:
    Bulk API 2.0 guide, "Bulk API 2.0 Query".
"""

from __future__ import annotations

import base64
import csv
import io
import json
from typing import TYPE_CHECKING

from audiencesync.emulator.bulk_ingest import abort, choice
from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.http import Call, Reply, Route, route
from audiencesync.emulator.jobs import DELIMITERS, LINE_ENDINGS, Job
from audiencesync.emulator.soql import SoqlError, to_csv_rows
from audiencesync.emulator.soql_view import compile_query

if TYPE_CHECKING:
    from _csv import Writer
    from collections.abc import Iterator
    from pathlib import Path

    from audiencesync.emulator.instance import Instance

RESULT = "result.csv"
PAGE_ROWS = 50_000
_RESULT_PAGES = 5
_PAGES_FROM = 58
_OPERATIONS = frozenset({"query", "queryAll"})
_PROPERTIES = frozenset({"operation", "query", "columnDelimiter", "lineEnding", "contentType"})


def create(instance: Instance, call: Call) -> Reply:
    """`POST /jobs/query`; a statement that cannot be compiled is refused at once."""
    body = call.json_object()
    for name in body:
        if name not in _PROPERTIES:
            raise ApiError(400, "JSON_PARSER_ERROR", f'Unrecognized field "{name}", not marked as ignorable')
    operation = choice(body, "operation", _OPERATIONS, None)
    delimiter = choice(body, "columnDelimiter", frozenset(DELIMITERS), "COMMA")
    line_ending = choice(body, "lineEnding", frozenset(LINE_ENDINGS), "LF")
    text = str(body.get("query") or "")
    plan = compile_query(instance.org, instance.access, call.session.user_id, text, bulk=True)
    name = plan.describe().object_name

    def build(job_id: str, now: str) -> Job:
        return Job(
            id=job_id,
            kind="query",
            operation=operation,
            object_name=name,
            user_id=call.session.user_id,
            version=call.version,
            created=now,
            state="UploadComplete",
            delimiter=delimiter,
            line_ending=line_ending,
            query=text,
        )

    job = instance.jobs.create(build)
    instance.jobs.run(job, lambda item: work(instance, item))
    return Reply(200, job.info(full=False))


def work(instance: Instance, job: Job) -> None:
    """Run the statement and write its rows."""
    try:
        _write(instance, job)
    except (ApiError, SoqlError) as error:
        job.error = str(error)
        instance.jobs.move(job, "Failed")


def _write(instance: Instance, job: Job) -> None:
    with instance.org.lock:
        plan = compile_query(
            instance.org,
            instance.access,
            job.user_id,
            job.query or "",
            include_deleted=job.operation == "queryAll",
            bulk=True,
        )
        result = plan.run()
    path = instance.jobs.folder(job) / RESULT
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = _writer(file, job)
        for row in to_csv_rows(result):
            writer.writerow(row)
    job.processed = len(result.rows)
    instance.jobs.move(job, "JobComplete")


def results(instance: Instance, call: Call) -> Reply:
    """`GET /jobs/query/{id}/results`: `Sforce-Locator` is the text `null` on the last page."""
    job = _complete(instance, call)
    start = _start(call.query.get("locator"), job)
    wanted = call.number("maxRecords", PAGE_ROWS)
    page = io.StringIO()
    writer = _writer(page, job)
    count = 0
    for row in _page(instance.jobs.folder(job) / RESULT, job, start, wanted):
        writer.writerow(row)
        count += 1
    rows = max(0, count - 1)
    after = start + rows
    headers = {
        "Sforce-Locator": _locator(after) if after < job.processed else "null",
        "Sforce-NumberOfRecords": str(rows),
    }
    return Reply(200, page.getvalue().encode(), headers, content_type="text/csv")


def result_pages(instance: Instance, call: Call) -> Reply:
    """`GET /jobs/query/{id}/resultPages`: up to five pages that may be fetched side by side."""
    if float(call.version) < _PAGES_FROM:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    job = _complete(instance, call)
    start = _start(call.query.get("locator"), job)
    base = f"/services/data/v{job.version}/jobs/query/{job.id}"
    starts = [start + page * PAGE_ROWS for page in range(_RESULT_PAGES)]
    pages = [
        {"resultUrl": f"{base}/results?locator={_locator(place)}"}
        for place in starts
        if place < job.processed
    ]
    after = start + _RESULT_PAGES * PAGE_ROWS
    done = after >= job.processed
    following = None if done else f"{base}/resultPages?locator={_locator(after)}"
    return Reply(200, {"resultPages": pages, "nextRecordsUrl": following, "done": done})


def info(instance: Instance, call: Call) -> Reply:
    """`GET /jobs/query/{id}`."""
    return Reply(200, instance.jobs.find(call.args["id"], "query").info())


def listing(instance: Instance, _: Call) -> Reply:
    """`GET /jobs/query`."""
    jobs = [job.info() for job in instance.jobs.all.values() if job.kind == "query"]
    return Reply(200, {"done": True, "records": jobs, "nextRecordsUrl": None})


def change(instance: Instance, call: Call) -> Reply:
    """`PATCH /jobs/query/{id}`: only Aborted."""
    job = instance.jobs.find(call.args["id"], "query")
    if call.json_object().get("state") != "Aborted" or job.done:
        raise ApiError(400, "INVALIDJOBSTATE", f"InvalidJobState : The job is {job.state}")
    abort(instance, job)
    return Reply(200, job.info(full=False))


def delete(instance: Instance, call: Call) -> Reply:
    """`DELETE /jobs/query/{id}`."""
    job = instance.jobs.find(call.args["id"], "query")
    if not job.done:
        raise ApiError(400, "INVALIDJOBSTATE", f"InvalidJobState : Cannot delete a job that is {job.state}")
    instance.jobs.forget(job)
    return Reply(204)


def _complete(instance: Instance, call: Call) -> Job:
    """A finished job, asked for with the API version that made it.

    Raises:
        ApiError: Another version (409), or not finished.
    """
    job = instance.jobs.find(call.args["id"], "query")
    if job.version != call.version:
        message = f"The results must be fetched with API version {job.version}, which created the job"
        raise ApiError(409, "INVALID_API_VERSION", message)
    if job.state != "JobComplete":
        raise ApiError(400, "INVALIDJOBSTATE", f"InvalidJobState : Job is {job.state}, results are not ready")
    return job


def _page(path: Path, job: Job, start: int, count: int) -> Iterator[list[str]]:
    """The header and `count` rows from `start`."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter=DELIMITERS[job.delimiter])
        yield next(reader)
        for place, row in enumerate(reader):
            if place >= start + count:
                return
            if place >= start:
                yield row


def _writer(file: io.StringIO | io.TextIOWrapper, job: Job) -> Writer:
    return csv.writer(
        file,
        delimiter=DELIMITERS[job.delimiter],
        lineterminator=LINE_ENDINGS[job.line_ending],
        quoting=csv.QUOTE_ALL,
    )


def _locator(place: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([place]).encode()).decode().rstrip("=")


def _start(locator: str | None, job: Job) -> int:
    if locator is None:
        return 0
    try:
        place = json.loads(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))[0]
    except (ValueError, TypeError, LookupError) as error:
        raise ApiError(400, "INVALID_LOCATOR", "The locator is not valid") from error
    if not isinstance(place, int) or not 0 <= place <= job.processed:
        raise ApiError(400, "INVALID_LOCATOR", "The locator is not valid")
    return place


_JOBS = "/services/data/v{version}/jobs/query"
ROUTES: list[Route] = [
    route("POST", _JOBS, create),
    route("GET", _JOBS, listing),
    route("GET", f"{_JOBS}/{{id}}", info),
    route("PATCH", f"{_JOBS}/{{id}}", change),
    route("DELETE", f"{_JOBS}/{{id}}", delete),
    route("GET", f"{_JOBS}/{{id}}/results", results),
    route("GET", f"{_JOBS}/{{id}}/resultPages", result_pages),
]
