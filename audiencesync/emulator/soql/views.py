"""What the engine needs to know of an org; the org's own types fit without inheriting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

Record = Mapping[str, object]
Getter = Callable[[Record], object]


class FieldView(Protocol):
    """One field, as describe shows it to the user who asks.

    The engine also reads `createable` and `updateable`, for `columns=true`, where a field has them.
    """

    @property
    def name(self) -> str:
        """API name."""

    @property
    def type(self) -> str:
        """Describe's type: `string`, `reference`, `double`, `datetime` and so on."""

    @property
    def label(self) -> str:
        """Label."""

    @property
    def filterable(self) -> bool:
        """May stand in WHERE."""

    @property
    def sortable(self) -> bool:
        """May stand in ORDER BY."""

    @property
    def groupable(self) -> bool:
        """May stand in GROUP BY."""

    @property
    def aggregatable(self) -> bool:
        """May stand in an aggregate function."""

    @property
    def case_sensitive(self) -> bool:
        """Compared with case."""

    @property
    def reference_to(self) -> Sequence[str]:
        """Objects a reference points to; more than one make it polymorphic."""

    @property
    def relationship_name(self) -> str | None:
        """Name of the parent in paths."""


class ObjectView(Protocol):
    """One object, with the fields the user may see."""

    @property
    def name(self) -> str:
        """API name."""

    @property
    def label(self) -> str:
        """Label."""

    @property
    def key_prefix(self) -> str:
        """First three characters of its Ids."""

    @property
    def fields(self) -> Mapping[str, FieldView]:
        """Fields by lower-case name, in describe order."""

    @property
    def child_relationships(self) -> Mapping[str, tuple[str, ...]]:
        """Child object, its reference field and, if known, the relationship's name; by lower-case name."""


class OrgView(Protocol):
    """An org: its objects and their records.

    A record maps API names to a str, bool, int, float, Decimal, aware UTC datetime, date or None; an absent
    key is null. Dates and datetimes may also be ISO 8601 strings. Records must not be changed in place
    while a result is in use: a result keeps the records, and pages read them later.
    """

    def object(self, name: str) -> ObjectView | None:
        """An object by its name in any case; None when there is none or the user may not see it."""

    def records(self, object_name: str, include_deleted: bool) -> Iterable[Record]:  # noqa: FBT001 - called with a variable
        """All records of an object, in creation order."""

    def record(self, object_name: str, id18: str) -> Record | None:
        """One record by its 18-character Id."""

    def find(self, object_name: str, field: str, values: Collection[str]) -> Iterable[Record] | None:
        """Records whose field has one of the values, or None when the field has no index.

        Ids come with 18 characters, texts as the statement wrote them; the index compares texts without
        case unless the field is case-sensitive. It may give more than asked for, deleted records too: the
        engine checks each record again. No record may come twice.
        """

    def now(self) -> datetime:
        """The org's clock, aware."""
