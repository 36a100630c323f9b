"""The DuckDB file: profiles' acknowledged state, the outbox, the ledger, and every SQL statement."""

from audiencesync.store.column_types import EXACT, WHOLE_NUMBERS, ColumnType
from audiencesync.store.compacting import rewrite
from audiencesync.store.database import Store
from audiencesync.store.failures import (
    PARQUET_DAMAGED,
    DiskFull,
    MemorySpent,
    SqlFailed,
    StoreHeld,
    StoreUnwritable,
    no_room,
    words_of,
)
from audiencesync.store.journal import Journal, Place, forget_entries, journal_entries
from audiencesync.store.plain import NEVER_BLANK, plain
from audiencesync.store.statements import quote_name, quote_text, templates
from audiencesync.store.texts import json_path, json_shape
from audiencesync.store.waiting import open_when_free

__all__ = [
    "EXACT",
    "NEVER_BLANK",
    "PARQUET_DAMAGED",
    "WHOLE_NUMBERS",
    "ColumnType",
    "DiskFull",
    "Journal",
    "MemorySpent",
    "Place",
    "SqlFailed",
    "Store",
    "StoreHeld",
    "StoreUnwritable",
    "forget_entries",
    "journal_entries",
    "json_path",
    "json_shape",
    "no_room",
    "open_when_free",
    "plain",
    "quote_name",
    "quote_text",
    "rewrite",
    "templates",
    "words_of",
]
