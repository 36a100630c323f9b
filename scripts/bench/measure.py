"""One measured process, and what several of them say together."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile
from time import perf_counter

ROOT = Path(__file__).parents[2]
OTHERS = ROOT / ".venv-bench" / "bin" / "python"
"""Python with the packages of the others; `make bench` makes it."""

_KIB = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process took.

    Attributes:
        seconds: Of its work, by the clock; start and imports of the program left out.
        cpu: The same, seconds of the processor.
        peak: Most memory the whole process ever held, bytes.
        answer: Members that differ, and the checksum of their keys; None where nothing is looked for.
        more: Anything else that it counted.
    """

    seconds: float
    cpu: float
    peak: int
    answer: Sequence[int] | None = None
    more: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One contender in one case.

    Attributes:
        suite: What is measured.
        rows: Profiles of the source.
        case: Such as `1 %`.
        contender: Who.
        samples: One a run.
    """

    suite: str
    rows: int
    case: str
    contender: str
    samples: Sequence[Sample]

    @property
    def seconds(self) -> float:
        """Median by the clock."""
        return median(sample.seconds for sample in self.samples)

    @property
    def spread(self) -> tuple[float, float]:
        """Shortest and longest by the clock."""
        return min(sample.seconds for sample in self.samples), max(sample.seconds for sample in self.samples)

    @property
    def cpu(self) -> float:
        """Median of the processor."""
        return median(sample.cpu for sample in self.samples)

    @property
    def peak(self) -> int:
        """Most memory of all runs, bytes."""
        return max(sample.peak for sample in self.samples)

    @property
    def more(self) -> dict[str, float]:
        """Medians of what else was counted."""
        names = self.samples[0].more
        return {name: median(sample.more[name] for sample in self.samples) for name in names}


def contender(name: str, *arguments: object, python: Path | None = None) -> list[str]:
    """The command of a measured program.

    Args:
        name: Its module in `scripts/bench/contenders`.
        *arguments: Its arguments.
        python: Who runs it; ours if not told.
    """
    return [str(python or sys.executable), "-m", f"scripts.bench.contenders.{name}", *map(str, arguments)]


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a program; what it prints.

    Raises:
        SystemExit: It failed.
    """
    told = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
    )
    if told.returncode:
        raise SystemExit(f"{' '.join(command)}\n{told.stderr}")
    return told.stdout


def measured(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Sample:
    """Run a program that prints its measurement.

    Raises:
        SystemExit: It failed.
    """
    told = json.loads(run(command, environment).splitlines()[-1])
    answer = told.pop("answer")
    return Sample(**{name: told.pop(name) for name in ("seconds", "cpu", "peak")}, answer=answer, more=told)


def timed(command: Sequence[str]) -> Sample:
    """Run a program from start to exit and take its time and memory from outside.

    Raises:
        SystemExit: It failed.
    """
    with TemporaryFile() as out:
        began = perf_counter()
        with subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out) as process:
            cpu, peak = taken_by(process)
        seconds = perf_counter() - began
        if process.returncode:
            out.seek(0)
            raise SystemExit(f"{' '.join(command)}\n{out.read().decode()}")
    return Sample(seconds, cpu, peak)


def taken_by(process: subprocess.Popen[bytes]) -> tuple[float, int]:
    """Wait for a child: what it took of the processor in its whole life, and the most memory, in bytes."""
    # the only way to what one child alone took; its memory is told as ours if we held more
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _KIB
