"""What long steps show on standard error: a bar on a terminal, a line now and then elsewhere, or events."""

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audiencesync.cli import streams
from audiencesync.progress import Progress, Silent

if TYPE_CHECKING:
    import rich.progress

LONG_S = 1.0
"""Seconds from which a finished step is worth a line."""

EVERY_S = 5.0
"""Seconds between two lines about a step that lasts."""


@dataclass
class _Step:
    """What is counted: rows and time of one step, API calls of the whole command."""

    label: str = ""
    total: int | None = None
    rows: int = 0
    calls: int = 0
    since: float = 0.0

    def begin(self, label: str, total: int | None) -> None:
        """A step begins."""
        self.label, self.total, self.rows, self.since = label, total, 0, time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the step has taken."""
        return time.monotonic() - self.since


class Lines:
    """A line now and then while a long step lasts, and one when it is over."""

    def __init__(self) -> None:
        self._step = _Step()
        self._said = 0.0

    def begin(self, label: str, total: int | None) -> None:
        """A step begins."""
        self._step.begin(label, total)
        self._said = time.monotonic()

    def advance(self, rows: int) -> None:
        """Rows are done."""
        self._step.rows += rows
        self._say_now_and_then()

    def called(self) -> None:
        """One more API call."""
        self._step.calls += 1
        self._say_now_and_then()

    def end(self) -> None:
        """The step is over."""
        if self._step.seconds >= LONG_S:
            self._say(total=None)

    def _say_now_and_then(self) -> None:
        if time.monotonic() - self._said >= EVERY_S:
            self._say(total=self._step.total)
            self._said = time.monotonic()

    def _say(self, *, total: int | None) -> None:
        step = self._step
        facts = []
        if step.rows or total:
            facts.append(f"{step.rows:,}{f' of {total:,}' if total else ''} rows")
            facts.append(_rate(step.rows / max(step.seconds, 0.001)))
        facts += [_calls(step.calls)] if step.calls else []
        streams.talk(f"{step.label}: {', '.join([*facts, f'{step.seconds:.1f} s'])}")


class Bars:
    """A bar with rows, rate, API calls and elapsed time that goes when its step is over."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour
        self._calls = 0
        self._shown: rich.progress.Progress | None = None
        self._task: rich.progress.TaskID | None = None

    def begin(self, label: str, total: int | None) -> None:
        """A step begins."""
        self.end()
        self._shown = _bar(counted=total is not None, colour=self._colour)
        self._task = self._shown.add_task(label, total=total, calls=_calls(self._calls))
        self._shown.start()

    def advance(self, rows: int) -> None:
        """Rows are done."""
        if self._shown is not None and self._task is not None:
            self._shown.advance(self._task, rows)

    def called(self) -> None:
        """One more API call."""
        self._calls += 1
        if self._shown is not None and self._task is not None:
            self._shown.update(self._task, calls=_calls(self._calls))

    def end(self) -> None:
        """The step is over."""
        if self._shown is not None:
            self._shown.stop()
            self._shown = None


class Events:
    """Structured events instead of bars."""

    def __init__(self) -> None:
        import structlog

        self._log: Any = structlog.get_logger()
        self._step = _Step()

    def begin(self, label: str, total: int | None) -> None:
        """A step begins."""
        self._step.begin(label, total)
        self._log.info("step_began", step=label, **({} if total is None else {"total": total}))

    def advance(self, rows: int) -> None:
        """Rows are done."""
        self._step.rows += rows
        self._log.info("rows_done", step=self._step.label, rows=self._step.rows, api_calls=self._step.calls)

    def called(self) -> None:
        """One more API call."""
        self._step.calls += 1

    def end(self) -> None:
        """The step is over."""
        step = self._step
        self._log.info(
            "step_ended",
            step=step.label,
            rows=step.rows,
            api_calls=step.calls,
            duration_s=round(step.seconds, 3),
        )


def listener(*, verbose: bool, log_format: str) -> Progress:
    """What shows progress on this process's standard error.

    Args:
        verbose: Show structured events instead of bars.
        log_format: `text` or `json`.
    """
    from audiencesync.cli.output import colour_on

    if verbose:
        _log_to_stderr(log_format=log_format, colour=colour_on(sys.stderr))
        return Events()
    return Bars(colour=colour_on(sys.stderr)) if sys.stderr.isatty() else Lines()


def quiet_log(*, verbose: bool, log_format: str) -> Progress:
    """Structured events on standard error, as a daemon writes them; those of single steps if wanted."""
    from audiencesync.cli.output import colour_on

    _log_to_stderr(log_format=log_format, colour=colour_on(sys.stderr))
    return Events() if verbose else Silent()


def _log_to_stderr(*, log_format: str, colour: bool) -> None:
    """Left to itself structlog writes to standard output, where answers go."""
    import logging

    import structlog

    renderer: Any = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=colour)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _calls(number: int) -> str:
    return f"{number:,} API call{'' if number == 1 else 's'}" if number else ""


def _rate(rows_a_second: float) -> str:
    return f"{rows_a_second:,.0f} rows/s"


def _bar(*, counted: bool, colour: bool) -> "rich.progress.Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Progress as RichProgress
    from rich.text import Text

    class RateColumn(TextColumn):
        """Rows a second: rich shows a rate only when it knows no total."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(_rate(speed) if speed else "")

    rows = (BarColumn(), MofNCompleteColumn(), RateColumn("")) if counted else ()
    return RichProgress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        *rows,
        TextColumn("{task.fields[calls]}"),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr, no_color=not colour),
        transient=True,
    )
