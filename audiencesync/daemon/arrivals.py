"""Changes that were accepted and wait for a run: how many, and since when."""

from datetime import datetime, timedelta
from threading import Lock

from audiencesync.clock import Clock
from audiencesync.config.models import Intake


class Arrivals:
    """Counts what comes in, from any thread, until a run takes it over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._rows = 0
        self._since: datetime | None = None

    def came(self, rows: int) -> None:
        """So many changes were accepted."""
        with self._lock:
            self._rows += rows
            self._since = self._since or self._clock.now()

    def taken(self) -> None:
        """A run begins, which takes over all that has come."""
        with self._lock:
            self._rows, self._since = 0, None

    def due_in(self, limits: Intake) -> timedelta | None:
        """How much longer the first of them may wait for others; None when there is none."""
        with self._lock:
            if self._since is None:
                return None
            if self._rows >= limits.max_rows:
                return timedelta()
            return max(timedelta(), self._since + limits.max_delay - self._clock.now())
