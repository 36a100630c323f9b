"""Who is told when a sync that was well fails, and when it is well again; no more often than that."""

import logging
from datetime import timedelta
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from audiencesync.config.load import Project
from audiencesync.daemon.log import Log
from audiencesync.daemon.standing import Health
from audiencesync.errors import ConfigError
from audiencesync.reports import SyncReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apprise import Apprise

_LAST_WORDS_S = 5.0
"""How long the end of the daemon waits for what is being sent."""


class Alerts:
    """A listener that sends notifications, in a thread of its own: a slow receiver holds up no run."""

    def __init__(self, project: Project, log: Log) -> None:
        """Read the addresses.

        Raises:
            ConfigError: One of them cannot be read or is none, or the library is not installed.
        """
        self._name = project.path.name
        self._log = log
        self._messages: SimpleQueue[tuple[str, str, str] | None] = SimpleQueue()
        self._receivers = _receivers(project)
        self._thread = Thread(target=self._send_all, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send what is waiting, within a few seconds."""
        self._messages.put(None)
        self._thread.join(_LAST_WORDS_S)

    def sync_ended(self, report: SyncReport) -> None:
        """No news."""

    def sync_failed(self, report: SyncReport, health: Health, wait: timedelta) -> None:
        """No news, unless it was well before."""

    def health_changed(self, health: Health) -> None:
        """Say so to everybody."""
        trouble = health.trouble
        if trouble is None:
            self._messages.put(
                ("success", f"{self._name}: {health.name} is well again", "A run came to its end.")
            )
        else:
            body = f"{trouble.kind}: {trouble.message}\n{trouble.hint}\nIt is tried again by itself."
            self._messages.put(("failure", f"{self._name}: {health.name} is failing", body))

    def _send_all(self) -> None:
        while (message := self._messages.get()) is not None:
            kind, title, body = message
            for number, receiver in enumerate(self._receivers):
                if not receiver.notify(body, title=title, notify_type=kind):
                    self._log.warn("alert_failed", alert=number, title=title)


def _receivers(project: Project) -> "Sequence[Apprise]":
    try:
        from apprise import Apprise  # noqa: PLC0415  (an extra)
    except ImportError:
        raise ConfigError(
            f"{project.place(('daemon', 'alerts'))}: alerts need a library that is not installed",
            hint="pip install 'audiencesync[alerts]'",
        ) from None
    logger = logging.getLogger("apprise")  # it would write addresses, with the secrets in them
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    found = []
    for number, alert in enumerate(project.config.daemon.alerts):
        receiver = Apprise()
        if not receiver.add(alert.url.reveal(project.base)):
            place = project.place(("daemon", "alerts", number, "url"))
            raise ConfigError(
                f"{place}: what it stands for is no address of apprise",
                hint="such as slack://..., mailto://..., pagerduty://... or json://host/path for a webhook",
            )
        found.append(receiver)
    return found
