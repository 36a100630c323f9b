"""`audiencesync plan`."""

from pathlib import Path
from typing import Unpack

import click

from audiencesync.cli import options
from audiencesync.cli.parsing import Command


@click.command(cls=Command)
@options.choices_of_a_run
@options.as_json
@options.steps
@options.debug
def plan(
    *, config_path: Path, as_json: bool, verbose: bool, log_format: str, **choices: Unpack[options.Choices]
) -> int:
    """Show what a run would do: counts, routes, calls, samples.

    Nothing is sent and no state changes. Salesforce is asked at most what the object looks like.
    """
    from audiencesync.cli import runs_shown, working
    from audiencesync.cli.output import write_document
    from audiencesync.config.load import load

    project = load(config_path)
    asked = options.asked(choices)
    report = working.report_of("plan", project, asked, verbose=verbose, log_format=log_format)
    if as_json:
        write_document(report.document())
    else:
        runs_shown.show_plan(project, report)
    runs_shown.tell_troubles(report)
    return report.exit_code
