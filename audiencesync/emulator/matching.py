"""Which record an upsert means."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from audiencesync.emulator import ids
from audiencesync.emulator.errors import RowError
from audiencesync.emulator.save import Outcome, Row, Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audiencesync.emulator.schema import Field, Value
    from audiencesync.emulator.table import Table


def upsert_all(
    writer: Writer, table: Table, rows: Sequence[Row], keys: Sequence[Value], match: Field
) -> list[Outcome]:
    """Upsert the rows of one request (in Bulk: one chunk of 200), in order.

    Args:
        writer: Saves them.
        table: The records they may match.
        rows: What to save; the match value is not among the values of an Id match.
        keys: The match value of each row.
        match: The field it belongs to.

    Source:
        Apex guide, "upsert"; a key that occurs twice in one request refuses every row that has it.
        REST API guide, "sObject Rows by External ID"; Salesforce Help 000382823 (the same for a contact's
        Email); recorded words: a key that is not unique takes a user who sees all records.
    """
    trimmed = [key.strip() if isinstance(key, str) else key for key in keys]
    if match.type == "id":
        return _by_id(writer, rows, [None if key is None else str(key) for key in trimmed])
    if not (writer.sees_all or match.unique):
        message = "Upsert requires view all data on a non-unique custom index"
        return [Outcome(None, error=RowError("INSUFFICIENT_ACCESS", message)) for _ in rows]
    folded = [table.key(match.name, key) for key in trimmed]
    repeated = {key for key, count in Counter(folded).items() if count > 1}
    outcomes = []
    for row, key in zip(rows, folded, strict=True):
        if row.error is not None:
            outcomes.append(Outcome(None, error=row.error))
        elif key is None or key == "":
            error = RowError("MISSING_ARGUMENT", f"{match.name} not specified", (match.name,))
            outcomes.append(Outcome(None, error=error))
        elif key in repeated:
            error = RowError("DUPLICATE_VALUE", f"Duplicate external id specified: {key}", (match.name,))
            outcomes.append(Outcome(None, error=error))
        else:
            outcomes.append(writer.upsert(row, table.find(match.name, key), match))
    return outcomes


def update_all(writer: Writer, rows: Sequence[Row]) -> list[Outcome]:
    """Update the rows of one request (in Bulk: one chunk of 200) by their Ids, in order.

    Source:
        Salesforce Help 000384876, "Error 'Duplicate Id Specified'": rows of one Id in one batch fail, in
        another one the later row stands. The code is that of a repeated key.
    """
    repeated = _repeated([row.id for row in rows])
    return [_twice(row.id) if _long(row.id) in repeated else writer.update(row) for row in rows]


def _by_id(writer: Writer, rows: Sequence[Row], keys: Sequence[str | None]) -> list[Outcome]:
    """A blank Id creates; any other must be a record's.

    Source:
        Recorded Collections upsert on `Id` with null.
    """
    repeated = _repeated(keys)
    outcomes = []
    for row, key in zip(rows, keys, strict=True):
        if not key:
            outcomes.append(writer.insert(row))
        elif _long(key) in repeated:
            outcomes.append(_twice(key))
        else:
            row.id = key
            outcomes.append(writer.update(row))
    return outcomes


def _repeated(values: Sequence[str | None]) -> set[str]:
    """Ids that occur more than once, whether written with 15 or 18 characters."""
    counts = Counter(found for value in values if (found := _long(value)) is not None)
    return {found for found, count in counts.items() if count > 1}


def _long(value: str | None) -> str | None:
    return ids.to_long(value.strip()) if value else None


def _twice(value: str | None) -> Outcome:
    return Outcome(
        None, error=RowError("DUPLICATE_VALUE", f"Duplicate id specified: {_long(value)}", ("Id",))
    )
