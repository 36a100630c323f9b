"""Bulk API 2.0 ingest: the resources of a job's life.

Source:
    Bulk API 2.0 guide, "Bulk API 2.0 Ingest"; recorded error bodies.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from audiencesync.emulator.bulk_work import FAILED, SUCCESSFUL, UNPROCESSED, UPLOAD, Ingest
from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.http import Call, Reply, Route, route
from audiencesync.emulator.jobs import DELIMITERS, LINE_ENDINGS, Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from audiencesync.emulator.instance import Instance

OPERATIONS = frozenset({"insert", "update", "upsert", "delete", "hardDelete"})
MAX_UPLOAD = 100_000_000
"""Bytes of data: 150 MB in base64. The guide says 100 MB; here they are the smaller ones."""
_PROPERTIES = frozenset(
    {
        "object",
        "operation",
        "externalIdFieldName",
        "contentType",
        "columnDelimiter",
        "lineEnding",
        "assignmentRuleId",
    }
)


def create(instance: Instance, call: Call) -> Reply:
    """`POST /jobs/ingest`."""
    return Reply(200, make(instance, call, call.json_object()).info(full=False))


def make(instance: Instance, call: Call, body: dict[str, object]) -> Job:
    """Register a job, after the checks that Salesforce makes at once; the rest waits for the data."""
    for name in body:
        if name not in _PROPERTIES:
            raise ApiError(400, "JSON_PARSER_ERROR", f'Unrecognized field "{name}", not marked as ignorable')
    operation = choice(body, "operation", OPERATIONS, None)
    delimiter = choice(body, "columnDelimiter", frozenset(DELIMITERS), "COMMA")
    line_ending = choice(body, "lineEnding", frozenset(LINE_ENDINGS), "LF")
    choice(body, "contentType", frozenset({"CSV"}), "CSV")
    name = str(body.get("object", ""))
    view = instance.access.view(call.session.user_id, name)
    if view is None:
        raise ApiError(
            400, "INVALIDENTITY", f"InvalidEntity : Entity '{name}' is not supported by the Bulk API."
        )
    if operation == "hardDelete" and not instance.access.allowed(
        call.session.user_id, "PermissionsBulkApiHardDelete"
    ):
        raise ApiError(
            400, "FEATURENOTENABLED", "FeatureNotEnabled : hardDelete operation requires special user profile"
        )
    given = body.get("externalIdFieldName")
    if operation == "upsert":
        if not given:
            raise ApiError(400, "INVALIDJOB", "InvalidJob : External ID field was missing")
        match = view.kind.find(str(given))
        if match is None or not match.matchable:
            message = (
                f"InvalidJob : Field name provided, {given} does not match an External ID, Salesforce Id, "
                f"or indexed field for {view.kind.name}"
            )
            raise ApiError(400, "INVALIDJOB", message)
        given = match.name
    rule = body.get("assignmentRuleId")

    def build(job_id: str, now: str) -> Job:
        return Job(
            id=job_id,
            kind="ingest",
            operation=operation,
            object_name=view.kind.name,
            user_id=call.session.user_id,
            version=call.version,
            created=now,
            match_field=str(given) if operation == "upsert" else None,
            delimiter=delimiter,
            line_ending=line_ending,
            assignment_rule=str(rule) if rule else None,
        )

    return instance.jobs.create(build)


def upload(instance: Instance, call: Call) -> Reply:
    """`PUT /jobs/ingest/{id}/batches`: 201 whatever the data says; it is read only when the job runs."""
    job = instance.jobs.find(call.args["id"], "ingest")
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be text/csv")
    if job.state != "Open" or job.uploaded or call.upload is None:
        raise ApiError(
            400,
            "INVALIDJOBSTATE",
            f"InvalidJobState : Data can only be uploaded once, to an Open job; it is {job.state}",
        )
    if call.upload.stat().st_size > MAX_UPLOAD:
        raise ApiError(400, "EXCEEDEDQUOTA", "ExceededQuota : The data exceeds 150 MB after base64 encoding")
    shutil.move(call.upload, instance.jobs.folder(job) / UPLOAD)
    job.uploaded = True
    instance.jobs.note(job)
    return Reply(201)


def change(instance: Instance, call: Call) -> Reply:
    """`PATCH /jobs/ingest/{id}`: UploadComplete or Aborted."""
    job = instance.jobs.find(call.args["id"], "ingest")
    state = call.json_object().get("state")
    if state == "UploadComplete" and job.state == "Open":
        close(instance, job)
    elif state == "Aborted" and not job.done:
        abort(instance, job)
    else:
        raise ApiError(
            400,
            "INVALIDJOBSTATE",
            f"InvalidJobState : Job state {state} is not allowed while it is {job.state}",
        )
    return Reply(200, job.info(full=False))


def close(instance: Instance, job: Job) -> None:
    """No more data: the job is queued."""
    if not job.uploaded:
        (instance.jobs.folder(job) / UPLOAD).touch()
    instance.jobs.move(job, "UploadComplete")
    resume(instance, job)


def resume(instance: Instance, job: Job) -> None:
    """Run a queued job, or go on with one that a killed process left."""
    instance.jobs.run(job, lambda item: Ingest(instance, item).run())


def abort(instance: Instance, job: Job) -> None:
    """End a job; rows that were saved stay saved."""
    waiting = job.state in {"Open", "UploadComplete"}
    instance.jobs.move(job, "Aborted")
    if waiting and job.uploaded:
        shutil.copyfile(instance.jobs.folder(job) / UPLOAD, instance.jobs.folder(job) / UNPROCESSED)


def info(instance: Instance, call: Call) -> Reply:
    """`GET /jobs/ingest/{id}`."""
    return Reply(200, instance.jobs.find(call.args["id"], "ingest").info())


def listing(instance: Instance, call: Call) -> Reply:
    """`GET /jobs/ingest`."""
    jobs = [job.info() for job in instance.jobs.all.values() if job.kind == "ingest"]
    wanted = call.query.get("jobType")
    if wanted and wanted.lower() != "v2ingest":
        jobs = []
    return Reply(200, {"done": True, "records": jobs, "nextRecordsUrl": None})


def delete(instance: Instance, call: Call) -> Reply:
    """`DELETE /jobs/ingest/{id}`: not while it is Open or at work."""
    job = instance.jobs.find(call.args["id"], "ingest")
    if job.state in {"Open", "InProgress"}:
        raise ApiError(400, "INVALIDJOBSTATE", f"InvalidJobState : Cannot delete a job that is {job.state}")
    instance.jobs.forget(job)
    return Reply(204)


def results(name: str, *heads: str) -> Callable[[Instance, Call], Reply]:
    """A results resource: `text/csv` without a charset, though the bytes are UTF-8."""

    def answer(instance: Instance, call: Call) -> Reply:
        job = instance.jobs.find(call.args["id"], "ingest")
        if not job.done:
            raise ApiError(
                400, "INVALIDJOBSTATE", f"InvalidJobState : Job is {job.state}, results are not ready"
            )
        path = instance.jobs.folder(job) / name
        if path.exists():
            return Reply(200, content_type="text/csv", file=path)
        return Reply(200, (",".join(f'"{head}"' for head in heads) + "\n").encode(), content_type="text/csv")

    return answer


def choice(body: dict[str, object], name: str, allowed: frozenset[str], default: str | None) -> str:
    """One of a job's enumerated properties.

    Raises:
        ApiError: It is missing, or none of the allowed values.
    """
    value = body.get(name, default)
    if not isinstance(value, str) or value not in allowed:
        raise ApiError(400, "INVALIDJOB", f"InvalidJob : {name} must be one of {', '.join(sorted(allowed))}")
    return value


_JOBS = "/services/data/v{version}/jobs/ingest"
ROUTES: list[Route] = [
    route("GET", _JOBS, listing),
    route("PUT", f"{_JOBS}/{{id}}/batches", upload, upload=True),
    route("PATCH", f"{_JOBS}/{{id}}", change),
    route("GET", f"{_JOBS}/{{id}}", info),
    route("DELETE", f"{_JOBS}/{{id}}", delete),
    route("GET", f"{_JOBS}/{{id}}/successfulResults", results(SUCCESSFUL, "sf__Id", "sf__Created")),
    route("GET", f"{_JOBS}/{{id}}/failedResults", results(FAILED, "sf__Id", "sf__Error")),
    route("GET", f"{_JOBS}/{{id}}/unprocessedrecords", results(UNPROCESSED)),
]
