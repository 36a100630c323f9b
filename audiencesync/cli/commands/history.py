"""`audiencesync history`."""

from pathlib import Path
from typing import Any

import click

from audiencesync.cli import options
from audiencesync.cli.parsing import Command


@click.command(cls=Command)
@click.argument("key")
@options.config
@options.sync_names
@options.as_json
@options.debug
def history(*, key: str, config_path: Path, syncs: tuple[str, ...], as_json: bool) -> None:
    """Show everything ever sent for one profile, and why.

    Per push one line, then field by field what was there before and after. KEY is a profile key, a
    match value such as an e-mail address, or a Salesforce Id.
    """
    from audiencesync.cli.looking import check_names, opened
    from audiencesync.cli.output import moment, write, write_document

    with opened(config_path) as (project, answers):
        check_names(project, syncs)
        answer = answers.ask("history", key=key)
    pushes, since = answer["pushes"], answer["ledger_since"]
    if syncs:
        pushes = [push for push in pushes if push["sync"] in syncs]
    if as_json:
        write_document({"schema_version": 1, "key": key, "ledger_since": since, "pushes": pushes})
    elif not pushes:
        write(
            f"nothing was sent under that key since {moment(since)}; older pushes were dropped (keep_ledger)"
            if since
            else "nothing was ever sent under that key"
        )
    elif since:
        write(f"the ledger is whole since {moment(since)}; older pushes were dropped (keep_ledger)")
    for push in () if as_json else pushes:
        _show(push)


def _show(push: dict[str, Any]) -> None:
    """One line a push, then its fields before and after."""
    from audiencesync.cli.output import Column, moment, value_text, write, write_table

    good = push["outcome"] == "accepted"
    parts = [
        moment(push["answered_at"] or push["sent_at"]),
        push["run_id"],
        push["sync"],
        push["profile_key"],
        f"{push['action']} ({push['reason']})",
        push["outcome"],
    ]
    if push["attempt"] and push["attempt"] > 1:
        parts.append(f"attempt {push['attempt']}")
    parts += [text for text in (push["error_code"], push["route"], push["salesforce_id"]) if text]
    write("  ".join(parts), "bold green" if good else "bold red")
    if push["error_message"]:
        write(f"    {push['error_message']}")
    rows = [
        ["   ", name, value_text(before), "->", value_text(after)]
        for name, (before, after) in push["changed"].items()
    ]
    write_table([*[Column("")] * 4, Column("", folds=True)], rows)
