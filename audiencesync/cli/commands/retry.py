"""`audiencesync retry`."""

from pathlib import Path

import click

from audiencesync.cli import options, streams
from audiencesync.cli.parsing import Command


@click.command(cls=Command)
@options.config
@options.sync_names
@click.option("--code", "codes", multiple=True, metavar="CODE", help="Only this error code; may be repeated.")
@options.wait
@options.as_json
@options.steps
@options.debug
def retry(
    *,
    config_path: Path,
    syncs: tuple[str, ...],
    codes: tuple[str, ...],
    wait: float,
    as_json: bool,
    verbose: bool,
    log_format: str,
) -> int:
    """Send parked rows again, and nothing else.

    A row that was refused for what is in it is parked until it, its mapping or the Salesforce object
    changes. When something else has changed, such as a validation rule, this lets it go.
    `audiencesync status` shows what is parked and by which code.

    New records whose answer was lost, and that Salesforce cannot be asked about, are sent too, unless
    another --code is named: look first whether they are there.
    """
    from audiencesync.cli import runs_shown, working
    from audiencesync.config.load import load
    from audiencesync.records import Allowances
    from audiencesync.sync import RunOptions

    project = load(config_path)
    wanted = tuple(code.upper() for code in codes)
    # each of these rows was let through by the guards once, and is named now
    lifted = Allowances(exits=True, clears=True, creates=True, mapping_change=True)
    asked = RunOptions(syncs=syncs, retry=wanted, allowed=lifted, wait=wait)
    report = working.report_of("run", project, asked, verbose=verbose, log_format=log_format)
    if not any(one.planned or one.trouble for one in report.syncs):
        streams.talk(" ".join(["nothing is parked", *(["with", *wanted] if wanted else [])]))
    return runs_shown.tell_run(project, report, as_json=as_json)
