"""Compacts the store of a config and dies by SIGKILL: `python -m tests.store.killed CONFIG POINT`."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audiencesync import upkeep
from audiencesync.clock import SystemClock
from audiencesync.config.load import load
from audiencesync.store import Store


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at(name: str, table: str | None = None) -> Callable[[], None]:
    """Just before a statement."""
    real = Store.run

    def run(self: Store, statement: str, *given: Any, **named: Any) -> None:
        if statement == name and named.get("table") == table:
            die()
        real(self, statement, *given, **named)

    return lambda: setattr(Store, "run", run)


def after_replacing() -> None:
    real = Path.replace

    def replace(self: Path, target: Path) -> None:
        real(self, target)
        die()

    setattr(Path, "replace", replace)  # noqa: B010  (mypy has it that a method is not assigned to)


POINTS: dict[str, Callable[[], None]] = {
    "old pushes dropped": at("compact_into"),
    "half copied": at("compact_table", "payload"),
    "copied": at("compact_done"),
    "closed": lambda: setattr(Path, "replace", die),
    "replaced": after_replacing,
}

if __name__ == "__main__":
    POINTS[sys.argv[2]]()
    upkeep.compact(load(Path(sys.argv[1])), clock=SystemClock())
