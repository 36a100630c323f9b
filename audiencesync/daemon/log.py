"""What the daemon writes to its log: events without people in them."""

from datetime import timedelta
from typing import Any

import structlog

from audiencesync.daemon.standing import Health
from audiencesync.reports import SyncReport

_COUNTS = (
    "members",
    "accepted",
    "created",
    "updated",
    "rejected",
    "invalid",
    "unknown",
    "deferred",
    "api_calls",
)


class Log:
    """A listener that writes structured events."""

    def __init__(self) -> None:
        self._log: Any = structlog.get_logger()

    def say(self, event: str, **facts: object) -> None:
        """Something worth knowing."""
        self._log.info(event, **facts)

    def warn(self, event: str, **facts: object) -> None:
        """Something that somebody may have to mend."""
        self._log.error(event, **facts)

    def sync_ended(self, report: SyncReport) -> None:
        """A run came to its end; one that found nothing to do is told in one short line.

        Only a `retry` has a trouble here, which is not the sync's.
        """
        facts = {name: getattr(report, name) for name in _COUNTS if getattr(report, name)}
        if (trouble := report.trouble) is not None:
            facts |= {"kind": trouble.kind, "message": trouble.message, "hint": trouble.hint}
        self.say(
            "sync_ended",
            sync=report.name,
            status=report.status.value,
            mode=report.mode.value,
            duration_s=round(report.seconds, 3),
            **facts,
        )

    def sync_failed(self, report: SyncReport, health: Health, wait: timedelta) -> None:
        """A run did not come to its end."""
        if report.trouble is not None:
            self.warn(
                "sync_failed",
                sync=report.name,
                kind=report.trouble.kind,
                message=report.trouble.message,
                hint=report.trouble.hint,
                failures=health.failures,
                again_in_s=round(wait.total_seconds(), 1),
            )

    def health_changed(self, health: Health) -> None:
        """It is well again; that it is not is told as its failure."""
        if health.trouble is None:
            self.say("sync_recovered", sync=health.name)
