"""Intents before calls; outcomes and acknowledged state after them, in one transaction."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from audiencesync.clock import Clock
from audiencesync.ledger.batches import Batch, Lot, OpenBatch, OutboxRow
from audiencesync.ledger.meter import stored_time
from audiencesync.ledger.tables import results_table, routes_table
from audiencesync.records import Operation, Route, RoutePlan, RowResult
from audiencesync.store import Store, json_shape

MAX_ATTEMPTS = 4
"""Times one row is sent in one run while its errors are passing ones."""

_MAYBE_GONE = ("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND")
"""Codes that say that a record is not there: the row's own, or one that it points to."""

_GONE = (*_MAYBE_GONE, "CANNOT_UPDATE_CONVERTED_LEAD")
"""Codes that say the record behind a known Id cannot be updated any more.

The Id and the state of such a member are forgotten, so that the next run finds or creates its record anew.
"""

Present = Callable[[Sequence[str]], Sequence[str] | None]
"""Tells which of these records are there; None when nobody can tell now."""


class LedgerWriter:
    """Writes the intents and outcomes of one run and sync.

    Args:
        store: Where they are kept.
        clock: Dates them.
        run_id: The run.
        sync_id: The sync's number in the store.
        terms: How its rows are written; who is parked comes free when that changes.
        matched_by: Its match fields; kept with each batch, since its answer may come under another config.
        passing: Error codes that say nothing about the row that met them; every other one parks it.
        now_there: The time by Salesforce's clock, as far as it is known.
        retrying: Only some rows are looked at, so that the others that are pending stay so.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        run_id: str,
        sync_id: int,
        terms: str,
        matched_by: Sequence[str],
        passing: Sequence[str] = (),
        now_there: Callable[[], datetime | None] = lambda: None,
        retrying: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._place = {"run_id": run_id, "sync_id": sync_id, "terms": terms}
        self._sync = {"sync_id": sync_id}
        self._matched_by = tuple(matched_by)
        self._passing = list(passing)
        self._now_there = now_there
        self._retrying = retrying
        self._sent: dict[tuple[str, str], list[str]] = {}

    def enqueue(self, routes: RoutePlan, limits: Mapping[str, int]) -> None:
        """Turn the rows of `plan_change` into intents, invalid outcomes and silent changes of state.

        Args:
            routes: How each object and operation travels.
            limits: `job_rows`, `job_bytes` and `request_bytes` of one job and one request.
        """
        with self._store.staged("stage_route", routes_table(routes)), self._store.transaction():
            self._store.run("enqueue_bits", self._sync)
            self._store.run("enqueue_invalid", {**self._place, "now": self._now()})
            if any(choice.bulk for choice in routes.choices):
                found = self._store.rows("enqueue_fields")
                self._sent = {(row["object"], row["operation"]): row["fields"] for row in found}
            if routes.choices:
                self._store.run("enqueue_sends", {**self._place, **limits}, words=self._words)
            self.looked_at()
            self._store.run("enqueue_parked", {**self._place, "now": self._now()}, words=self._words)
            self._store.run("pending_in", self._sync)
            self._store.run("quiet_out", self._sync)
            self._store.run("quiet_in", self._sync, words=self._words)
            self._store.run("record_rekeyed", self._sync)
            self._store.run("forget_payloads", self._sync)
            self._store.run("let_go", tables=["plan_change", "plan_packing", "plan_rekeyed"])

    def looked_at(self) -> None:
        """Forget who was parked and pending: the plan has looked at them anew."""
        self._store.run("parked_out", self._sync)
        if not self._retrying:
            self._store.run("pending_out", self._sync)

    def operations(self) -> set[Operation]:
        """Of which rows are planned and not begun."""
        return {Operation(row["operation"]) for row in self._store.rows("outbox_operations", self._place)}

    def lots(self, operation: Operation) -> list[Lot]:
        """The requests and jobs of an operation that are planned and not begun, in order."""
        found = self._store.rows("outbox_lots", {**self._place, "operation": operation.value})
        return [Lot(row["object"], Route(row["route"]), row["pack"], row["rows"]) for row in found]

    def begin(self, operation: Operation, lot: Lot) -> Batch:
        """Write the intent of a planned request or job."""
        return self._open(lot, operation, "batch_fill_lot", {"pack": lot.pack})

    def again(self, operation: Operation) -> dict[str, list[int]]:
        """Rows that wait for another attempt, in order, by their object."""
        waiting: dict[str, list[int]] = {}
        for row in self._store.rows("outbox_again", {**self._place, "operation": operation.value}):
            waiting.setdefault(row["object"], []).append(row["seq"])
        return waiting

    def contested(self, operation: Operation) -> dict[str, dict[int, str]]:
        """Waiting rows of new records whose match value another member's record still has.

        Returns:
            Object -> row -> the profile that has it.
        """
        found: dict[str, dict[int, str]] = {}
        for row in self._store.rows("outbox_contested", {**self._place, "operation": operation.value}):
            found.setdefault(row["object"], {})[row["seq"]] = row["holder"]
        return found

    def gather(self, seqs: Sequence[int], object_name: str, operation: Operation, route: Route) -> Batch:
        """A batch of these waiting rows."""
        lot = Lot(object_name, route, None, len(seqs))
        return self._open(lot, operation, "batch_fill", {"seqs": list(seqs)})

    def split(self, batch: Batch, seqs: Sequence[int]) -> Batch:
        """Rows of a batch that had no effect, in a request of their own."""
        return self.gather(seqs, batch.object, batch.operation, Route.COLLECTIONS)

    def _open(self, lot: Lot, operation: Operation, fill: str, which: Mapping[str, object]) -> Batch:
        now = self._clock.now()
        now_there = self._now_there() or now
        carrier = {"object": lot.object, "route": lot.route.value, "operation": operation.value}
        with self._store.transaction():
            batch_id = int(self._store.row("batch_next_id")["batch_id"])
            number = {**self._place, "batch_id": batch_id}
            how = {**carrier, "rows": lot.rows, "attempt": 1, "matched_by": list(self._matched_by)}
            times = {"now": stored_time(now), "now_there": stored_time(now_there)}
            self._store.run("batch_open", {**number, **how, **times})
            self._store.run(fill, {**number, **which})
        return Batch(batch_id, lot.object, operation, lot.route, lot.rows, self._matched_by, now, now_there)

    def rows(self, batch: Batch) -> list[OutboxRow]:
        """What a batch sends, in order."""
        return [
            OutboxRow(
                row["seq"], row["attempt"], row["match_value"], row["salesforce_id"], json.loads(row["after"])
            )
            for row in self._store.rows("batch_rows", {"batch_id": batch.batch_id})
        ]

    def scratch(self) -> AbstractContextManager[Path]:
        """A new folder for the files of a job; see `Store.scratch`."""
        return self._store.scratch()

    def write_csv(self, batch: Batch, path: Path, *, key: str | None) -> None:
        """Write the file of a Bulk job; the engine writes it, row by row never passes through here.

        Args:
            batch: The rows.
            path: The file.
            key: The column that identifies a row: `Id`, a match field, or None for new records.
        """
        fields = self._fields(batch, key)
        self._store.run(
            "bulk_file",
            batch_id=batch.batch_id,
            path=str(path),
            key=key,
            fields=fields,
            shape=json_shape(fields),
            sorted=self._store.row("batch_in_order", {"batch_id": batch.batch_id})["in_order"],
        )

    def set_job(self, batch: Batch, job_id: str) -> None:
        """Remember which job carries a batch, before anything is uploaded."""
        self._store.run("batch_set_job", {"batch_id": batch.batch_id, "job_id": job_id})

    def release(self, batch: Batch, *, attempted: bool) -> None:
        """Let the rows of a batch wait again: it surely had no effect.

        Args:
            batch: The batch; its row in the store stays, for the record.
            attempted: It was sent all the same, and counts as an attempt.
        """
        with self._store.transaction():
            self._store.run("batch_release", {"batch_id": batch.batch_id, "attempts": int(attempted)})
            self._store.run("batch_answered", {"batch_id": batch.batch_id, "now": self._now()})

    def settle(
        self,
        batch: Batch,
        results: Mapping[int, RowResult],
        *,
        transient: Sequence[str],
        present: Present = lambda _: (),
    ) -> int:
        """Write outcomes that came row by row, and the state they acknowledge; return the rows that are done.

        Args:
            batch: What was sent.
            results: Row `seq` -> what Salesforce answered; rows left out stay open.
            transient: Codes of errors that pass; such rows wait for another attempt.
            present: Asked about records that a refusal says are gone.
        """
        with self._store.staged("stage_arrived", results_table(results)):
            self._store.run("results_staged")
        refused = not all(result.accepted for result in results.values())
        return len(results) - self._settle(batch, transient, present, refused=refused)

    def settle_files(
        self,
        batch: Batch,
        success: Path,
        failed: Path,
        *,
        key: str | None,
        transient: Sequence[str],
        present: Present,
    ) -> int:
        """Write the outcomes of a Bulk job from its result files.

        Args:
            batch: What was sent.
            success: The file of accepted rows; `failed` that of the others.
            failed: See `success`.
            key: As `write_csv` had it; without one, rows are told apart by all they hold.
            transient: As `settle` has it, and `present` too.
            present: See `transient`.

        Returns:
            Rows of the batch that are left without an answer.
        """
        fields = [] if key else self._fields(batch, key)
        self._store.run(
            "bulk_results",
            batch_id=batch.batch_id,
            success=str(success),
            failed=str(failed),
            key=key,
            fields=fields,
            shape=json_shape(fields),
        )
        answers = self._store.row("results_count", {"batch_id": batch.batch_id})
        self._settle(batch, transient, present, refused=answers["refused"] > 0)
        return int(answers["left"])

    def record_unknown(self, batch: Batch) -> None:
        """Say in the ledger that the rows of a batch that are still open were sent and not found applied."""
        with self._store.staged("stage_arrived", results_table({})):
            self._store.run("results_staged")
        self._store.run("settle_ledger", {"batch_id": batch.batch_id, "now": self._now(), "unknown": True})

    def park_unknown(self, batch: Batch) -> None:
        """Park the rows of a batch that are still open, so that a retry sends them."""
        self._store.run("park_unknown", {"batch_id": batch.batch_id, "now": self._now()}, words=self._words)

    def answered_codes(self) -> list[str]:
        """Codes of the rows that were refused by the answer settled last."""
        return [row["error_code"] for row in self._store.rows("results_codes")]

    def claimed(self, ids: Sequence[str]) -> set[str]:
        """Those of these records that are known to be some profile's, or to have been made by any sync."""
        found = self._store.rows("records_claimed", {**self._sync, "ids": list(ids)})
        return {row["salesforce_id"] for row in found}

    def open_batches(self) -> list[OpenBatch]:
        """Batches of this sync, of any run, whose rows have no outcome yet."""
        return [
            OpenBatch(
                Batch(
                    row["batch_id"],
                    row["object"],
                    Operation(row["operation"]),
                    Route(row["route"]),
                    row["row_count"],
                    self._matched_by if row["matched_by"] is None else tuple(row["matched_by"]),
                    row["sent_at"].replace(tzinfo=UTC),
                    row["sent_there"].replace(tzinfo=UTC),
                ),
                row["job_id"],
                row["open_rows"],
            )
            for row in self._store.rows("batches_open", self._sync)
        ]

    def drop_waiting(self) -> None:
        """Forget intents that were never sent; the next diff offers their rows again."""
        self._store.run("outbox_drop_waiting", self._sync)

    def left(self) -> Mapping[str, int]:
        """What the run leaves.

        Returns:
            `waiting` rows that it never sent, `unknown` rows that an earlier run sent, `parked` rows, and
            members that are parked as `unmatched`.
        """
        return self._store.row("sync_left", self._place)

    def _settle(self, batch: Batch, transient: Sequence[str], present: Present, *, refused: bool) -> int:
        """As `settle`, from what is staged; return the rows that wait for another attempt."""
        where = {"batch_id": batch.batch_id}
        passing = self._passing
        missed = self._store.rows("results_gone", {**where, "codes": list(_MAYBE_GONE)}) if refused else []
        doubtful = [row["salesforce_id"] for row in missed]
        there = present(doubtful) if doubtful else ()
        if there is None:  # such rows are neither forgotten nor parked: they come round again
            there, passing = doubtful, [*passing, *_MAYBE_GONE]
        with self._store.transaction():
            self._store.run("settle_ledger", {**where, "now": self._now(), "unknown": False})
            gone = {"gone": list(_GONE), "there": list(there)}
            self._store.run("settle_accepted", {**where, **gone}, words=self._words)
            if refused:
                parked = {**where, "passing": passing, "now": self._now()}
                self._store.run("settle_parked", parked, words=self._words)
            for table in ("record", "acknowledged", "payload"):
                self._store.run(f"settle_out_{table}")
            self._store.run("settle_out_pending", self._place)
            self._store.run("settle_in_pending")
            self._store.run("settle_in_acknowledged", words=self._words)
            self._store.run("settle_in_payload")
            self._store.run("settle_in_record", where)
            again = {**where, "transient": list(transient), "attempts": MAX_ATTEMPTS}
            waiting = int(self._store.row("settle_again", again)["Count"]) if refused else 0
            self._store.run("settle_done", where)
            self._store.run("batch_answered", {**where, "now": self._now()})
        return waiting

    def _fields(self, batch: Batch, key: str | None) -> list[str]:
        """Fields besides the key that any row sends, of its batch or of all that was planned with it."""
        sent = self._sent.get((batch.object, batch.operation.value))
        if sent is None:
            sent = [row["field"] for row in self._store.rows("batch_fields", {"batch_id": batch.batch_id})]
        return [field for field in sent if field != key]

    @cached_property
    def _words(self) -> range:
        """Mask columns of the store's tables; the plan has made them all."""
        return range(int(self._store.row("mask_words")["words"]))

    def _now(self) -> object:
        return stored_time(self._clock.now())
