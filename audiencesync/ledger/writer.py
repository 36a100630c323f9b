"""Intents before calls; outcomes and acknowledged state after them, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from audiencesync.clock import Clock
from audiencesync.ledger.meter import stored_time
from audiencesync.records import Operation, Route, RowResult
from audiencesync.store import Store

_RESULT = pa.schema(
    [
        ("seq", pa.int64()),
        ("accepted", pa.bool_()),
        ("salesforce_id", pa.string()),
        ("created", pa.bool_()),
        ("error_code", pa.string()),
        ("error_message", pa.string()),
    ]
)

MAX_ATTEMPTS = 4
"""Times one row is sent in one run while its errors are passing ones."""

GONE = ("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND", "CANNOT_UPDATE_CONVERTED_LEAD")
"""Codes that say the record behind a known Id cannot be updated any more.

The Id and the state of such a member are forgotten, so that the next run finds or creates its record anew.
"""

_BULK_ROWS = 1_000_000
_NO_BYTES_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One intent.

    Attributes:
        values: Field -> canonical text to send; None clears.
    """

    seq: int
    attempt: int
    match_value: str | None
    salesforce_id: str | None
    values: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that travel together: one request, or one job."""

    batch_id: int
    operation: Operation
    route: Route
    rows: int


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch whose rows have no outcome yet.

    Attributes:
        job_id: The Bulk job that carries it, once there is one.
    """

    batch: Batch
    run_id: str
    job_id: str | None


class LedgerWriter:
    """Writes the intents and outcomes of one run and sync."""

    def __init__(self, store: Store, clock: Clock, *, run_id: str, sync_id: int) -> None:
        self._store = store
        self._clock = clock
        self._place = {"run_id": run_id, "sync_id": sync_id}
        self._sync = {"sync_id": sync_id}

    def enqueue(self) -> None:
        """Turn the rows of `plan_change` into intents, invalid outcomes and silent changes of state."""
        with self._store.transaction():
            self._store.run("enqueue_bits", self._sync)
            self._store.run("enqueue_invalid", {**self._place, "now": self._now()})
            self._store.run("enqueue_sends", self._place, words=self._words())
            self._store.run("pending_out", self._sync)
            self._store.run("pending_in", self._sync)
            self._store.run("quiet_out", self._sync)
            self._store.run("quiet_in", self._sync, words=self._words())
            self._store.run("forget_payloads", self._sync)

    def take(
        self, operation: Operation, route: Route, *, rows: int | None, max_bytes: int | None
    ) -> Batch | None:
        """Write the intent of the next batch.

        Args:
            operation: What its rows have in common.
            route: How it will travel; a Bulk batch leaves out what a CSV cannot carry.
            rows: Most rows; None for as many as one job takes.
            max_bytes: Most bytes of its CSV, about; None for no limit.

        Returns:
            The batch, or None when no row of the operation waits.
        """
        taken = self._store.rows(
            "outbox_take",
            {
                **self._place,
                "operation": operation.value,
                "bulk": route is Route.BULK,
                "rows": rows or _BULK_ROWS,
                "bytes": max_bytes or _NO_BYTES_LIMIT,
            },
        )
        return self._open([row["seq"] for row in taken], operation, route) if taken else None

    def unresolved(self, operation: Operation) -> list[tuple[int, str | None]]:
        """Waiting rows (seq, match value) that need a record's Id and do not know it."""
        found = self._store.rows("outbox_unresolved", {**self._place, "operation": operation.value})
        return [(row["seq"], row["match_value"]) for row in found]

    def resolve(self, seq: int, salesforce_id: str) -> None:
        """Give a waiting row the Id that was looked up."""
        self._store.run("outbox_resolve", {**self._place, "seq": seq, "salesforce_id": salesforce_id})

    def contested(self) -> dict[int, str]:
        """Waiting upserts whose match value another member's record still has: row -> that profile."""
        return {row["seq"]: row["holder"] for row in self._store.rows("outbox_contested", self._place)}

    def gather(self, seqs: Sequence[int], operation: Operation) -> Batch:
        """A batch of these waiting rows."""
        return self._open(seqs, operation, Route.COLLECTIONS)

    def split(self, batch: Batch, seqs: Sequence[int]) -> Batch:
        """Move some rows of a batch, which had no effect, into a batch of their own."""
        return self._open(seqs, batch.operation, batch.route)

    def _open(self, seqs: Sequence[int], operation: Operation, route: Route) -> Batch:
        with self._store.transaction():
            batch_id = int(self._store.row("batch_next_id")["batch_id"])
            self._store.run(
                "batch_open",
                {
                    **self._place,
                    "batch_id": batch_id,
                    "route": route.value,
                    "operation": operation.value,
                    "rows": len(seqs),
                    "attempt": 1,
                    "now": self._now(),
                },
            )
            self._store.run("batch_fill", {**self._place, "batch_id": batch_id, "seqs": list(seqs)})
        return Batch(batch_id, operation, route, len(seqs))

    def rows(self, batch: Batch) -> list[OutboxRow]:
        """What a batch sends, in order."""
        return [
            OutboxRow(
                row["seq"],
                row["attempt"],
                row["match_value"],
                row["salesforce_id"],
                {name: change["after"] for name, change in row["changed"].items()},
            )
            for row in self._store.rows("batch_rows", {"batch_id": batch.batch_id})
        ]

    def write_csv(self, batch: Batch, path: Path, *, key: str, by_id: bool) -> None:
        """Write the file of a Bulk job; the engine writes it, row by row never passes through here."""
        found = self._store.rows("batch_fields", {"batch_id": batch.batch_id})
        fields = [row["field"] for row in found if row["field"] != key]
        self._store.run(
            "bulk_file", batch_id=batch.batch_id, path=str(path), key=key, by_id=by_id, fields=fields
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

    def settle(self, batch: Batch, results: Mapping[int, RowResult], *, transient: Sequence[str]) -> None:
        """Write the outcomes that came row by row, and the state they acknowledge.

        Args:
            batch: What was sent.
            results: Row `seq` -> what Salesforce answered; rows left out stay open.
            transient: Codes of errors that pass; such rows wait for another attempt.
        """
        columns = list(zip(*((seq, *_flat(result)) for seq, result in results.items()), strict=True))
        table = pa.Table.from_arrays(
            [pa.array(column, kind.type) for column, kind in zip(columns, _RESULT, strict=True)]
            if columns
            else [pa.array([], kind.type) for kind in _RESULT],
            schema=_RESULT,
        )
        with self._store.staged("stage_arrived", table):
            self._store.run("results_staged")
        self._settle(batch, transient)

    def settle_files(
        self, batch: Batch, success: Path, failed: Path, *, key: str, by_id: bool, transient: Sequence[str]
    ) -> int:
        """Write the outcomes of a Bulk job from its result files.

        Returns:
            Rows that were answered.
        """
        self._store.run(
            "bulk_results",
            batch_id=batch.batch_id,
            success=str(success),
            failed=str(failed),
            key=key,
            by_id=by_id,
        )
        answered = int(self._store.row("results_count")["rows"])
        self._settle(batch, transient)
        return answered

    def record_unknown(self, batch: Batch) -> None:
        """Say in the ledger that the rows of a batch that are still open were sent and not found applied."""
        with self._store.staged("stage_arrived", _RESULT.empty_table()):
            self._store.run("results_staged")
        self._store.run("settle_ledger", {"batch_id": batch.batch_id, "now": self._now(), "unknown": True})

    def open_batches(self) -> list[OpenBatch]:
        """Batches of this sync, of any run, whose rows have no outcome yet."""
        return [
            OpenBatch(
                Batch(row["batch_id"], Operation(row["operation"]), Route(row["route"]), row["row_count"]),
                row["run_id"],
                row["job_id"],
            )
            for row in self._store.rows("batches_open", self._sync)
        ]

    def drop_waiting(self) -> None:
        """Forget intents that were never sent; the next diff offers their rows again."""
        self._store.run("outbox_drop_waiting", self._sync)

    def waiting(self) -> int:
        """Rows of this run that were never sent."""
        return int(self._store.row("outbox_waiting", self._place)["waiting"])

    def _settle(self, batch: Batch, transient: Sequence[str]) -> None:
        where = {"batch_id": batch.batch_id}
        with self._store.transaction():
            self._store.run("settle_ledger", {**where, "now": self._now(), "unknown": False})
            self._store.run("settle_accepted", {**where, "gone": list(GONE)})
            for table in ("acknowledged", "payload", "record"):
                self._store.run(f"settle_out_{table}")
            self._store.run("settle_out_pending")
            self._store.run("settle_in_acknowledged", words=self._words())
            self._store.run("settle_in_payload")
            self._store.run("settle_in_record")
            self._store.run("settle_again", {**where, "transient": list(transient), "attempts": MAX_ATTEMPTS})
            self._store.run("settle_done", where)
            self._store.run("batch_answered", {**where, "now": self._now()})

    def _words(self) -> range:
        """Mask columns of the store's tables."""
        return range(int(self._store.row("mask_words")["words"]))

    def _now(self) -> object:
        return stored_time(self._clock.now())


def _flat(result: RowResult) -> tuple[bool, str | None, bool | None, str | None, str | None]:
    return (
        result.accepted,
        result.salesforce_id,
        result.created,
        result.code or None,
        result.message or None,
    )
