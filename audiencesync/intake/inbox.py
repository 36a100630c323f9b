"""The way of changes into the store: those that come together are committed together."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeAlias

from audiencesync.clock import Clock
from audiencesync.errors import StoreError
from audiencesync.intake.changes import Change
from audiencesync.store import Store

_MOST_AT_ONCE = 20_000
MOST_WAITING = 100_000
"""More changes than these do not wait for the disk: whoever brings them is asked to come back."""


@dataclass(frozen=True)
class _Parcel:
    """What one request brings, and where it is told that it is durable."""

    changes: Sequence[Change]
    kept: Future[None] = field(default_factory=Future)


_Order: TypeAlias = Callable[[], None]
"""Something else that the committing thread is to do."""


class Inbox:
    """Keeps changes in `store.inbox`, from a thread of its own.

    Args:
        connect: A connection to the store, for as long as its block lasts.
        clock: Dates what is kept.
        kept: Called after each commit, with the number of changes.
        spoilt: Called when the store could not be written: somebody should open it anew.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractContextManager[Store]],
        *,
        clock: Clock,
        kept: Callable[[int], None],
        spoilt: Callable[[], None],
    ) -> None:
        self._connect, self._clock, self._kept, self._spoilt = connect, clock, kept, spoilt
        self._queue: SimpleQueue[_Parcel | _Order | None] = SimpleQueue()
        self._brought = self._done = 0  # each is counted by one thread alone
        self._last = 0
        self._latest = datetime.min  # noqa: DTZ901  (as the store keeps times: UTC without a zone)
        self._connection = ExitStack()
        self._store: Store | None = None
        self._thread = Thread(target=self._work, name="inbox", daemon=True)
        self._thread.start()

    @property
    def is_full(self) -> bool:
        """So much waits for the disk already that nothing more should come."""
        return self._brought - self._done > MOST_WAITING

    def put(self, changes: Sequence[Change]) -> Future[None]:
        """Keep changes, all or none, in their order; from one thread alone.

        Returns:
            Done when they are durable; it fails with StoreError when they could not be kept.
        """
        parcel = _Parcel(changes)
        self._brought += len(changes)
        self._queue.put(parcel)
        return parcel.kept

    def let_go(self) -> None:
        """End the connection as soon as nothing is being written; the next change makes another."""
        self._queue.put(self._disconnect)

    def close(self) -> None:
        """Keep what has come, and nothing more."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        for lot in self._lots():
            rows = sum(len(parcel.changes) for parcel in lot)
            try:
                self._commit(lot)
            except Exception as error:  # noqa: BLE001  (it is told to those who wait)
                self._disconnect()
                for parcel in lot:
                    parcel.kept.set_exception(error)
                if isinstance(error, StoreError):
                    self._spoilt()
            else:
                for parcel in lot:
                    parcel.kept.set_result(None)
                self._kept(rows)
            self._done += rows
        self._disconnect()

    def _lots(self) -> Iterator[list[_Parcel]]:
        """All that waits, again and again; orders are carried out between."""
        lot: list[_Parcel] = []
        rows = 0
        while True:
            try:
                found = self._queue.get(block=not lot)
            except Empty:
                found = _NOTHING
            if isinstance(found, _Parcel) and found.kept.set_running_or_notify_cancel():
                lot.append(found)
                rows += len(found.changes)
            elif isinstance(found, _Parcel):
                self._done += len(found.changes)
            if lot and (not isinstance(found, _Parcel) or rows >= _MOST_AT_ONCE):
                yield lot
                lot, rows = [], 0
            if found is None:
                return
            if callable(found):
                found()

    def _commit(self, lot: Sequence[_Parcel]) -> None:
        changes = [change for parcel in lot for change in parcel.changes]
        if not changes:
            return
        if self._store is None:
            self._store = self._connection.enter_context(self._connect())
            self._last = max(self._last, int(self._store.row("inbox_last")["number"]))
        # a clock that is put back must not make a later change older
        self._latest = max(self._latest, self._clock.now().astimezone(UTC).replace(tzinfo=None))
        self._store.run(
            "inbox_add",
            {
                "first": self._last + 1,
                "received_at": self._latest,
                "changes": [one.kind.value for one in changes],
                "keys": [one.profile_key for one in changes],
                "attributes": [one.attributes for one in changes],
                "audiences": [one.audience for one in changes],
                "members": [one.member for one in changes],
                "previous": [one.previous for one in changes],
            },
        )
        self._last += len(changes)

    def _disconnect(self) -> None:
        self._store = None
        self._connection.close()


def _nothing() -> None:
    """No order."""


_NOTHING: _Order = _nothing
