"""The standard streams as they are found: closed, full, or without the letters of what is to be said."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import click

from audiencesync.errors import OutputFailed


def prepare() -> None:
    """A stream that is closed is as /dev/null, and what a stream has no letters for is escaped."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  (it stays open)
        elif mode == "w" and isinstance(stream, TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def every_letter(stream: TextIO) -> bool:
    """Whether a stream has all letters that there are."""
    return stream.encoding.lower().startswith("utf")


@contextmanager
def answering() -> Iterator[None]:
    """Inside, standard output is written to.

    Raises:
        OutputFailed: It does not take what it is given.
    """
    try:
        yield
    except BrokenPipeError:
        raise  # its reader has what it wanted
    except OSError as error:
        raise OutputFailed(
            f"the answer cannot be written: {error.strerror}",
            hint="what was done is kept; make room where the output goes, then run the same command again",
        ) from error


def answer(text: str) -> None:
    """A line on standard output.

    Raises:
        OutputFailed: It does not take it.
    """
    with answering():
        click.echo(text)


def talk(text: str, *, colour: bool | None = None) -> None:
    """A line on standard error; where that takes nothing, the work goes on unheard."""
    with suppress(OSError):
        click.echo(text, err=True, color=colour)


def close() -> None:
    """Let go of what the streams still hold and do not take, of which Python would complain at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            lead_nowhere(stream)


def lead_nowhere(stream: TextIO) -> None:
    """Let a stream end in /dev/null."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
