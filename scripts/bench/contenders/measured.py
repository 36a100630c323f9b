"""What every measured program does alike: take the time of the work alone, and say what it found.

Only the standard library: the others' programs run in an environment of their own.
"""

import json
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

KEY_DIGITS = 9
"""Of a key, as hexadecimal digits: the sum of so many over ten million keys stays below 63 bits."""


class Stopwatch:
    """Seconds by the clock and of the processor, of the blocks that it was told of."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.cpu = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """This block counts."""
        seconds, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - seconds
            self.cpu += time.process_time() - cpu

    @contextmanager
    def halted(self) -> Iterator[None]:
        """This block, inside one that counts, does not."""
        other = Stopwatch()
        with other.running():
            yield
        self.seconds -= other.seconds
        self.cpu -= other.cpu

    def tell(self, keys: int | None = None, checksum: int | None = None, **more: float) -> None:
        """Print the measurement, for the bench to read.

        Args:
            keys: Members that differ.
            checksum: Of their keys; see `checksum`.
            **more: Anything else that was counted.
        """
        answer = None if keys is None else [keys, checksum]
        found = {"seconds": self.seconds, "cpu": self.cpu, "peak": _peak(), "answer": answer}
        print(json.dumps({**found, **more}))


def _peak() -> int:
    """Most memory that this process ever held, bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # what getrusage tells on Linux is never less than the peak of whoever started us
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def checksum(keys: Iterable[str]) -> int:
    """The sum of the keys' first digits, whatever their order."""
    return sum(int(key[:KEY_DIGITS], 16) for key in keys)
