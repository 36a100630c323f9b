"""Ctrl-C and SIGTERM: the first unwinds the run and what was begun is recorded; a second ends it at once."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread, current_thread, main_thread
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR = b"\x1b[?25h"


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
    # a handler waits until the main thread is back in Python, which takes a statement of the database its
    # time; the number of a signal is written down at once, and the watcher reads it
    heard, written = socket.socketpair()
    written.setblocking(False)
    watcher = Thread(target=_end_at_the_second, args=(heard,), daemon=True)
    before = {number: signal.signal(number, stop.receive) for number in _SIGNALS}
    fd_before = signal.set_wakeup_fd(written.fileno(), warn_on_full_buffer=False)
    watcher.start()
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(fd_before)
        for number, handler in before.items():
            # who was asked to end does so silently, should he be asked again on his last steps
            signal.signal(number, handler if stop.signum is None else signal.SIG_DFL)
        written.close()
        watcher.join()
        heard.close()


def _end_at_the_second(heard: socket.socket) -> None:
    """End the process when a second signal comes: the store stands that as it stands a power cut."""
    came = 0
    while number := heard.recv(1):
        came += number[0] in _SIGNALS
        if came == 2:  # noqa: PLR2004  (the second)
            if sys.stderr.isatty():
                os.write(sys.stderr.fileno(), _SHOW_CURSOR)  # a bar hid it
            os.write(
                sys.stderr.fileno(),
                b"ended at once; state is kept\n",
            )
            os._exit(128 + number[0])
