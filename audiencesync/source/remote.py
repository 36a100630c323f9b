"""Databases that run the user's SQL themselves: their rows arrive in Arrow batches through ADBC drivers.

DuckDB's own scanners for SQLite and PostgreSQL are extensions that must be downloaded, which many machines
may not do.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from audiencesync.config.columns import folded
from audiencesync.errors import SourceError
from audiencesync.source.literals import Literal
from audiencesync.source.relation import Relation
from audiencesync.store import SqlFailed, quote_name

_KEYS_A_STATEMENT = 5_000
_LETTERS_A_STATEMENT = 200_000
"""SQLite takes statements of a million bytes, and a letter may have four."""


@dataclass(frozen=True)
class RemoteColumn:
    """A column of a relation in another database; every expression is in that database's SQL.

    Attributes:
        name: As the database spells it.
        kind: The database's name for its type.
        value: The value as it travels.
        compared: What equals `key_literal` of a key.
        ordered: What is not less than `mark_literal` of a watermark when the row has changed since.
        distinct: What two rows have in common when their key text is the same.
        key_literal: Writes a key.
        mark_literal: Writes a watermark.
        cast: The DuckDB type it is given on arrival, when that is not the Arrow column's.
    """

    name: str
    kind: str
    value: str
    compared: str
    ordered: str
    distinct: str
    key_literal: Literal = field(repr=False)
    mark_literal: Literal = field(repr=False)
    cast: str | None = None


@dataclass(frozen=True)
class RemoteRelation:
    """A relation of another database, its columns known.

    Attributes:
        place: What the config calls it.
        rows: What stands behind FROM.
        columns: In their order.
    """

    place: str
    rows: str
    columns: Sequence[RemoteColumn]

    @property
    def casts(self) -> dict[str, str]:
        """The columns that change their type on arrival."""
        return {column.name: column.cast for column in self.columns if column.cast}

    def has(self, name: str) -> bool:
        """There is a column of that name, in any case."""
        return any(folded(one.name) == folded(name) for one in self.columns)

    def column(self, name: str) -> RemoteColumn:
        """The column of that name, in any case."""
        return next(one for one in self.columns if folded(one.name) == folded(name))


class Remote(ABC):
    """A database that runs the user's SQL itself, read in one transaction at a time."""

    def __init__(self, address: str) -> None:
        self._address = address  # may hold a password: it is never shown
        self._connection: Any = None  # the drivers ship no types

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Inside, everything that is read is of one moment.

        Raises:
            SourceError: The database cannot be opened.
        """
        with self._failing_as("source.attach"):
            self._connection = self._connect()
        try:
            with self._failing_as("source.attach"):
                self._begin()
            yield
        finally:
            connection, self._connection = self._connection, None
            connection.close()

    def look_at(self, place: str, relation: Relation) -> RemoteRelation:
        """Learn the columns of a relation.

        Raises:
            SourceError: There is no such relation, or two of its columns have one name.
        """
        with self._failing_as(place):
            found = self._look_at(place, relation)
        seen: set[str] = set()
        for column in found.columns:
            if folded(column.name) in seen:
                raise SourceError(
                    f"{place}: two columns are called {column.name!r}",
                    hint="give them different names with AS; capitals make no difference",
                )
            seen.add(folded(column.name))
        return found

    @contextmanager
    def reading(
        self, relation: RemoteRelation, condition: str | None = None
    ) -> Iterator[pa.RecordBatchReader]:
        """Read the rows of a relation, or those that meet a condition, in batches.

        Raises:
            SourceError: The database gives up, at once or while its rows are read.
        """
        with self._failing_as(relation.place, relation), self._connection.cursor() as cursor:
            cursor.execute(self._select(relation, condition))
            rows = cursor.fetch_record_batch()
            self._verify(rows.schema, relation)
            broken: list[Exception] = []

            def batches() -> Iterator[pa.RecordBatch]:
                try:
                    for batch in self._arriving(rows):
                        _refuse_other_text(relation.place, batch)
                        yield batch
                except Exception as error:
                    broken.append(error)
                    raise

            try:
                yield pa.RecordBatchReader.from_batches(rows.schema, batches())
            except SqlFailed:
                # DuckDB says of a broken stream what the driver said, wrapped and quoted
                if broken:
                    raise broken[0] from None
                raise

    def repeated(
        self, relation: RemoteRelation, key: RemoteColumn, condition: str
    ) -> list[tuple[str, int, int]]:
        """Keys that a row which meets a condition shares with any other row.

        Returns:
            Five of them: the key, how many rows carry it, and how many keys repeat in all.
        """
        name = quote_name(key.name)
        statement = (
            "SELECT key_text, row_count, CAST(count(*) OVER () AS INTEGER) FROM ("  # noqa: S608
            f"SELECT min(CAST({name} AS TEXT)) AS key_text, CAST(count(*) AS INTEGER) AS row_count "
            f"FROM {relation.rows} WHERE {name} IN (SELECT {name} FROM {relation.rows} WHERE {condition}) "
            f"GROUP BY {key.distinct} HAVING count(*) > 1) AS repeated ORDER BY key_text LIMIT 5"
        )
        with self._failing_as(relation.place):
            return [(str(one), int(rows), int(keys)) for one, rows, keys in self._fetch(statement)]

    def greatest(self, relation: RemoteRelation, column: RemoteColumn) -> str:
        """The greatest value of a column, as text; empty without rows."""
        statement = f"SELECT CAST(max({column.ordered}) AS TEXT) FROM {relation.rows}"  # noqa: S608
        with self._failing_as(relation.place):
            ((value,),) = self._fetch(statement)
        return "" if value is None else str(value)

    @abstractmethod
    def _connect(self) -> Any:  # noqa: ANN401
        """A new connection."""

    @abstractmethod
    def _begin(self) -> None:
        """Make the transaction a snapshot that cannot write."""

    @abstractmethod
    def _look_at(self, place: str, relation: Relation) -> RemoteRelation:
        """The columns of a relation."""

    @abstractmethod
    def _explain(self, error: Exception, relation: RemoteRelation | None) -> tuple[str, str]:
        """What happened, without any value or address, and what to do about it."""

    def _select(self, relation: RemoteRelation, condition: str | None) -> str:
        values = ", ".join(f"{column.value} AS {quote_name(column.name)}" for column in relation.columns)
        return f"SELECT {values} FROM {relation.rows}" + (f" WHERE {condition}" if condition else "")  # noqa: S608

    def _verify(self, schema: pa.Schema, relation: RemoteRelation) -> None:  # noqa: B027  (most need not)
        """Refuse types that are not those which were looked at."""

    def _arriving(self, rows: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        yield from rows

    def _run(self, statement: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)

    def _fetch(self, statement: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    @contextmanager
    def _failing_as(self, place: str, relation: RemoteRelation | None = None) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError:
            raise SourceError(
                f"{place} cannot be read: it holds text that is not UTF-8",
                hint="mend the values in the database, or leave them out by a SELECT of the others",
            ) from None
        except Exception as error:
            # what a driver says in the middle of a stream comes from pyarrow
            streamed = isinstance(error, OSError | pa.lib.ArrowException)
            if not streamed and not type(error).__module__.startswith("adbc_driver"):
                raise
            reason, hint = self._explain(error, relation)
            raise SourceError(f"{place} cannot be read: {reason}", hint=hint) from None


def _refuse_other_text(place: str, batch: pa.RecordBatch) -> None:
    """Refuse text that is not UTF-8: a database may keep any bytes as text."""
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        if not pa.types.is_string(values.type):
            continue
        try:
            values.validate(full=True)
        except pa.lib.ArrowInvalid:
            raise SourceError(
                f"{place} cannot be read: column {name!r} holds text that is not UTF-8",
                hint="mend the values in the database, or leave the column out by a SELECT of the others",
            ) from None


def changed_since(column: RemoteColumn, watermark: str) -> str:
    """The condition of an incremental read; a row that does not say when it changed may have changed.

    Raises:
        SourceError: The watermark is of another type than the column.
    """
    literal = column.mark_literal(watermark)
    if literal is None:
        raise SourceError(
            f"source.profiles: {column.name} has another type than at the last run",
            hint="run once with --full, which reads everything",
        )
    return f"({column.ordered} >= {literal} OR {column.ordered} IS NULL)"


def with_keys(column: RemoteColumn, keys: Sequence[str]) -> Iterator[str]:
    """Conditions that together find the rows of these keys, some thousand a statement."""
    listed: list[str] = []
    letters = 0
    for key in keys:
        literal = column.key_literal(key)
        if literal is None:
            continue
        listed.append(literal)
        letters += len(literal)
        if len(listed) == _KEYS_A_STATEMENT or letters > _LETTERS_A_STATEMENT:
            yield f"{column.compared} IN ({', '.join(listed)})"
            listed, letters = [], 0
    if listed:
        yield f"{column.compared} IN ({', '.join(listed)})"
