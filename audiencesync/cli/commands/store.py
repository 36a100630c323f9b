"""`audiencesync store`."""

from pathlib import Path
from typing import Any

import click

from audiencesync.cli import options
from audiencesync.cli.parsing import Group


@click.group(cls=Group)
def store() -> None:
    """Show what takes the room in the store, or make it smaller."""


@store.command()
@options.config
@options.as_json
@options.debug
def info(*, config_path: Path, as_json: bool) -> None:
    """Show the size of the store, table by table, and how far back the ledger goes."""
    from audiencesync.cli.looking import opened
    from audiencesync.cli.output import Column, count, moment, write, write_document, write_table

    with opened(config_path) as (_, answers):
        document = answers.ask("room")
    if as_json:
        write_document(document)
        return
    sizes, ledger = document["bytes"], document["ledger"]
    write(f"{document['path']}: {_size(sizes['file'])}, of which {_size(sizes['free'])} free")
    beside = {"log": "log", "journal": "pushed changes", "scratch": "scratch files"}
    if any(sizes[name] for name in beside):
        write("beside it: " + ", ".join(f"{_size(sizes[name])} of {what}" for name, what in beside.items()))
    write(f"free on that disk: {_size(sizes['disk_free'])}")
    write(f"first push in the ledger: {moment(ledger['first_push'])}; {_kept(ledger)}")
    write()
    columns = [Column("table"), Column("rows", right=True), Column("size", right=True), Column("holds")]
    write_table(
        columns,
        [
            [table["name"], count(table["rows"]), _size(table["bytes"]), table["holds"]]
            for table in document["tables"]
        ],
    )


@store.command()
@options.config
@options.as_json
@options.debug
def compact(*, config_path: Path, as_json: bool) -> None:
    """Write the store anew without holes, after dropping what `keep_ledger` lets go.

    The new file takes the place of the old one when it is whole, so there must be room for both. A run
    or a daemon that holds the store must end first.
    """
    from audiencesync import upkeep
    from audiencesync.cli.output import count, write, write_document
    from audiencesync.clock import SystemClock
    from audiencesync.config.load import load

    document = upkeep.compact(load(config_path), clock=SystemClock())
    if as_json:
        write_document(document)
        return
    write(
        f"{document['path']}: {_size(document['bytes_before'])} before, {_size(document['bytes_after'])} now"
    )
    if document["dropped_pushes"]:
        write(f"{count(document['dropped_pushes'])} pushes were older than keep_ledger and are dropped")


def _size(bytes_: int) -> str:
    return f"{bytes_ / 1e6:,.1f} MB"


def _kept(ledger: dict[str, Any]) -> str:
    from audiencesync.cli.output import moment

    kept = f"kept for {ledger['keep']}" if ledger["keep"] else "kept for ever"
    return f"{kept}; whole since {moment(ledger['kept_since'])}" if ledger["kept_since"] else kept
