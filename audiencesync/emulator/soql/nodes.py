"""What a parsed SOQL statement is made of.

Every node is frozen and compares by content; `pos`, the place in the text, does not take part. Literals
keep their source text: what it means depends on the field it is compared with.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Path:
    """A field, with the relationships that lead to it: `Account.Owner.Name`."""

    parts: tuple[str, ...]
    pos: int = field(default=0, compare=False)

    @property
    def text(self) -> str:
        """The path as it was written."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value; `kind` is string, number, date, datetime, time, boolean, null, range or bind.

    Attributes:
        text: Source text; for a string without its quotes and still escaped, for a range its name.
        count: The n of `LAST_N_DAYS:n`.
    """

    kind: str
    text: str
    count: int | None = None
    pos: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function: `COUNT(Id)`, `CALENDAR_YEAR(CreatedDate)`, `FIELDS(ALL)`."""

    name: str
    args: tuple[Path | Call | Literal, ...]
    pos: int = field(default=0, compare=False)


Expression = Path | Call


@dataclass(frozen=True, slots=True)
class Comparison:
    """One of `= != < <= > >= LIKE`; `<>` is read as `!=`."""

    operand: Expression
    operator: str
    value: Literal


@dataclass(frozen=True, slots=True)
class Membership:
    """`IN` and `NOT IN`, with a list of values or a semi-join."""

    operand: Expression
    negated: bool
    values: tuple[Literal, ...] | Query


@dataclass(frozen=True, slots=True)
class Selection:
    """`INCLUDES` and `EXCLUDES`, for multi-select picklists."""

    operand: Expression
    negated: bool
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Conjunction:
    """Conditions joined by AND."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Disjunction:
    """Conditions joined by OR."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """NOT before a condition."""

    item: Condition


Condition = Comparison | Membership | Selection | Conjunction | Disjunction | Negation


@dataclass(frozen=True, slots=True)
class SelectField:
    """A field or a function in the field list."""

    expression: Expression
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class SelectChild:
    """A subquery over a child relationship."""

    query: Query


@dataclass(frozen=True, slots=True)
class SelectTypeOf:
    """`TYPEOF What WHEN Account THEN Phone ELSE Name END`."""

    relationship: Path
    branches: tuple[tuple[str, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...]


SelectItem = SelectField | SelectChild | SelectTypeOf


@dataclass(frozen=True, slots=True)
class Source:
    """An object of the FROM clause, or a relationship of an earlier one, with its alias."""

    path: Path
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One sort key; nulls come first unless the statement says otherwise."""

    expression: Expression
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT statement."""

    select: tuple[SelectItem, ...]
    sources: tuple[Source, ...]
    scope: str | None = None
    where: Condition | None = None
    with_mode: str | None = None
    group_by: tuple[Expression, ...] = ()
    having: Condition | None = None
    order_by: tuple[OrderItem, ...] = ()
    limit: int | None = None
    offset: int | None = None
    all_rows: bool = False
    purposes: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
