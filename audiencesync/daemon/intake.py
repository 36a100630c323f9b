"""What is pushed, on its way into the daemon's store."""

import hashlib
import hmac
from asyncio import wrap_future
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from audiencesync.clock import Clock
from audiencesync.config.models import Intake as IntakeConfig
from audiencesync.daemon.holding import Holding
from audiencesync.daemon.log import Log
from audiencesync.daemon.loop import Loop
from audiencesync.errors import AudienceSyncError
from audiencesync.intake.changes import Change, Refused
from audiencesync.intake.inbox import Inbox
from audiencesync.intake.shape import Shape, shape_of
from audiencesync.source import Source, journal_of

_AGAIN = timedelta(seconds=5)
UNAVAILABLE = 503


class Intake:
    """Takes changes in for as long as the daemon runs.

    Attributes:
        config: The `daemon.intake` part of the config, as it was at the start.
    """

    def __init__(
        self,
        config: IntakeConfig,
        loop: Loop,
        holding: Holding,
        *,
        clock: Clock,
        wake: Callable[[], None],
        log: Log,
    ) -> None:
        """Learn what may be pushed.

        Args:
            config: The `daemon.intake` part of the config.
            loop: Knows the config that is in force.
            holding: The store.
            clock: Dates what is pushed.
            wake: Called when there is something in the inbox, or something to learn.
            log: Told when the source cannot be read.

        Raises:
            ConfigError: The token cannot be read.
        """
        self.config = config
        self._token = _digest(config.token.reveal(loop.project.base))
        self._loop, self._holding, self._clock, self._wake, self._log = loop, holding, clock, wake, log
        self._shape: Shape | None = None
        self._tried_at: datetime | None = None
        self._said = ""
        with holding.looking() as store:
            journal = journal_of(store)
        self._inbox = Inbox(journal, clock=clock, kept=self._came)
        self.learn()

    def _came(self, rows: int) -> None:
        self._loop.arrivals.came(rows)
        self._wake()

    def close(self) -> None:
        """Keep what has come, and nothing more."""
        self._inbox.close()

    def learn(self) -> None:
        """Learn from the source which columns there are; in the thread that works in the store."""
        project = self._loop.project
        self._tried_at = self._clock.now()
        try:
            with self._loop.at_work(), self._holding.working() as store:
                config = project.config.source
                source = Source(store, config, base=project.base, attach=project.attach_target())
                self._shape = shape_of(project.config, source.profile_columns())
            self._said = ""
        except AudienceSyncError as error:
            self._shape = None
            if self._said != str(error):
                self._said = str(error)
                self._log.warn("intake_unready", message=str(error), hint=error.hint)

    def learn_if_needed(self) -> None:
        """Learn again, should it have failed a while ago."""
        if self._shape is None and (self._tried_at is None or self._clock.now() - self._tried_at >= _AGAIN):
            self.learn()

    def knows(self, token: str) -> bool:
        """Whether it is the token, in the same time whatever it is."""
        return hmac.compare_digest(_digest(token), self._token)

    @property
    def shape(self) -> Shape:
        """What may be pushed.

        Raises:
            Refused: The source cannot be read, so that nobody knows.
        """
        if self._shape is None:
            self._wake()
            raise Refused("", "the source cannot be read yet; see the daemon's log", status=UNAVAILABLE)
        return self._shape

    async def take(self, changes: Sequence[Change]) -> None:
        """Keep changes, all or none; they are durable when this returns.

        Raises:
            Refused: Too many wait already.
            StoreError: They cannot be kept.
        """
        if self._inbox.is_full:
            raise Refused("", "too many changes wait for the disk", status=UNAVAILABLE)
        await wrap_future(self._inbox.put(changes))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
