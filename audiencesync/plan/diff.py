"""The diff: who entered, who left, and whose fields changed, against what Salesforce acknowledged.

Two steps, both in SQL. `find_candidates` (plan/candidates.py) compares fingerprints and audience masks and
needs nothing of Salesforce; most runs end there. `make_plan` renders only the candidates and says what each
needs.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from audiencesync.config.load import Project
from audiencesync.config.models import OnExit, Sync
from audiencesync.objects import ObjectType
from audiencesync.plan.candidates import Candidates
from audiencesync.plan.fields import cleared_never, plan_fields
from audiencesync.plan.lookup import Finder, look_up
from audiencesync.plan.matching import check_first, matching_of
from audiencesync.plan.picklists import Picklists, narrow
from audiencesync.plan.routes import Room, choose_routes, weigh
from audiencesync.plan.shared import shared_records
from audiencesync.records import Matching, Mode, PlanTotals, RoutePlan, SharedRecords, SyncState
from audiencesync.store import Store, json_shape

_PART_ROWS = 2_000_000
"""Most rows that are rendered or decided at once: where memory is short, a join puts aside all it reads."""

_READ_BY_CHANGE = ("plan_rendered", "plan_acked", "plan_identity", "plan_holder")


class _Part(NamedTuple):
    """Some rows of a table, by their numbers: from `start` up to but not including `end`."""

    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do for one sync; its rows are in `plan_change`.

    Attributes:
        shared: Records that another sync writes, too.
    """

    sync: Sync
    state: SyncState
    mode: Mode
    basis: str
    totals: PlanTotals
    routes: RoutePlan = field(default_factory=RoutePlan)
    shared: tuple[SharedRecords, ...] = ()

    @property
    def rebased(self) -> bool:
        """The mapping is another than the one that fingerprints were taken with."""
        return self.state.basis != self.basis


def make_plan(
    store: Store,
    project: Project,
    candidates: Candidates,
    objects: Sequence[ObjectType],
    *,
    finder: Callable[[], Finder],
    picklists: Picklists,
    room: Room,
) -> Plan:
    """Render the candidates, look up the records that are not known, and decide what each member needs.

    Args:
        store: Holds `plan_candidate`.
        project: The config, for places in errors.
        candidates: What `find_candidates` found.
        objects: The sync's object as describe tells it, after the one that is tried first if there is one.
        finder: Salesforce, for look-ups.
        picklists: Tells what a record type leaves of them.
        room: What may be spent, and on what.

    Returns:
        The plan; its rows are in `plan_change`.

    Raises:
        ConfigError: A mapped field does not exist or cannot be written, or nothing can be matched by.
    """
    sync, state = candidates.sync, candidates.state
    *others, target = objects
    first = others[0] if others else None
    fields = narrow(store, plan_fields(project, sync, candidates.sources, target), target, picklists)
    matching = matching_of(project, sync, target, first)
    if first is not None:
        check_first(project, sync, first)
    names = [field.name for field in fields]
    parent = _parent(names, target)
    parts = tuple(_parts(candidates.count))
    for part in parts:
        store.run(
            "plan_rendered",
            words=candidates.words,
            row_hash=candidates.sources.row_hash,
            fields=fields,
            match=_match(matching, {name: f"value_{place}" for place, name in enumerate(names)}),
            unfit=candidates.unfit,
            part=part,
        )
    store.run("let_go", tables=["plan_touched"])
    store.run("plan_record", {"sync_id": state.sync_id, "objects": [one.name for one in objects]})
    store.run(
        "plan_acked",
        {"sync_id": state.sync_id},
        fields=fields,
        shape=json_shape(names),
        match=_match(matching, {name: f"acked_{place}" for place, name in enumerate(names)}),
        parent=f"acked_{names.index(parent)}" if parent else None,
    )
    store.run("plan_rekeyed")
    look_up(store, sync, matching, objects, finder=finder)
    store.run("plan_holder", {"sync_id": state.sync_id})
    common = {"way": matching.way.value, "mode": sync.mode.value, "object": target.name}
    store.run(
        "plan_identity",
        {
            **common,
            "match_fields": list(matching.fields),
            "scales": [
                kind.scale if (kind := target.field(name)) and kind.is_number else None
                for name in matching.fields
            ],
            "on_multiple": sync.on_multiple.value,
        },
    )
    held: list[str] = []
    if candidates.leavers and sync.on_exit is OnExit.CLEAR_ALL:
        held = [row["field"] for row in store.rows("plan_exit_fields")]
    kept = [f"{one.name}.{field}" for one in objects for field in cleared_never(held, fields, sync, one)]
    omitted = [_spelt(name, target) for name in (sync.try_first.omit if sync.try_first else ())]
    for part in parts:
        store.run(
            "plan_change",
            {
                **common,
                "backfill": candidates.mode is Mode.BACKFILL,
                "everything": candidates.everything,
                "rebased": state.basis != candidates.sources.basis,
                "on_exit": sync.on_exit.value,
                "omitted": omitted,
                "audiences_field": _spelt(sync.send_audiences_to, target),
                "kept": kept,
                "checkboxes": [kind.name for kind in target.fields.values() if kind.type == "boolean"],
            },
            words=candidates.words,
            fields=fields,
            leavers=candidates.leavers > 0 and part.start == 0,
            omitted=omitted,
            parent=f"value_{names.index(parent)}" if parent else None,
            part=part,
        )
    store.run("let_go", tables=_READ_BY_CHANGE)
    if candidates.retried:
        store.run("plan_retried")
    totals = _totals(store.row("plan_totals", {"sync_id": state.sync_id}), candidates)
    routes = choose_routes(sync, matching, weigh(store, totals.sends), room)
    shared = tuple(shared_records(store, project, sync))
    return Plan(sync, state, candidates.mode, candidates.sources.basis, totals, routes, shared)


def nothing_to_do(candidates: Candidates) -> Plan:
    """The plan of a sync without a candidate: Salesforce is not asked at all."""
    members = candidates.acknowledged
    totals = PlanTotals(
        acknowledged=members,
        members=members,
        unchanged=members,
        unmatched=candidates.unmatched,
        parked=candidates.parked,
        without_profile=candidates.listed.without_profile,
    )
    return Plan(candidates.sync, candidates.state, candidates.mode, candidates.sources.basis, totals)


def sample(store: Store, size: int) -> list[dict[str, Any]]:
    """Some rows of the plan just made, to look at."""
    rows = store.rows("plan_sample", {"size": size})
    return [{**row, "changed": json.loads(row["changed"])} for row in rows]


def _parts(rows: int) -> Iterator[_Part]:
    """Parts of a table of so many rows; the last has no end, as rows that are gone keep their numbers."""
    for start in range(0, max(rows, 1), _PART_ROWS):
        end = start + _PART_ROWS
        yield _Part(start, end if end < rows else None)


def _totals(row: Mapping[str, int], candidates: Candidates) -> PlanTotals:
    row = {**row, "unmatched": row["unmatched"] + candidates.unmatched}
    members = row["acknowledged"] + row["entered"] - row["exited"]
    unchanged = members - row["entered"] - row["changed"]
    return PlanTotals(
        members=members,
        unchanged=unchanged,
        parked=candidates.parked,
        without_profile=candidates.listed.without_profile,
        **{name: int(value) for name, value in row.items()},
    )


def _match(matching: Matching, values: Mapping[str, str]) -> list[dict[str, object]]:
    """What match_columns.sql is filled with: field -> SQL of its value."""
    return [
        {"value": values.get(name, "CAST(NULL AS VARCHAR)"), "exact": name in matching.exact}
        for name in matching.fields
    ]


def _parent(sent: Sequence[str], target: ObjectType) -> str | None:
    """The field whose record is locked while a row is written; everybody shares owners and record types."""
    for name in sent:
        relation = name.split(":")[-1].split(".")[0]
        kind = target.field(name)
        refers = "." in name or (kind is not None and kind.type == "reference")
        if refers and relation not in {"Owner", "OwnerId", "RecordType", "RecordTypeId"}:
            return name
    return None


def _spelt(name: str | None, target: ObjectType) -> str | None:
    """A configured field name as describe spells it."""
    kind = target.field(name) if name else None
    return kind.name if kind else name
