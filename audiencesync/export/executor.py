"""Carries out a plan: for every batch the intent is written, the call made, the outcome written."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from audiencesync.clock import Clock
from audiencesync.errors import (
    AnswerLost,
    AudienceSyncError,
    BudgetSpent,
    ConfigError,
    SalesforceRefused,
    SalesforceUnavailable,
    SignInRefused,
)
from audiencesync.export.ports import Org
from audiencesync.export.recovery import match_key, settle_by_reading, settle_job
from audiencesync.export.target import Target
from audiencesync.ledger import Batch, LedgerWriter, OutboxRow
from audiencesync.plan.routes import BULK_JOB_BYTES, COLLECTION_ROWS, RoutePlan
from audiencesync.progress import Progress
from audiencesync.records import Job, JobState, Operation, Route, RowResult

ORDER = (Operation.UPDATE, Operation.DELETE, Operation.UPSERT)
"""Updates first: a match value that one record gives up is then free for the one that takes it."""

_SETTLING_S = 2.0
_LOST_ANSWERS = 3
_BAD_REQUEST = 400

_WHOLE_SYNC = frozenset({"INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND", "METHOD_NOT_ALLOWED"})
"""Codes of a refused request that every row would meet; halving it would only burn calls."""


class Exporter:
    """Sends the intents of one run and sync."""

    def __init__(
        self, ledger: LedgerWriter, org: Org, target: Target, clock: Clock, progress: Progress
    ) -> None:
        self._ledger = ledger
        self._org = org
        self._target = target
        self._clock = clock
        self._progress = progress

    def export(self, routes: RoutePlan) -> None:
        """Send everything that waits.

        Args:
            routes: Which operation goes by Bulk; what a CSV cannot carry goes by Collections anyway.

        Raises:
            BudgetSpent, SalesforceUnavailable: The rest waits; nothing is lost.
            AnswerLost: What became of some rows is not known; they are settled first by the next run.
            SalesforceRefused: No row of the sync can pass until somebody acts.
        """
        for operation in ORDER:
            if operation is Operation.UPSERT:
                self._stop_contested()
            else:
                self._resolve(operation)
            if routes.chosen.get(operation) is Route.BULK:
                while batch := self._ledger.take(operation, Route.BULK, rows=None, max_bytes=BULK_JOB_BYTES):
                    self._send_job(batch)
            pause = 1.0
            while batch := self._ledger.take(
                operation, Route.COLLECTIONS, rows=COLLECTION_ROWS, max_bytes=None
            ):
                if self._send_rows(batch):
                    self._clock.sleep(pause)
                    pause *= 2

    def _stop_contested(self) -> None:
        """Hold back rows that would overwrite the record of a member whose own update was refused."""
        answers = {
            seq: RowResult(
                accepted=False,
                code="DUPLICATE_MATCH_VALUE",
                message=f"the record of profile {holder} still has this {self._target.match_field}",
            )
            for seq, holder in self._ledger.contested().items()
        }
        if answers:
            self._ledger.settle(self._ledger.gather(list(answers), Operation.UPSERT), answers, transient=())

    def _resolve(self, operation: Operation) -> None:
        """Look up the Ids of rows that must not create a record; one that has none needs nothing."""
        unresolved = self._ledger.unresolved(operation)
        if not unresolved:
            return
        by = self._target.match_field
        ids: dict[str, list[str]] = {}
        values = [[value] for _, value in unresolved if value]
        for record in self._org.find(self._target.object.name, ["Id", by], [by], values):
            ids.setdefault(match_key(record[by]), []).append(str(record["Id"]))
        answers: dict[int, RowResult] = {}
        for seq, value in unresolved:
            found = ids.get(match_key(value), [])
            if len(found) == 1:
                self._ledger.resolve(seq, found[0])
            elif found:
                answers[seq] = RowResult(
                    accepted=False,
                    code="DUPLICATE_EXTERNAL_ID",
                    message=f"{len(found)} records have this {by}",
                )
            else:
                answers[seq] = RowResult(accepted=True, message="there is no record, so nothing was sent")
        if answers:
            batch = self._ledger.gather(list(answers), operation)
            self._ledger.settle(batch, answers, transient=())

    def _send_rows(self, batch: Batch) -> bool:
        """Send one Collections request and write its outcomes.

        Returns:
            Some rows met a passing error and wait for another attempt.
        """
        rows = self._ledger.rows(batch)
        try:
            results = self._write(batch, rows)
        except (BudgetSpent, ConfigError, SalesforceUnavailable, SignInRefused):
            self._ledger.release(batch, attempted=False)  # nothing was sent
            raise
        except SalesforceRefused as refusal:
            self._refused(batch, rows, refusal)
            return False
        self._ledger.settle(batch, results, transient=self._org.transient_codes)
        self._progress.advance(len(rows))
        return any(result.code in self._org.transient_codes for result in results.values())

    def _write(self, batch: Batch, rows: Sequence[OutboxRow]) -> Mapping[int, RowResult]:
        """One request; when its answer is lost, what Salesforce holds tells which rows it applied."""
        sent = [self._target.row(batch.operation, row) for row in rows]
        for lost in range(1, _LOST_ANSWERS + 1):
            try:
                results = self._org.write(
                    batch.operation,
                    self._target.object.name,
                    self._target.match_field,
                    sent,
                    self._target.options,
                )
                return {row.seq: result for row, result in zip(rows, results, strict=True)}
            except AnswerLost as answer_lost:
                # the request may still be at work in Salesforce
                self._clock.sleep(_SETTLING_S)
                try:
                    settle_by_reading(self._ledger, self._org, self._target, batch)
                except (BudgetSpent, SalesforceRefused, SalesforceUnavailable) as deaf:
                    raise answer_lost from deaf
                rows = self._ledger.rows(batch)
                if not rows:
                    return {}
                if lost == _LOST_ANSWERS:
                    raise
                sent = [self._target.row(batch.operation, row) for row in rows]
        raise AssertionError("unreachable")

    def _refused(self, batch: Batch, rows: Sequence[OutboxRow], refusal: SalesforceRefused) -> None:
        """A request refused as a whole: find the guilty row by halving, so that it costs no neighbour."""
        if refusal.status != _BAD_REQUEST or refusal.code in _WHOLE_SYNC:
            self._ledger.release(batch, attempted=False)
            raise refusal
        if len(rows) == 1:
            message = "Salesforce refused the request that held only this row"
            self._ledger.settle(
                batch,
                {rows[0].seq: RowResult(accepted=False, code=refusal.code, message=message)},
                transient=(),
            )
            self._progress.advance(1)
            return
        middle = len(rows) // 2
        for half in (rows[:middle], rows[middle:]):
            self._send_rows(self._ledger.split(batch, [row.seq for row in half]))

    def _send_job(self, batch: Batch) -> None:
        """One Bulk job: its id is kept before the upload, its results come before the acknowledgement."""
        job_id = None
        try:
            job_id = self._create_job(batch)
            with TemporaryDirectory(prefix="audiencesync-") as folder:
                path = Path(folder, "rows.csv")
                by_id = batch.operation is not Operation.UPSERT
                self._ledger.write_csv(batch, path, key=self._target.key_of(batch.operation), by_id=by_id)
                self._org.upload(job_id, path)
            self._org.close(job_id)
        except AudienceSyncError as error:
            if self._gave_up(job_id, error):
                self._ledger.release(batch, attempted=False)
            raise
        self._finish_job(batch, self._org.wait(job_id, lambda _: None))

    def _create_job(self, batch: Batch) -> str:
        job_id = self._org.create_job(
            batch.operation,
            self._target.object.name,
            self._target.match_field if batch.operation is Operation.UPSERT else None,
            self._target.options,
        )
        self._ledger.set_job(batch, job_id)
        return job_id

    def _gave_up(self, job_id: str | None, error: AudienceSyncError) -> bool:
        """Whether a job that was not closed surely never will be; if not, the next run asks for it."""
        if job_id is None:
            return True  # without its id nobody can upload to it: whatever was opened stays empty
        if isinstance(error, BudgetSpent):
            return False
        try:
            self._org.abort(job_id)
        except AudienceSyncError:
            return False
        return True

    def _finish_job(self, batch: Batch, job: Job) -> None:
        if job.state is not JobState.COMPLETE and job.processed == 0:
            self._ledger.release(batch, attempted=False)
            raise SalesforceRefused(
                f"Bulk job {job.id} ended as {job.state.value} without processing a row",
                hint=f"Salesforce says: {job.error or 'nothing'}",
                code=job.error.split(":", 1)[0].strip(),
            )
        open_rows = settle_job(self._ledger, self._org, self._target, batch, job)
        self._progress.advance(batch.rows - open_rows)
        if not open_rows:
            return
        promised = batch.rows if job.state is JobState.COMPLETE else job.processed
        if batch.rows - open_rows < promised:
            raise AnswerLost(
                f"Bulk job {job.id} processed {promised} rows and answered {batch.rows - open_rows}",
                hint="run again: the job is asked once more before anything is sent",
            )
        self._ledger.release(batch, attempted=True)
        raise SalesforceUnavailable(
            f"Bulk job {job.id} ended as {job.state.value} and left {open_rows} of {batch.rows} rows",
            hint="run again: the rest is sent then",
        )
