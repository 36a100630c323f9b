"""The demo: a backfill, a changed day, a second run, and the audit report of both."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from audiencesync.audit.report import Format, write_report
from audiencesync.clock import Clock
from audiencesync.config.load import Project, load
from audiencesync.demo.project import Folder
from audiencesync.demo.salesforce import local_salesforce
from audiencesync.demo.sample import Planted, make_sample, write_day
from audiencesync.progress import Progress
from audiencesync.reports import RunReport
from audiencesync.store import Store
from audiencesync.sync import RunOptions, run

Show = Callable[[str, Project, RunReport], None]
"""Shows one run under a heading."""

_REPORT: Format = "html"


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo leaves behind.

    Attributes:
        folder: Config, data, store and reports.
        runs: Both runs, in order.
        reports: Their HTML audit reports.
        planted: Who is who among the customers.
        port: Where the local Salesforce was, and where the config looks for it.
    """

    folder: Folder
    runs: tuple[RunReport, ...]
    reports: tuple[Path, ...]
    planted: Planted
    port: int


def demo(
    output: Path,
    *,
    customers: int,
    seed: int,
    clock: Clock,
    progress: Progress,
    show: Show,
    cure: Callable[[str], str],
) -> Demo:
    """Run the main job on an embedded default.

    Args:
        output: The folder for everything; made, or cleared of an earlier demo.
        customers: How many there are on the first day.
        seed: Chooses who they are.
        clock: Dates the runs.
        progress: Shown what is going on.
        show: Called after each run.
        cure: Error code -> what a person does about it.

    Raises:
        UsageError: The folder holds something else.
        SalesforceUnavailable: The local Salesforce did not start.
    """
    folder = Folder(output)
    folder.clear()
    with _step(progress, "making up customers"):
        sample = make_sample(customers, seed)
    with ExitStack() as stack:
        with _step(progress, "starting a local Salesforce"):
            org = stack.enter_context(local_salesforce(folder.salesforce))
        folder.write_config(org)
        project = load(folder.config)
        write_day(sample.first, folder.data)
        first = run(project, RunOptions(), clock=clock, progress=progress)
        show("Day 1: every member is new", project, first)
        write_day(sample.second, folder.data)
        second = run(project, RunOptions(), clock=clock, progress=progress)
        show("Day 2: only the difference travels", project, second)
    with _step(progress, "writing the audit reports"):
        reports = _reports(project, folder, (first, second), cure)
    return Demo(folder, (first, second), reports, sample.planted, org.port)


def _reports(
    project: Project, folder: Folder, runs: tuple[RunReport, ...], cure: Callable[[str], str]
) -> tuple[Path, ...]:
    paths = []
    with Store.open(project.store_path, base=project.base, read_only=True) as store:
        for report in runs:
            if report.run_id is not None:
                paths.append(folder.path / f"audit-{report.run_id}.html")
                write_report(store, report.run_id, _REPORT, paths[-1], cure=cure)
    return tuple(paths)


@contextmanager
def _step(progress: Progress, label: str) -> Iterator[None]:
    progress.begin(label, None)
    try:
        yield
    finally:
        progress.end()
