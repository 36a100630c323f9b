"""Bulk API 2.0 ingest jobs, streamed from and to disk. Nothing here keeps rows in memory.

The order that survives a crash is the caller's: it keeps the job's id before it uploads, uploads before it
closes, and fetches results before it acknowledges.
"""

import contextlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from audiencesync.clock import Clock
from audiencesync.errors import AnswerLost, AudienceSyncError, SalesforceRefused, SalesforceUnavailable
from audiencesync.records import Job, JobState, OpenJob, Operation, WriteOptions
from audiencesync.salesforce.answers import answer_lost
from audiencesync.salesforce.ids import long_id
from audiencesync.salesforce.pages import download_pages
from audiencesync.salesforce.session import Kind, Session

UPLOAD_BYTES = 100_000_000
"""The largest file one job takes: 150 MB after base64, which Salesforce adds.

Source:
    Bulk API 2.0 Developer Guide, "Upload Job Data".
"""

ResultKind = Literal["successfulResults", "failedResults", "unprocessedrecords"]

_JOBS = "jobs/ingest"
_FIRST_LOOK_S = 0.25
_STEADY_WAIT_S = 30.0
_WAIT_SHARE = 0.25
"""A job that has run for long may be noticed late by this share of its time."""


def honours(options: WriteOptions, operation: Operation) -> bool:
    """Bulk jobs can keep to these options. They know neither header, so what needs one goes another way.

    No assignment rule is to run where no record is made.

    Source:
        Bulk API 2.0 Developer Guide, "Create a Job" and "Headers".
    """
    return not options.duplicate_allow_save and not (options.assignment_rule and operation.may_make)


def create_job(
    session: Session, object_name: str, operation: Operation, match_field: str | None, options: WriteOptions
) -> str:
    """Open a job for one CSV file in UTF-8 with LF line ends.

    Args:
        session: Who writes.
        object_name: API name of the object.
        operation: What happens to the rows.
        match_field: `Id`, an External ID or an idLookup field; for an upsert only.
        options: Must be such that `honours` holds.

    Returns:
        The job's id. Keep it before anything else is done.

    Raises:
        ValueError: The options need another route, or an upsert has no match field.
        SalesforceRefused: Such as `INVALIDJOB` for a field that cannot be matched by.
        AnswerLost: A job may have been opened; `jobs_open` finds it.
        SalesforceUnavailable, BudgetSpent: No job was opened.

    Source:
        Bulk API 2.0 Developer Guide, "Create a Job".
    """
    if not honours(options, operation):
        raise ValueError("a Bulk job can neither run assignment rules nor pass duplicate rules")
    document = {
        "object": object_name,
        "operation": operation.value,
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    if operation is Operation.UPSERT:
        if not match_field:
            raise ValueError("an upsert needs a match field")
        document["externalIdFieldName"] = match_field
    answer = session.write("bulk_create", "POST", _JOBS, document=document)
    job_id = answer.get("id") if isinstance(answer, dict) else None
    if not isinstance(job_id, str) or not job_id:
        raise answer_lost("a Bulk job was opened and its id did not come")
    return job_id


def upload(session: Session, job_id: str, path: Path) -> None:
    """Send the job's one file, streamed. A job takes a single upload.

    Raises:
        AnswerLost: It may have arrived; a job that is still Open is best aborted and made anew.
        SalesforceRefused, SalesforceUnavailable, BudgetSpent: It did not arrive.

    Source:
        Bulk API 2.0 Developer Guide, "Upload Job Data".
    """
    session.write("bulk_upload", "PUT", f"{_path(job_id)}/batches", file=path)


def close(session: Session, job_id: str) -> None:
    """Let Salesforce begin. When the answer is lost, the job itself is asked, so this may be called again.

    Raises:
        AnswerLost: The job's state could not be learnt either.
        SalesforceRefused: The job is in no state to be closed.
        SalesforceUnavailable: It is still open.
        BudgetSpent: It is still open, or there is no call left to learn its state.
    """
    _set_state(session, job_id, JobState.UPLOAD_COMPLETE, kind="bulk_close")


def abort(session: Session, job_id: str) -> None:
    """Give a job up; rows it has written stay written. Raises as `close`."""
    _set_state(session, job_id, JobState.ABORTED, kind="bulk_abort")


def job(session: Session, job_id: str) -> Job:
    """What has become of a job.

    Raises:
        SalesforceRefused: There is no such job (any more): Salesforce keeps them 7 days.
        SalesforceUnavailable: No usable answer came.

    Source:
        Bulk API 2.0 Developer Guide, "Get Job Info".
    """
    return read_job(session.get_json("bulk_poll", _path(job_id)))


def wait(
    session: Session,
    job_id: str,
    clock: Clock,
    on_poll: Callable[[Job], None],
) -> Job:
    """Look at a job until nothing more will happen to it.

    Looks at once, then after 1, 2, 4 ... 32 seconds, then after a quarter of the time it took so far: a short
    job is noticed soon, and one of an hour costs 25 calls.

    Args:
        session: Who asks.
        job_id: The job.
        clock: Waits.
        on_poll: Told of every look; may raise to stop waiting.

    Returns:
        The job, `Failed` and `Aborted` included.
    """
    return until_ended(lambda: job(session, job_id), clock, on_poll)


def until_ended(
    look: Callable[[], Job],
    clock: Clock,
    on_poll: Callable[[Job], None],
) -> Job:
    """`wait` for a job of any kind: `look` asks for its state."""
    clock.sleep(_FIRST_LOOK_S)
    pause, slept = 1.0, 0.0
    while True:
        seen = look()
        on_poll(seen)
        if seen.state.terminal:
            return seen
        clock.sleep(pause)
        slept += pause
        pause = min(pause * 2, max(_STEADY_WAIT_S, slept * _WAIT_SHARE))


def download(session: Session, job_id: str, kind: ResultKind, path: Path) -> None:
    """Write one of a job's result files to `path`, as `pages.download_pages`; its rows are in no order.

    Raises:
        SalesforceRefused: There is no such result.
        SalesforceUnavailable: It never arrived whole.

    Source:
        Bulk API 2.0 Developer Guide, "Get Job Successful Record Results" and its siblings.
    """
    download_pages(session, "bulk_results", f"{_path(job_id)}/{kind}", path)


def jobs_open(session: Session) -> list[OpenJob]:
    """Ingest jobs in state Open that this user made, by whichever program.

    Raises:
        SalesforceUnavailable: The list cannot be read.

    Source:
        Bulk API 2.0 Developer Guide, "Get All Jobs".
    """
    user_id = session.user_id
    found: list[OpenJob] = []
    path: str | None = _JOBS
    params: Mapping[str, str] | None = {"jobType": "V2Ingest"}
    while path is not None:
        document = session.get_json("bulk_poll", path, params=params)
        entries = document.get("records") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not isinstance(entries, list):
            raise _unreadable_list()
        listed = [_open_job(entry) for entry in entries if isinstance(entry, dict) and _waits(entry)]
        found += [one for one in listed if one.created_by == user_id]
        more = document.get("nextRecordsUrl")
        path = (
            more if document.get("done") is False and isinstance(more, str) and more.startswith("/") else None
        )
        params = None
    return found


def _waits(entry: Mapping[str, object]) -> bool:
    return entry.get("state") == JobState.OPEN and entry.get("jobType", "V2Ingest") == "V2Ingest"


def _open_job(entry: Mapping[str, object]) -> OpenJob:
    try:
        return OpenJob(
            id=str(entry["id"]),
            object_name=str(entry["object"]),
            operation=str(entry["operation"]),
            created=_instant(str(entry["createdDate"])),
            created_by=long_id(str(entry["createdById"])),
        )
    except (KeyError, ValueError):
        unreadable = _unreadable_list()
    raise unreadable


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


def _unreadable_list() -> SalesforceUnavailable:
    return SalesforceUnavailable("the list of Bulk jobs cannot be read", hint="run again")


def _path(job_id: str) -> str:
    return f"{_JOBS}/{quote(job_id, safe='')}"


def _set_state(session: Session, job_id: str, state: JobState, *, kind: Kind) -> None:
    """Ask for a state. A lost answer is settled by the job's own word; asking for it again does no harm.

    That a second request is turned away says nothing of the first: a closed job refuses to be closed.
    """
    doubtful: tuple[type[AudienceSyncError], ...] = (AnswerLost,)
    for _ in range(2):
        with contextlib.suppress(*doubtful):
            session.write(kind, "PATCH", _path(job_id), document={"state": state.value})
            return
        doubtful = (AnswerLost, SalesforceRefused, SalesforceUnavailable)
        now = _state_or_none(session, job_id)
        if now is not None and now is not JobState.OPEN and (state is not JobState.ABORTED or now.terminal):
            return
    raise answer_lost(f"a Bulk job was asked to become {state.value}, and its state is not known")


def _state_or_none(session: Session, job_id: str) -> JobState | None:
    try:
        return job(session, job_id).state
    except SalesforceUnavailable:
        return None


def read_job(document: object) -> Job:
    """A job of any kind, from Salesforce's description of it.

    Raises:
        SalesforceUnavailable: It is none.
    """
    if isinstance(document, dict) and isinstance(document.get("id"), str):
        with contextlib.suppress(ValueError):
            return Job(
                id=document["id"],
                state=JobState(str(document.get("state"))),
                processed=_count(document.get("numberRecordsProcessed")),
                failed=_count(document.get("numberRecordsFailed")),
                error=str(document.get("errorMessage") or ""),
            )
    raise SalesforceUnavailable("the state of a Bulk job cannot be read", hint="run again")


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0
