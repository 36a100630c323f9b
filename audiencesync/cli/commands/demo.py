"""`audiencesync demo`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiencesync.cli import options

if TYPE_CHECKING:
    from audiencesync.config.load import Project
    from audiencesync.demo.run import Demo
    from audiencesync.reports import RunReport

_LEAST, _MOST = 100, 1_000_000


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("audiencesync-demo"),
    metavar="DIR",
    show_default=True,
    help="Folder for config, data, store and reports.",
)
@click.option(
    "--customers",
    type=click.IntRange(_LEAST, _MOST),
    default=3000,
    show_default=True,
    help="How many customers there are on the first day.",
)
@click.option("--seed", type=int, default=7, show_default=True, help="Chooses who they are.")
@options.as_json
@options.steps
@options.debug
def demo(*, output: Path, customers: int, seed: int, as_json: bool, verbose: bool, log_format: str) -> int:
    """See the main job at work on sample data, without an org.

    Starts a local Salesforce, makes up customers, sends them (backfill), changes a day's worth of them,
    sends the difference and writes audit reports. Everything stays in DIR for you to explore.
    """
    from audiencesync.cli import bars
    from audiencesync.cli.cures import cure
    from audiencesync.cli.output import write, write_document
    from audiencesync.clock import SystemClock
    from audiencesync.demo.run import demo as run_demo

    def show(heading: str, project: "Project", report: "RunReport") -> None:
        from audiencesync.cli import runs_shown

        if not as_json:
            write(heading, "bold cyan")
            runs_shown.show_run(project, report)
        runs_shown.tell_troubles(report)

    done = run_demo(
        output,
        customers=customers,
        seed=seed,
        clock=SystemClock(),
        progress=bars.listener(verbose=verbose, log_format=log_format),
        show=show,
        cure=cure,
    )
    troubled = [report for report in done.runs if report.trouble is not None]
    if as_json:
        write_document(_document(done))
    elif not troubled:
        _explain(done)
    return troubled[0].exit_code if troubled else 0


def _document(done: "Demo") -> dict[str, Any]:
    return {
        "schema_version": 1,
        "config": str(done.folder.config),
        "runs": [report.document() for report in done.runs],
        "reports": [str(path) for path in done.reports],
    }


def _explain(done: "Demo") -> None:
    """What was planted, where everything is, and what to try next: all of it works without an org."""
    from audiencesync.cli.output import write

    planted = done.planted
    write("What you saw")
    write(
        f"  {len(planted.broken)} customers have a broken e-mail address; Salesforce rejects them, and they"
    )
    write(f"  come round again: {len(planted.mended)} were mended on day 2 and accepted.")
    write(f"  {len(planted.shared)} pairs share one address: one of each is sent, the other is invalid.")
    write(f"  {len(planted.quiet)} customers got a new title on day 2; that triggers nothing.")
    write()
    write("Audit reports")
    for path in done.reports:
        write(f"  {path}")
    write()
    write("Try next")
    config = shlex.quote(str(done.folder.config))
    for key in (planted.changed[0], planted.mended[0]):
        write(f"  audiencesync history {key} -c {config}")
    write(f"  audiencesync plan -c {config}")
    write(f"  audiencesync runs -c {config}")
