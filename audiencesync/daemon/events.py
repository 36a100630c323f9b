"""What the daemon tells those who listen: the log, the metrics, the alerts. Nothing personal is in it."""

from datetime import timedelta
from typing import Protocol

from audiencesync.daemon.standing import Health
from audiencesync.reports import SyncReport


class Listener(Protocol):
    """Somebody who is told what happens, in the thread that works."""

    def sync_ended(self, report: SyncReport) -> None:
        """A run came to its end for a sync, or a `retry` ended, well or badly."""
        ...

    def sync_failed(self, report: SyncReport, health: Health, wait: timedelta) -> None:
        """A run did not come to its end for a sync; it is tried again after a while."""
        ...

    def health_changed(self, health: Health) -> None:
        """A sync that was well has failed, or one that had failed is well again."""
        ...
