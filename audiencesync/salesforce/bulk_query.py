"""Bulk API 2.0 query: every record of an object for a handful of calls, straight to disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

from audiencesync.errors import AnswerLost, SalesforceRefused, SalesforceUnavailable
from audiencesync.records import JobState
from audiencesync.salesforce.bulk import read_job, until_ended
from audiencesync.salesforce.catalogue import cure, kind
from audiencesync.salesforce.pages import download_pages
from audiencesync.salesforce.query import select_all
from audiencesync.salesforce.session import Session
from audiencesync.salesforce.verdict import quota_spent

_JOBS = "jobs/query"


def find_all(
    session: Session, object_name: str, fields: Sequence[str], present: str | None, path: Path
) -> int:
    """Write all records of an object to a CSV file: one column a field, an empty text for null.

    Args:
        session: Who reads. The pages are asked for with the API version that made the job, or refused (409).
        object_name: API name.
        fields: API names or paths of parents.
        present: Only records in which this field has a value.
        path: The file; it appears only when it is whole.

    Returns:
        How many records were written.

    Raises:
        ValueError: A name holds characters that no API name has.
        SalesforceRefused: The query is wrong, or touches what the user may not see.
        SalesforceUnavailable: The job did not end well, or its results never arrived whole.
        BudgetSpent: A call was not made.

    Source:
        Bulk API 2.0 Developer Guide, "Query".
    """
    job_id = _create(session, select_all(object_name, fields, present))
    resource = f"{_JOBS}/{quote(job_id, safe='')}"
    ended = until_ended(
        lambda: read_job(session.get_json("bulk_query_poll", resource)), session.clock, lambda _: None
    )
    if ended.state is not JobState.COMPLETE:
        _raise_failure(job_id, ended.state, ended.error)
    rows = download_pages(session, "bulk_query_results", f"{resource}/results", path)
    if rows < ended.processed:
        path.unlink()
        raise SalesforceUnavailable(
            f"Bulk query {job_id} found {ended.processed} records and gave {rows}", hint="run again"
        )
    if not path.stat().st_size:
        path.write_text(",".join(fields) + "\n", encoding="utf-8")
    return rows


def _create(session: Session, statement: str) -> str:
    """Open a job. One whose answer was lost is left alone: it changes nothing, and ends by itself."""
    document = {
        "operation": "query",
        "query": statement,
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    try:
        answer = session.write("bulk_query_create", "POST", _JOBS, document=document)
        return read_job(answer).id
    except AnswerLost as lost:
        later = SalesforceUnavailable(str(lost), hint="run again")
    raise later


def _raise_failure(job_id: str, state: JobState, error: str) -> NoReturn:
    code = error.split(":", 1)[0].strip()
    message = f"Bulk query {job_id} ended as {state.value}: {error or 'Salesforce gave no reason'}"
    if not code or kind(code, error) == "transient":
        raise SalesforceUnavailable(message, hint="run again")
    if kind(code, error) == "quota":
        raise quota_spent(code)
    raise SalesforceRefused(message, hint=cure(code), code=code)
