"""What became of a write whose answer was lost: Salesforce is asked, and only then is anything sent again."""

from datetime import datetime, timedelta

from audiencesync.errors import SalesforceRefused
from audiencesync.export.ports import Org
from audiencesync.export.reading import CLOCKS_DIFFER, present, settle_by_reading, unclaimed
from audiencesync.export.target import Target
from audiencesync.ledger import Batch, LedgerWriter, OpenBatch
from audiencesync.records import Job, JobState, Operation, Route

_NO_SUCH_JOB = 404

LONGEST_REQUEST = timedelta(minutes=10)
"""A request that was cut off may still be carried out for so long.

Source: Salesforce Developer Limits, "API Request Limits and Allocations" (REST time-out).
"""


def recover(
    ledger: LedgerWriter,
    org: Org,
    target: Target,
    now: datetime,
    *,
    insist: bool = False,
    forsaken: bool = False,
) -> None:
    """Settle what an earlier run left open: forget what was never sent, ask about what was.

    Args:
        ledger: Of the sync; open batches of all its runs are settled.
        org: Is asked, never written to, except to abort a job that never began.
        target: The sync's objects and match fields.
        now: The time.
        insist: Somebody says that what Salesforce cannot tell is to be sent again: such rows are parked, for
            a retry to send them.
        forsaken: Nobody sends the sync's rows any more. Nothing stays open, and what could be made twice is
            parked, too: should the sync come back, somebody has to say that it is to be sent.

    Raises:
        SalesforceUnavailable, BudgetSpent: It could not be asked; everything stays as it was.
    """
    ledger.drop_waiting()
    for opened in ledger.open_batches():
        parked = insist or (forsaken and not _harmless(target, opened.batch))
        if opened.batch.route is Route.BULK:
            ended = _recover_job(ledger, org, target, opened) or parked
        else:
            settle_by_reading(ledger, org, target, opened)
            ended = _may_be_sent_again(ledger, org, target, opened, now, insist=parked)
        if ended:
            ledger.record_unknown(opened.batch)
            if parked:
                ledger.park_unknown(opened.batch)
            ledger.release(opened.batch, attempted=True)
    ledger.drop_waiting()


def settle_job(ledger: LedgerWriter, org: Org, target: Target, batch: Batch, job: Job) -> int:
    """Write the outcomes of an ended job.

    Returns:
        Rows that are left without an outcome.
    """
    assert job.state.terminal  # noqa: S101  (the caller waited for it)
    with ledger.scratch() as folder:
        success, failed = folder / "success.csv", folder / "failed.csv"
        org.download(job.id, "successfulResults", success)
        org.download(job.id, "failedResults", failed)
        return ledger.settle_files(
            batch,
            success,
            failed,
            key=target.key_of(batch),
            transient=org.transient_codes,
            present=present(org, target.object_of(batch)),
        )


def owes_answers(batch: Batch, job: Job, open_rows: int) -> bool:
    """Whether Salesforce processed some of the rows of an ended job that are left without an outcome."""
    promised = batch.rows if job.state is JobState.COMPLETE else job.processed
    return batch.rows - open_rows < promised


def _may_be_sent_again(
    ledger: LedgerWriter, org: Org, target: Target, opened: OpenBatch, now: datetime, *, insist: bool
) -> bool:
    """Whether rows that were not found applied may be sent anew.

    An update or upsert does no harm twice. A new record does: the request must have come to its end, and
    nothing that it may have made must be there, unless somebody has looked and insists.
    """
    if opened.batch.operation is not Operation.INSERT:
        return True
    # ours was ahead when it was sent, where that was after now
    sent = opened.batch.sent_at if opened.batch.sent_at <= now else opened.batch.sent_there
    if now - sent < LONGEST_REQUEST:
        return False
    return _harmless(target, opened.batch) or insist or not unclaimed(ledger, org, opened, ["Id"])


def _harmless(target: Target, batch: Batch) -> bool:
    """Rows that are sent a second time make nothing a second time: where it is a record, it is found."""
    return batch.operation is not Operation.INSERT or bool(target.found_by(batch))


def _recover_job(ledger: LedgerWriter, org: Org, target: Target, opened: OpenBatch) -> bool:
    """Settle a job's rows by its results.

    Returns:
        The rows that are left may be sent again: those of an update or upsert in any case, new records when
        the job surely did not make them.
    """
    harmless = _harmless(target, opened.batch)
    if opened.job_id is None:
        _abort_nameless(org, opened)
        return True  # no id was kept, so nothing was uploaded
    job = _job_or_none(org, opened.job_id)
    if job is None:
        # it is too old to be asked for; reading tells what it did
        settle_by_reading(ledger, org, target, opened)
        return harmless
    if job.state is JobState.OPEN:
        org.abort(job.id)  # it was not closed, as far as it knows; what it did all the same it says now
    if not job.state.terminal:
        job = org.wait(job.id, lambda _: None)
    if not job.processed and job.state is not JobState.COMPLETE:
        return True
    left = opened.left
    # read a second time, the result of a row would be given to another one like it
    if harmless or left == opened.batch.rows:
        left = settle_job(ledger, org, target, opened.batch, job)
    if not harmless and owes_answers(opened.batch, job, left):
        left -= settle_by_reading(ledger, org, target, opened)
    return harmless or not owes_answers(opened.batch, job, left)


def _abort_nameless(org: Org, opened: OpenBatch) -> None:
    """Abort the job that was opened for a batch and whose id was lost with the answer.

    A job has no mark of ours. It is taken for ours when our user opened it just then, for the same object
    and operation, when it still waits for data, and when there is only one such job.
    """
    batch = opened.batch
    orphans = [
        job
        for job in org.jobs_open()
        if job.object_name == batch.object
        and job.operation == batch.operation.value
        and -CLOCKS_DIFFER <= job.created - opened.batch.sent_there <= CLOCKS_DIFFER
    ]
    if len(orphans) == 1:
        org.abort(orphans[0].id)


def _job_or_none(org: Org, job_id: str) -> Job | None:
    try:
        return org.job(job_id)
    except SalesforceRefused as refusal:
        if refusal.status == _NO_SUCH_JOB:
            return None
        raise
