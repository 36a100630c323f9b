"""Numbered migrations: the store's schema is the sum of the files in `store/migrations/`."""

from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable

import duckdb

from audiencesync.errors import StoreError

_KEYED = ("acknowledged", "payload", "record", "pushed_profile", "pushed_membership")
"""Tables whose rows are found by a hash of their key."""


def migrations() -> Iterator[tuple[int, Traversable]]:
    """Every migration with its number, in order."""
    folder = resources.files("audiencesync.store") / "migrations"
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if file.name.endswith(".sql"):
            yield int(file.name.split("_", 1)[0]), file


def latest_version() -> int:
    """The schema version this program writes."""
    return max(version for version, _ in migrations())


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring the attached `store` to the latest version, each migration in a transaction of its own.

    Raises:
        StoreError: The store was made by a newer program.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS store.migration (version INTEGER NOT NULL, applied_at TIMESTAMP NOT NULL)"
    )
    current = version_of(connection)
    if current > latest_version():
        raise StoreError(
            f"the store has schema version {current}; this program knows up to {latest_version()}",
            hint="upgrade audiencesync, or point `store` at another file",
        )
    for version, file in migrations():
        if version > current:
            connection.execute("BEGIN TRANSACTION")
            connection.execute(file.read_text(encoding="utf-8"))
            connection.execute("INSERT INTO store.migration VALUES (?, now()::TIMESTAMP)", [version])
            connection.execute("COMMIT")


def rehash(connection: duckdb.DuckDBPyConnection) -> None:
    """Hash the keys of the attached `store` anew, should this version of DuckDB hash in another way."""
    connection.execute("BEGIN TRANSACTION")
    canary = "UPDATE store.hash_canary SET value = {0} WHERE value <> {0} RETURNING value"
    if connection.execute(canary.format("hash('audiencesync')")).fetchall():
        for table in _KEYED:
            connection.execute(f"UPDATE store.{table} SET key_hash = hash(profile_key)")  # noqa: S608
        others = "match_hash = hash(match_key), id_hash = hash(salesforce_id)"
        connection.execute(f"UPDATE store.record SET {others}")  # noqa: S608
    connection.execute("COMMIT")


def version_of(connection: duckdb.DuckDBPyConnection) -> int:
    """The schema version of the attached `store`; 0 when it is new."""
    row = connection.execute("SELECT coalesce(max(version), 0) FROM store.migration").fetchone()
    return int(row[0]) if row else 0
