"""What long steps show on standard error: a bar on a terminal, a line when they are over, or events."""

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from audiencesync.progress import Progress

if TYPE_CHECKING:
    import rich.progress

LONG_S = 1.0
"""Seconds from which a finished step is worth a line."""


class Lines:
    """One line for each long step that is over."""

    def __init__(self) -> None:
        self._label = ""
        self._rows = 0
        self._since = 0.0

    def begin(self, label: str, total: int | None) -> None:  # noqa: ARG002  (the protocol's)
        """A step begins."""
        self._label, self._rows, self._since = label, 0, time.monotonic()

    def advance(self, rows: int) -> None:
        """Rows are done."""
        self._rows += rows

    def end(self) -> None:
        """The step is over."""
        seconds = time.monotonic() - self._since
        if seconds >= LONG_S:
            rows = f"{self._rows:,} rows, " if self._rows else ""
            click.echo(f"{self._label}: {rows}{seconds:.1f} s", err=True)


class Bars:
    """A bar with rows, rate and elapsed time that goes when its step is over."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour
        self._shown: rich.progress.Progress | None = None
        self._task: rich.progress.TaskID | None = None

    def begin(self, label: str, total: int | None) -> None:
        """A step begins."""
        self.end()
        self._shown = _bar(counted=total is not None, colour=self._colour)
        self._task = self._shown.add_task(label, total=total)
        self._shown.start()

    def advance(self, rows: int) -> None:
        """Rows are done."""
        if self._shown is not None and self._task is not None:
            self._shown.advance(self._task, rows)

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
        self._label = ""
        self._rows = 0
        self._since = 0.0

    def begin(self, label: str, total: int | None) -> None:
        """A step begins."""
        self._label, self._rows, self._since = label, 0, time.monotonic()
        self._log.info("step_began", step=label, **({} if total is None else {"total": total}))

    def advance(self, rows: int) -> None:
        """Rows are done."""
        self._rows += rows
        self._log.info("rows_done", step=self._label, rows=self._rows)

    def end(self) -> None:
        """The step is over."""
        seconds = round(time.monotonic() - self._since, 3)
        self._log.info("step_ended", step=self._label, rows=self._rows, duration_s=seconds)


def listener(*, verbose: bool, log_format: str) -> Progress:
    """What shows progress for this process's standard error, with structlog set up beside it.

    Args:
        verbose: Show structured events instead of bars.
        log_format: `text` or `json`.
    """
    from audiencesync.cli.output import colour_on

    _log_to_stderr(verbose=verbose, log_format=log_format, colour=colour_on(sys.stderr))
    if verbose:
        return Events()
    return Bars(colour=colour_on(sys.stderr)) if sys.stderr.isatty() else Lines()


def _log_to_stderr(*, verbose: bool, log_format: str, colour: bool) -> None:
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
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if verbose else logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _bar(*, counted: bool, colour: bool) -> "rich.progress.Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Progress as RichProgress

    rows = (BarColumn(), MofNCompleteColumn(), TaskProgressColumn(show_speed=True)) if counted else ()
    return RichProgress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        *rows,
        TimeElapsedColumn(),
        console=Console(file=sys.stderr, no_color=not colour),
        transient=True,
    )
