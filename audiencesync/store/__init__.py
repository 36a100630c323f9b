"""The DuckDB file: profiles' acknowledged state, the outbox, the ledger, and every SQL statement."""

from audiencesync.store.database import ColumnType, SqlFailed, Store, quote_name, quote_text

__all__ = ["ColumnType", "SqlFailed", "Store", "quote_name", "quote_text"]
