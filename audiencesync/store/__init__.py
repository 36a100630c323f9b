"""The DuckDB file: profiles' acknowledged state, the outbox, the ledger, and every SQL statement."""

from audiencesync.store.database import (
    ColumnType,
    SqlFailed,
    Store,
    StoreHeld,
    quote_name,
    quote_text,
    templates,
)
from audiencesync.store.waiting import open_when_free

__all__ = [
    "ColumnType",
    "SqlFailed",
    "Store",
    "StoreHeld",
    "open_when_free",
    "quote_name",
    "quote_text",
    "templates",
]
