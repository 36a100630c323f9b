"""`audiencesync run`."""

from dataclasses import replace
from pathlib import Path
from typing import Unpack

import click

from audiencesync.cli import options
from audiencesync.cli.parsing import Command


@click.command(cls=Command)
@options.choices_of_a_run
@options.wait
@options.as_json
@options.steps
@options.debug
def run(
    *,
    config_path: Path,
    wait: float,
    as_json: bool,
    verbose: bool,
    log_format: str,
    **choices: Unpack[options.Choices],
) -> int:
    """Send what changed to Salesforce, once.

    The first run of a sync sends every member (backfill); later ones send the difference between your
    data and what Salesforce last accepted. Rows that would be refused as before are parked until
    something about them changes; `audiencesync retry` sends them again.
    """
    from audiencesync.cli import runs_shown, working
    from audiencesync.config.load import load

    project = load(config_path)
    asked = replace(options.asked(choices), wait=wait)
    report = working.report_of("run", project, asked, verbose=verbose, log_format=log_format)
    return runs_shown.tell_run(project, report, as_json=as_json)
