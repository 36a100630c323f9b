"""What happened so far, from the store: runs, the syncs now, and everything sent for one member."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from audiencesync.config.load import Project
from audiencesync.config.models import Sync
from audiencesync.errors import UsageError
from audiencesync.ledger.meter import WINDOW, stored_time
from audiencesync.records import Route
from audiencesync.store import Store

LATEST = "latest"
"""What names the newest run."""

SCHEMA_VERSION = 1
_NAMED = 5
_PLAN_NUMBERS = ("members", "entered", "exited", "changed", "unchanged")
_OUTCOME_NUMBERS = ("accepted", "created", "updated", "rejected", "invalid", "unknown")


def runs(store: Store, *, limit: int | None = None) -> list[dict[str, Any]]:
    """The runs so far, newest first.

    Args:
        store: Where they are kept.
        limit: At most so many; None for all.

    Returns:
        Per run its id, command, version, status, times (ISO 8601, UTC), error, and under `syncs` the
        documents that `run --json` printed.
    """
    return _documents(store, store.rows("audit_runs", {"size": limit, "run_id": None}))


def run_document(store: Store, run_id: str) -> dict[str, Any]:
    """One run, as `runs` lists it.

    Args:
        store: Where it is kept.
        run_id: Its id, the beginning of no other run's id, or `latest`.

    Raises:
        UsageError: No run, or more than one, goes by that name.
    """
    (document,) = _documents(
        store, store.rows("audit_runs", {"size": None, "run_id": find_run(store, run_id)})
    )
    return document


def find_run(store: Store, run_id: str) -> str:
    """The whole id of the run that is meant.

    Args:
        store: Where the runs are kept.
        run_id: An id, the beginning of no other run's id, or `latest`.

    Raises:
        UsageError: No run, or more than one, goes by that name.
    """
    wanted = run_id.strip()
    if wanted == LATEST:
        wanted = ""
    elif not wanted:
        raise UsageError("the run's id is empty", hint=f"give an id of `audiencesync runs`, or {LATEST!r}")
    found = _run_names(store, wanted)
    if len(found) == 1 or (found and not wanted):
        return found[0]
    if found:
        raise UsageError(
            f"more than one run begins with {wanted!r}", hint=f"the newest of them are {', '.join(found)}"
        )
    newest = _run_names(store, "")
    if not newest:
        raise UsageError("there is no run yet", hint="`audiencesync run` makes the first")
    raise UsageError(f"there is no run {wanted!r}", hint=f"the newest runs are {', '.join(newest)}")


def status(store: Store, project: Project, *, now: datetime | None = None) -> dict[str, Any]:
    """The syncs of a project as they stand.

    Args:
        store: Where their state is kept.
        project: Says which syncs there are, and how many API calls they may spend.
        now: The end of the 24 hours that API calls are counted in; None for the machine's time.

    Returns:
        A document: under `syncs` one object a configured sync, under `api_calls` those of the project, and
        under `forsaken`, if there are any, syncs of the store that the config names no more.
    """
    moment = now or datetime.now(UTC)
    calls = store.rows("audit_calls", {"since": stored_time(moment - WINDOW)})
    places = [
        store.row("audit_sync", {"name": sync.name, "object": sync.object}) for sync in project.config.syncs
    ]
    document = {
        "schema_version": SCHEMA_VERSION,
        "syncs": [
            _sync_status(store, sync, place, calls)
            for sync, place in zip(project.config.syncs, places, strict=True)
        ],
        "api_calls": _calls(calls, project.config.connection.max_daily_api_calls),
    }
    known = [place["sync_id"] for place in places if place["sync_id"] is not None]
    forsaken = [
        {name: row[name] for name in ("name", "object", "members", "unknown")}
        for row in store.rows("syncs_besides", {"known": known})
        if row["members"] or row["unknown"]
    ]
    return document | ({"forsaken": forsaken} if forsaken else {})


def history(store: Store, key: str) -> list[dict[str, Any]]:
    """Everything that was ever sent for one member, oldest first.

    The profiles are found by any of their pushes and then shown whole: a member whose match value has
    changed, or whose record had no Id at first, keeps its story.

    Args:
        store: Where the ledger is.
        key: A profile key or match value (case and surrounding space do not matter), or a Salesforce Id.

    Returns:
        The audit rows: times as ISO 8601 text in UTC, `changed` as field -> [before, after]. Empty when
        nothing was ever sent under that key.
    """
    store.run("audit_push")
    keys = [row["profile_key"] for row in store.rows("audit_history_keys", {"key": key})]
    found = store.rows("audit_history", keys=keys) if keys else []
    return [{**row, "changed": json.loads(row["changed"])} for row in found]


def ledger_since(store: Store) -> str | None:
    """Since when the ledger is whole (ISO 8601, UTC); None when nothing was ever dropped from it."""
    return iso_text(store.row("ledger_since")["kept_since"])


def iso_text(moment: datetime | None) -> str | None:
    """A time of the store, which is UTC without a zone, as ISO 8601 text to the second."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def outcome_counts(store: Store, run_id: str, sync_id: int) -> Mapping[str, int]:
    """How the pushes of a run and sync ended, as the ledger knows it now."""
    return store.row("run_counts", {"run_id": run_id, "sync_id": sync_id})


def _run_names(store: Store, prefix: str) -> list[str]:
    return [row["run_id"] for row in store.rows("audit_run_names", {"prefix": prefix, "size": _NAMED})]


def _documents(store: Store, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    syncs: dict[str, list[dict[str, Any]]] = {row["run_id"]: [] for row in found}
    for row in store.rows("audit_run_syncs", {"run_ids": list(syncs)}):
        syncs[row["run_id"]].append(_sync_document(store, row))
    return [
        {
            **row,
            "started_at": iso_text(row["started_at"]),
            "finished_at": iso_text(row["finished_at"]),
            "syncs": syncs[row["run_id"]],
        }
        for row in found
    ]


def _sync_document(store: Store, row: Mapping[str, Any]) -> dict[str, Any]:
    if row["document"] is not None:
        document: dict[str, Any] = json.loads(row["document"])
        return document
    return _killed(store, row)


def _killed(store: Store, row: Mapping[str, Any]) -> dict[str, Any]:
    """A sync whose run was killed before it could close its books: what the ledger knows of it."""
    counts = outcome_counts(store, row["run_id"], row["sync_id"])
    return {
        "name": row["name"],
        "status": "failed",
        "mode": None,
        **dict.fromkeys(_PLAN_NUMBERS, 0),
        "planned": sum(counts[name] for name in ("accepted", "rejected", "invalid", "unknown")),
        **{name: counts[name] for name in _OUTCOME_NUMBERS},
        **dict.fromkeys(("deferred", "unmatched", "parked", "without_profile"), 0),
        "routes": {route.value: counts[route.value] for route in Route},
        "api_calls": int(store.row("run_api_calls", {"run_id": row["run_id"], "sync": row["name"]})["calls"]),
        "seconds": 0.0,
        "error": {
            "kind": "Interrupted",
            "message": "the run was killed before it could close its books; its plan's numbers are not known",
            "hint": "run again: what was sent is settled first",
        },
    }


def _sync_status(
    store: Store, sync: Sync, place: Mapping[str, Any], calls: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    recent = store.rows("audit_sync_runs", {"sync_id": place["sync_id"]})
    last = recent[0] if recent else None
    success = next((row for row in recent if row["status"] == "succeeded"), None)
    ended = _refused(store, last, place["sync_id"])
    return {
        "name": sync.name,
        "object": sync.object,
        "members": place["members"],
        "unknown": place["unknown"],
        "rejected": ended["rejected"],
        "invalid": ended["invalid"],
        "parked": [
            {**row, "since": iso_text(row["since"])}
            for row in store.rows("audit_parked", {"sync_id": place["sync_id"]})
        ],
        "watermark": place["watermark"],
        "backfilled_at": iso_text(place["backfilled_at"]),
        "last_run": _short(last),
        "last_success": _short(success),
        "api_calls": _calls([row for row in calls if row["sync"] == sync.name], sync.max_daily_api_calls),
    }


def _refused(store: Store, last: Mapping[str, Any] | None, sync_id: int) -> Mapping[str, int]:
    """Rows that a run did not bring in; of one from before the ledger is whole, by its own word."""
    if last is None:
        return {"rejected": 0, "invalid": 0}
    kept_since = store.row("ledger_since")["kept_since"]
    if last["document"] and kept_since is not None and last["started_at"] < kept_since:
        document: dict[str, int] = json.loads(last["document"])
        return document
    return outcome_counts(store, last["run_id"], sync_id)


def _short(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "run_id": row["run_id"],
        "status": row["status"],
        "started_at": iso_text(row["started_at"]),
        "finished_at": iso_text(row["finished_at"]),
        "error": row["error"],
    }


def _calls(calls: Iterable[Mapping[str, Any]], cap: int | None) -> dict[str, Any]:
    by_kind: dict[str, int] = {}
    for row in calls:
        by_kind[row["kind"]] = by_kind.get(row["kind"], 0) + row["calls"]
    spent = sum(by_kind.values())
    return {
        "last_24_hours": spent,
        "by_kind": dict(sorted(by_kind.items())),
        "cap": cap,
        "left": None if cap is None else max(0, cap - spent),
    }
