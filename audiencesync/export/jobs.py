"""Rows by Bulk jobs, several at a time: files written by the engine, outcomes read from result files."""

from collections.abc import Sequence

from audiencesync.errors import (
    AnswerLost,
    AudienceSyncError,
    BudgetSpent,
    SalesforceRefused,
    SalesforceUnavailable,
)
from audiencesync.export.recovery import owes_answers, settle_job
from audiencesync.export.tools import Tools
from audiencesync.ledger import Batch, Lot
from audiencesync.records import Job, JobState, Operation

JOBS_AT_ONCE = 4
"""Jobs that Salesforce works on while the next file is uploaded; more would contend for the same locks."""

_START_CALLS = 3
_END_CALLS = 4
"""Create, upload and close; then a look or two, and both result files."""


class Jobs:
    """Sends batches as jobs. The order survives a crash: id kept, uploaded, closed, results, acknowledged."""

    def __init__(self, tools: Tools) -> None:
        self._ledger = tools.ledger
        self._org = tools.org
        self._target = tools.target
        self._allowance = tools.allowance
        self._progress = tools.progress

    def send(self, operation: Operation, lots: Sequence[Lot]) -> None:
        """Send planned jobs; a job that has begun is seen to its end whatever happens to the others.

        Raises:
            The first trouble met, once the jobs that run have been settled.
        """
        running: list[tuple[Batch, str]] = []
        trouble: AudienceSyncError | None = None
        for lot in lots:
            try:
                if len(running) == JOBS_AT_ONCE:
                    self._finish(*running.pop(0))
                # what cannot be finished is not begun
                self._allowance.require(_START_CALLS + _END_CALLS * (len(running) + 1))
                running.append(self._start(self._ledger.begin(operation, lot)))
            except AudienceSyncError as error:
                trouble = error
                break
        for batch, job_id in running:
            try:
                self._finish(batch, job_id)
            except AudienceSyncError as error:
                trouble = trouble or error
        if trouble is not None:
            raise trouble

    def _start(self, batch: Batch) -> tuple[Batch, str]:
        """Create a job, keep its id, upload its file and let it begin.

        Whatever comes of closing it, the job may have begun: from then on only its own word settles its rows,
        now or in the next run.
        """
        job_id = None
        try:
            job_id = self._org.create_job(
                batch.operation,
                batch.object,
                self._target.match_field(batch),
                self._target.options,
            )
            self._ledger.set_job(batch, job_id)
            with self._ledger.scratch() as folder:
                path = folder / "rows.csv"
                self._ledger.write_csv(batch, path, key=self._target.key_of(batch))
                self._org.upload(job_id, path)
        except AudienceSyncError as error:
            if self._gave_up(job_id, error):
                self._ledger.release(batch, attempted=False)
            raise
        self._org.close(job_id)
        return batch, job_id

    def _gave_up(self, job_id: str | None, error: AudienceSyncError) -> bool:
        """Whether a job that nobody closed surely never will begin; if not, the next run asks for it."""
        if job_id is None:
            # a job whose id was lost stays empty, and the next run finds and aborts it
            return not isinstance(error, AnswerLost)
        if isinstance(error, BudgetSpent):
            return False
        try:
            self._org.abort(job_id)
        except AudienceSyncError:
            return False
        return True

    def _finish(self, batch: Batch, job_id: str) -> None:
        """Wait for a job and write the outcomes of its rows."""
        shown = 0

        def look(job: Job) -> None:
            nonlocal shown
            self._progress.advance(job.processed - shown)
            shown = job.processed

        job = self._org.wait(job_id, look)
        if job.state is not JobState.COMPLETE and job.processed == 0:
            self._ledger.release(batch, attempted=False)
            raise self._given_up(job) or SalesforceRefused(
                f"Bulk job {job.id} ended as {job.state.value} without processing a row",
                hint=f"Salesforce says: {job.error or 'nothing'}",
                code=_code(job),
            )
        open_rows = settle_job(self._ledger, self._org, self._target, batch, job)
        self._progress.advance(batch.rows - open_rows - shown)
        if open_rows:
            self._left_open(batch, job, open_rows)
        if error := self._org.stopped_by(self._ledger.answered_codes()):
            raise error

    def _left_open(self, batch: Batch, job: Job, open_rows: int) -> None:
        """Rows of an ended job that are in neither result file."""
        if owes_answers(batch, job, open_rows):
            raise AnswerLost(
                f"Bulk job {job.id} did not answer for all the rows it processed: {open_rows} are open",
                hint="run again: the job is asked once more before anything is sent",
            )
        self._ledger.release(batch, attempted=True)
        raise self._given_up(job) or SalesforceUnavailable(
            f"Bulk job {job.id} ended as {job.state.value} and left {open_rows} of {batch.rows} rows",
            hint="run again: the rest is sent then",
        )

    def _given_up(self, job: Job) -> AudienceSyncError | None:
        """What Salesforce gave a job up for, when that passes by itself."""
        stopped = self._org.stopped_by([_code(job)])
        if isinstance(stopped, BudgetSpent):
            return stopped
        if _code(job).upper() in self._org.transient_codes:
            return SalesforceUnavailable(
                f"Salesforce gave up Bulk job {job.id}: {_code(job)}", hint="run again: the rest is sent then"
            )
        return None


def _code(job: Job) -> str:
    return job.error.split(":", 1)[0].strip()
