"""The API meter: what Salesforce would bill, over a rolling day.

Source:
    Salesforce Developer Limits, "API Request Limits and Allocations".
"""

from collections import deque

from audiencesync.emulator.clock import Clock
from audiencesync.emulator.errors import ApiError

DAY_S = 86_400
_MINUTE_S = 60


class Meter:
    """Calls of the last 24 hours, by minute, against a limit.

    Attributes:
        limit: Calls allowed in 24 hours; Developer Edition has 15,000.
        total: Calls since the org was made.
    """

    def __init__(self, clock: Clock, limit: int = 15_000) -> None:
        self.limit = limit
        self.total = 0
        self._clock = clock
        self._minutes: deque[list[int]] = deque()

    @property
    def used(self) -> int:
        """Calls within the last 24 hours."""
        oldest = (self._clock.time() - DAY_S) // _MINUTE_S
        while self._minutes and self._minutes[0][0] <= oldest:
            self._minutes.popleft()
        return sum(count for _, count in self._minutes)

    def charge(self, calls: int = 1) -> None:
        """Bill calls.

        Raises:
            ApiError: The day's allocation is spent; nothing is billed.
        """
        if self.used + calls > self.limit:
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self._add(calls)

    def set_used(self, used: int) -> None:
        """Pretend that so many calls were made just now."""
        self._minutes.clear()
        self._add(used)

    def _add(self, calls: int) -> None:
        minute = int(self._clock.time() // _MINUTE_S)
        if self._minutes and self._minutes[-1][0] == minute:
            self._minutes[-1][1] += calls
        else:
            self._minutes.append([minute, calls])
        self.total += calls

    def dump(self) -> dict[str, object]:
        """What a restart needs."""
        return {"limit": self.limit, "total": self.total, "minutes": [list(item) for item in self._minutes]}

    def load(self, saved: dict[str, object]) -> None:
        """Go on from a dump."""
        self.limit = int(str(saved["limit"]))
        self.total = int(str(saved["total"]))
        minutes = saved["minutes"]
        if isinstance(minutes, list):
            self._minutes = deque([int(minute), int(count)] for minute, count in minutes)
