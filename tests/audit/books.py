"""Made-up books: a store with runs, pushes and outcomes, written by the ledger's own code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from audiencesync.ledger import ApiMeter, Batch, LedgerWriter
from audiencesync.ledger.meter import stored_time
from audiencesync.records import Operation, Route, RouteChoice, RoutePlan, RowResult, RunStatus
from audiencesync.store import Store

START = datetime(2026, 1, 31, 10, 0, 0, tzinfo=UTC)
COUNTS = (
    *("members", "entered", "exited", "changed", "unchanged"),
    *(
        "planned",
        "accepted",
        "created",
        "updated",
        "rejected",
        "invalid",
        "unknown",
        "deferred",
        "unmatched",
        "parked",
        "without_profile",
    ),
)
Changed = Mapping[str, tuple[str | None, str | None]]


class HeldClock:
    """A clock that moves when it is told to."""

    def __init__(self, start: datetime = START) -> None:
        self.moment = start

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Push:
    """One row of a plan."""

    key: str
    changed: Changed = field(default_factory=dict)
    match: str | None = None
    action: str = "create"
    reason: str = "entered"
    salesforce_id: str | None = None
    invalid: str | None = None
    message: str | None = None
    truncated: tuple[str, ...] = ()


class Books:
    """A store and the means to fill it.

    Args:
        path: The DuckDB file.
    """

    def __init__(self, path: Path) -> None:
        self.clock = HeldClock()
        self.store = Store.open(path, base=path.parent)
        self._connection = self.store._connection

    def execute(self, sql: str, values: object = None) -> None:
        self._connection.execute(sql, values)

    def sync(self, name: str = "leads", object_name: str = "Lead", sync_id: int = 1) -> int:
        self.store.run("sync_add", {"sync_id": sync_id, "name": name, "object": object_name})
        return sync_id

    def run(self, run_id: str, *, command: str = "run") -> str:
        self.store.run(
            "run_start",
            {"run_id": run_id, "command": command, "version": "0.1.0", "now": stored_time(self.clock.now())},
        )
        return run_id

    def begin(self, run_id: str, sync_id: int = 1) -> None:
        now = stored_time(self.clock.now())
        self.store.run("run_sync_start", {"run_id": run_id, "sync_id": sync_id, "now": now})

    def enqueue(self, run_id: str, pushes: list[Push], sync_id: int = 1) -> LedgerWriter:
        """Write intents and invalid outcomes, in the order of the keys."""
        writer = LedgerWriter(
            self.store,
            self.clock,
            run_id=run_id,
            sync_id=sync_id,
            terms="",
            matched_by=["Email"],
            passing=["UNABLE_TO_LOCK_ROW"],
        )
        self.execute(
            "CREATE OR REPLACE TEMP TABLE plan_bit (audience VARCHAR, ordinal INTEGER, is_new BOOLEAN)"
        )
        self.execute("CREATE OR REPLACE TEMP TABLE plan_parked (profile_key VARCHAR, held BOOLEAN)")
        self.execute("CREATE OR REPLACE TEMP TABLE plan_rekeyed (profile_key VARCHAR, match_key VARCHAR)")
        self.execute(
            """CREATE OR REPLACE TEMP TABLE plan_change (
                profile_key VARCHAR, match_value VARCHAR, match_key VARCHAR, salesforce_id VARCHAR,
                operation VARCHAR, action VARCHAR, reason VARCHAR,
                "after" VARCHAR, "before" VARCHAR, payload VARCHAR, value_bytes BIGINT,
                truncated VARCHAR[], fingerprint UBIGINT, row_hash UBIGINT,
                known BOOLEAN, desired BOOLEAN, mask_0 BIGINT,
                error_code VARCHAR, error_message VARCHAR, verdict VARCHAR,
                object VARCHAR, parent VARCHAR, siblings INTEGER, bulk_unfit BOOLEAN, leads BOOLEAN)"""
        )
        for push in pushes:
            before = {name: was for name, (was, _) in push.changed.items() if was is not None}
            self.execute(
                """INSERT INTO plan_change VALUES (
                    $key, $match, lower($match), $id, 'upsert', $action, $reason,
                    $after, $before, NULL, 1, $truncated::VARCHAR[], 1, 1, false, true, 1,
                    $code, $message, $verdict, 'Lead', NULL, 1, false, true)""",
                {
                    "key": push.key,
                    "match": push.match,
                    "id": push.salesforce_id,
                    "action": push.action,
                    "reason": push.reason,
                    "after": json.dumps({name: after for name, (_, after) in push.changed.items()}),
                    "before": json.dumps(before) if before else None,
                    "truncated": list(push.truncated),
                    "code": push.invalid,
                    "message": push.message,
                    "verdict": "invalid" if push.invalid else "send",
                },
            )
        self.store.run("plan_packing", many=False)
        choice = RouteChoice("Lead", Operation.UPSERT, False, Route.COLLECTIONS, 200)
        limits = {"collection_rows": 200, "job_rows": 1, "job_bytes": 1, "request_bytes": 1_000_000}
        writer.enqueue(RoutePlan(choices=(choice,)), limits)
        return writer

    def take(self, writer: LedgerWriter, *, rows: int = 200, route: Route = Route.COLLECTIONS) -> Batch:
        self.execute("SELECT seq FROM store.outbox WHERE batch_id IS NULL ORDER BY seq")
        seqs = [seq for (seq,) in self._connection.fetchmany(rows)]
        return writer.gather(seqs, "Lead", Operation.UPSERT, route)

    def settle(
        self,
        writer: LedgerWriter,
        results: Mapping[int, RowResult],
        *,
        transient: tuple[str, ...] = (),
        seconds: float = 1.5,
    ) -> None:
        """Send the next batch, wait, and write what came back; rows without a result stay open."""
        batch = self.take(writer)
        self.clock.sleep(seconds)
        writer.settle(batch, results, transient=transient)

    def close_sync(self, run_id: str, document: Mapping[str, Any], sync_id: int = 1) -> None:
        self.store.run(
            "run_sync_finish",
            {
                "run_id": run_id,
                "sync_id": sync_id,
                "document": json.dumps(document),
                "now": stored_time(self.clock.now()),
            },
        )

    def finish(self, run_id: str, status: RunStatus, error: str | None = None) -> None:
        self.store.run(
            "run_finish",
            {
                "run_id": run_id,
                "status": status.value,
                "error": error,
                "now": stored_time(self.clock.now()),
            },
        )

    def call(self, kind: str, run_id: str | None, sync: str) -> None:
        meter = ApiMeter(self.store, self.clock, run_id=run_id, project_cap=None, org_reserve=0.0)
        meter.turn_to(sync, None)
        meter.charge(kind)


def accepted(salesforce_id: str, *, created: bool = True) -> RowResult:
    return RowResult(accepted=True, salesforce_id=salesforce_id, created=created)


def rejected(code: str, message: str = "no") -> RowResult:
    return RowResult(accepted=False, code=code, message=message)


def document(name: str = "leads", status: str = "succeeded", **numbers: Any) -> dict[str, Any]:
    """A sync's part of the run document."""
    return {
        "name": name,
        "status": status,
        "mode": "incremental",
        **dict.fromkeys(COUNTS, 0),
        "routes": {"collections": 0, "composite": 0, "bulk": 0},
        "api_calls": 0,
        "seconds": 1.5,
        **numbers,
    }


RUN = "20260131T100000-aaaa"


def small_run(books: Books) -> str:
    """Five rows: a passing error then accepted, rejected, open, and one of our own refusals."""
    books.sync()
    books.run(RUN)
    books.begin(RUN)
    writer = books.enqueue(
        RUN,
        [
            Push("k1", {"Email": (None, "ann@example.com"), "LastName": (None, "Ann")}, "ann@example.com"),
            Push("k2", {"Phone": ("1", None)}, "bo@example.com", "update", "trigger", "00QAAAAAAAAAAA1AAA"),
            Push("k3", {"Email": (None, "c@example.com")}, "c@example.com", truncated=("Description",)),
            Push("k4", {"Email": (None, "d@example.com")}, "d@example.com"),
            Push("k5", {}, None, invalid="MATCH_VALUE_MISSING", message="Email is empty"),
        ],
    )
    books.call("collections", RUN, "leads")
    first = {
        1: accepted("00QAAAAAAAAAAA2AAA"),
        2: rejected("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access"),
        3: rejected("STRING_TOO_LONG", 'Last Name: data value too large: <b>&"é\n李'),
    }
    books.settle(writer, first, transient=("UNABLE_TO_LOCK_ROW",))
    books.clock.sleep(1)
    books.call("collections", RUN, "leads")
    books.settle(writer, {2: accepted("00QAAAAAAAAAAA1AAA", created=False)})
    books.close_sync(
        RUN,
        document(
            status="partial",
            members=5,
            entered=4,
            changed=1,
            planned=5,
            accepted=2,
            created=1,
            updated=1,
            rejected=1,
            invalid=1,
            unknown=1,
            routes={"collections": 4, "composite": 0, "bulk": 0},
            api_calls=2,
        ),
    )
    books.finish(RUN, RunStatus.PARTIAL)
    return RUN
