"""`audiencesync status`."""

from pathlib import Path
from typing import Any

import click

from audiencesync.cli import options
from audiencesync.cli.parsing import Command

_COUNTS = ("members", "rejected", "invalid", "unknown")
_LEFT = ("members", "unknown")


@click.command(cls=Command)
@options.config
@options.sync_names
@options.as_json
@options.debug
def status(*, config_path: Path, syncs: tuple[str, ...], as_json: bool) -> None:
    """Show the syncs now: members, open and parked rows, API calls."""
    from audiencesync.cli.cures import cure
    from audiencesync.cli.looking import check_names, opened
    from audiencesync.cli.output import Column, count, write, write_document, write_table

    with opened(config_path) as (project, answers):
        check_names(project, syncs)
        document = answers.ask("status")
    if syncs:
        document["syncs"] = [one for one in document["syncs"] if one["name"] in syncs]
    parked = [(one["name"], code) for one in document["syncs"] for code in one["parked"]]
    for _, code in parked:
        code["cure"] = cure(code["error_code"])
    if as_json:
        write_document(document)
        return
    columns = [
        Column("sync"),
        Column("object"),
        *(Column(name, right=True) for name in (*_COUNTS, "parked")),
        Column("last run"),
        Column("ended"),
        Column("calls", right=True),
        Column("cap", right=True),
    ]
    write_table(columns, [_row(one) for one in document["syncs"]])
    failed = [
        [one["name"], error] for one in document["syncs"] if (error := (one["last_run"] or {}).get("error"))
    ]
    if failed:
        write()
        write_table([Column("sync"), Column("error", folds=True)], failed)
    if parked:
        write()
        write_table(
            [Column("sync"), Column("parked", right=True), Column("code"), Column("cure", folds=True)],
            [[name, count(code["rows"]), code["error_code"], code["cure"]] for name, code in parked],
        )
        write("`audiencesync retry --code CODE` sends such rows again as they are")
    if forsaken := document.get("forsaken"):
        write()
        write_table(
            [Column("in the store alone"), Column("object"), *(Column(name, right=True) for name in _LEFT)],
            [[one["name"], one["object"], *(count(one[name]) for name in _LEFT)] for one in forsaken],
        )
        write("the config names these syncs no more: their members keep what they were sent")
    calls = document["api_calls"]
    write()
    write(f"API calls of the project in the last 24 hours: {_calls(calls)}")


def _row(one: dict[str, Any]) -> list[str]:
    from audiencesync.cli.output import count

    last = one["last_run"] or {}
    cap = one["api_calls"]["cap"]
    return [
        one["name"],
        one["object"],
        *(count(one[name]) for name in _COUNTS),
        count(sum(code["rows"] for code in one["parked"])),
        last.get("run_id") or "never",
        last.get("status") or "-",
        count(one["api_calls"]["last_24_hours"]),
        "-" if cap is None else count(cap),
    ]


def _calls(calls: dict[str, Any]) -> str:
    from audiencesync.cli.output import count

    kinds = ", ".join(f"{name} {count(many)}" for name, many in calls["by_kind"].items())
    spent = count(calls["last_24_hours"]) + (f" ({kinds})" if kinds else "")
    return spent if calls["cap"] is None else f"{spent} of {count(calls['cap'])}"
