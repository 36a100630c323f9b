"""The diff: who entered, who left, and whose fields changed, against what Salesforce acknowledged.

Two steps, both in SQL. `find_candidates` compares fingerprints and audience masks and needs nothing of
Salesforce; most runs end here. `make_plan` renders only the candidates and says what each needs.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from audiencesync.config.load import Project
from audiencesync.config.models import Sync
from audiencesync.objects import ObjectType
from audiencesync.plan.fields import cleared_never, plan_fields
from audiencesync.plan.lookup import NO_RECORD_AGE, Finder, look_up
from audiencesync.plan.matching import check_first, matching_of
from audiencesync.plan.picklists import Picklists, narrow
from audiencesync.plan.routes import Room, choose_routes, weigh
from audiencesync.plan.sources import Sources, check_rule, read_sources
from audiencesync.records import Mode, PlanTotals, RoutePlan, SyncState
from audiencesync.store import ColumnType, Store

BITS_A_WORD = 63
"""Audiences of one mask column: the bits of a BIGINT without its sign."""

_TABLES_WITH_MASKS = ("acknowledged", "outbox", "parked")


@dataclass(frozen=True, slots=True)
class Candidates:
    """Members whose state differs, found without rendering anything.

    Attributes:
        count: Rows of `plan_candidate`.
        acknowledged: Members before the run.
        parked: Rows that stay parked.
        unmatched: Members without a record that are not looked up again yet.
        words: Mask columns in use.
        everything: Every member is sent, whole.
        retried: They are parked rows that the operator wants sent again.
    """

    sync: Sync
    state: SyncState
    mode: Mode
    sources: Sources
    count: int
    acknowledged: int
    parked: int
    unmatched: int
    words: Sequence[int]
    everything: bool
    retried: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do for one sync; its rows are in `plan_change`."""

    sync: Sync
    state: SyncState
    mode: Mode
    basis: str
    totals: PlanTotals
    routes: RoutePlan = field(default_factory=RoutePlan)

    @property
    def rebased(self) -> bool:
        """The mapping is another than the one that fingerprints were taken with."""
        return self.state.basis != self.basis


def find_candidates(
    store: Store,
    project: Project,
    sync: Sync,
    state: SyncState,
    columns: Mapping[str, ColumnType],
    *,
    since: str | None,
    backfill: bool,
    retry: Sequence[str] | None,
    now: datetime,
    fetch_missing: Callable[[], None],
) -> Candidates:
    """Find the members whose desired state differs from the acknowledged one.

    Args:
        store: Holds the staged source and the acknowledged state.
        project: The config, for places in errors.
        sync: The sync to plan.
        state: Its state before the run.
        columns: The profile columns.
        since: Where the incremental read began; None when the whole source is staged.
        backfill: Send every member again.
        retry: Look at parked rows with these error codes alone, or at all of them when there are none; None:
            look at everybody, and leave alone what is parked.
        now: The time.
        fetch_missing: Reads profiles that an incremental plan needs besides those read already.

    Returns:
        The candidates; their rows are in `plan_candidate`.

    Raises:
        ConfigError: A mapping or rule is not valid over the profile columns.
    """
    sources = read_sources(store, project, sync, columns)
    rules = {name: rule.where for name, rule in project.config.audiences.items() if name in sync.audiences}
    for name, where in rules.items():
        check_rule(store, project, name, where)
    listed = [name for name in sync.audiences if name not in rules]
    store.run("plan_bits", {"sync_id": state.sync_id, "audiences": list(sync.audiences)})
    bits = {row["audience"]: row["ordinal"] for row in store.rows("plan_bit_list")}
    words = _words(store, bits)
    if retry is not None:
        store.run("plan_retry_scope", {"sync_id": state.sync_id, "codes": list(retry)})
    elif since is not None:
        updated_at = str(project.config.source.profiles.updated_at)
        store.run(
            "plan_scope",
            {"sync_id": state.sync_id, "since": since, "listed": listed},
            words=words,
            updated_at=updated_at,
            since_type=store.columns("stage_profile")[updated_at].text,
            listed_bits={word: _bits_of(listed, bits, word) for word in words},
        )
    if since is not None:
        fetch_missing()
    scoped = since is not None or retry is not None
    store.run(
        "plan_candidate",
        {"sync_id": state.sync_id, "listed": listed, "everyone": backfill},
        words=words,
        fingerprint=sources.fingerprint,
        row_hash=sources.row_hash,
        rules={
            word: [
                {"where": where, "bit": 1 << bits[name] % BITS_A_WORD}
                for name, where in rules.items()
                if bits[name] // BITS_A_WORD == word
            ]
            for word in words
        },
        scoped=scoped,
    )
    rebased = state.basis != sources.basis
    store.run(
        "plan_parked",
        {
            "sync_id": state.sync_id,
            "everything": backfill or rebased or retry is not None,
            "stale": (now - NO_RECORD_AGE).astimezone(UTC).replace(tzinfo=None),
        },
        words=words,
        scoped=scoped,
    )
    store.run("plan_unparked")
    counts = store.row("plan_candidates_count", {"sync_id": state.sync_id})
    mode = Mode.BACKFILL if backfill or not state.backfilled else Mode.INCREMENTAL
    return Candidates(
        sync,
        state,
        mode,
        sources,
        counts["candidates"],
        counts["acknowledged"],
        counts["parked"],
        counts["unmatched"],
        words,
        everything=backfill,
        retried=retry is not None,
    )


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
    store.run(
        "plan_rendered",
        words=candidates.words,
        fingerprint=candidates.sources.fingerprint,
        row_hash=candidates.sources.row_hash,
        fields=fields,
    )
    look_up(store, sync, state.sync_id, matching, objects, finder=finder)
    store.run(
        "plan_change",
        {
            "sync_id": state.sync_id,
            "backfill": candidates.mode is Mode.BACKFILL,
            "everything": candidates.everything,
            "rebased": state.basis != candidates.sources.basis,
            "match_fields": list(matching.fields),
            "exact": list(matching.exact),
            "way": matching.way.value,
            "mode": sync.mode.value,
            "on_multiple": sync.on_multiple.value,
            "on_exit": sync.on_exit.value,
            "object": target.name,
            "omitted": [_spelt(name, target) for name in (sync.try_first.omit if sync.try_first else ())],
            "audiences_field": _spelt(sync.send_audiences_to, target),
            "kept": list(cleared_never(fields, sync, target)),
            "checkboxes": [kind.name for kind in target.fields.values() if kind.type == "boolean"],
            "parent": _parent([field.name for field in fields], target),
        },
        words=candidates.words,
    )
    if candidates.retried:
        store.run("plan_retried")
    totals = _totals(store.row("plan_totals", {"sync_id": state.sync_id}), candidates)
    routes = choose_routes(sync, matching, weigh(store), room)
    return Plan(sync, state, candidates.mode, candidates.sources.basis, totals, routes)


def nothing_to_do(candidates: Candidates) -> Plan:
    """The plan of a sync without a candidate: Salesforce is not asked at all."""
    members = candidates.acknowledged
    totals = PlanTotals(
        acknowledged=members,
        members=members,
        unchanged=members,
        unmatched=candidates.unmatched,
        parked=candidates.parked,
    )
    return Plan(candidates.sync, candidates.state, candidates.mode, candidates.sources.basis, totals)


def sample(store: Store, size: int) -> list[dict[str, Any]]:
    """Some rows of the plan just made, to look at."""
    rows = store.rows("plan_sample", {"size": size})
    return [{**row, "changed": json.loads(row["changed"])} for row in rows]


def _totals(row: Mapping[str, int], candidates: Candidates) -> PlanTotals:
    row = {**row, "unmatched": row["unmatched"] + candidates.unmatched}
    members = row["acknowledged"] + row["entered"] - row["exited"]
    unchanged = members - row["entered"] - row["changed"]
    return PlanTotals(
        members=members,
        unchanged=unchanged,
        parked=candidates.parked,
        **{name: int(value) for name, value in row.items()},
    )


def _words(store: Store, bits: Mapping[str, int]) -> Sequence[int]:
    """Mask columns for these bits; the store's tables get room for them."""
    stored = store.row("mask_words")["words"]
    needed = max(math.ceil((max(bits.values(), default=0) + 1) / BITS_A_WORD), 1)
    for word in range(stored, needed):
        for table in _TABLES_WITH_MASKS:
            store.run("add_mask_word", table=table, word=word)
    return range(max(stored, needed))


def _bits_of(names: Sequence[str], bits: Mapping[str, int], word: int) -> int:
    return sum(1 << bits[name] % BITS_A_WORD for name in names if bits[name] // BITS_A_WORD == word)


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
