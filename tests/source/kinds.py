"""The same rows in every kind of place that a source can be."""

import datetime as dt
import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from audiencesync.store import quote_name

from .postgres import Server

Row = Sequence[Any]
KINDS = ("csv", "parquet", "jsonl", "duckdb", "sqlite", "postgresql")
DATABASES = ("sqlite", "postgresql")
_SQLITE_TYPES = {"VARCHAR": "TEXT", "BIGINT": "INTEGER", "DOUBLE": "REAL", "TIMESTAMPTZ": "TIMESTAMP"}
_POSTGRESQL_TYPES = {"VARCHAR": "text", "DOUBLE": "float8"}


class Kind:
    """One kind of place, and a folder for its files."""

    def __init__(self, name: str, base: Path, server: Callable[[], Server]) -> None:
        self.name = name
        self.base = base
        self._server = server
        self._writes = 0

    @property
    def attach(self) -> str | None:
        """What `source.attach` says."""
        if self.name == "postgresql":
            return self._server().url
        return {"duckdb": f"crm{self._writes}.duckdb", "sqlite": "crm.db"}.get(self.name)

    def write(self, name: str, columns: Mapping[str, str], rows: Sequence[Row]) -> str:
        """Put rows there, in place of those before.

        Args:
            name: Of the table or file.
            columns: Their DuckDB types.
            rows: The values.

        Returns:
            What stands behind `from`.
        """
        return str(getattr(self, f"_{self.name}")(name, columns, rows))

    def _csv(self, name: str, columns: Mapping[str, str], rows: Sequence[Row]) -> str:
        return self._file(name, "csv", columns, rows)

    def _parquet(self, name: str, columns: Mapping[str, str], rows: Sequence[Row]) -> str:
        return self._file(name, "parquet", columns, rows)

    def _jsonl(self, name: str, columns: Mapping[str, str], rows: Sequence[Row]) -> str:
        self._file(name, "jsonl", columns, rows)
        if rows:
            return f"read_json('{name}.jsonl')"
        types = ", ".join(f"'{column}': '{kind}'" for column, kind in columns.items())
        return f"read_json('{name}.jsonl', columns = {{{types}}})"  # no line, no name

    def _file(self, name: str, kind: str, columns: Mapping[str, str], rows: Sequence[Row]) -> str:
        with duckdb.connect() as connection:
            _fill(connection, columns, rows, "rows_")
            form = {"jsonl": "json"}.get(kind, kind)
            connection.execute(f"COPY rows_ TO '{self.base / name}.{kind}' (FORMAT {form})")
        return f"'{name}.{kind}'"

    def _duckdb(self, name: str, columns: Mapping[str, str], rows: Sequence[Row]) -> str:
        # an open store may have the last file attached, and DuckDB lets nobody write then
        last, self._writes = self._writes, self._writes + 1
        if last:
            shutil.copy(self.base / f"crm{last}.duckdb", self.base / f"crm{self._writes}.duckdb")
        with duckdb.connect(self.base / f"crm{self._writes}.duckdb") as connection:
            _fill(connection, columns, rows, name)
        return name

    def _sqlite(self, name: str, columns: Mapping[str, str], rows: Sequence[Row]) -> str:
        declared = ", ".join(
            f"{quote_name(column)} {_SQLITE_TYPES.get(kind, kind)}" for column, kind in columns.items()
        )
        with sqlite3.connect(self.base / "crm.db") as connection:
            connection.execute(f'DROP TABLE IF EXISTS "{name}"')
            connection.execute(f'CREATE TABLE "{name}" ({declared})')
            marks = ", ".join("?" * len(columns))
            connection.executemany(
                f'INSERT INTO "{name}" VALUES ({marks})', [[_plain(value) for value in row] for row in rows]
            )
        connection.close()
        return name

    def _postgresql(self, name: str, columns: Mapping[str, str], rows: Sequence[Row]) -> str:
        kinds = [_POSTGRESQL_TYPES.get(kind, kind.lower()) for kind in columns.values()]
        declared = ", ".join(
            f"{quote_name(column)} {kind}" for column, kind in zip(columns, kinds, strict=True)
        )
        lines = [", ".join(map(_literal, row)) for row in rows]
        self._server().run(
            f'DROP TABLE IF EXISTS "{name}"',
            f'CREATE TABLE "{name}" ({declared})',
            *(f'INSERT INTO "{name}" VALUES ({line})' for line in lines),
        )
        return name


def _fill(
    connection: duckdb.DuckDBPyConnection, columns: Mapping[str, str], rows: Sequence[Row], name: str
) -> None:
    declared = ", ".join(f"{quote_name(column)} {kind}" for column, kind in columns.items())
    connection.execute(f'CREATE OR REPLACE TABLE "{name}" ({declared})')
    for row in rows:
        connection.execute(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(row))})', list(row))


def _plain(value: Any) -> Any:
    """SQLite has no dates: programs write text."""
    return str(value) if isinstance(value, dt.date) else value


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
