"""Uploaded CSV: its form, its header against the object, and its rows.

Source:
    Bulk API 2.0 guide, "Prepare CSV Files"; recorded errorMessage texts of failed jobs.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audiencesync.emulator.errors import JobFailed, RowError, RowRefused
from audiencesync.emulator.jobs import DELIMITERS, LINE_ENDINGS
from audiencesync.emulator.references import Parent
from audiencesync.emulator.save import Row
from audiencesync.emulator.schema import TEXT_TYPES
from audiencesync.emulator.values import text_reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audiencesync.emulator.schema import Field, ObjectType, Schema
    from audiencesync.emulator.values import TextReader

NULL = "#N/A"
MAX_FIELD_CHARS = 32_000
MAX_RECORD_CHARS = 400_000
_BLOCK = 1 << 20
_QUOTE = "Failed to parse CSV. Found unescaped quote. A value with quote should be within a quote"
csv.field_size_limit(_BLOCK * 128)


@dataclass(slots=True)
class Line:
    """One record of the file; `broken` when its quoting is wrong."""

    cells: list[str]
    broken: bool = False


class Sheet:
    """One upload, read as a stream."""

    def __init__(self, path: Path, delimiter: str, line_ending: str) -> None:
        self._path = path
        self._name = line_ending
        self._ending = LINE_ENDINGS[line_ending]
        self._delimiter = DELIMITERS[delimiter]
        self._strict = _strict_line(self._delimiter)
        self._raw: list[str] = []

    def lines(self) -> Iterator[Line]:
        """Header first, then every record; blank lines are skipped.

        Raises:
            JobFailed: The file as a whole cannot be read.
        """
        self._check_line_ending()
        with self._path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(self._remember(file), delimiter=self._delimiter)
            try:
                for cells in reader:
                    raw = "".join(self._raw)
                    self._raw.clear()
                    if self._ending == "\r\n" and raw.endswith("\n") and not raw.endswith("\r\n"):
                        raise JobFailed(_line_ending_message(self._name))
                    if cells:
                        yield Line(cells, '"' in raw and self._strict.fullmatch(raw) is None)
            except UnicodeDecodeError as error:
                raise JobFailed("ClientInputError : The file is not encoded in UTF-8") from error

    def header(self) -> list[str]:
        """Column names.

        Raises:
            JobFailed: There is no header, or its quoting is wrong (a byte-order mark before a quote too).
        """
        first = next(self.lines(), None)
        if first is None:
            raise JobFailed("InvalidBatch : Records not processed")
        if first.broken:
            raise JobFailed(f"InvalidBatch : {_QUOTE}")
        return first.cells

    def _remember(self, file: Iterator[str]) -> Iterator[str]:
        """Keep the physical lines of the record being read: the csv module hides how a cell was quoted."""
        for line in file:
            self._raw.append(line)
            yield line

    def _check_line_ending(self) -> None:
        """A single CRLF anywhere in an LF job fails it, inside quotes too."""
        if self._ending == "\r\n":
            return
        with self._path.open("rb") as file:
            last = b""
            while block := file.read(_BLOCK):
                if b"\r\n" in last + block:
                    raise JobFailed(_line_ending_message(self._name))
                last = block[-1:]


def _line_ending_message(name: str) -> str:
    return f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {name}"


def _strict_line(delimiter: str) -> re.Pattern[str]:
    mark = re.escape(delimiter)
    cell = rf'(?:"(?:[^"]++|"")*+"|[^"{mark}\r\n]*+)'
    return re.compile(rf"{cell}(?:{mark}{cell})*+(?:\r?\n)?")


@dataclass(frozen=True, slots=True)
class Column:
    """What one column writes: a field, or the parent of a reference field."""

    field: Field
    read: TextReader | None
    parent: tuple[ObjectType, Field] | None = None


class RowParser:
    """Turns cells into rows, for one object and header."""

    def __init__(self, schema: Schema, kind: ObjectType, header: list[str]) -> None:
        self._kind = kind
        self._columns = [_column(schema, kind, name, place) for place, name in enumerate(header, 1)]
        self._width = len(header)
        plain = [
            (place, column)
            for place, column in enumerate(self._columns)
            if column.parent is None and column.field.type != "id"
        ]
        self._plain = [(place, column.field.name, column.read) for place, column in plain]
        self._parents = [(place, column) for place, column in enumerate(self._columns) if column.parent]
        self._id = self._place("Id")
        seen = [name.lower() for name in header]
        for name in header:
            if seen.count(name.lower()) > 1:
                raise JobFailed(f"InvalidBatch : Duplicate field name : {name}")

    def _place(self, name: str) -> int | None:
        for place, column in enumerate(self._columns):
            if column.field.name == name and column.parent is None:
                return place
        return None

    def require(self, name: str) -> None:
        """Fail the job when a column that the operation needs is missing.

        Raises:
            JobFailed: It is missing.
        """
        if self._place(name) is None:
            raise JobFailed(f"InvalidBatch : Field name not found : {name}")

    def require_ids_alone(self, operation: str) -> None:
        """Fail the job when there is any column but `Id`.

        Raises:
            JobFailed: There is one, or no `Id`.

        Source:
            Recorded errorMessage of a delete job.
        """
        if self._id is None or self._width > 1:
            raise JobFailed(f"InvalidBatch : The '{operation}' batch must contain only ids")

    def row(self, line: Line) -> Row:
        """One record; what is wrong with the cells becomes its error."""
        row = Row({})
        try:
            self._fill(row, line)
        except RowRefused as refusal:
            row.error = refusal.error
        return row

    def _fill(self, row: Row, line: Line) -> None:
        cells = line.cells
        if line.broken or len(cells) != self._width or sum(map(len, cells)) > MAX_RECORD_CHARS:
            row.error = _shape_error(line, self._width)
            return
        values = row.values
        for place, name, read in self._plain:
            text = cells[place]
            if not text:
                continue
            if text == NULL:
                values[name] = None
            elif read is None:
                values[name] = text
                if len(text) > MAX_FIELD_CHARS:
                    row.error = _too_long(self._kind.by_name[name], text)
            else:
                values[name] = read(text)
        if self._id is not None:
            row.id = None if cells[self._id] in ("", NULL) else cells[self._id]
        for place, column in self._parents:
            self._parent(row, column, cells[place])

    def _parent(self, row: Row, column: Column, text: str) -> None:
        if not text or column.parent is None:
            return
        if text == NULL:
            row.values[column.field.name] = None
            return
        kind, match = column.parent
        value = column.read(text) if column.read else text
        row.parents[column.field.name] = Parent(column.field, kind, match, value)


def _shape_error(line: Line, width: int) -> RowError:
    """A record that is no record; Salesforce's own words for a wrong number of values are not known."""
    if line.broken:
        return RowError("InvalidBatch", _QUOTE)
    if sum(map(len, line.cells)) > MAX_RECORD_CHARS:
        return RowError("InvalidBatch", f"Record exceeds {MAX_RECORD_CHARS} characters")
    return RowError("InvalidBatch", f"Row has {len(line.cells)} values, the header has {width}")


def _too_long(item: Field, text: str) -> RowError:
    message = f"{item.label}: data value too large: {text} (max length={MAX_FIELD_CHARS})"
    return RowError("STRING_TOO_LONG", message, (item.name,))


def _column(schema: Schema, kind: ObjectType, name: str, place: int) -> Column:
    """What a column name means.

    Raises:
        JobFailed: Nothing.
    """
    item = kind.find(name)
    if item is not None:
        return Column(item, _reader(item, place))
    path, dot, match_name = name.partition(".")
    if not dot:
        raise JobFailed(f"InvalidBatch : Field name not found : {name}")
    target, colon, relationship = path.rpartition(":")
    reference = kind.parent(relationship)
    if reference is None:
        raise JobFailed(f"InvalidBatch : Unable to find relationship: {relationship}")
    polymorphic = len(reference.reference_to) > 1
    if colon and not polymorphic:
        raise JobFailed(
            f"InvalidBatch : type is not needed for non polymorphic foreign key references: {relationship}"
        )
    parent = schema.find(target if colon else reference.reference_to[0]) if colon or not polymorphic else None
    match = parent.find(match_name) if parent is not None and parent.name in reference.reference_to else None
    if parent is None or match is None or not match.matchable:
        raise JobFailed(f"InvalidBatch : Field name not found : {name}")
    return Column(reference, _reader(match, place), (parent, match))


def _reader(item: Field, place: int) -> TextReader | None:
    return None if item.type in TEXT_TYPES else text_reader(item, place)
