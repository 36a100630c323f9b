"""`audiencesync report`."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audiencesync.cli import options
from audiencesync.cli.parsing import Command
from audiencesync.errors import UsageError

if TYPE_CHECKING:
    from audiencesync.audit.report import Format
    from audiencesync.config.load import Project


@click.command(cls=Command)
@click.argument("run", default="latest")
@options.config
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "csv", "parquet", "json"]),
    default="html",
    show_default=True,
    help="A page to read, or one row a push and attempt.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    show_default="audit-RUN.FORMAT",
    help="Where to write it.",
)
@options.as_json
@options.debug
def report(*, run: str, config_path: Path, form: "Format", output: Path | None, as_json: bool) -> None:
    """Write the audit report of a run, and print its path.

    RUN is a run's id, its beginning, or 'latest'. The report holds personal data; its file can be read
    by its owner alone. The CSV is for programs and has every value as it is: import it into a spreadsheet
    as text, or that takes what begins with = + - or @ for a formula.
    """
    from audiencesync.audit.files import private_file
    from audiencesync.cli.looking import opened
    from audiencesync.cli.output import write, write_document

    with opened(config_path) as (project, answers):
        if output is not None:
            _check(output, project)
        written = answers.ask("report", run=run, format=form, path=output and str(output))
        path = output or Path(f"audit-{written['run_id']}.{form}")
        if written["path"] != str(path):  # the daemon wrote it beside the store, which is its only place
            with private_file(path) as draft:
                shutil.copyfile(written["path"], draft)
    if as_json:
        write_document({"schema_version": 1, "run_id": written["run_id"], "format": form, "path": str(path)})
    else:
        write(str(path))


def _check(output: Path, project: "Project") -> None:
    """Refuse a place where a report would be lost, or something else by it.

    Raises:
        UsageError: It is standard output, the store or the config.
    """
    if str(output) == "-":
        raise UsageError(
            "a report is not written to standard output",
            hint="it holds personal data: name a file, which its owner alone may read",
        )
    store = project.store_path
    if output.resolve() in {
        own.resolve() for own in (store, store.with_name(f"{store.name}.wal"), project.path)
    }:
        raise UsageError(f"{output} is a file of the project itself", hint="name another file for the report")
