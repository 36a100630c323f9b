"""`audiencesync runs`."""

from pathlib import Path
from typing import Any

import click

from audiencesync.cli import options
from audiencesync.cli.parsing import Command


@click.command(cls=Command)
@options.config
@options.sync_names
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, 2**31 - 1),
    default=20,
    show_default=True,
    help="At most so many runs.",
)
@options.as_json
@options.debug
def runs(*, config_path: Path, syncs: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List the runs so far, newest first."""
    from audiencesync.cli.looking import check_names, opened
    from audiencesync.cli.output import Column, write, write_document, write_table

    with opened(config_path) as (project, answers):
        check_names(project, syncs)
        found = answers.ask("runs", limit=None if syncs else limit)
    if syncs:
        found = [_narrowed(run, syncs) for run in found if any(one["name"] in syncs for one in run["syncs"])]
    found = found[:limit]
    if as_json:
        write_document({"schema_version": 1, "runs": found})
    elif not found:
        write("no run yet")
    else:
        names = ("run", "status", "sync", "mode")
        numbers = ("planned", "accepted", "rejected", "invalid", "unknown", "calls", "seconds")
        columns = [*(Column(name) for name in names), *(Column(name, right=True) for name in numbers)]
        write_table(columns, [row for run in found for row in _rows(run)])


def _rows(run: dict[str, Any]) -> list[list[str]]:
    """One line a sync of a run; a run that ended before its first sync has a line of its own."""
    from audiencesync.cli.output import count

    if not run["syncs"]:
        return [[run["run_id"], run["status"], "-", "-", *["-"] * 7]]
    return [
        [
            run["run_id"],
            one["status"],
            one["name"],
            one["mode"] or "-",
            *(count(one[name]) for name in ("planned", "accepted", "rejected", "invalid", "unknown")),
            count(one["api_calls"]),
            f"{one['seconds']:.2f}",
        ]
        for one in run["syncs"]
    ]


def _narrowed(run: dict[str, Any], syncs: tuple[str, ...]) -> dict[str, Any]:
    return {**run, "syncs": [one for one in run["syncs"] if one["name"] in syncs]}
