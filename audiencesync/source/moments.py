"""`updated_at`: the column that says when a row last changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audiencesync.errors import SourceError
from audiencesync.store import ColumnType, SqlFailed, Store

_MOMENTS = frozenset(
    {"date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"}
)
_ORDERED = frozenset(
    {
        "varchar", "null", "decimal", "tinyint", "smallint", "integer", "bigint", "hugeint",
        "utinyint", "usmallint", "uinteger", "ubigint", "uhugeint", "float", "double",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moments:
    """The `updated_at` of a relation.

    Attributes:
        place: What the config calls the relation.
        column: The column; None when the config names none.
        kind: Its type.
    """

    store: Store
    place: str
    column: str | None
    kind: ColumnType | None

    def __post_init__(self) -> None:
        """Refuse a column that cannot say when a row changed.

        Raises:
            SourceError: It cannot.
        """
        if self.kind is not None and self.kind.kind not in _ORDERED | _MOMENTS:
            raise SourceError(
                f"{self.place}: {self.column} is a {self.kind.text}, which cannot say when a row changed",
                hint="`updated_at` is a date, a time, a number that grows, or such a text",
            )

    @property
    def is_a_time(self) -> bool:
        """It can be compared with the time of a push."""
        return self.kind is not None and self.kind.kind in _MOMENTS

    def check(self, relation: str, since: str | None) -> None:
        """Refuse texts whose order is not that of time: whoever changes later would be taken for unchanged.

        Args:
            relation: The rows that were read.
            since: Where an incremental read began.

        Raises:
            SourceError: There are such, or the kept watermark is written in another way than they.
        """
        if self.kind is None or self.kind.kind != "varchar":
            return
        told = self.store.row("moments_written", {"since": since}, relation=relation, updated_at=self.column)
        if told["values"] or told["ways"] > 1:
            how = f"values that are no dates: {told['values']}" if told["values"] else "not all in one way"
            raise SourceError(
                f"{self.place}: {self.column} is text whose order is not that of time: {how}",
                hint="write all as 2026-01-31 or all as 2026-01-31 12:00:00, or CAST the column to TIMESTAMP "
                "in a SELECT; a single value such as 'n/a' makes text of a column of a CSV file",
            )
        if told["strange"]:
            raise self._other_type()

    def template(self, since: str | None) -> dict[str, Any]:
        """How SQL asks for the watermark, and whether a row has changed."""
        if self.kind is None:
            return {"updated_at": None, "since_type": None}
        return {
            "updated_at": self.column,
            "since_type": None if since is None else self.kind.text,
            "dated": self.kind.kind in _MOMENTS,
            "written": self.kind.kind == "varchar",
            "unbounded": self.kind.kind in _MOMENTS | {"float", "double"},
        }

    def since(self, since: str | None) -> dict[str, str] | None:
        """The parameter that goes with it.

        Raises:
            SourceError: The column has changed its type.
        """
        return None if since is None or self.kind is None else {"since": self.least([since])}

    def least(self, watermarks: Sequence[str]) -> str:
        """The earliest of some watermarks, compared as what they are.

        Raises:
            SourceError: The column has changed its type.
        """
        assert self.kind is not None  # noqa: S101  (who has watermarks has the column)
        try:
            row = self.store.row("watermark_earliest", {"marks": list(watermarks)}, type=self.kind.text)
        except SqlFailed:
            raise self._other_type() from None
        return str(row["watermark"])

    def _other_type(self) -> SourceError:
        return SourceError(
            f"{self.place}: {self.column} has another type than at the last run, or is written otherwise",
            hint="run once with --full, which reads everything",
        )
