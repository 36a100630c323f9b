"""Answers on standard output: rich tables on a terminal, plain aligned text in a pipe, or one document."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from audiencesync.cli.streams import answer, answering, every_letter
from audiencesync.cli.text import shown, width

_GAP = "  "
_FOLDED = 30
"""Columns that a folding text keeps at least."""

Cell = str | tuple[str, str]
"""A text, or a text with the style that it has on a terminal."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        right: Numbers stand at the right.
        folds: On a terminal that is too narrow its long texts go over several lines.
    """

    name: str
    right: bool = False
    folds: bool = False


def colour_on(stream: TextIO) -> bool:
    """Colour is for terminals whose user has not said NO_COLOR."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def write_document(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print one JSON document."""
    answer(json_text(document))


def json_text(document: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON as it is printed, with escapes of its own where standard output has not every letter."""
    return json.dumps(document, ensure_ascii=not every_letter(sys.stdout), indent=2, default=str)


def write(text: str = "", style: str = "") -> None:
    """Print one line."""
    if style and colour_on(sys.stdout):
        with answering():
            _console().print(_styled(text, style), soft_wrap=True)
    else:
        answer(shown(text))


def write_table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, title: str = "") -> None:
    """Print a table: no value is ever cut, and none is split over lines in a pipe."""
    if title:
        write(title, "bold")
    texts = [[shown(cell if isinstance(cell, str) else cell[0]) for cell in row] for row in rows]
    if any(column.name for column in columns):
        texts.insert(0, [column.name for column in columns])
    widths = [max((width(line[place]) for line in texts), default=0) for place in range(len(columns))]
    if sys.stdout.isatty():
        _write_rich(columns, rows, widths)
        return
    for line in texts:
        padded = (
            _pad(text, size, right=column.right)
            for text, size, column in zip(line, widths, columns, strict=True)
        )
        answer(_GAP.join(padded).rstrip())


def count(number: float) -> str:
    """A whole number for people."""
    return f"{number:,}"


def _write_rich(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], widths: Sequence[int]) -> None:
    from rich.table import Table

    headed = any(column.name for column in columns)
    table = Table(
        box=None, pad_edge=False, show_header=headed, header_style="bold", padding=(0, len(_GAP), 0, 0)
    )
    for column in columns:
        table.add_column(
            column.name,
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=not column.folds,
        )
    for row in rows:
        table.add_row(*(_styled(*((cell, "") if isinstance(cell, str) else cell)) for cell in row))
    needed = sum(
        (min(size, _FOLDED) if column.folds else size) + len(_GAP)
        for column, size in zip(columns, widths, strict=True)
    )
    console = _console()
    console.width = max(console.width, needed)  # the terminal wraps a whole line better than rich its cells
    with answering():
        console.print(table)


def _styled(text: str, style: str) -> Any:  # noqa: ANN401  (rich is imported only on a terminal)
    from rich.text import Text

    return Text(shown(text), style=style)


def _console() -> Any:  # noqa: ANN401
    from rich.console import Console

    return Console(file=sys.stdout, no_color=not colour_on(sys.stdout), highlight=False)


def _pad(text: str, size: int, *, right: bool) -> str:
    space = " " * (size - width(text))
    return space + text if right else text + space


def moment(text: str | None) -> str:
    """A UTC time for people, to the second: `2026-01-31 23:59:59Z`."""
    return "-" if text is None else text[:19].replace("T", " ") + "Z"


def value_text(value: object) -> str:
    """A field's value in a table, where nothing must not look like something."""
    return "(empty)" if value is None else str(value)
