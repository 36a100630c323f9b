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
    """
    trimmed = [key.strip() if isinstance(key, str) else key for key in keys]
    if match.type == "id":
        return [_by_id(writer, row, key, trimmed) for row, key in zip(rows, trimmed, strict=True)]
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


def _by_id(writer: Writer, row: Row, key: Value, keys: Sequence[Value]) -> Outcome:
    """A blank Id creates; any other must be a record's.

    Source:
        Recorded Collections upsert on `Id` with null; two rows of one Id are refused like any repeated key.
    """
    if key is None or key == "":
        return writer.insert(row)
    wanted = ids.to_long(str(key))
    if wanted is not None and sum(1 for other in keys if other and ids.to_long(str(other)) == wanted) > 1:
        error = RowError("DUPLICATE_VALUE", f"Duplicate id specified: {wanted}", ("Id",))
        return Outcome(None, error=error)
    row.id = str(key)
    return writer.update(row)
