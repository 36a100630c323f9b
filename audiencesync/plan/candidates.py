"""Who differs: one pass over profiles, memberships and state, which meet by a hash of their key."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from typing import Protocol

from audiencesync.cluster import Cluster
from audiencesync.config.load import Project
from audiencesync.config.models import Sync
from audiencesync.plan.listed import listed_audiences
from audiencesync.plan.lookup import NO_RECORD_AGE
from audiencesync.plan.reads import columns_read
from audiencesync.plan.sources import Sources, check_rule, read_sources, terms_of
from audiencesync.plan.touched import Listed, Question, check_touched, touch_here, touch_there
from audiencesync.plan.unfit import UNFIT, Unfit, unfit_of
from audiencesync.records import Mode, SourceTotals, SyncState
from audiencesync.store import ColumnType, Store

BITS_A_WORD = 63
"""Audiences of one mask column: the bits of a BIGINT without its sign."""

_TABLES_WITH_MASKS = ("acknowledged", "outbox", "parked")


class Reader(Protocol):
    """Who has read the source."""

    def check_keys(self) -> bool:
        """Refuse repeated keys; whether two keys that differ have the same hash.

        Raises:
            SourceError: A key is repeated.
        """
        ...

    def narrow(self, columns: Sequence[str]) -> bool:
        """Have these columns of the rows of `stage_scope` at hand; tells the same of their keys."""
        ...


@dataclass(frozen=True, slots=True)
class Candidates:
    """Members whose state differs, found without rendering anything.

    Attributes:
        count: Rows of `plan_candidate`.
        leavers: Those of them that are members no more.
        acknowledged: Members before the run.
        parked: Rows that stay parked.
        unmatched: Members without a record that are not looked up again yet.
        words: Mask columns in use.
        everything: Every member is sent, whole.
        retried: They are parked rows that the operator wants sent again.
        unfit: Who of them is held back for a value that does not fit.
        listed: What the memberships come to.
        scoped: Only those of `stage_scope` were looked at.
    """

    sync: Sync
    state: SyncState
    mode: Mode
    sources: Sources
    count: int
    leavers: int
    acknowledged: int
    parked: int
    unmatched: int
    words: Sequence[int]
    everything: bool
    retried: bool
    unfit: Unfit
    listed: Listed
    scoped: bool


def find_candidates(
    store: Store,
    project: Project,
    sync: Sync,
    state: SyncState,
    columns: Mapping[str, ColumnType],
    *,
    totals: SourceTotals,
    reader: Reader,
    cluster: Cluster | None,
    backfill: bool,
    retry: Sequence[str] | None,
    pushed: bool,
    now: datetime,
) -> Candidates:
    """Find the members whose desired state differs from the acknowledged one.

    Args:
        store: Holds the staged source and the acknowledged state.
        project: The config, for places in errors.
        sync: The sync to plan.
        state: Its state before the run.
        columns: The profile columns.
        totals: What was found when the source was staged.
        reader: Who staged it.
        cluster: Where the source is, and so who compares; None: DuckDB.
        backfill: Send every member again; a backfill that was begun goes on with those that are pending.
        retry: Look at parked rows with these error codes alone, or at all of them when there are none; None:
            look at everybody, and leave alone what is parked.
        pushed: Look at those that are pending alone, as those are that a pushed change is about.
        now: The time.

    Returns:
        The candidates; their rows are in `plan_candidate`.

    Raises:
        ConfigError: A mapping or rule is not valid over the profile columns.
        SourceError: A key is repeated, or the source changed while it was read.
    """
    resumed = state.backfilling and not backfill
    backfill = backfill or resumed
    sources, terms = read_sources(store, project, sync, columns, cluster), terms_of(sync)
    stale = (now - NO_RECORD_AGE).astimezone(UTC).replace(tzinfo=None)
    rules = {name: rule.where for name, rule in project.config.audiences.items() if name in sync.audiences}
    for name, where in rules.items():
        check_rule(store, project, name, where, cluster)
    listed = listed_audiences(project, sync)
    store.run("plan_bits", {"sync_id": state.sync_id, "audiences": list(sync.audiences)})
    bits = {row["audience"]: row["ordinal"] for row in store.rows("plan_bit_list")}
    words = _words(store, bits)
    listed_bits = {word: _bits_of(listed, bits, word) for word in words}
    if retry is not None:
        store.run("plan_retry_scope", {"sync_id": state.sync_id, "codes": list(retry)})
    elif pushed:
        store.run("plan_pushed_scope", {"sync_id": state.sync_id, "terms": terms, "stale": stale})
    elif totals.since is not None:
        dated = totals.memberships.since is not None
        updated_at = str(project.config.source.profiles.updated_at)
        store.run(
            "plan_scope",
            {"sync_id": state.sync_id, "since": totals.since, "listed": listed},
            words=words,
            dated=dated,
            compared=bool(listed) and not dated,
            updated_at=updated_at,
            since_type=store.columns("stage_profile")[updated_at].text,
            listed_bits=listed_bits,
        )
    scoped = pushed or totals.since is not None or retry is not None
    read = columns_read(sync, list(rules.values()), columns)
    shared_hashes = reader.narrow(read) if scoped else totals.shared_hashes
    store.run("plan_listed", {"listed": listed}, words=words)
    at_hand = scoped and cluster is None
    kept = {"_profile_key", UNFIT, *read}
    staged = [
        name for name in store.columns("stage_scoped_profile" if at_hand else "stage_profile") if name in kept
    ]
    unfit = unfit_of(sync, list(rules.values()), columns) if UNFIT in staged else Unfit()
    sources = replace(sources, row_hash=unfit.row_hash(sources.row_hash))
    question = Question(
        state.sync_id,
        words,
        rules={
            word: [
                {"where": where, "bit": 1 << bits[name] % BITS_A_WORD}
                for name, where in rules.items()
                if bits[name] // BITS_A_WORD == word
            ]
            for word in words
        },
        ruled=bool(rules),
        scoped=scoped,
        everyone=backfill,
        columns=staged,
        unfit=unfit,
        listed_bits=listed_bits,
    )
    if cluster is None:
        found = touch_here(store, question, sources, shared_hashes=bool(shared_hashes))
        if shared_hashes is None and not _proven(store, state, totals.profiles) and reader.check_keys():
            found = touch_here(store, question, sources, shared_hashes=True)
    else:
        found = touch_there(store, cluster, question, sources)
    if not at_hand:  # of what is at hand the keys were looked at, and it is not read again
        check_touched(store)
    store.run(
        "plan_candidate",
        {"sync_id": state.sync_id},
        words=words,
        columns=staged,
        row_hash=sources.row_hash,
        unfit=unfit,
        resumed=resumed,
    )
    store.run(
        "plan_parked",
        {
            "sync_id": state.sync_id,
            "everything": backfill or retry is not None,
            "terms": terms,
            "stale": stale,
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
        counts["leavers"],
        counts["acknowledged"],
        counts["parked"],
        counts["unmatched"],
        words,
        everything=backfill,
        retried=retry is not None,
        unfit=unfit,
        listed=found,
        scoped=scoped,
    )


def _proven(store: Store, state: SyncState, profiles: int) -> bool:
    """No two profiles have one hash of their keys; False: nothing is known."""
    return bool(store.row("plan_proven", {"sync_id": state.sync_id, "profiles": profiles})["proven"])


def _words(store: Store, bits: Mapping[str, int]) -> Sequence[int]:
    """Mask columns for these bits; the store's tables get room for them."""
    stored = store.row("mask_words")["words"]
    needed = max(math.ceil((max(bits.values(), default=0) + 1) / BITS_A_WORD), 1)
    if stored < needed:
        with store.transaction():  # a table without its word is one that no later run could plan with
            for table, word in product(_TABLES_WITH_MASKS, range(stored, needed)):
                store.run("add_mask_word", table=table, word=word)
    return range(max(stored, needed))


def _bits_of(names: Sequence[str], bits: Mapping[str, int], word: int) -> int:
    return sum(1 << bits[name] % BITS_A_WORD for name in names if bits[name] // BITS_A_WORD == word)
