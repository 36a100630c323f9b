"""Rows that another transaction holds: a scripted fault that each API reports alike."""

from dataclasses import dataclass

from audiencesync.emulator.errors import RowRefused
from audiencesync.emulator.schema import Record


@dataclass
class RowLock:
    """Rows of one object whose field has one of these values are locked so many times.

    Attributes:
        times: How often a matching row is refused before it goes through; each value counts for itself.
    """

    object_name: str
    field: str
    values: frozenset[str]
    times: int

    def __post_init__(self) -> None:
        self.left = dict.fromkeys(self.values, self.times)

    def check(self, record: Record) -> None:
        """Refuse the record while it is held.

        Raises:
            RowRefused: UNABLE_TO_LOCK_ROW.

        Source:
            Recorded `sf__Error`: "unable to obtain exclusive access to this record or 200 records: ...".
        """
        value = str(record.get(self.field, "")).lower()
        if self.left.get(value, 0) <= 0:
            return
        self.left[value] -= 1
        held = record.get("Id", "")
        message = f"unable to obtain exclusive access to this record or 1 records: {held}"
        raise RowRefused("UNABLE_TO_LOCK_ROW", message)
