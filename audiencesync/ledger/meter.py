"""Every billed call is counted here before it is made, and refused when the budget has no room for it."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from audiencesync.clock import Clock
from audiencesync.errors import BudgetSpent
from audiencesync.progress import Progress, Silent
from audiencesync.store import Store

WINDOW = timedelta(hours=24)
"""The budget rolls, as Salesforce's own limit does.

Source: Salesforce Developer Limits, "API Request Limits and Allocations".
"""

BELIEVED = timedelta(hours=1)
"""How long a run keeps away from an org whose reserve is reached, by its last word, before it asks again."""


def stored_time(moment: datetime) -> datetime:
    """A moment as the store keeps it: UTC without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


class ApiMeter:
    """The budget of one project, and of one sync while it runs.

    Args:
        store: Keeps the calls, so that the window outlives the process.
        project_cap: Calls in any 24 hours for the whole project; None for no cap.
        org_reserve: Share of the org's daily limit that is never touched, 0 to 1.
        progress: Told of every call.

    Attributes:
        made: Kind -> calls made by this very process.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        run_id: str | None,
        project_cap: int | None,
        org_reserve: float,
        progress: Progress | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._run_id = run_id
        self._project_cap = project_cap
        self._org_reserve = org_reserve
        self._progress = progress or Silent()
        self.made: Counter[str] = Counter()
        told = store.row("org_usage_get")
        self._org_used: tuple[int, int] | None = None
        if told["told_at"] is not None:
            self._org_used = told["used"], told["daily_limit"]
            self._org_told = told["told_at"].replace(tzinfo=UTC)
        self._sync: str | None = None
        self._sync_cap: int | None = None

    def turn_to(self, sync: str, cap: int | None) -> None:
        """Count what follows for this sync, under its own cap too."""
        self._sync, self._sync_cap = sync, cap

    def charge(self, kind: str) -> None:
        """Count one call that is about to be made.

        Raises:
            BudgetSpent: The call would exceed a cap; it must not be made.
        """
        self.require(1)
        self.made[kind] += 1
        self._store.run(
            "api_call_add",
            {"now": stored_time(self._clock.now()), "kind": kind, "run_id": self._run_id, "sync": self._sync},
        )
        self._progress.called()

    def left(self) -> int | None:
        """Calls that every cap has room for; None when there is none."""
        since = stored_time(self._clock.now() - WINDOW)
        rooms = [
            cap - int(self._store.row("api_calls_recent", {"since": since, "sync": sync})["calls"])
            for sync, cap in ((None, self._project_cap), (self._sync, self._sync_cap))
            if cap is not None
        ]
        if self._org_used is not None and not self.in_doubt(1):
            used, limit = self._org_used
            rooms.append(int(limit * (1 - self._org_reserve)) - used)
        return max(min(rooms), 0) if rooms else None

    def require(self, calls: int) -> None:
        """See that a step of several calls can be finished before it is begun.

        Raises:
            BudgetSpent: There is no room for so many calls; nothing was counted.
        """
        now = self._clock.now()
        self._check(now, None, self._project_cap, "connection.max_daily_api_calls", calls)
        self._check(now, self._sync, self._sync_cap, f"max_daily_api_calls of sync {self._sync}", calls)
        self._check_org(calls)

    def org_usage(self, used: int, limit: int) -> None:
        """What Salesforce says of the org's own limit; the next run begins with it."""
        self._org_used, self._org_told = (used, limit), self._clock.now()
        self._store.run(
            "org_usage_put", {"used": used, "daily_limit": limit, "now": stored_time(self._org_told)}
        )

    def in_doubt(self, calls: int) -> bool:
        """By the org's last word there is no room for so many calls, but that was a while ago."""
        return not self._fits(calls) and self._clock.now() - self._org_told >= BELIEVED

    def _check(self, now: datetime, sync: str | None, cap: int | None, name: str, calls: int) -> None:
        if cap is None:
            return
        window = {"since": stored_time(now - WINDOW), "sync": sync}
        spent = int(self._store.row("api_calls_recent", window)["calls"])
        if spent + calls <= cap:
            return
        if calls > cap:
            raise BudgetSpent(
                f"{name} is {cap}, and the next step takes {calls} API calls",
                hint="raise the cap: waiting makes no room",
                seconds_left=WINDOW.total_seconds(),
            )
        freed = self._store.row("api_call_nth", {**window, "place": spent + calls - cap})["called_at"]
        left = (freed.replace(tzinfo=UTC) + WINDOW - now).total_seconds()
        steps = "the next call" if calls == 1 else f"the next {calls} calls"
        raise BudgetSpent(
            f"{name} is spent: {spent} of {cap} API calls in the last 24 hours",
            hint=f"room for {steps} comes at {now + timedelta(seconds=left):%Y-%m-%d %H:%M:%S} UTC; "
            "run again then, or raise the cap",
            seconds_left=left,
        )

    def _fits(self, calls: int) -> bool:
        """By the org's last word, if any, so many calls leave the reserve alone."""
        if self._org_used is None:
            return True
        used, limit = self._org_used
        return used + calls - 1 < limit * (1 - self._org_reserve)

    def _check_org(self, calls: int) -> None:
        if self._org_used is None or self._fits(calls) or self.in_doubt(calls):
            return
        used, limit = self._org_used
        asked_at = self._org_told + BELIEVED
        raise BudgetSpent(
            f"the org has used {used} of {limit} API calls today; "
            f"the reserve of {self._org_reserve:.0%} is kept",
            hint=f"run again after {asked_at:%Y-%m-%d %H:%M:%S} UTC, when the org is asked how it stands, or "
            "lower connection.reserve_org_api_calls",
            seconds_left=(asked_at - self._clock.now()).total_seconds(),
        )
