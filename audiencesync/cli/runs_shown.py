"""A run or a plan as a person reads it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from audiencesync.cli.ending import tell
from audiencesync.cli.output import Cell, Column, count, value_text, write, write_table
from audiencesync.records import Route
from audiencesync.reports import RunReport, SyncReport

_GROUP = (Column("", right=False), Column("", right=True))
_BAD = frozenset({"rejected", "invalid", "unknown"})
Pair = tuple[str, str]


def show_run(report: RunReport) -> None:
    """One small table a sync."""
    for sync in report.syncs:
        write(f"{sync.name}: {sync.mode.value}, {sync.status.value}", "bold")
        _show_groups(_members(sync), _pushes(sync), _travel(sync))
        write()
    write(f"run {report.run_id} {report.status.value}")


def show_plan(report: RunReport) -> None:
    """The same numbers before the fact, then sample rows."""
    for sync in report.syncs:
        write(f"{sync.name}: {sync.mode.value}, plan", "bold")
        foreseen = [("to send", count(sync.planned - sync.invalid)), ("invalid", count(sync.invalid))]
        _show_groups(_members(sync), foreseen, _travel(sync))
        if sync.sample:
            write()
            write_table(
                [Column("profile"), Column("action"), Column("reason"), Column("changes")],
                [_sample_row(row) for row in sync.sample],
                title=f"{len(sync.sample)} of {count(sync.planned)} rows",
            )
        write()


def tell_troubles(report: RunReport) -> None:
    """What ended a sync before its end, on standard error."""
    for sync in report.syncs:
        if sync.trouble is not None:
            tell(f"{sync.name}: {sync.trouble.message}", sync.trouble.hint)


def _members(sync: SyncReport) -> list[Pair]:
    names = ("members", "entered", "exited", "changed", "unchanged")
    return [(name, count(getattr(sync, name))) for name in names]


def _pushes(sync: SyncReport) -> list[Pair]:
    return [
        ("planned", count(sync.planned)),
        ("accepted", count(sync.accepted)),
        ("  created", count(sync.created)),
        ("  updated", count(sync.updated)),
        ("rejected", count(sync.rejected)),
        ("invalid", count(sync.invalid)),
        ("unknown", count(sync.unknown)),
        ("deferred", count(sync.deferred)),
    ]


def _travel(sync: SyncReport) -> list[Pair]:
    routes = [(f"by {route.value}", count(sync.routes.get(route, 0))) for route in Route]
    return [*routes, ("API calls", count(sync.api_calls)), ("seconds", f"{sync.seconds:.2f}")]


def _show_groups(*groups: Sequence[Pair]) -> None:
    """Groups of names and numbers side by side."""
    rows = [
        [cell for pair in row for cell in _cells(pair)] for row in zip_longest(*groups, fillvalue=("", ""))
    ]
    write_table([column for _ in groups for column in _GROUP], rows)


def _cells(pair: Pair) -> Iterator[Cell]:
    name, number = pair
    alarming = name in _BAD and number != "0"
    yield (name, "red") if alarming else name
    yield (number, "red") if alarming else number


def _sample_row(row: Mapping[str, Any]) -> list[Cell]:
    changed = row["changed"]
    fields = json.loads(changed) if isinstance(changed, str) else changed or {}
    told = "; ".join(
        f"{name}: {value_text(pair[0])} -> {value_text(pair[1])}" for name, pair in fields.items()
    )
    if row.get("error_code"):
        told = f"invalid: {row['error_code']}"
    return [str(row["profile_key"]), str(row["action"]), str(row["reason"]), told]
