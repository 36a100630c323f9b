"""Ctrl-C and SIGTERM: both unwind the run, so that what was begun is recorded."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import current_thread, main_thread
from types import FrameType


@dataclass
class Stop:
    """Whether somebody asked the process to end.

    Attributes:
        signum: The signal that came, or None.
    """

    signum: int | None = None

    @property
    def exit_code(self) -> int | None:
        """128 and the signal's number, as shells expect it."""
        return None if self.signum is None else 128 + self.signum

    def receive(self, signum: int, _: FrameType | None) -> None:
        """Note the signal and unwind; the database's own exception may take the place of ours."""
        self.signum = signum
        raise KeyboardInterrupt


@contextmanager
def listen() -> Iterator[Stop]:
    """Take SIGINT and SIGTERM for as long as the block lasts."""
    stop = Stop()
    if current_thread() is not main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
