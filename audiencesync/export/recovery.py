"""What became of a write whose answer was lost: Salesforce is asked, and only then is anything sent again."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from audiencesync.errors import SalesforceRefused
from audiencesync.export.ports import Org
from audiencesync.export.target import Target
from audiencesync.export.values import from_json
from audiencesync.ledger import Batch, LedgerWriter, OpenBatch, OutboxRow
from audiencesync.records import Job, JobState, Operation, Route, RowResult

_NO_SUCH_JOB = 404


def recover(ledger: LedgerWriter, org: Org, target: Target) -> None:
    """Settle what an earlier run left open: forget what was never sent, ask about what was.

    Args:
        ledger: Of the sync; open batches of all its runs are settled.
        org: Is asked, never written to, except to abort a job that never began.
        target: The sync's object and match field.

    Raises:
        SalesforceUnavailable, BudgetSpent: It could not be asked; everything stays as it was.
    """
    ledger.drop_waiting()
    for opened in ledger.open_batches():
        if opened.batch.route is Route.BULK:
            _recover_job(ledger, org, target, opened)
        else:
            settle_by_reading(ledger, org, target, opened.batch)
        ledger.record_unknown(opened.batch)
        ledger.release(opened.batch, attempted=True)
    ledger.drop_waiting()


def settle_by_reading(ledger: LedgerWriter, org: Org, target: Target, batch: Batch) -> None:
    """Record as accepted what Salesforce turns out to hold already; the other rows of the batch stay open."""
    rows = ledger.rows(batch)
    applied = dict(_applied(org, target, batch.operation, rows))
    ledger.settle(batch, applied, transient=())


def settle_job(ledger: LedgerWriter, org: Org, target: Target, batch: Batch, job: Job) -> int:
    """Write the outcomes of an ended job.

    Returns:
        Rows without an outcome: Salesforce did not process them.
    """
    assert job.state.terminal  # noqa: S101  (the caller waited for it)
    with TemporaryDirectory(prefix="audiencesync-") as folder:
        success, failed = Path(folder, "success.csv"), Path(folder, "failed.csv")
        org.download(job.id, "successfulResults", success)
        org.download(job.id, "failedResults", failed)
        answered = ledger.settle_files(
            batch,
            success,
            failed,
            key=target.key_of(batch.operation),
            by_id=batch.operation is not Operation.UPSERT,
            transient=org.transient_codes,
        )
    return batch.rows - answered


def _recover_job(ledger: LedgerWriter, org: Org, target: Target, opened: OpenBatch) -> None:
    job = _job_or_none(org, opened.job_id)
    if job is None:
        # no id was kept, so nothing was uploaded; or the job is too old to be asked for, and reading tells
        if opened.job_id is not None:
            settle_by_reading(ledger, org, target, opened.batch)
    elif job.state is JobState.OPEN:
        org.abort(job.id)  # never closed, so nothing of it was applied
    else:
        if not job.state.terminal:
            job = org.wait(job.id, lambda _: None)
        if job.processed or job.state is JobState.COMPLETE:
            settle_job(ledger, org, target, opened.batch, job)


def _job_or_none(org: Org, job_id: str | None) -> Job | None:
    if job_id is None:
        return None
    try:
        return org.job(job_id)
    except SalesforceRefused as refusal:
        if refusal.status == _NO_SUCH_JOB:
            return None
        raise


def _applied(
    org: Org, target: Target, operation: Operation, rows: Sequence[OutboxRow]
) -> Iterator[tuple[int, RowResult]]:
    """Rows whose record already says what was sent."""
    by = target.key_of(operation)
    wanted = {
        match_key(row.match_value if operation is Operation.UPSERT else row.salesforce_id): row
        for row in rows
    }
    wanted.pop("", None)
    asked = {path for row in rows for path in map(_path, row.values) if path is not None}
    fields = sorted({"Id", by, *asked})
    records = list(org.find(target.object.name, fields, [by], [[key] for key in wanted]))
    found: dict[str, list[Mapping[str, object]]] = {}
    for record in records:
        found.setdefault(match_key(record.get(by)), []).append(record)
    for key, row in wanted.items():
        matches = found.get(key, [])
        if operation is Operation.DELETE:
            if not matches:
                yield row.seq, RowResult(accepted=True, salesforce_id=row.salesforce_id)
        elif len(matches) == 1 and _holds(matches[0], row, target):
            yield row.seq, RowResult(accepted=True, salesforce_id=str(matches[0]["Id"]))


def _holds(record: Mapping[str, object], row: OutboxRow, target: Target) -> bool:
    """Every value sent is there."""
    for name, value in row.values.items():
        kind, path = target.object.field(name), _path(name)
        if kind is None or path is None:
            return False
        found = from_json(_at(record, path), kind)
        same = match_key(found) == match_key(value) if "." in path else found == value
        if not same:
            return False
    return True


def _path(name: str) -> str | None:
    """What a field is called in a query; None when it cannot be asked for.

    A parent that may be of several objects shows the fields of the Name object alone, and of those only a
    user name identifies it.
    """
    kind, _, path = name.rpartition(":")
    return None if kind and not path.lower().endswith(".username") else path


def _at(record: Mapping[str, object], path: str) -> object:
    relation, dot, field = path.partition(".")
    parent = record.get(relation)
    return parent.get(field) if dot and isinstance(parent, dict) else None if dot else parent


def match_key(value: object) -> str:
    """Match values compare without case and surrounding space; Ids of 18 characters differ even so."""
    return str(value or "").strip().lower()
