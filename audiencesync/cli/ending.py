"""Every way a command can end badly: what it says, and its exit code."""

import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from audiencesync.cli import streams
from audiencesync.cli.output import colour_on, json_text
from audiencesync.cli.stopping import Stop
from audiencesync.errors import AudienceSyncError, DaemonRefused, OutputFailed

SCHEMA_VERSION = 1
USAGE, BUG, TRY_LATER, INTERRUPTED = 2, 70, 75, 130
_READER_LEFT = 141  # 128 + SIGPIPE, as a shell shows a program whose output nobody reads any more


class ReaderLeft(Exception):
    """Nobody reads standard output any more."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How the operator wants to be answered."""

    as_json: bool
    debug: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """What is said at the end, and the exit code."""

    kind: str
    message: str
    hint: str
    exit_code: int

    def document(self) -> dict[str, Any]:
        """What `--json` prints instead of an answer."""
        return {
            "schema_version": SCHEMA_VERSION,
            "status": "paused" if self.exit_code == TRY_LATER else "failed",
            "error": {"kind": self.kind, "message": self.message, "hint": self.hint},
        }


def of(error: BaseException, stop: Stop, manner: Manner) -> int:
    """Say what ended the command.

    Args:
        error: What came out of it.
        stop: Whether a signal came: then that is the reason, whatever `error` is.
        manner: JSON or not, traceback or not.

    Returns:
        The exit code.
    """
    if isinstance(error, BrokenPipeError | ReaderLeft):
        streams.lead_nowhere(sys.stdout)  # no complaint, also not when Python shuts down
        return _READER_LEFT
    if isinstance(error, SystemExit) and isinstance(error.code, int):
        return error.code
    ending = _ending(error, stop)
    if manner.debug:
        streams.talk("".join(traceback.format_exception(error)).rstrip())
    if manner.as_json:
        with suppress(OutputFailed, BrokenPipeError):  # what went wrong first is what counts
            streams.answer(json_text(ending.document()))
    tell(ending.message, ending.hint)
    return ending.exit_code


def tell(message: str, hint: str) -> None:
    """An error as a person reads it, on standard error."""
    mark = click.style("error:", fg="red", bold=True) if colour_on(sys.stderr) else "error:"
    streams.talk(f"{mark} {message}\nhint: {hint}", colour=colour_on(sys.stderr))


def _ending(error: BaseException, stop: Stop) -> Ending:
    if stop.exit_code is not None or isinstance(error, click.Abort | KeyboardInterrupt):
        return Ending(
            "Interrupted",
            "interrupted; state is kept",
            "run the same command again to go on",
            stop.exit_code or INTERRUPTED,
        )
    if isinstance(error, AudienceSyncError):
        return Ending(type(error).__name__, str(error), error.hint, error.exit_code)
    if isinstance(error, DaemonRefused):
        return Ending(error.kind, str(error), error.hint, error.exit_code)
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "audiencesync"
        return Ending("UsageError", error.format_message(), f"`{command} --help` shows how it is used", USAGE)
    return Ending(
        type(error).__name__,
        f"a bug of audiencesync: {type(error).__name__}{_place(error)}",
        "run it again with --debug for the traceback, which may hold data, and report the bug",
        BUG,
    )


def _place(error: BaseException) -> str:
    """Where it was raised: a file and a line of ours, never a value."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "audiencesync" in Path(frame.filename).parts]
    return f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
