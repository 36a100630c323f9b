"""The way of changes into the store: those that come together are brought to the disk together."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from queue import Empty, SimpleQueue
from threading import Thread

from audiencesync.clock import Clock
from audiencesync.intake.changes import Change
from audiencesync.store import Journal

_MOST_AT_ONCE = 20_000
_MOMENT = timedelta(microseconds=1)
MOST_WAITING = 100_000
"""More changes than these do not wait for the disk: whoever brings them is asked to come back."""


@dataclass(frozen=True)
class _Parcel:
    """What one request brings, and where it is told that it is durable."""

    changes: Sequence[Change]
    kept: Future[None] = field(default_factory=Future)


class Inbox:
    """Keeps changes in the journal of the store, from a thread of its own; the next run takes them out.

    Args:
        journal: Nobody else adds to it; it is closed with the inbox.
        clock: Dates what is kept.
        kept: Called after each entry, with the number of its changes.
    """

    def __init__(self, journal: Journal, *, clock: Clock, kept: Callable[[int], None]) -> None:
        self._journal, self._clock, self._kept = journal, clock, kept
        self._queue: SimpleQueue[_Parcel | None] = SimpleQueue()
        self._brought = self._done = 0  # each is counted by one thread alone
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

    def close(self) -> None:
        """Keep what has come, and nothing more."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        for lot in self._lots():
            rows = sum(len(parcel.changes) for parcel in lot)
            try:
                self._keep([change for parcel in lot for change in parcel.changes])
            except Exception as error:  # noqa: BLE001  (it is told to those who wait)
                for parcel in lot:
                    parcel.kept.set_exception(error)
            else:
                for parcel in lot:
                    parcel.kept.set_result(None)
                self._kept(rows)
            self._done += rows
        self._journal.close()

    def _lots(self) -> Iterator[list[_Parcel]]:
        """All that waits, again and again."""
        lot: list[_Parcel] = []
        rows = 0
        while True:
            try:
                parcel = self._queue.get(block=not lot)
            except Empty:
                yield lot
                lot, rows = [], 0
                continue
            if parcel is None:
                break
            if parcel.kept.set_running_or_notify_cancel():
                lot.append(parcel)
                rows += len(parcel.changes)
            else:
                self._done += len(parcel.changes)
            if rows >= _MOST_AT_ONCE:
                yield lot
                lot, rows = [], 0
        if lot:
            yield lot

    def _keep(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        now = self._clock.now().astimezone(UTC).replace(tzinfo=None)  # as the store keeps times
        self._journal.append(
            {
                # each has a moment of its own, so that what is held tells for ever which came first; to write
                # one takes longer than that
                "received_at": [(now + place * _MOMENT).isoformat() for place in range(len(changes))],
                "changes": [one.kind.value for one in changes],
                "keys": [one.profile_key for one in changes],
                "attributes": [one.attributes for one in changes],
                "audiences": [one.audience for one in changes],
                "members": [one.member for one in changes],
                "previous": [one.previous for one in changes],
            },
            len(changes),
        )
