"""Runs and plans: made here, or by the daemon that holds the store."""

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from audiencesync.cli import bars
from audiencesync.cli.looking import tell_daemon

if TYPE_CHECKING:
    from audiencesync.config.load import Project
    from audiencesync.reports import RunReport
    from audiencesync.sync import RunOptions


def report_of(
    kind: Literal["run", "plan"], project: "Project", options: "RunOptions", *, verbose: bool, log_format: str
) -> "RunReport":
    """Do it, and say what happened.

    Args:
        kind: Whether anything is sent.
        project: The config; a daemon goes by the one that it read.
        options: What the operator asked for.
        verbose: Show structured events instead of bars.
        log_format: `text` or `json`.

    Raises:
        AudienceSyncError: It could not begin.
        DaemonRefused: The same, said by the daemon.
    """
    from audiencesync import sync
    from audiencesync.clock import SystemClock
    from audiencesync.daemon import asking
    from audiencesync.reports import RunReport

    with asking.reached(project.store_path) as daemon:
        if daemon is not None:
            tell_daemon(daemon.pid)
            asked = asking.written(replace(options, wait=0))
            return asking.read(RunReport, daemon.ask(kind, options=asked))
    do = sync.run if kind == "run" else sync.plan
    return do(
        project,
        options,
        clock=SystemClock(),
        progress=bars.listener(verbose=verbose, log_format=log_format),
    )
