"""`audiencesync daemon`."""

from pathlib import Path

import click

from audiencesync.cli import options
from audiencesync.cli.parsing import Command


@click.command(cls=Command)
@options.config
@options.steps
@options.debug
def daemon(*, config_path: Path, verbose: bool, log_format: str) -> None:
    """Keep every sync in step, for weeks, without a hand.

    Each sync runs when its `every`, `cron` or `watch` says so, and goes on by itself after trouble. While
    the daemon holds the store, the other commands ask it.

    SIGTERM lets a run in flight end, or parks it; SIGHUP reads the config again.
    """
    from audiencesync.cli import bars
    from audiencesync.cli.cures import cure
    from audiencesync.clock import SystemClock
    from audiencesync.config.load import load
    from audiencesync.daemon.serve import serve

    project = load(config_path)
    serve(
        project,
        clock=SystemClock(),
        progress=bars.quiet_log(verbose=verbose, log_format=log_format),
        cure=cure,
    )
