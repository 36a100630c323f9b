"""How one sync stands: when it runs next, and whether it is well."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from audiencesync.config.models import Sync
from audiencesync.daemon.schedule import due_after
from audiencesync.errors import ConfigError
from audiencesync.reports import Trouble
from audiencesync.source import Signature

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=15)
MENDED_BY_HAND = timedelta(hours=1)
"""The longest wait where the config does not fit: who mends it sends SIGHUP, and each try may cost a call."""

_SPREAD = 0.1
"""Part of a wait that is left to chance, so that many daemons do not come back together."""


class Wish(Enum):
    """What a sync should do: a run, one for what was pushed alone, or nothing."""

    RUN = "run"
    PUSHED = "pushed"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Health:
    """What others may know of a sync.

    Attributes:
        trouble: Why its latest run did not come to its end; None when it did.
        failures: How many in a row did not.
        next_at: When it runs again by itself; None when it waits for a change or for somebody to ask.
        last_success: When the last run that came to its end began.
    """

    name: str
    trouble: Trouble | None
    failures: int
    next_at: datetime | None
    last_success: datetime | None


class Standing:
    """One sync of the daemon.

    Args:
        sync: Its config.
        chance: Draws jitter.
        last_start: When its last run began, as the ledger knows it.
        last_success: When the last run that came to its end began.
        unfinished: Its last run did not come to its end: it is due at once, if it ever is by itself.
    """

    def __init__(
        self,
        sync: Sync,
        chance: random.Random,
        *,
        now: datetime,
        last_start: datetime | None,
        last_success: datetime | None,
        unfinished: bool = False,
    ) -> None:
        self.sync = sync
        self._chance = chance
        self._last_success = last_success
        self._trouble: Trouble | None = None
        self._failures = 0
        self._retry_at: datetime | None = None
        self._taken: Signature | None = None
        self._pushed = self._failed_pushed = False
        due = self._next(last_start, now)
        self._due = now if unfinished and due is not None else due

    def push(self) -> None:
        """There are changes that were pushed, and they have waited for others long enough."""
        self._pushed = self.sync.push

    def follow(self, before: Health, now: datetime) -> None:
        """Be as well as before the config was read again; what failed may be mended, and is tried now."""
        self._trouble, self._failures = before.trouble, before.failures
        self._retry_at = None if before.trouble is None else now

    def wish(self, now: datetime, seen: Signature | None) -> Wish:
        """What it should do now; `seen` is how the source looks."""
        if self._retry_at is not None and now < self._retry_at:
            return Wish.NOTHING
        changed = self.sync.watch and seen is not None and seen != self._taken
        if changed or (self._due is not None and now >= self._due):
            return Wish.RUN
        if self._retry_at is not None:
            return Wish.PUSHED if self._failed_pushed else Wish.RUN
        return Wish.PUSHED if self._pushed else Wish.NOTHING

    @property
    def next_at(self) -> datetime | None:
        """When it runs again by itself, should the source not change."""
        return self._due if self._retry_at is None else self._retry_at

    @property
    def health(self) -> Health:
        """What others may know."""
        return Health(self.sync.name, self._trouble, self._failures, self.next_at, self._last_success)

    def ran(self, start: datetime, now: datetime, seen: Signature | None, *, pushed: bool) -> bool:
        """Its run came to its end.

        Args:
            start: When it began.
            now: The time.
            seen: How the source looked before.
            pushed: It was for what was pushed alone.

        Returns:
            It had been failing.
        """
        failing = self._trouble is not None
        self._trouble, self._failures, self._retry_at = None, 0, None
        self._last_success = start
        self._pushed = False
        if not pushed:
            self._taken = seen
            self._due = self._next(start, now)
        return failing

    def failed(self, trouble: Trouble, start: datetime, now: datetime, *, pushed: bool) -> bool:
        """Its run did not come to its end; it is tried again after a while that doubles each time.

        Args:
            trouble: Why.
            start: When it began.
            now: The time.
            pushed: It was for what was pushed alone, and so is the next, if nothing else is due.

        Returns:
            It had been well.
        """
        well = self._trouble is None
        self._trouble = trouble
        self._failures += 1
        doubled = FIRST_WAIT * 2.0 ** min(self._failures - 1, 20)
        wait = min(doubled, MENDED_BY_HAND if trouble.exit_code == ConfigError.exit_code else LONGEST_WAIT)
        self._retry_at = now + wait * (1 + _SPREAD * self._chance.random())
        self._pushed, self._failed_pushed = False, pushed
        if not pushed:
            self._due = self._next(start, now)
        return well

    def _next(self, last: datetime | None, now: datetime) -> datetime | None:
        due = due_after(self.sync, last, now)
        if due is not None and self.sync.jitter is not None:
            due += self.sync.jitter * self._chance.random()
        return due
