"""What one call changed: undone as a whole, or committed as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from audiencesync.emulator.schema import Record
    from audiencesync.emulator.table import Table


class Changes:
    """Records written so far, with what they replaced, in order."""

    def __init__(self) -> None:
        self._done: list[tuple[Table, str, Record | None]] = []

    def put(self, table: Table, record: Record) -> None:
        """Write one record."""
        before = table.put(record)
        self._done.append((table, str(record["Id"]), before))

    def remove(self, table: Table, record_id: str) -> None:
        """Take one record out of the recycle bin for good."""
        self._done.append((table, record_id, table.records[record_id]))
        table.remove(record_id)

    def undo(self) -> None:
        """Put everything back, last change first."""
        for table, record_id, before in reversed(self._done):
            if before is not None:
                table.put(before)
            else:
                table.remove(record_id)
        self._done.clear()

    def touched(self) -> dict[tuple[str, str], Record | None]:
        """The state each written record now has, by object and Id; None for one that is gone."""
        return {
            (table.kind.name, record_id): table.records.get(record_id) for table, record_id, _ in self._done
        }


class Savepoint:
    """Changes of several calls that stand or fall together."""

    def __init__(self) -> None:
        self._held: list[Changes] = []

    def hold(self, changes: Changes) -> None:
        """Take a call's changes in place of committing them."""
        self._held.append(changes)

    def keep(self, commit: Callable[[Changes], None]) -> None:
        """Commit them all."""
        for changes in self._held:
            commit(changes)

    def undo(self) -> None:
        """Put everything back, last call first."""
        for changes in reversed(self._held):
            changes.undo()
