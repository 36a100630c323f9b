"""The org's clock: real time plus an offset that a test may move."""

import datetime as dt


class Clock:
    """Time as the org sees it.

    Attributes:
        offset_s: Seconds ahead of real time.
    """

    def __init__(self, offset_s: float = 0.0) -> None:
        self.offset_s = offset_s

    def now(self) -> dt.datetime:
        """The moment, in UTC."""
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.offset_s)

    def time(self) -> float:
        """The same as seconds since 1970."""
        return self.now().timestamp()
