"""Query results that are fetched page by page."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audiencesync.emulator.soql import QueryResult

_MAX_CURSORS = 10


@dataclass(frozen=True)
class Cursor:
    """An open result."""

    result: QueryResult
    batch: int
    user_id: str


class Cursors:
    """Open results; the eleventh of an org ends the one used longest ago."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Cursor] = OrderedDict()

    def put(self, key: str, cursor: Cursor) -> None:
        """Keep a result."""
        self._open[key] = cursor
        if len(self._open) > _MAX_CURSORS:
            self._open.popitem(last=False)

    def find(self, key: str, user_id: str) -> Cursor | None:
        """A result of this user's."""
        cursor = self._open.get(key)
        if cursor is None or cursor.user_id != user_id:
            return None
        self._open.move_to_end(key)
        return cursor
