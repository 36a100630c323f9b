"""An attached SQLite file: there, values have types, and columns only wish for one."""

import re
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from audiencesync.errors import SourceError
from audiencesync.source import literals
from audiencesync.source.relation import Relation
from audiencesync.source.remote import Remote, RemoteColumn, RemoteRelation
from audiencesync.store import quote_name

_BUSY_MS = 10_000
_CLASSES = ("integer", "real", "text", "blob")
_FIRST_ROW = {"integer": "0", "real": "0.0", "text": "''", "mixed": "''", "blob": "x'00'"}
_SCALED = re.compile(r"\(\s*\d+\s*,\s*0*[1-9]\d*\s*\)")
_MISTYPED = re.compile(r"Type mismatch in column (\d+)")
_ORDINARY = {"integer": "whole numbers", "real": "numbers", "text": "text", "mixed": "text", "blob": "bytes"}
_ARROW = {
    "integer": pa.int64(),
    "real": pa.float64(),
    "text": pa.string(),
    "mixed": pa.string(),
    "blob": pa.binary(),
}


class Sqlite(Remote):
    """A SQLite file, opened for reading alone.

    A column is of the type it is declared with where SQLite heeds that itself: whole numbers, floating
    point, text; and BOOLEAN. Elsewhere (dates, NUMERIC, expressions) the values decide, all of them.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._views = count(1)

    def _connect(self) -> Any:  # noqa: ANN401  (the drivers ship no types)
        # a driver is a shared library; a project that reads files needs none
        from adbc_driver_sqlite import dbapi  # noqa: PLC0415

        return dbapi.connect(f"file:{quote(self._address)}?mode=ro")

    def _begin(self) -> None:
        self._run(f"PRAGMA busy_timeout = {_BUSY_MS}")
        # the snapshot begins with the first read, not with BEGIN
        self._fetch("SELECT count(*) FROM sqlite_master")

    def _look_at(self, place: str, relation: Relation) -> RemoteRelation:
        # only a view tells how the columns of a SELECT are declared
        view = f"audiencesync_{next(self._views)}"
        self._run(f"CREATE TEMP VIEW {view} AS SELECT * FROM {relation.bracketed}")  # noqa: S608
        declared = {
            str(row[1]): str(row[2]).upper() for row in self._fetch(f"PRAGMA temp.table_info({view})")
        }
        kinds = {name: _heeded(kind) for name, kind in declared.items()}
        kinds |= self._of_values(place, view, [name for name, kind in kinds.items() if kind is None])
        columns = [_column(name, str(kinds[name]), kind) for name, kind in declared.items()]
        return RemoteRelation(place, f"temp.{view}", columns)

    def _of_values(self, place: str, view: str, names: Sequence[str]) -> dict[str, str | None]:
        """The types of columns that SQLite leaves open: every value is asked, so that no run differs."""
        if not names:
            return {}
        asked = ", ".join(f"max(typeof({quote_name(name)}) = '{one}')" for name in names for one in _CLASSES)
        found = iter(self._fetch(f"SELECT {asked} FROM temp.{view}")[0])  # noqa: S608
        kinds: dict[str, str | None] = {}
        for name in names:
            classes = {one for one in _CLASSES if next(found)}
            if "blob" in classes and len(classes) > 1:
                raise SourceError(
                    f"{place}: column {name!r} holds BLOB values among others",
                    hint="choose one type for it with CAST(... AS TEXT) or hex(...) in a SELECT",
                )
            kinds[name] = _kind_of(classes)
        return kinds

    def _select(self, relation: RemoteRelation, condition: str | None) -> str:
        # the driver takes each column's type from the first rows, and there they may all be NULL
        first = ", ".join(
            f"{_FIRST_ROW[column.kind]} AS {quote_name(column.name)}" for column in relation.columns
        )
        return f"SELECT {first} UNION ALL {super()._select(relation, condition)}"

    def _verify(self, schema: pa.Schema, relation: RemoteRelation) -> None:
        for column, kind in zip(relation.columns, schema.types, strict=True):
            if kind != _ARROW[column.kind]:
                reason, hint = _against_declaration(column)
                raise SourceError(f"{relation.place} cannot be read: {reason}", hint=hint)

    def _arriving(self, rows: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        skip = 1
        for batch in rows:
            skipped = min(skip, batch.num_rows)
            yield batch.slice(skipped)
            skip -= skipped

    def _explain(self, error: Exception, relation: RemoteRelation | None) -> tuple[str, str]:
        first = str(error).strip().split("\n", 1)[0]
        if (mistyped := _MISTYPED.search(first)) and relation is not None:
            return _against_declaration(relation.columns[int(mistyped[1])])
        words = re.sub(r"^.*(\[SQLite\] Failed to prepare query:|Failed to step query:)", "", first).strip()
        hint = "check that the relation exists in the file of `source.attach`; it is SQLite that runs the SQL"
        if "locked" in words:
            return words, f"another program has been writing for {_BUSY_MS // 1000} seconds; try again"
        if "malformed" in words or "not a database" in words:
            return words, "the file is damaged: mend it or take a copy from before"
        return words, hint


def _against_declaration(column: RemoteColumn) -> tuple[str, str]:
    return (
        f"column {column.name!r} is declared for {_ORDINARY[column.kind]} and holds something else",
        "mend the values, or name the type yourself with CAST(... AS TEXT) in a SELECT",
    )


def _heeded(declared: str) -> str | None:
    """The type that SQLite turns values into, by its own rules; None where any value stays as it is.

    Source: "Datatypes In SQLite", Determination Of Column Affinity.
    """
    if "INT" in declared:
        return "integer"
    if any(word in declared for word in ("CHAR", "CLOB", "TEXT")):
        return "text"
    if any(word in declared for word in ("REAL", "FLOA", "DOUB")):
        return "real"
    if declared.startswith("BOOL"):
        return "integer"
    if declared.startswith(("NUM", "DEC")) and _SCALED.search(declared):
        return "real"  # 5.00 is kept as the whole number 5, but the column is no column of whole numbers
    return None


def _kind_of(classes: set[str]) -> str:
    if "text" in classes:
        return "text" if classes == {"text"} else "mixed"
    return next((one for one in ("blob", "real", "integer") if one in classes), "text")


def _column(name: str, kind: str, declared: str) -> RemoteColumn:
    bare = quote_name(name)
    as_text = f"CAST({bare} AS TEXT)"
    compared = as_text if kind == "mixed" else bare  # without CAST, an index may serve
    textual = kind in {"text", "mixed"}
    return RemoteColumn(
        name,
        kind,
        value=as_text if textual else bare,
        compared=compared,
        ordered=f"{compared} COLLATE BINARY" if textual else bare,
        distinct=f"{as_text} COLLATE BINARY",
        key_literal={"integer": literals.integer, "real": literals.number}.get(kind, literals.text),
        mark_literal={"integer": literals.integer, "real": literals.at_least}.get(kind, literals.text),
        cast="BOOLEAN" if declared.startswith("BOOL") else None,
    )
