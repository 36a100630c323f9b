"""What the daemon does: one thing at a time, when it is due or when somebody asks.

Nothing here waits. `turn` does what is due by the clock and says when it wants to be called again, so a test
with a clock of its own lives through weeks in seconds.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from audiencesync import sync
from audiencesync.audit import looking
from audiencesync.clock import Clock
from audiencesync.config.load import Project
from audiencesync.connection import Line
from audiencesync.daemon.arrivals import Arrivals
from audiencesync.daemon.holding import Holding
from audiencesync.daemon.standing import Health, Standing, Wish
from audiencesync.errors import AudienceSyncError, StoreError, UsageError
from audiencesync.progress import Progress
from audiencesync.records import Mode, RunStatus
from audiencesync.reports import RunReport, SyncReport, Trouble, trouble_of
from audiencesync.source import Lookout, Signature, waiting

if TYPE_CHECKING:
    from audiencesync.daemon.events import Listener

LOOK_S = 1.0
"""Seconds between two looks at a watched source."""

BEAT_S = 20.0
"""The longest rest: who asks whether the daemon is alive looks at when it last turned."""

_UNRESTED_LOOKS = 5
"""A file that is still being written is left alone, but not longer than so many looks."""


class Loop:
    """The syncs of one project, in a store that is held open.

    Attributes:
        project: The config that is in force; its `daemon` and `store` are those of the start.
        listeners: Who is told what happens.
        running: Names of the syncs of the run in flight.
        stopping: No new run begins any more.
        busy: Something is done that may take its time: a run, a plan, or learning a config.
        turned_at: When `turn` was last called, or something was done.
        arrivals: Told what is accepted by others.
    """

    def __init__(
        self,
        project: Project,
        holding: Holding,
        *,
        clock: Clock,
        progress: Progress,
        waiting: Callable[[], int] = lambda: 0,
        chance: random.Random | None = None,
    ) -> None:
        """Learn from the ledger what ran when; nothing is run yet.

        Raises:
            ConfigError: What should be watched cannot be.
        """
        self._holding = holding
        self._clock = clock
        self._progress = progress
        self._waiting = waiting
        self.listeners: list[Listener] = []
        self.arrivals = Arrivals(clock)
        self._line = Line()
        self._chance = chance or random.Random()  # noqa: S311  (it only spreads load)
        self.running: tuple[str, ...] = ()
        self.stopping = False
        self.busy = False
        self.turned_at = clock.now()
        self.project = project
        self._lookout: Lookout | None = None
        self._standings: Sequence[Standing] = ()
        self._seen: Signature | None = None
        self._unrested: Signature | None = None
        self._unrested_looks = 0
        self.take(project)

    def take(self, project: Project) -> None:
        """Go by this config from now on; how each sync stands is kept.

        Raises:
            ConfigError: What should be watched cannot be; the config before stays in force.
        """
        lookout = None
        if any(one.watch for one in project.config.syncs):
            lookout = Lookout(project.config.source, base=project.base, attach=project.attach_target())
        with self._holding.looking() as store:
            known = {one["name"]: one for one in looking.status(store, project)["syncs"]}
            ran = {(one["name"], one["object"]): one["ran_at"] for one in store.rows("syncs_ran")}
            names = [one.name for one in project.config.syncs if one.push]
            left = waiting(store).changes + store.row("pushed_waiting", {"syncs": names})["waiting"]
        standings = [
            Standing(
                one,
                self._chance,
                now=self._clock.now(),
                last_start=_last_start(ran.get((one.name, one.object.lower())), known[one.name]),
                last_success=_last_success(known[one.name]),
                unfinished=_unfinished(known[one.name]),
            )
            for one in project.config.syncs
        ]
        before = {one.name: one for one in self.health}
        for one in standings:
            if one.sync.name in before:
                one.follow(before[one.sync.name], self._clock.now())
        self.close()
        self.project, self._lookout, self._standings, self._seen = project, lookout, standings, None
        if left:
            self.arrivals.came(left)

    def close(self) -> None:
        """Look at the source no more, and sign out."""
        self._line.close()
        if self._lookout is not None:
            self._lookout.close()

    @property
    def waiting(self) -> int:
        """How much work that somebody asked for waits for its turn."""
        return self._waiting()

    @property
    def health(self) -> tuple[Health, ...]:
        """How the syncs stand, for any thread."""
        return tuple(one.health for one in self._standings)

    def turn(self) -> float:
        """Run what is due, once.

        Returns:
            Seconds until there may be something to do; 0 when there is already.
        """
        self.turned_at = self._clock.now()
        self._look()
        self._welcome()
        wishes = [(one.sync.name, one.wish(self._clock.now(), self._seen)) for one in self._standings]
        for wish in (Wish.RUN, Wish.PUSHED):
            names = tuple(name for name, its in wishes if its is wish)
            if names and not self.stopping:
                self.run(sync.RunOptions(syncs=names, pushed=wish is Wish.PUSHED))
        now = self._clock.now()
        self.turned_at = now
        waits = [BEAT_S, *([LOOK_S] if self._lookout else [])]
        if (due := self._arrived()) is not None:
            waits.append(due.total_seconds())
        waits += [(one.next_at - now).total_seconds() for one in self._standings if one.next_at is not None]
        return max(0.0, min(waits))

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """What is done meanwhile may take its time: the daemon does not turn, and is well."""
        self.busy = True
        try:
            yield
        finally:
            self.turned_at = self._clock.now()
            self.busy = False

    def run(self, options: sync.RunOptions) -> RunReport | None:
        """One run, also of what is not due; whatever ends it, the daemon goes on.

        Returns:
            What happened; None when the run could not even begin.
        """
        try:
            return self.run_asked(options)
        except Exception:  # noqa: BLE001  (it is noted as the syncs' trouble, and tried again)
            return None

    def run_asked(self, options: sync.RunOptions) -> RunReport:
        """As `run`, for somebody who wants to know.

        Raises:
            AudienceSyncError: The run could not begin.
        """
        wanted = [one for one in self._standings if not options.syncs or one.sync.name in options.syncs]
        start, seen = self._clock.now(), self._seen
        self.running = tuple(one.sync.name for one in wanted)
        try:
            with self.at_work(), self._holding.working() as store:
                report = sync.run_in(
                    store,
                    self.project,
                    options,
                    clock=self._clock,
                    progress=self._progress,
                    line=self._line,
                )
        except UsageError:
            raise
        except Exception as error:
            trouble = trouble_of(error)
            unreached = [SyncReport(one.sync.name, Mode.INCREMENTAL, trouble=trouble) for one in wanted]
            self._note(wanted, unreached, start, seen, options)
            if isinstance(error, StoreError) or not isinstance(error, AudienceSyncError):
                self.renew()
            raise
        finally:
            self.running = ()
        self._note(wanted, report.syncs, start, seen, options)
        if any(
            one.trouble is not None and one.trouble.exit_code == StoreError.exit_code for one in report.syncs
        ):
            self.renew()
        return report

    def plan_asked(self, options: sync.RunOptions) -> RunReport:
        """What a run would do.

        Raises:
            AudienceSyncError: The plan cannot be made.
        """
        with self.at_work(), self._holding.working() as store:
            return sync.plan_in(store, self.project, options, clock=self._clock, progress=self._progress)

    def _arrived(self) -> timedelta | None:
        """How much longer what was pushed may wait for more of it; None when nothing was."""
        intake = self.project.config.daemon.intake
        return None if intake is None else self.arrivals.due_in(intake)

    def _welcome(self) -> None:
        """Let the syncs know of what was pushed, once it has waited long enough."""
        due = self._arrived()
        if due is not None and due <= timedelta():
            self.arrivals.taken()
            for one in self._standings:
                one.push()

    def _look(self) -> None:
        """See how the source looks, once it has come to rest."""
        if self._lookout is None:
            return
        now = self._lookout.look()
        if now == self._seen:
            return
        self._unrested_looks += 1
        if now == self._unrested or self._unrested_looks > _UNRESTED_LOOKS:
            self._seen, self._unrested, self._unrested_looks = now, None, 0
        else:
            self._unrested = now

    def _note(
        self,
        wanted: Iterable[Standing],
        reports: Iterable[SyncReport],
        start: datetime,
        seen: Signature | None,
        options: sync.RunOptions,
    ) -> None:
        """Tell how each sync ended; a retry looks at parked rows alone, and leaves how it stands as it is."""
        ended = {report.name: report for report in reports}
        for one in wanted:
            report = ended[one.sync.name]
            if options.retry is None and report.trouble is not None:
                self._failed(one, report, report.trouble, start, pushed=options.pushed)
                continue
            for listener in self.listeners:
                listener.sync_ended(report)
            if options.retry is None and one.ran(start, self._clock.now(), seen, pushed=options.pushed):
                for listener in self.listeners:
                    listener.health_changed(one.health)

    def _failed(
        self, one: Standing, report: SyncReport, trouble: Trouble, start: datetime, *, pushed: bool
    ) -> None:
        now = self._clock.now()
        self._line.close()
        changed = one.failed(trouble, start, now, pushed=pushed)
        wait = one.next_at - now if one.next_at else timedelta()
        for listener in self.listeners:
            listener.sync_failed(report, one.health, wait)
            if changed:
                listener.health_changed(one.health)

    def renew(self) -> None:
        """Open the store anew, as far as that can be done now."""
        try:
            self._holding.renew()
        except StoreError:
            return  # the next run says so, and tries again


def _last_start(ran_at: datetime | None, status: Mapping[str, Any]) -> datetime | None:
    """When its last run began; one for pushed changes alone, or for parked rows, puts no other off."""
    return _started(status["last_run"]) if ran_at is None else ran_at.replace(tzinfo=UTC)


def _last_success(status: Mapping[str, Any]) -> datetime | None:
    """Rejected rows are no trouble of the sync: a run with them came to its end."""
    last = status["last_run"]
    return _started(last if last and last["status"] == RunStatus.PARTIAL else status["last_success"])


def _unfinished(status: Mapping[str, Any]) -> bool:
    """It was interrupted or killed, or failed, or the answer to something that it sent is out."""
    last = status["last_run"]
    ended = (RunStatus.SUCCEEDED, RunStatus.PARTIAL)
    return last is not None and (last["status"] not in ended or status["unknown"] > 0)


def _started(run: object) -> datetime | None:
    if not isinstance(run, dict):
        return None
    return datetime.fromisoformat(run["started_at"]).astimezone(UTC)
