"""Time, behind a protocol, so that tests hold it."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the product knows of time."""

    def now(self) -> datetime:
        """The time in UTC, with its zone."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time in UTC, with its zone."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
