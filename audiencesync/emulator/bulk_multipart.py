"""Bulk ingest in one multipart request: the job's description and at most 100,000 characters of data.

Source:
    Bulk API 2.0 guide, "Create a Job", section on multipart requests; the reply's state is remembered.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from python_multipart import parse_form
from python_multipart.exceptions import FormParserError

from audiencesync.emulator.bulk_ingest import close, create, make
from audiencesync.emulator.bulk_work import UPLOAD
from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.http import Call, Reply, Route, route

if TYPE_CHECKING:
    from python_multipart.multipart import Field, File

    from audiencesync.emulator.instance import Instance

MAX_CHARACTERS = 100_000


def create_any(instance: Instance, call: Call) -> Reply:
    """`POST /jobs/ingest`, as JSON or as multipart."""
    if not call.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return create(instance, call)
    parts = _parts(call)
    if set(parts) != {"job", "content"}:
        raise ApiError(400, "INVALIDJOB", "InvalidJob : A multipart request has the parts job and content")
    try:
        body = json.loads(parts["job"])
    except ValueError as error:
        raise ApiError(400, "JSON_PARSER_ERROR", f"The job part is not valid JSON: {error}") from error
    data = parts["content"]
    if len(data.decode(errors="replace")) > MAX_CHARACTERS:
        raise ApiError(400, "EXCEEDEDQUOTA", "ExceededQuota : A multipart request takes 100,000 characters")
    job = make(instance, call, body)
    (instance.jobs.folder(job) / UPLOAD).write_bytes(data)
    job.uploaded = True
    close(instance, job)
    return Reply(200, job.info(full=False))


def _parts(call: Call) -> dict[str, bytes]:
    found: dict[str, bytes] = {}

    def on_field(item: Field) -> None:
        found[(item.field_name or b"").decode()] = item.value or b""

    def on_file(item: File) -> None:
        item.file_object.seek(0)
        found[(item.field_name or b"").decode()] = item.file_object.read()
        item.close()

    headers = {"Content-Type": call.headers["content-type"].encode()}
    try:
        parse_form(headers, io.BytesIO(call.body), on_field, on_file)
    except FormParserError as error:
        raise ApiError(
            400, "INVALIDJOB", f"InvalidJob : The multipart request is malformed: {error}"
        ) from error
    return found


ROUTES: list[Route] = [route("POST", "/services/data/v{version}/jobs/ingest", create_any)]
