"""`audiencesync emulator`."""

from pathlib import Path

import click

from audiencesync.cli import options
from audiencesync.cli.parsing import Command
from audiencesync.errors import UsageError


@click.command(cls=Command)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default="a free one",
    help="TCP port on 127.0.0.1.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder that keeps the org over restarts; without it everything is forgotten at the end.",
)
@click.option(
    "--org",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="YAML or JSON file that describes the org.",
)
@options.debug
def emulator(port: int, state: Path | None, org: Path | None) -> None:
    """Run a local Salesforce until Ctrl-C or SIGTERM.

    The first line on standard output is one JSON object with login_url, instance_url, ca_bundle,
    consumer_key, username and private_key_file: all that a config needs to log in.
    """
    from audiencesync.emulator import run
    from audiencesync.emulator.errors import EmulatorError

    try:
        run(port, state, org)
    except EmulatorError as error:
        raise UsageError(str(error), hint="`audiencesync emulator --help` lists the options") from error
