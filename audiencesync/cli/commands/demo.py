"""`audiencesync demo`."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiencesync.cli import options
from audiencesync.cli.parsing import Command

if TYPE_CHECKING:
    from audiencesync.config.load import Project
    from audiencesync.demo.run import Demo
    from audiencesync.reports import RunReport

_LEAST, _MOST = 100, 1_000_000


@click.command(cls=Command)
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
    """What was planted, where everything is, and what to try next."""
    from audiencesync.cli.output import write

    planted = done.planted
    write("What you saw")
    write(
        f"  {len(planted.broken)} customers have a broken e-mail address: "
        "Salesforce rejects them, and they are"
    )
    mended = len(planted.mended)
    verb = "was" if mended == 1 else "were"
    write(f"  parked until it changes; on day 2, {mended} of them {verb} put right and accepted.")
    write(f"  {len(planted.shared)} pairs share one address: one of each is sent, the other is invalid.")
    write(f"  {len(planted.quiet)} customers got a new title on day 2; that triggers nothing.")
    write()
    write("Audit reports")
    for path in done.reports:
        write(f"  {path}")
    write()
    write("Try next")
    program, config = _program(), shlex.quote(str(done.folder.config))
    for key in (planted.changed[0], planted.mended[0]):
        write(f"  {program} history {key} -c {config}")
    write(f"  {program} runs -c {config}")
    write()
    write(f"Or change {done.folder.data / 'customers.csv'}, and see what would be sent, and send it")
    write(f"  {program} plan -c {config}")
    state = shlex.quote(str(done.folder.salesforce))
    write(f"  {program} emulator --port {done.port} --state {state}    # in another terminal")
    write(f"  {program} run -c {config}")


def _program() -> str:
    """How this program is started here: by its name, or by its path if that would not find it."""
    name = Path(sys.argv[0]).name
    return name if shutil.which(name) else shlex.quote(sys.argv[0])
