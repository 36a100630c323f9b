"""Measurements as people and programs read them."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from scripts.bench.measure import Line

HEADINGS = (
    "profiles", "case", "who", "seconds", "from - to", "times ours", "CPU s", "CPU times ours", "peak MB",
    "differ", "besides",
)  # fmt: skip
_LEFT = (1, 2, 10)
_MB = 1_000_000


def text(suite: str, lines: Sequence[Line]) -> str:
    """A suite's table with columns that line up."""
    rows = [list(HEADINGS), *_rows(lines)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADINGS))]
    shown = (
        "  ".join(
            cell.ljust(width) if place in _LEFT else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
    return "\n".join([suite, *shown, *_growth(lines)])


def markdown(suite: str, lines: Sequence[Line]) -> str:
    """The same for a document."""
    rule = ["---" if place in _LEFT else "---:" for place in range(len(HEADINGS))]
    rows = [list(HEADINGS), rule, *_rows(lines)]
    return "\n".join(
        [
            f"### {suite}",
            "",
            *(f"| {' | '.join(row)} |" for row in rows),
            "",
            *(f"- {one}" for one in _growth(lines)),
        ]
    )


def document(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """Every sample, with the medians beside."""
    return [
        {**asdict(line), "seconds": line.seconds, "cpu": line.cpu, "peak": line.peak, "more": line.more}
        for line in lines
    ]


def _rows(lines: Sequence[Line]) -> Iterator[list[str]]:
    for _, group in groupby(lines, lambda line: (line.rows, line.case)):
        ours, *others = group
        for line in (ours, *others):
            answer = line.samples[0].answer
            yield [
                f"{line.rows:,}" if line.rows else "",
                line.case,
                line.contender,
                _short(line.seconds),
                " - ".join(_short(one) for one in line.spread),
                f"{line.seconds / ours.seconds:.2f}",
                _short(line.cpu),
                f"{line.cpu / ours.cpu:.2f}",
                f"{line.peak / _MB:,.0f}",
                f"{answer[0]:,}" if answer else "",
                ", ".join(f"{name} {_number(value)}" for name, value in line.more.items()),
            ]


def _growth(lines: Sequence[Line]) -> Iterator[str]:
    """How seconds of the processor grow with the size: 1 is in proportion."""

    def who(line: Line) -> tuple[str, str]:
        return line.case, line.contender

    for (case, contender), group in groupby(sorted(lines, key=lambda line: (*who(line), line.rows)), who):
        first, *_, last = [*group] * 2
        if last.rows > first.rows > 0:
            exponent = math.log(last.cpu / first.cpu) / math.log(last.rows / first.rows)
            yield f"{case}, {contender}: CPU grows as the size to the power of {exponent:.2f}"


def _short(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds < 100 else f"{seconds:,.0f}"  # noqa: PLR2004


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:,.2f}"  # noqa: PLR2004
