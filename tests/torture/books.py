"""What a store says, read between runs."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.world import opened

STATE = ("acknowledged", "payload", "record", "pending", "outbox", "parked", "sync")
_ACCEPTED = """
SELECT profile_key, action, ledger.after
FROM ledger WHERE outcome = 'accepted' ORDER BY answered_at, attempt, seq
"""


@dataclass
class Books:
    """What the store says.

    Attributes:
        ledger: Every row of it.
        record: Profile -> its records.
        parked: Profile -> error code.
        payload: Profile -> values last accepted.
        told: Profile -> the same, by the ledger alone.
        calls: Billed calls, ever; `recent` those of the last 24 hours.
        state: Changes when anything of the state does; empty as long as there is no store.
    """

    ledger: Counter[str] = field(default_factory=Counter)
    record: dict[str, list[str]] = field(default_factory=dict)
    parked: dict[str, str] = field(default_factory=dict)
    payload: dict[str, dict[str, str | None]] = field(default_factory=dict)
    told: dict[str, dict[str, str | None]] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    outbox: int = 0
    calls: int = 0
    recent: int = 0
    state: tuple[Any, ...] = ()


def read_books(folder: Path, ahead_s: float) -> Books:
    """What the store in a folder says, `ahead_s` seconds from now."""
    path = folder / "store.duckdb"
    if not path.exists():
        return Books()
    with reading(path) as rows:
        record: dict[str, list[str]] = {}
        for key, record_id in rows("SELECT profile_key, salesforce_id FROM record ORDER BY ALL"):
            record.setdefault(key, []).append(record_id)
        told: dict[str, dict[str, str | None]] = {}
        for key, action, after in rows(_ACCEPTED):
            fields = told.setdefault(key, {})
            if action in {"exit", "delete"}:
                fields.clear()
            else:
                fields |= json.loads(after)
        since = f"now() AT TIME ZONE 'UTC' + INTERVAL '{ahead_s - 86_400} seconds'"
        return Books(
            ledger=Counter(str(row) for row in rows("FROM ledger")),
            record=record,
            parked=dict(rows("SELECT profile_key, error_code FROM parked")),
            payload={key: json.loads(kept) for key, kept in rows("SELECT profile_key, fields FROM payload")},
            told=told,
            acknowledged={row[0] for row in rows("SELECT profile_key FROM acknowledged")},
            outbox=len(rows("FROM outbox")),
            calls=rows("SELECT count(*) FROM api_call")[0][0],
            recent=rows(f"SELECT count(*) FROM api_call WHERE called_at > {since}")[0][0],
            state=tuple(rows(f"SELECT count(*), sum(hash(row)) FROM {name} AS row") for name in STATE),
        )


@contextmanager
def reading(path: Path) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    with opened(path, read_only=True) as store:
        yield lambda query: store.execute(query).fetchall()
