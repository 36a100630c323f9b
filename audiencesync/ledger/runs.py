"""Runs and what they did for each sync."""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from audiencesync import __version__
from audiencesync.clock import Clock
from audiencesync.ledger.meter import stored_time
from audiencesync.records import KnownSync, RunStatus, SyncState
from audiencesync.store import Store


class RunLog:
    """The runs of one store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def start(self, command: str) -> str:
        """Begin a run, mark those that were killed, and date what lies in the future as of now.

        Returns:
            The run id: the time it began and four random characters, so that ids sort as runs do.
        """
        now = self._clock.now()
        run_id = f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03}-{secrets.token_hex(2)}"
        with self._store.transaction():
            self._store.run("dates_to_come", {"now": stored_time(now)})
            self._store.run("runs_interrupted", {"now": stored_time(now)})
            self._store.run(
                "run_start",
                {"run_id": run_id, "command": command, "version": __version__, "now": stored_time(now)},
            )
        return run_id

    def finish(self, run_id: str, status: RunStatus, error: str | None) -> None:
        """End a run; `error` is the message of what ended it, without personal data."""
        self._store.run(
            "run_finish",
            {"run_id": run_id, "status": status.value, "error": error, "now": self._now()},
        )

    def start_sync(self, run_id: str, state: SyncState, name: str, object_name: str) -> None:
        """Note that a run is for a sync; a new one gets its place in the store."""
        where = {"sync_id": state.sync_id, "name": name, "object": object_name}
        with self._store.transaction():
            self._store.run("sync_add", where)
            self._store.run(
                "run_sync_start", {"run_id": run_id, "sync_id": state.sync_id, "now": self._now()}
            )

    def finish_sync(self, run_id: str, sync_id: int, document: Mapping[str, Any]) -> None:
        """Keep what a run did for a sync, as it is printed."""
        self._store.run(
            "run_sync_finish",
            {"run_id": run_id, "sync_id": sync_id, "document": json.dumps(document), "now": self._now()},
        )

    def sync_state(self, name: str, object_name: str) -> SyncState:
        """What the store knows of a sync; for a new one, the number it will have."""
        row = self._store.row("sync_find", {"name": name, "object": object_name})
        return SyncState(**row)

    def begin_backfill(self, state: SyncState) -> None:
        """Every member of a sync is sent again, by as many runs as it takes."""
        self._store.run("sync_backfilling", {"sync_id": state.sync_id})

    def advance(self, state: SyncState, started: datetime) -> None:
        """Move a sync on after a run that came to its end; a watermark that is None stays where it was."""
        self._store.run(
            "sync_advance",
            {
                "sync_id": state.sync_id,
                "basis": state.basis,
                "watermark": state.watermark,
                "profiles_basis": state.profiles_basis,
                "memberships_basis": state.memberships_basis,
                "memberships_watermark": state.memberships_watermark,
                "started": stored_time(started),
                "now": self._now(),
            },
        )

    def counts(self, run_id: str, sync_id: int) -> Mapping[str, int]:
        """How the pushes of a run and sync ended: accepted, created, ... and rows by route."""
        return self._store.row("run_counts", {"run_id": run_id, "sync_id": sync_id})

    def unanswered(self, sync_id: int) -> Mapping[str, int]:
        """Sent rows of a sync without an answer yet: `rows`, and the acknowledged `members` among them."""
        return self._store.row("outbox_unanswered", {"sync_id": sync_id})

    def besides(self, known: Sequence[int]) -> list[KnownSync]:
        """What the store holds of syncs other than these, that with most profiles first."""
        return [KnownSync(**row) for row in self._store.rows("syncs_besides", {"known": list(known)})]

    def unheard_besides(self, known: Sequence[int]) -> list[dict[str, Any]]:
        """Syncs other than these whose answers are out and can be asked for: `sync_id`, `name`, `object`."""
        return self._store.rows("outbox_besides", {"known": list(known)})

    def api_calls(self, run_id: str, sync: str) -> int:
        """Billed calls of a run for a sync."""
        return int(self._store.row("run_api_calls", {"run_id": run_id, "sync": sync})["calls"])

    def _now(self) -> object:
        return stored_time(self._clock.now())
