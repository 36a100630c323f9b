"""A run or a plan as a person reads it."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from audiencesync.cli.cures import cure
from audiencesync.cli.ending import tell
from audiencesync.cli.options import DEFAULT_CONFIG
from audiencesync.cli.output import Cell, Column, count, value_text, write, write_document, write_table
from audiencesync.config.load import Project
from audiencesync.records import Route, RunStatus
from audiencesync.reports import RunReport, SyncReport

_GROUP = (Column("", right=False), Column("", right=True))
_CODES = 10
_BAD = frozenset({"rejected", "invalid", "unknown"})
Pair = tuple[str, str]


def tell_run(project: Project, report: RunReport, *, as_json: bool) -> int:
    """What a run did, on both streams.

    Returns:
        The exit code.
    """
    if as_json:
        write_document(report.document())
    else:
        show_run(project, report)
        _show_next(project, report)
    tell_troubles(report)
    return report.exit_code


def show_run(project: Project, report: RunReport) -> None:
    """One small table a sync, and why rows were not accepted."""
    for sync in report.syncs:
        write(f"{sync.name}: {sync.mode.value}, {sync.status.value}", "bold")
        if _has_numbers(sync):
            _show_groups(_members(sync), _pushes(sync), _travel(sync))
        _show_codes([code for code in report.codes if code["sync"] == sync.name])
        _show_shared(sync)
        _show_parked(project, sync)
        _show_without_profile(sync)
        write()
    _show_forsaken(report)


def _show_next(project: Project, report: RunReport) -> None:
    """The run's id, and where to look when it was not all well."""
    write(f"run {report.run_id} {report.status.value}")
    if report.status is RunStatus.PARTIAL:
        write(f"see what was not accepted, row by row: audiencesync report {report.run_id}{_place(project)}")


def show_plan(project: Project, report: RunReport) -> None:
    """The same numbers before the fact, then sample rows."""
    for sync in report.syncs:
        write(f"{sync.name}: {sync.mode.value}, plan", "bold")
        foreseen = [
            ("to send", count(sync.planned - sync.invalid)),
            ("invalid", count(sync.invalid)),
            ("unknown", count(sync.unknown)),
        ]
        if _has_numbers(sync):
            travel = [*_rows_by_route(sync), ("seconds", f"{sync.seconds:.2f}")]
            _show_groups(_members(sync), foreseen, travel, _calls(sync))
        if sync.sample:
            write()
            write_table(
                [Column("profile"), Column("action"), Column("reason"), Column("changes", folds=True)],
                [_sample_row(row) for row in sync.sample],
                title=f"{len(sync.sample)} of {count(sync.planned)} rows",
            )
        _show_unknown(sync)
        _show_shared(sync)
        _show_parked(project, sync)
        _show_without_profile(sync)
        write()
    _show_forsaken(report)


def tell_troubles(report: RunReport) -> None:
    """What ended a sync before its end, on standard error."""
    for sync in report.syncs:
        if sync.trouble is not None:
            tell(f"{sync.name}: {sync.trouble.message}", sync.trouble.hint)


def _show_codes(found: Sequence[Mapping[str, Any]]) -> None:
    if not found:
        return
    write()
    columns = [Column("", right=True), Column(""), Column(""), Column("", folds=True)]
    rows: list[list[Cell]] = [
        [
            (count(code["rows"]), "red"),
            code["outcome"],
            code["error_code"] or "-",
            cure(code["error_code"] or ""),
        ]
        for code in found[:_CODES]
    ]
    write_table(columns, rows)
    if len(found) > _CODES:
        write(f"and {len(found) - _CODES} codes more")


def _show_unknown(sync: SyncReport) -> None:
    """A plan asks Salesforce nothing about them, so that its other numbers are without them."""
    if sync.unknown:
        _note(
            f"{count(sync.unknown)} of an earlier run without an answer: a run first asks Salesforce "
            "what became of them, which takes calls, and sends again what did not arrive"
        )


def _show_shared(sync: SyncReport) -> None:
    """Whose fields are written by two syncs, so that an exit from one empties what the other filled."""
    for one in sync.shared:
        _note(
            f"also written by {one.sync}: {count(one.records)} of these records, and both write "
            f"{', '.join(one.fields)}, each over the other; give each a field of its own, or make them one"
        )


def _show_parked(project: Project, sync: SyncReport) -> None:
    if sync.parked:
        _note(
            f"{count(sync.parked)} parked until they change; to send them again: "
            f"audiencesync retry --sync {sync.name}{_place(project)}"
        )
    if sync.unmatched:
        _note(
            f"{count(sync.unmatched)} without a record, looked up again a day later; to do so now: "
            f"audiencesync retry --code NO_RECORD --sync {sync.name}{_place(project)}"
        )


def _show_without_profile(sync: SyncReport) -> None:
    """They may be left out on purpose, or written otherwise than the profiles write them."""
    if sync.without_profile:
        _note(
            f"left out, since no profile has them: {count(sync.without_profile)} of the keys in "
            "source.memberships (007, 7 and ' 7' are three keys)"
        )


def _show_forsaken(report: RunReport) -> None:
    """What is known of them stays as it is, and the next config may name them again."""
    for one in report.forsaken:
        left = one.left
        write(f"{left.name}: the store knows this sync to {left.object}, and the config names it no more")
        if left.unknown:
            why = f" ({one.trouble.message})" if one.trouble else ""
            write(
                f"{count(left.unknown)} rows that it sent are without an answer: each run asks Salesforce "
                f"what became of them{why}"
            )
        if left.members:
            write(
                f"{count(left.members)} members keep what it sent them: if it only got another name, give it "
                "that name back, or whoever has left since is never cleared"
            )
        write()


def _note(text: str) -> None:
    """A sentence below the numbers, apart from them."""
    write()
    write(text)


def _place(project: Project) -> str:
    """The option that names the config, where it is needed."""
    return "" if str(project.path) == DEFAULT_CONFIG else f" -c {shlex.quote(str(project.path))}"


def _has_numbers(sync: SyncReport) -> bool:
    """A sync that failed before its plan was made has none."""
    return sync.trouble is None or bool(sync.members or sync.planned)


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
    return [
        *_rows_by_route(sync),
        ("API calls", count(sync.api_calls)),
        ("seconds", f"{sync.seconds:.2f}"),
    ]


def _rows_by_route(sync: SyncReport) -> list[Pair]:
    return [(f"by {route.value}", count(sync.routes.get(route, 0))) for route in Route]


def _calls(sync: SyncReport) -> list[Pair]:
    """What a plan foresees; polls of a running job come on top."""
    kinds = [(f"  {name.replace('_', '-')}", count(calls)) for name, calls in sync.calls.items()]
    return [("API calls", count(sync.api_calls)), *kinds]


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
