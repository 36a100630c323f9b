"""`audiencesync run`."""

from pathlib import Path
from typing import Unpack

import click

from audiencesync.cli import options


@click.command()
@options.choices_of_a_run
@options.as_json
@options.steps
@options.debug
def run(
    *, config_path: Path, as_json: bool, verbose: bool, log_format: str, **choices: Unpack[options.Choices]
) -> int:
    """Send what changed to Salesforce, once.

    The first run of a sync sends every member (backfill); later ones send the difference between your
    data and what Salesforce last accepted. Rows that Salesforce rejects are still different, so they
    come round again.
    """
    from audiencesync import sync
    from audiencesync.cli import bars, runs_shown
    from audiencesync.cli.output import write_document
    from audiencesync.clock import SystemClock
    from audiencesync.config.load import load

    project = load(config_path)
    report = sync.run(
        project,
        options.asked(choices),
        clock=SystemClock(),
        progress=bars.listener(verbose=verbose, log_format=log_format),
    )
    if as_json:
        write_document(report.document())
    else:
        runs_shown.show_run(project, report)
        runs_shown.show_next(project, report)
    runs_shown.tell_troubles(report)
    return report.exit_code
