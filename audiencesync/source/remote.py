"""Reading SQLite and PostgreSQL: their rows arrive in Arrow batches through ADBC drivers from PyPI.

DuckDB's own scanners for them are extensions that must be downloaded, which many machines may not do.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from audiencesync.errors import SourceError

_KEYS_A_STATEMENT = 500


@dataclass(frozen=True)
class Remote:
    """A database that runs the user's SQL itself.

    Attributes:
        kind: `sqlite` or `postgresql`.
        address: File path or URL; it may hold a password, so it is never shown.
    """

    kind: str
    address: str = field(repr=False)

    @contextmanager
    def reading(self, relation: str, select: str) -> Iterator[pa.RecordBatchReader]:
        """Run one SELECT and give its rows in batches.

        Args:
            relation: What the config calls the rows; named in errors.
            select: The statement, in the database's own SQL.

        Raises:
            SourceError: The database cannot be reached, or refuses the statement.
        """
        try:
            with self._connect() as connection, connection.cursor() as cursor:
                cursor.execute(select)
                yield cursor.fetch_record_batch()
        except SourceError:
            raise
        except Exception as error:
            if not type(error).__module__.startswith("adbc_driver"):
                raise
            raise SourceError(
                f"{relation}: {self.kind} says: {_without_address(str(error), self.address)}",
                hint="check `source.attach` and that the relation can be read with that login",
            ) from None

    def _connect(self) -> Any:  # noqa: ANN401  (the drivers ship no types)
        # each driver loads a shared library; a project that reads files needs neither
        if self.kind == "sqlite":
            from adbc_driver_sqlite import dbapi as sqlite  # noqa: PLC0415

            return sqlite.connect(self.address)
        from adbc_driver_postgresql import dbapi as postgresql  # noqa: PLC0415

        return postgresql.connect(self.address)


def select_all(relation: str) -> str:
    """A SELECT over a table, a view or a SELECT of the user's."""
    return f"SELECT * FROM {relation}"  # noqa: S608  (the user's own SQL, for the user's own database)


def select_since(relation: str, column: str, since: str) -> str:
    """A SELECT of what changed at or after a point that an earlier read reached."""
    return f"{select_all(relation)} WHERE {_name(column)} >= {_text(since)}"


def select_keys(relation: str, column: str, keys: Sequence[str]) -> Iterator[str]:
    """SELECTs that read profiles by key, some hundred a statement."""
    for start in range(0, len(keys), _KEYS_A_STATEMENT):
        listed = ", ".join(_text(key) for key in keys[start : start + _KEYS_A_STATEMENT])
        yield f"{select_all(relation)} WHERE CAST({_name(column)} AS TEXT) IN ({listed})"


def numeric_columns(schema: pa.Schema) -> list[str]:
    """Columns that PostgreSQL's driver hands over as decimal text, since Arrow has no unbounded decimal."""
    return [
        item.name
        for item in schema
        if (item.metadata or {}).get(b"ADBC:postgresql:typname") == b"numeric"
        or getattr(item.type, "type_name", None) == "numeric"
    ]


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _without_address(message: str, address: str) -> str:
    """The driver's words without the URL, and without a line of data that PostgreSQL may add as detail."""
    first = re.split(r"\n(?:DETAIL|CONTEXT|QUERY)", message.replace(address, "source.attach"))[0]
    return " ".join(first.split())
