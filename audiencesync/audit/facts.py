"""What the page of one run shows, read from the store."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from audiencesync.audit.charts import step_of
from audiencesync.audit.looking import outcome_counts, run_document
from audiencesync.records import OutcomeKind
from audiencesync.store import Store

SHOWN_ROWS = 5_000
"""Pushes that the page shows; a browser stays quick with so many."""

OUTCOMES = tuple(kind.value for kind in OutcomeKind)
_ENDS = ("accepted", "rejected", "invalid", "unknown")


@dataclass(frozen=True, slots=True)
class SyncFacts:
    """One sync of the run.

    Attributes:
        document: What the run said of it at its end.
        ended: How its rows ended, as the ledger knows it now; as the run said it, once pushes were dropped.
        dropped: Rows whose pushes the ledger has no more.
    """

    name: str
    object: str
    document: Mapping[str, Any]
    ended: Mapping[str, int]
    dropped: int = 0

    @property
    def earlier(self) -> int:
        """Rows of earlier runs that were without an answer still when the run ended."""
        return int(self.document.get("unknown_earlier", 0))

    @property
    def adds_up(self) -> bool:
        """What was planned is what has an outcome."""
        return bool(self.document["planned"] == sum(self.ended[name] for name in _ENDS) + self.earlier)

    @property
    def settled_since(self) -> int:
        """Rows that had no answer when the run ended, and have one now."""
        return max(0, int(self.document["unknown"]) - self.earlier - self.ended["unknown"])


@dataclass(frozen=True, slots=True)
class Problem:
    """Rows that were not accepted for one reason."""

    sync: str
    outcome: str
    code: str
    rows: int
    message: str | None
    keys: Sequence[str]
    cure: str


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts by outcome, a bar of a chart and a row of its table."""

    label: str
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """All outcomes together."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Pace:
    """Answers over the time of the run, in slots of `step` seconds."""

    step: int
    slots: Sequence[Tally]


@dataclass(frozen=True, slots=True)
class Push:
    """One push of a row, with its changes as field, before, after."""

    row: Mapping[str, Any]
    fields: Sequence[tuple[str, str | None, str | None]]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Everything but the pushes themselves.

    Attributes:
        pushes: Rows and attempts.
        rows: Rows, however often they were tried.
        kept_since: Since when the ledger is whole; None: nothing was ever dropped.
    """

    run: Mapping[str, Any]
    started: datetime
    finished: datetime | None
    syncs: Sequence[SyncFacts]
    pushes: int
    rows: int
    reasons: Sequence[Tally]
    pace: Pace | None
    problems: Sequence[Problem]
    fields: Sequence[Mapping[str, Any]]
    kept_since: datetime | None

    @property
    def dropped(self) -> int:
        """Rows whose pushes the ledger has no more."""
        return sum(sync.dropped for sync in self.syncs)

    @property
    def earlier(self) -> int:
        """Rows of earlier runs that were without an answer still when the run ended."""
        return sum(sync.earlier for sync in self.syncs)

    @property
    def totals(self) -> Mapping[str, int]:
        """Rows by outcome, all syncs together."""
        return {name: sum(tally.counts[name] for tally in self.reasons) for name in OUTCOMES}


def gather(store: Store, run_id: str, *, cure: Callable[[str], str]) -> RunFacts:
    """Read what the page shows of a run.

    Args:
        store: Where the ledger is.
        run_id: The whole id of a run that exists.
        cure: Error code -> what a person does about it.
    """
    store.run("audit_push")
    store.run("audit_last", run_id=run_id)
    (times,) = store.rows("audit_runs", {"size": None, "run_id": run_id})
    run = run_document(store, run_id)
    kept_since = store.row("ledger_since")["kept_since"]
    syncs = _syncs(store, run, dropped=kept_since is not None and times["started_at"] < kept_since)
    totals = store.row("audit_page_totals", {"run_id": run_id, "until": times["finished_at"]})
    reasons = _reasons(store, several=len(syncs) > 1)
    return RunFacts(
        run=run,
        started=times["started_at"],
        finished=times["finished_at"],
        syncs=syncs,
        pushes=totals["pushes"],
        rows=sum(tally.total for tally in reasons),
        reasons=reasons,
        pace=_pace(store, run_id, times, totals),
        problems=[Problem(**{**row, "cure": cure(row["code"])}) for row in store.rows("audit_page_problems")],
        fields=store.rows("audit_page_fields", {"run_id": run_id}),
        kept_since=kept_since,
    )


def pushes(store: Store, run_id: str) -> Iterator[Push]:
    """The pushes that the page shows, in the order of the audit rows."""
    for row in store.rows("audit_page_rows", {"run_id": run_id, "size": SHOWN_ROWS}):
        changed = json.loads(row["changed"])
        yield Push(row, [(name, before, after) for name, (before, after) in changed.items()])


def _syncs(store: Store, run: Mapping[str, Any], *, dropped: bool) -> list[SyncFacts]:
    run_id, documents = run["run_id"], run["syncs"]
    found = store.rows("audit_run_syncs", {"run_ids": [run_id]})
    return [
        _sync(row, document, outcome_counts(store, run_id, row["sync_id"]), dropped=dropped)
        for row, document in zip(found, documents, strict=True)
    ]


def _sync(
    row: Mapping[str, Any], document: Mapping[str, Any], ended: Mapping[str, int], *, dropped: bool
) -> SyncFacts:
    """A run from before the ledger is whole may have lost pushes: its own word stands for them."""
    facts = SyncFacts(row["name"], row["object"], document, ended)
    gone = document["planned"] - sum(ended[name] for name in _ENDS) - facts.earlier if dropped else 0
    if gone <= 0:
        return facts
    said = {**document, **document["routes"], "unknown": document["unknown"] - facts.earlier}
    return replace(facts, ended={name: said[name] for name in ended}, dropped=gone)


def _reasons(store: Store, *, several: bool) -> list[Tally]:
    found = store.rows("audit_page_reasons")
    label = itemgetter("sync", "reason")
    return [
        Tally(": ".join(key) if several else key[1], _counts(rows)) for key, rows in groupby(found, key=label)
    ]


def _counts(rows: Iterator[Mapping[str, Any]]) -> dict[str, int]:
    counts = dict.fromkeys(OUTCOMES, 0)
    for row in rows:
        counts[row["outcome"]] += row["rows"]
    return counts


def _pace(store: Store, run_id: str, times: Mapping[str, Any], totals: Mapping[str, Any]) -> Pace | None:
    """Answers over time; None when none came while the run was at work."""
    if totals["last"] is None:
        return None
    start: datetime = times["started_at"]
    step = step_of((totals["last"] - start).total_seconds())
    found = store.rows(
        "audit_page_times", {"run_id": run_id, "start": start, "step": step, "until": times["finished_at"]}
    )
    by_slot = {slot: _counts(rows) for slot, rows in groupby(found, key=itemgetter("slot"))}
    return Pace(
        step,
        [
            Tally(_elapsed(slot * step), by_slot.get(slot, dict.fromkeys(OUTCOMES, 0)))
            for slot in range(max(by_slot) + 1)
        ],
    )


def _elapsed(seconds: int) -> str:
    """Time since the start: 0:05, 12:05, 1:02:05."""
    whole = str(timedelta(seconds=seconds))
    return whole.removeprefix("0:").removeprefix("0")
