"""The stages of a run, each with what it needs of the others; `sync.py` knows their order."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

from audiencesync.clock import Clock
from audiencesync.cluster import Cluster, open_cluster
from audiencesync.config.columns import check_columns
from audiencesync.config.load import Project
from audiencesync.config.models import DuplicateRule, Sync
from audiencesync.connection import Connection, Line
from audiencesync.errors import AudienceSyncError
from audiencesync.export import Exporter, Target, Tools, recover
from audiencesync.ledger import ApiMeter, LedgerWriter, RunLog
from audiencesync.objects import ObjectType
from audiencesync.plan import (
    Plan,
    Room,
    check_affinities,
    check_listed,
    check_name,
    check_plan,
    check_source,
    failing_place,
    find_candidates,
    make_plan,
    memberships_basis,
    nothing_to_do,
    profiles_basis,
    read_sources,
    with_parents,
)
from audiencesync.progress import Progress
from audiencesync.records import Allowances, SourceTotals, SyncState, WriteOptions
from audiencesync.reports import ForsakenSync, trouble_of
from audiencesync.source import Source, SparkSource, blamed, take_over
from audiencesync.store import ColumnType, SqlFailed, Store


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the operator asked for.

    Attributes:
        syncs: Names of the syncs to run; empty for all.
        backfill: Send every member again.
        full: Read the whole source, whatever `updated_at` says.
        retry: Send again the parked rows with these error codes, or all of them when there are none, and
            nothing else; None for an ordinary run.
        pushed: Look only at those that a pushed change is about, and at others that are pending, where that
            is enough to be in step.
        allowed: Guards that are lifted.
        wait: Seconds to wait for a store that another process holds.
    """

    syncs: tuple[str, ...] = ()
    backfill: bool = False
    full: bool = False
    retry: tuple[str, ...] | None = None
    pushed: bool = False
    allowed: Allowances = field(default_factory=Allowances)
    wait: float = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """The staged source.

    Attributes:
        pushed: Nobody else is looked at than those that a pushed change is about, or who are pending.
    """

    source: Source | SparkSource
    columns: Mapping[str, ColumnType]
    totals: SourceTotals
    pushed: bool = False


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
    cluster: Cluster | None


@contextmanager
def open_bench(
    project: Project,
    options: RunOptions,
    store: Store,
    *,
    run_id: str | None,
    clock: Clock,
    progress: Progress,
    line: Line | None,
) -> Iterator[Bench]:
    """What the stages share, for as long as the block lasts.

    Without `run_id` no call belongs to a run. A `line` stays signed in when the block ends.

    Raises:
        OtherOrg: The config leads to another org than the one whose state the store holds.
    """
    limits = project.config.connection
    meter = ApiMeter(
        store,
        clock,
        run_id=run_id,
        project_cap=limits.max_daily_api_calls,
        org_reserve=limits.reserve_org_api_calls,
        progress=progress,
    )
    url = project.spark_url()
    with (
        closing(Line()) if line is None else nullcontext(line) as kept,
        open_cluster(url) if url else nullcontext() as cluster,
    ):
        connection = Connection(project, store, meter, clock, kept)
        connection.look()
        runs = RunLog(store, clock)
        yield Bench(project, options, store, runs, connection, meter, clock, progress, cluster)


def read_source(bench: Bench, syncs: tuple[Sync, ...]) -> Reading:
    """Stage the source: whole, or since the oldest watermark of the syncs when each has one."""
    config = bench.project.config.source
    bench.progress.begin("reading the source", None)
    try:
        if bench.cluster is not None:
            return _read_there(bench, bench.cluster, syncs)
        take_over(bench.store, bench.clock.now())
        attach = bench.project.attach_target()
        source = Source(bench.store, config, base=bench.project.base, attach=attach)
        states = [bench.runs.sync_state(sync.name, sync.object) for sync in syncs]
        # another rule or other profiles make other members of rows that say that nothing has changed
        alike = all(
            state.backfilled and state.profiles_basis == profiles_basis(bench.project, sync)
            for sync, state in zip(syncs, states, strict=True)
        )
        pushed = alike and bench.options.pushed
        since = _since(bench, source, states) if alike and not pushed else None
        members_since = None if since is None else _members_since(bench, source, syncs, states)
        columns = source.stage(since=since, memberships_since=members_since, later=pushed)
        for sync in syncs:
            check_columns(bench.project, list(columns), sync)
        if (pushed or since is not None) and any(
            state.basis != read_sources(bench.store, bench.project, sync, columns, None).basis
            for sync, state in zip(syncs, states, strict=True)
        ):
            pushed, since = False, None  # after a change of the mapping every member is compared anew
            columns = source.stage(since=None)
        totals = SourceTotals.of_nothing() if pushed else source.check(since=since)
    finally:
        bench.progress.end()
    return Reading(source, columns, totals, pushed)


def _read_there(bench: Bench, cluster: Cluster, syncs: tuple[Sync, ...]) -> Reading:
    """Look at the source where it is; its rows stay there."""
    source = SparkSource(bench.store, cluster, bench.project.config.source)
    columns = source.stage()
    for sync in syncs:
        check_columns(bench.project, list(columns), sync)
    return Reading(source, columns, source.check())


def _since(bench: Bench, source: Source, states: list[SyncState]) -> str | None:
    if bench.options.full or bench.options.backfill or not source.incremental_possible:
        return None
    marks = [state.watermark for state in states if state.watermark]
    return source.earliest(marks) if len(marks) == len(states) else None


def _members_since(
    bench: Bench, source: Source, syncs: Sequence[Sync], states: Sequence[SyncState]
) -> str | None:
    """As `_since`; other memberships than those that were acknowledged are read whole."""
    marks = [
        state.memberships_watermark
        for sync, state in zip(syncs, states, strict=True)
        if state.memberships_watermark and state.memberships_basis == memberships_basis(bench.project, sync)
    ]
    return source.earliest_membership(marks) if marks and len(marks) == len(states) else None


def moved_on(bench: Bench, sync: Sync, planned: Plan, totals: SourceTotals) -> SyncState:
    """The state of a sync whose run has come to its end."""
    return replace(
        planned.state,
        basis=planned.basis,
        watermark=totals.watermark,
        profiles_basis=profiles_basis(bench.project, sync),
        memberships_basis=memberships_basis(bench.project, sync),
        memberships_watermark=totals.memberships.watermark,
    )


def plan_sync(bench: Bench, sync: Sync, state: SyncState, reading: Reading) -> Plan:
    """Find who differs; only if somebody does, ask describe and render them."""
    bench.progress.begin(f"{sync.name}: comparing", None)
    try:
        parked = bench.store.row("parked_count", {"sync_id": state.sync_id})["parked"]
        if parked and bench.options.retry is None:
            _objects(bench, sync)  # a change of the object lets parked rows go
        find = partial(
            find_candidates,
            bench.store,
            bench.project,
            sync,
            state,
            reading.columns,
            totals=reading.totals,
            reader=reading.source,
            cluster=bench.cluster,
            backfill=bench.options.backfill,
            retry=bench.options.retry,
            pushed=reading.pushed,
            now=bench.clock.now(),
        )
        candidates = reading.source.forgiving(find)
        if reading.totals.since is None and not reading.pushed:
            totals = reading.totals
            if 0 < candidates.acknowledged == candidates.leavers:
                totals = reading.source.check()  # perhaps the source was emptied after it had been counted
            check_source(
                profiles=totals.profiles,
                acknowledged=candidates.acknowledged,
                allowed=bench.options.allowed,
            )
        if not reading.pushed:
            check_listed(candidates, reading.source.memberships_are_gone, bench.options.allowed)
        if candidates.count == 0:
            return nothing_to_do(candidates)
        objects = _objects(bench, sync)
        check_affinities(
            bench.store,
            candidates,
            objects[-1],
            relations=bench.project.config.source.affinities,
            widen=reading.source.widen,
            allowed=bench.options.allowed,
        )
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
            place = None if bench.cluster else failing_place(bench.store, bench.project, sync)
            raise blamed(failure, place) from None
        raise
    finally:
        bench.progress.end()
    check_plan(planned, bench.options.allowed)
    if not sync.match_fields and not candidates.acknowledged:
        others = [one for one in bench.project.config.syncs if one.name != sync.name]
        known = [bench.runs.sync_state(one.name, one.object).sync_id for one in others]
        found = [one for one in bench.runs.besides(known) if one.profiles]
        if all(one.sync_id != state.sync_id for one in found):  # it has made none itself
            alike = [one for one in found if one.object.lower() == sync.object.lower()]
            check_name(planned, alike, bench.options.allowed)
    return planned


def settle_forsaken(bench: Bench, syncs: Sequence[Sync], run_id: str | None) -> list[ForsakenSync]:
    """What syncs that the config names no more have sent is asked for; nothing of it is sent again.

    Args:
        bench: What the stages share.
        syncs: Those that are run.
        run_id: The run; None: a plan, which asks nothing.

    Returns:
        Those that somebody should know of: they still wait for answers, or one of `syncs` is new, for the
        same object, and may be one of them under another name.
    """
    states = {one.name: bench.runs.sync_state(one.name, one.object) for one in bench.project.config.syncs}
    known = [state.sync_id for state in states.values()]
    unheard = bench.runs.unheard_besides(known)
    troubles = {}
    if run_id is not None:
        for one in unheard:
            try:
                _settle_forsaken(bench, one["sync_id"], one["name"], run_id)
            except AudienceSyncError as error:  # it holds up nobody
                troubles[one["sync_id"]] = trouble_of(error)
    new = {one.object.lower() for one in syncs if not states[one.name].backfilled}
    return [
        ForsakenSync(one, troubles.get(one.sync_id))
        for one in (bench.runs.besides(known) if unheard or new else ())
        if one.unknown or (one.members and one.object.lower() in new)
    ]


def _settle_forsaken(bench: Bench, sync_id: int, name: str, run_id: str) -> None:
    bench.meter.turn_to(name, None)
    ledger = LedgerWriter(
        bench.store,
        bench.clock,
        run_id=run_id,
        sync_id=sync_id,
        terms="",
        matched_by=(),
        passing=bench.connection.passing_codes,
    )
    target = Target(bench.connection.describe, WriteOptions())
    recover(ledger, bench.connection.org, target, bench.clock.now(), forsaken=True)


def settle_earlier(bench: Bench, sync: Sync, ledger: LedgerWriter) -> None:
    """What a killed run left without an answer is asked for before anything new is planned."""
    if ledger.open_batches():
        target = _target(bench, sync, _objects(bench, sync))
        insist = (codes := bench.options.retry) is not None and (not codes or "ANSWER_LOST" in codes)
        recover(ledger, bench.connection.org, target, bench.clock.now(), insist=insist)
    else:
        ledger.drop_waiting()


def export(bench: Bench, sync: Sync, planned: Plan, ledger: LedgerWriter) -> None:
    """Send the intents of a plan."""
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
    objects = [describe(sync.object, sync.own_fields)]
    if sync.try_first:
        objects.insert(0, describe(sync.try_first.object, sync.first_fields))
    return [with_parents(bench.project, sync, one, describe) for one in objects]


def _target(bench: Bench, sync: Sync, objects: Sequence[ObjectType]) -> Target:
    options = WriteOptions(
        duplicate_allow_save=sync.duplicate_rule is DuplicateRule.ALLOW_SAVE,
        assignment_rule=sync.assignment_rule,
    )
    known = {one.name: one for one in objects}
    return Target(lambda name: known.get(name) or bench.connection.describe(name), options)
