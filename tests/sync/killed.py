"""Runs a config and dies by SIGKILL: `python -m tests.sync.killed CONFIG POINT [bulk|together]`."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audiencesync import sync
from audiencesync.clock import SystemClock
from audiencesync.config.load import load
from audiencesync.ledger import LedgerWriter
from audiencesync.progress import Silent
from audiencesync.salesforce.org import Org
from tests.world import send_by_bulk


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: type, name: str) -> Callable[[], None]:
    return lambda: setattr(owner, name, die)


def after(owner: type, name: str) -> Callable[[], None]:
    real = getattr(owner, name)

    def then_die(*given: Any, **named: Any) -> None:
        real(*given, **named)
        die()

    return lambda: setattr(owner, name, then_die)


POINTS = {
    "planned": before(LedgerWriter, "lots"),
    "intent written": before(Org, "write"),
    "sent": after(Org, "write"),
    "outcome written": after(LedgerWriter, "settle"),
    "job intent written": before(Org, "create_job"),
    "job created": after(Org, "create_job"),
    "job id kept": after(LedgerWriter, "set_job"),
    "uploaded": after(Org, "upload"),
    "closed": after(Org, "close"),
    "ended": after(Org, "wait"),
    "results fetched": before(LedgerWriter, "settle_files"),
    "results written": after(LedgerWriter, "settle_files"),
}

TOGETHER = {
    "intent written": before(Org, "write_together"),
    "sent": after(Org, "write_together"),
}

if __name__ == "__main__":
    together = "together" in sys.argv[3:]
    ({**POINTS, **TOGETHER} if together else POINTS)[sys.argv[2]]()
    if "bulk" in sys.argv[3:]:
        send_by_bulk(pytest.MonkeyPatch())
    sync.run(load(Path(sys.argv[1])), sync.RunOptions(), clock=SystemClock(), progress=Silent())
