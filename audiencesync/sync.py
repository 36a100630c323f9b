"""The one place that knows the order of the stages: source, plan, export, ledger.

For one customer: the source stages her row; the plan compares its fingerprint and audiences with what
Salesforce last accepted and, if they differ, renders her fields and keeps those that changed; the ledger
writes that as an intent; the exporter sends it; the outcome and her new acknowledged state are written
together.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from audiencesync.clock import Clock
from audiencesync.config.load import Project
from audiencesync.config.models import Sync
from audiencesync.connection import Line
from audiencesync.errors import AudienceSyncError, SalesforceRefused, UsageError
from audiencesync.ledger import LedgerWriter, RunLog, drop_old
from audiencesync.plan import (
    PACKING,
    Plan,
    sample,
    terms_of,
)
from audiencesync.progress import Progress
from audiencesync.records import Mode, Route, RunStatus, SyncState
from audiencesync.reports import RunReport, SyncReport, trouble_of
from audiencesync.stages import (
    Bench,
    Reading,
    RunOptions,
    export,
    moved_on,
    open_bench,
    plan_sync,
    read_source,
    settle_earlier,
    settle_forsaken,
)
from audiencesync.store import Store, open_when_free

__all__ = ["RunOptions", "plan", "plan_in", "run", "run_in"]

SAMPLE_ROWS = 10


def run(project: Project, options: RunOptions, *, clock: Clock, progress: Progress) -> RunReport:
    """Bring Salesforce in step with the source, once.

    Args:
        project: The config.
        options: What the operator asked for.
        clock: Dates everything that is recorded.
        progress: Shown what is going on.

    Returns:
        What happened; an error that ended a sync is in its report.

    Raises:
        ConfigError, SourceError, StoreError: Nothing was sent.
    """
    _selected(project, options.syncs)  # who mistypes a name waits for no store, and makes none
    with open_when_free(
        project.store_path, project.base, options.wait, clock, progress, settings=project.store_settings
    ) as store:
        return run_in(store, project, options, clock=clock, progress=progress)


def run_in(
    store: Store,
    project: Project,
    options: RunOptions,
    *,
    clock: Clock,
    progress: Progress,
    line: Line | None = None,
) -> RunReport:
    """`run` in a store that is open already; one at a time, with an org that is signed in already, if any."""
    syncs = _selected(project, options.syncs)
    drop_old(store, clock, project.config.store.keep_ledger)
    runs = RunLog(store, clock)
    run_id = runs.start("run" if options.retry is None else "retry")
    waiting = list(syncs)
    try:
        for sync in syncs:  # one that is never reached has had a run too, which failed
            runs.start_sync(run_id, runs.sync_state(sync.name, sync.object), sync.name, sync.object)
        with open_bench(
            project, options, store, run_id=run_id, clock=clock, progress=progress, line=line
        ) as bench:
            if options.retry is not None:
                bench.connection.heed(_retried(bench, syncs, options.retry))  # the object may be another now
            forsaken = settle_forsaken(bench, syncs, run_id)
            reading = read_source(bench, syncs)
            reports = []
            while waiting:
                reports.append(_run_sync(bench, run_id, waiting.pop(0), reading))
            codes = store.rows("run_codes", {"run_id": run_id})
            bench.connection.heed(row["error_code"] for row in codes if row["outcome"] == "rejected")
            report = RunReport(run_id, tuple(reports), codes, forsaken)
    except BaseException as error:
        trouble = trouble_of(error)
        for sync in waiting:
            state = runs.sync_state(sync.name, sync.object)
            unreached = SyncReport(sync.name, _mode(state, options), trouble=trouble)
            runs.finish_sync(run_id, state.sync_id, unreached.document())
        runs.finish(run_id, RunStatus.FAILED, trouble.message)
        raise
    runs.finish(run_id, report.status, report.trouble.message if report.trouble else None)
    return report


def plan(project: Project, options: RunOptions, *, clock: Clock, progress: Progress) -> RunReport:
    """Say what `run` would do. Neither state nor Salesforce changes; at most describe is asked for.

    Raises:
        As `run`, and SalesforceRefused or SalesforceUnavailable when describe cannot be had.
    """
    _selected(project, options.syncs)  # as in `run`
    with Store.open(project.store_path, base=project.base, settings=project.store_settings) as store:
        return plan_in(store, project, options, clock=clock, progress=progress)


def plan_in(
    store: Store, project: Project, options: RunOptions, *, clock: Clock, progress: Progress
) -> RunReport:
    """`plan` in a store that is open already; not during a run."""
    syncs = _selected(project, options.syncs)
    with open_bench(project, options, store, run_id=None, clock=clock, progress=progress, line=None) as bench:
        forsaken = settle_forsaken(bench, syncs, None)
        reading = read_source(bench, syncs)
        reports = []
        for sync in syncs:
            state = bench.runs.sync_state(sync.name, sync.object)
            bench.meter.turn_to(sync.name, sync.max_daily_api_calls)
            started = clock.now()
            made = Counter(bench.meter.made)
            report = SyncReport(sync.name, _mode(state, options))
            try:
                planned = plan_sync(bench, sync, state, reading)
                report = _predicted(_planned(report, planned), planned, bench.meter.made - made)
                report = _unsettled(report, bench.runs.unanswered(state.sync_id))
                report = replace(report, sample=sample(store, SAMPLE_ROWS) if planned.totals.planned else ())
            except AudienceSyncError as error:
                report = replace(report, trouble=trouble_of(error))
            reports.append(replace(report, seconds=_since(clock, started)))
        return RunReport(None, tuple(reports), forsaken=forsaken)


def _retried(bench: Bench, syncs: Iterable[Sync], codes: Sequence[str]) -> Iterator[str]:
    """Codes of the parked rows that are tried again."""
    for sync in syncs:
        state = bench.runs.sync_state(sync.name, sync.object)
        for row in bench.store.rows("audit_parked", {"sync_id": state.sync_id}):
            if not codes or row["error_code"] in codes:
                yield row["error_code"]


def _run_sync(bench: Bench, run_id: str, sync: Sync, reading: Reading) -> SyncReport:
    """One sync of a run: settle what is open, plan, export, and move on what was acknowledged."""
    state = bench.runs.sync_state(sync.name, sync.object)
    bench.meter.turn_to(sync.name, sync.max_daily_api_calls)
    ledger = LedgerWriter(
        bench.store,
        bench.clock,
        run_id=run_id,
        sync_id=state.sync_id,
        terms=terms_of(sync),
        matched_by=sync.match_fields,
        passing=bench.connection.passing_codes,
        now_there=bench.connection.time_there,
        retrying=bench.options.retry is not None,
    )
    started = bench.clock.now()
    report = SyncReport(sync.name, _mode(state, bench.options))
    try:
        settle_earlier(bench, sync, ledger)
        planned = plan_sync(bench, sync, state, reading)
        report = _planned(report, planned)
        if bench.options.backfill:
            bench.runs.begin_backfill(state)
        if planned.totals.candidates:
            ledger.enqueue(planned.routes, PACKING)
        else:
            ledger.looked_at()
        if planned.totals.sends:
            export(bench, sync, planned, ledger)
    except AudienceSyncError as error:
        report = replace(report, trouble=trouble_of(error))
        if isinstance(error, SalesforceRefused):
            bench.connection.forget_described()  # a field or permission may have changed
    except BaseException as error:  # Ctrl-C, or a bug: nobody may take it for a success
        report = replace(report, trouble=trouble_of(error), seconds=_since(bench.clock, started))
        _close_books(bench, run_id, state, ledger, report)
        raise
    else:
        if bench.options.retry is None and not reading.pushed:
            # who is not acknowledged is pending, not lost
            bench.runs.advance(moved_on(bench, sync, planned, reading.totals), started)
    report = replace(report, seconds=_since(bench.clock, started))
    return _close_books(bench, run_id, state, ledger, report)


def _close_books(
    bench: Bench, run_id: str, state: SyncState, ledger: LedgerWriter, report: SyncReport
) -> SyncReport:
    """Complete a sync's report from the ledger, keep it, and let go of what was not begun."""
    counts, left = bench.runs.counts(run_id, state.sync_id), ledger.left()
    unknown = counts["unknown"] + left["unknown"]
    report = replace(
        report,
        planned=counts["accepted"] + counts["rejected"] + counts["invalid"] + unknown,
        accepted=counts["accepted"],
        created=counts["created"],
        updated=counts["updated"],
        rejected=counts["rejected"],
        invalid=counts["invalid"],
        unknown=unknown,
        unknown_earlier=left["unknown"],
        deferred=left["waiting"],
        unmatched=left["unmatched"],
        parked=left["parked"],
        routes={route: counts[route.value] for route in Route},
        api_calls=bench.runs.api_calls(run_id, report.name),
    )
    ledger.drop_waiting()
    bench.runs.finish_sync(run_id, state.sync_id, report.document())
    return report


def _planned(report: SyncReport, planned: Plan) -> SyncReport:
    totals = planned.totals
    return replace(
        report,
        mode=planned.mode,
        members=totals.members,
        entered=totals.entered,
        exited=totals.exited,
        changed=totals.changed,
        unchanged=totals.unchanged,
        planned=totals.planned,
        invalid=totals.invalid,
        unmatched=totals.unmatched,
        parked=totals.parked,
        without_profile=totals.without_profile,
        routes=planned.routes.rows,
        shared=planned.shared,
    )


def _predicted(report: SyncReport, planned: Plan, made: Mapping[str, int]) -> SyncReport:
    """What a run would cost: the look-ups that the plan made too, and the writes; polls of a job aside."""
    look_ups = sum(count for kind, count in made.items() if "query" in kind and "poll" not in kind)
    calls = {"look_ups": look_ups, **{route.value: count for route, count in planned.routes.calls.items()}}
    return replace(report, calls=calls, api_calls=sum(calls.values()))


def _unsettled(report: SyncReport, open_: Mapping[str, int]) -> SyncReport:
    """Rows of earlier runs without an answer: a run asks about them before it knows what to send."""
    return replace(report, unknown=open_["rows"], unchanged=report.unchanged - open_["members"])


def _mode(state: SyncState, options: RunOptions) -> Mode:
    backfill = options.backfill or state.backfilling or not state.backfilled
    return Mode.BACKFILL if backfill else Mode.INCREMENTAL


def _since(clock: Clock, started: datetime) -> float:
    return (clock.now() - started).total_seconds()


def _selected(project: Project, names: tuple[str, ...]) -> tuple[Sync, ...]:
    """The syncs to run, those of a higher priority first."""
    known = {sync.name: sync for sync in project.config.syncs}
    for name in names:
        if name not in known:
            raise UsageError(
                f"there is no sync {name!r} in {project.path.name}",
                hint=f"the syncs are {', '.join(known)}",
            )
    wanted = [sync for sync in project.config.syncs if sync.name in names or not names]
    return tuple(sorted(wanted, key=lambda sync: -sync.priority))
