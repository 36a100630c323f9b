"""The one place that knows the order of the stages: source, plan, export, ledger.

For one customer: the source stages her row; the plan compares its fingerprint and audiences with what
Salesforce last accepted and, if they differ, renders her fields and keeps those that changed; the ledger
writes that as an intent; the exporter sends it; the outcome and her new acknowledged state are written
together.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from audiencesync.clock import Clock
from audiencesync.config.columns import check_columns
from audiencesync.config.load import Project
from audiencesync.config.models import DuplicateRule, Sync
from audiencesync.connection import Connection
from audiencesync.errors import AudienceSyncError, SalesforceRefused, UsageError
from audiencesync.export import Exporter, Target, Tools, recover
from audiencesync.ledger import ApiMeter, LedgerWriter, RunLog
from audiencesync.objects import ObjectType
from audiencesync.plan import (
    PACKING,
    Plan,
    Room,
    check_plan,
    check_source,
    find_candidates,
    make_plan,
    matching_of,
    nothing_to_do,
    read_sources,
    sample,
    with_parents,
)
from audiencesync.progress import Progress
from audiencesync.records import Allowances, Mode, Route, RunStatus, SyncState, WriteOptions
from audiencesync.reports import RunReport, SyncReport, Trouble
from audiencesync.source import Source, SourceTotals, blamed
from audiencesync.store import ColumnType, SqlFailed, Store, open_when_free

SAMPLE_ROWS = 10


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the operator asked for.

    Attributes:
        syncs: Names of the syncs to run; empty for all.
        backfill: Send every member again.
        full: Read the whole source, whatever `updated_at` says.
        retry: Send again the parked rows with these error codes, or all of them when there are none, and
            nothing else; None for an ordinary run.
        allowed: Guards that are lifted.
        wait: Seconds to wait for a store that another process holds.
    """

    syncs: tuple[str, ...] = ()
    backfill: bool = False
    full: bool = False
    retry: tuple[str, ...] | None = None
    allowed: Allowances = field(default_factory=Allowances)
    wait: float = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """The staged source."""

    source: Source
    columns: Mapping[str, ColumnType]
    totals: SourceTotals


@dataclass(frozen=True, slots=True)
class Bench:
    """What the stages of one run share."""

    project: Project
    options: RunOptions
    store: Store
    runs: RunLog
    connection: Connection
    meter: ApiMeter
    clock: Clock
    progress: Progress


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
    syncs = _selected(project, options.syncs)
    with open_when_free(project.store_path, project.base, options.wait, clock, progress) as store:
        runs = RunLog(store, clock)
        run_id = runs.start("run" if options.retry is None else "retry")
        try:
            with _bench(project, options, store, run_id=run_id, clock=clock, progress=progress) as bench:
                reading = _read(bench, syncs)
                reports = tuple(_run_sync(bench, run_id, sync, reading) for sync in syncs)
                report = RunReport(run_id, reports, store.rows("run_codes", {"run_id": run_id}))
        except BaseException as error:
            message = str(error) if isinstance(error, AudienceSyncError) else type(error).__name__
            runs.finish(run_id, RunStatus.FAILED, message)
            raise
        runs.finish(run_id, report.status, report.trouble.message if report.trouble else None)
        return report


def plan(project: Project, options: RunOptions, *, clock: Clock, progress: Progress) -> RunReport:
    """Say what `run` would do. Neither state nor Salesforce changes; at most describe is asked for.

    Raises:
        As `run`, and SalesforceRefused or SalesforceUnavailable when describe cannot be had.
    """
    syncs = _selected(project, options.syncs)
    with (
        Store.open(project.store_path, base=project.base) as store,
        _bench(project, options, store, run_id=None, clock=clock, progress=progress) as bench,
    ):
        reading = _read(bench, syncs)
        reports = []
        for sync in syncs:
            state = bench.runs.sync_state(sync.name, sync.object)
            bench.meter.turn_to(sync.name, sync.max_daily_api_calls)
            started = clock.now()
            made = Counter(bench.meter.made)
            report = SyncReport(sync.name, _mode(state, options))
            try:
                planned = _plan_sync(bench, sync, state, reading)
                report = _predicted(_planned(report, planned), planned, bench.meter.made - made)
                report = replace(report, sample=sample(store, SAMPLE_ROWS) if planned.totals.planned else ())
            except AudienceSyncError as error:
                report = replace(report, trouble=_trouble(error))
            reports.append(replace(report, seconds=(clock.now() - started).total_seconds()))
        return RunReport(None, tuple(reports))


def _run_sync(bench: Bench, run_id: str, sync: Sync, reading: Reading) -> SyncReport:
    """One sync of a run: settle what is open, plan, export, and move on what was acknowledged."""
    state = bench.runs.sync_state(sync.name, sync.object)
    bench.meter.turn_to(sync.name, sync.max_daily_api_calls)
    bench.runs.start_sync(run_id, state, sync.name, sync.object)
    ledger = LedgerWriter(
        bench.store,
        bench.clock,
        run_id=run_id,
        sync_id=state.sync_id,
        passing=bench.connection.passing_codes,
        retrying=bench.options.retry is not None,
    )
    started = bench.clock.now()
    report = SyncReport(sync.name, _mode(state, bench.options))
    try:
        _settle_earlier(bench, sync, ledger)
        planned = _plan_sync(bench, sync, state, reading)
        report = _planned(report, planned)
        if planned.totals.candidates:
            ledger.enqueue(planned.routes, PACKING)
        else:
            ledger.forget_parked()
        if planned.totals.sends:
            _export(bench, sync, planned, ledger)
    except AudienceSyncError as error:
        report = replace(report, trouble=_trouble(error))
        if isinstance(error, SalesforceRefused):
            bench.connection.forget_described()  # a field or permission may have changed
    except BaseException:
        _close_books(bench, run_id, state, ledger, report)
        raise
    else:
        if bench.options.retry is None:
            # who is not acknowledged is pending, not lost
            bench.runs.advance(planned.state, basis=planned.basis, watermark=reading.totals.watermark)
    seconds = (bench.clock.now() - started).total_seconds()
    return _close_books(bench, run_id, state, ledger, replace(report, seconds=seconds))


def _read(bench: Bench, syncs: tuple[Sync, ...]) -> Reading:
    """Stage the source: whole, or since the oldest watermark of the syncs when each has one."""
    config = bench.project.config.source
    bench.progress.begin("reading the source", None)
    try:
        attach = bench.project.attach_target()
        source = Source(bench.store, config, base=bench.project.base, attach=attach)
        states = [bench.runs.sync_state(sync.name, sync.object) for sync in syncs]
        since = _since(bench, source, states)
        columns = source.stage(since=since)
        for sync in syncs:
            check_columns(bench.project, list(columns), sync)
        if since is not None and any(
            state.basis != read_sources(bench.store, bench.project, sync, columns).basis
            for sync, state in zip(syncs, states, strict=True)
        ):
            since = None  # after a change of the mapping every member is compared anew
            columns = source.stage(since=since)
        totals = source.check(since=since)
    finally:
        bench.progress.end()
    return Reading(source, columns, totals)


def _since(bench: Bench, source: Source, states: list[SyncState]) -> str | None:
    if bench.options.full or bench.options.backfill or not source.incremental_possible:
        return None
    marks = [state.watermark for state in states if state.watermark and state.backfilled]
    return source.earliest(marks) if len(marks) == len(states) else None


def _plan_sync(bench: Bench, sync: Sync, state: SyncState, reading: Reading) -> Plan:
    """Find who differs; only if somebody does, ask describe and render them."""
    bench.progress.begin(f"{sync.name}: comparing", None)
    try:
        parked = bench.store.row("parked_count", {"sync_id": state.sync_id})["parked"]
        if parked and bench.options.retry is None:
            _objects(bench, sync)  # a change of the object lets parked rows go
        candidates = find_candidates(
            bench.store,
            bench.project,
            sync,
            state,
            reading.columns,
            since=reading.totals.since,
            backfill=bench.options.backfill,
            retry=bench.options.retry,
            now=bench.clock.now(),
            shared_hashes=reading.totals.shared_hashes,
            fetch_missing=reading.source.fetch_missing,
        )
        if reading.totals.since is None:
            check_source(
                profiles=reading.totals.profiles,
                acknowledged=candidates.acknowledged,
                allowed=bench.options.allowed,
            )
        if candidates.count == 0:
            return nothing_to_do(candidates)
        objects = _objects(bench, sync)
        planned = make_plan(
            bench.store,
            bench.project,
            candidates,
            objects,
            finder=lambda: bench.connection.org,
            picklists=partial(bench.connection.picklist_values, objects[-1].name),
            room=Room(bench.meter.left(), bench.connection.composite),
        )
    except SqlFailed as failure:
        if failure.about_data:
            raise blamed(failure) from None
        raise
    finally:
        bench.progress.end()
    check_plan(planned, bench.options.allowed)
    return planned


def _settle_earlier(bench: Bench, sync: Sync, ledger: LedgerWriter) -> None:
    """What a killed run left without an answer is asked for before anything new is planned."""
    if ledger.open_batches():
        target = _target(bench, sync, _objects(bench, sync))
        insist = (codes := bench.options.retry) is not None and (not codes or "ANSWER_LOST" in codes)
        recover(ledger, bench.connection.org, target, bench.clock.now(), insist=insist)
    else:
        ledger.drop_waiting()


def _export(bench: Bench, sync: Sync, planned: Plan, ledger: LedgerWriter) -> None:
    bench.progress.begin(f"{sync.name}: sending", planned.totals.sends)
    try:
        target = _target(bench, sync, _objects(bench, sync))
        tools = Tools(ledger, bench.connection.org, target, bench.connection, bench.clock, bench.progress)
        Exporter(tools).export()
    finally:
        bench.progress.end()


def _objects(bench: Bench, sync: Sync) -> list[ObjectType]:
    """The object that is tried first, if any, and the sync's own, with the parents that its mappings name."""
    describe = bench.connection.describe
    names = [sync.try_first.object] if sync.try_first else []
    return [with_parents(bench.project, sync, describe(name), describe) for name in (*names, sync.object)]


def _target(bench: Bench, sync: Sync, objects: Sequence[ObjectType]) -> Target:
    options = WriteOptions(
        duplicate_allow_save=sync.duplicate_rule is DuplicateRule.ALLOW_SAVE,
        assignment_rule=sync.assignment_rule,
    )
    *others, own = objects
    matching = matching_of(bench.project, sync, own, others[0] if others else None)
    return Target({one.name: one for one in objects}, matching, options)


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
        routes=planned.routes.rows,
    )


def _predicted(report: SyncReport, planned: Plan, made: Mapping[str, int]) -> SyncReport:
    """What a run would cost: the look-ups that the plan made too, and the writes; polls of a job aside."""
    look_ups = sum(count for kind, count in made.items() if "query" in kind and "poll" not in kind)
    calls = {"look_ups": look_ups, **{route.value: count for route, count in planned.routes.calls.items()}}
    return replace(report, calls=calls, api_calls=sum(calls.values()))


def _mode(state: SyncState, options: RunOptions) -> Mode:
    return Mode.BACKFILL if options.backfill or not state.backfilled else Mode.INCREMENTAL


def _trouble(error: AudienceSyncError) -> Trouble:
    return Trouble(type(error).__name__, str(error), error.hint, error.exit_code)


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


@contextmanager
def _bench(
    project: Project,
    options: RunOptions,
    store: Store,
    *,
    run_id: str | None,
    clock: Clock,
    progress: Progress,
) -> Iterator[Bench]:
    limits = project.config.connection
    meter = ApiMeter(
        store,
        clock,
        run_id=run_id,
        project_cap=limits.max_daily_api_calls,
        org_reserve=limits.reserve_org_api_calls,
        progress=progress,
    )
    with Connection(project, store, meter, clock) as connection:
        yield Bench(project, options, store, RunLog(store, clock), connection, meter, clock, progress)
