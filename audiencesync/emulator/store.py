"""The state folder: an SQLite file that a killed process leaves whole."""

from __future__ import annotations

import json
import sqlite3
import sys
from typing import TYPE_CHECKING, Any

from audiencesync.emulator.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from audiencesync.emulator.schema import Record

FILE = "org.sqlite"
_VERSION = "1"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS record
    (id TEXT PRIMARY KEY, object TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS document (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Store:
    """Everything a restart needs, written in one transaction a call.

    With write-ahead logging and `synchronous=NORMAL` a killed process loses nothing; only a machine that
    loses power may lose the last calls.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._db = sqlite3.connect(
                folder / FILE, timeout=0.2, check_same_thread=False, isolation_level=None
            )
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            raise EmulatorError(f"state folder {folder} is in use by another emulator ({error})") from error
        except sqlite3.DatabaseError as error:
            raise EmulatorError(f"{folder / FILE} is not the state of an emulator ({error})") from error
        if self.document("version") not in {None, _VERSION}:
            raise EmulatorError(f"{folder / FILE} was written by another version; start with an empty folder")
        self.write({}, {"version": _VERSION})

    def write(
        self, records: Mapping[tuple[str, str], Record | None], documents: Mapping[str, object]
    ) -> None:
        """Make records and documents last, all or none; None deletes."""
        self._db.execute("BEGIN")
        kept = [(key, name, _encode(body)) for (name, key), body in records.items() if body is not None]
        gone = [(key,) for (_, key), body in records.items() if body is None]
        self._db.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", kept)
        self._db.executemany("DELETE FROM record WHERE id = ?", gone)
        for name, body in documents.items():
            if body is None:
                self._db.execute("DELETE FROM document WHERE name = ?", (name,))
            else:
                self._db.execute("INSERT OR REPLACE INTO document VALUES (?, ?)", (name, _encode(body)))
        self._db.execute("COMMIT")

    def document(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """One document; None when there is none."""
        row = self._db.execute("SELECT body FROM document WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def documents(self, prefix: str) -> list[Any]:
        """All documents whose name starts with `prefix`, by name."""
        rows = self._db.execute(
            "SELECT body FROM document WHERE name >= ? AND name < ? ORDER BY name",
            (prefix, prefix + "\uffff"),
        )
        return [json.loads(body) for (body,) in rows]

    def records(self) -> Iterator[tuple[str, Record]]:
        """Every record with the name of its object, oldest first."""
        for name, body in self._db.execute("SELECT object, body FROM record ORDER BY id"):
            yield name, json.loads(body, object_pairs_hook=_shared_keys)

    def clear(self) -> None:
        """Forget the org; the folder is as new."""
        self._db.execute("BEGIN")
        self._db.execute("DELETE FROM record")
        self._db.execute("DELETE FROM document WHERE name != 'version'")
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Fold the log into the file."""
        self._db.close()


def _shared_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A million records share one copy of each field name."""
    return {sys.intern(name): value for name, value in pairs}
