"""What a statement gives: rows, and columns that know how to read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audiencesync.emulator.soql.paths import Step
    from audiencesync.emulator.soql.views import FieldView, Getter, ObjectView, OrgView, Record


@dataclass(frozen=True, slots=True)
class Column:
    """One output column.

    Attributes:
        name: Its key in the record or the row: the field's name or the alias.
        path: Relationship names that lead to it, then `name`; `("Account", "Name")`.
        field: The field, or a stand-in with the type of a function's result.
        function: Name of the function, in capitals; None for a plain field.
        aggregate: The function is an aggregate.
        display_name: The expression as text: `COUNT(Id)`.
        steps: The hops to the parent whose field it is.
        get: Reads the value from a row of the result.
        format: The value is wanted as the user's locale writes it.
    """

    name: str
    path: tuple[str, ...]
    field: FieldView
    function: str | None
    aggregate: bool
    display_name: str
    steps: tuple[Step, ...]
    get: Getter
    format: bool = False


class ChildQuery(Protocol):
    """A compiled child subquery."""

    @property
    def shape(self) -> Shape:
        """How its rows are written."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its columns."""

    def rows_of(self, parent_id: str) -> Sequence[Record]:
        """The children of one parent, filtered, sorted and limited."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value under a key."""

    key: str
    column: Column
    get: Getter


@dataclass(frozen=True, slots=True)
class Parent:
    """A nested parent record, or null."""

    key: str
    step: Step
    shape: Shape


@dataclass(frozen=True, slots=True)
class Children:
    """A nested list of child records, or null."""

    key: str
    query: ChildQuery


@dataclass(frozen=True, slots=True)
class OneOf:
    """A nested parent record whose fields depend on its object, for TYPEOF."""

    key: str
    step: Step
    shapes: dict[str, Shape]
    otherwise: Shape | None


Node = Leaf | Parent | Children | OneOf


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys of one level of nested records, in the order they were asked for.

    Attributes:
        view: The object; None for a parent of several possible kinds and for aggregate rows.
    """

    view: ObjectView | None
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to one statement.

    Attributes:
        object_name: The object of the FROM clause, as describe writes it.
        columns: The flat columns; child subqueries are not among them.
        rows: Records of the object, or one mapping a group for aggregates.
        total_size: Number of rows, or the count of a lone `COUNT()`.
        is_count: A lone `COUNT()`: a total and no records.
        aggregate: The rows are groups; their type is `AggregateResult`.
        grouped: There is a GROUP BY.
        shape: How rows nest.
        view: The object.
        org: Where parents and children are read.
    """

    object_name: str
    columns: tuple[Column, ...]
    rows: Sequence[Record]
    total_size: int
    is_count: bool
    aggregate: bool
    grouped: bool
    shape: Shape
    view: ObjectView
    org: OrgView
