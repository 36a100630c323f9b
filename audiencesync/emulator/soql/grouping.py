"""GROUP BY and the aggregate functions.

A group becomes one mapping from the key of an expression (`account.name`, `count(id)`) to its value, so
HAVING, ORDER BY and the columns read groups as they read records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

from audiencesync.emulator.soql.comparing import NUMBER_TYPES, normaliser
from audiencesync.emulator.soql.nodes import Call, Expression, Literal, Path
from audiencesync.emulator.soql.operands import AGGREGATES, Operand, field_operand, scalar_operand
from audiencesync.emulator.soql.paths import PlainField

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from audiencesync.emulator.soql.errors import SoqlError
    from audiencesync.emulator.soql.nodes import Query
    from audiencesync.emulator.soql.paths import Scope
    from audiencesync.emulator.soql.views import Getter, Record

MAX_SUBTOTALS = 3
MAX_GROUPS = 2000

_SETS = frozenset({"ROLLUP", "CUBE"})
_NO_ALIAS = "GROUPING"


def is_aggregate(expression: object) -> bool:
    """Whether an expression of the field list is computed over rows."""
    return isinstance(expression, Call) and expression.name.upper() in AGGREGATES | {_NO_ALIAS}


def _values(get: Getter, kind: str, rows: Iterable[Record]) -> list[Any]:
    normalise = normaliser(kind, case_sensitive=True)
    return [value for row in rows if (value := normalise(get(row))) is not None]


def _sum(values: list[Any]) -> object:
    return sum(values) if values else None


def _average(values: list[Any]) -> object:
    return sum(values) / len(values) if values else None


_COMPUTE: dict[str, Callable[[list[Any]], object]] = {
    "COUNT": len,
    "COUNT_DISTINCT": lambda values: len(set(values)),
    "SUM": _sum,
    "AVG": _average,
    "MIN": lambda values: min(values, default=None),
    "MAX": lambda values: max(values, default=None),
}


@dataclass
class Grouping:
    """The groups of one statement; aggregates are added as columns, HAVING and ORDER BY name them.

    Attributes:
        scope: Names and text.
        keys: Grouped expressions.
        sets: Positions in `keys` that each grouping set groups by; several for ROLLUP and CUBE.
        explicit: There is a GROUP BY.
    """

    scope: Scope
    keys: tuple[Operand, ...]
    sets: tuple[tuple[int, ...], ...]
    explicit: bool
    _aggregates: dict[str, Callable[[list[Record]], object]] = field(default_factory=dict)

    def operand(self, expression: Expression, *, ordering: bool = False) -> Operand:
        """An expression that a group has one value for.

        Raises:
            SoqlError: `MALFORMED_QUERY`: it is neither grouped nor aggregated.
        """
        if isinstance(expression, Call) and is_aggregate(expression):
            return self._aggregate(expression)
        found = scalar_operand(self.scope, expression)
        if all(found.key != key.key for key in self.keys):
            start = "Ordered field" if ordering else "Field"
            message = f"{start} must be grouped or aggregated: {found.label}"
            raise self.scope.error(found.pos, "MALFORMED_QUERY", message)
        key = found.key
        return Operand(key, found.label, found.field, found.ref, lambda row: row.get(key), found.pos)

    def _aggregate(self, call: Call) -> Operand:
        name = call.name.upper()
        argument = call.args[0] if len(call.args) == 1 else None
        if not isinstance(argument, Path):
            message = f"Incorrect number or kind of arguments for {call.name}"
            raise self.scope.error(call.pos, "MALFORMED_QUERY", message)
        inner = field_operand(self.scope, argument)
        key = f"{name.lower()}({inner.key})"
        label = f"{call.name}({argument.text})"
        if name == _NO_ALIAS:
            return self._grouping_flag(key, label, inner, call.pos)
        kind = inner.field.type
        if not inner.field.aggregatable or (name in {"SUM", "AVG"} and kind not in NUMBER_TYPES):
            message = f"field {inner.field.name} does not support aggregate operator {name}"
            raise self.scope.error(call.pos, "MALFORMED_QUERY", message)
        compute, get = _COMPUTE[name], inner.get
        self._aggregates[key] = lambda rows: compute(_values(get, kind, rows))
        result = "int" if name.startswith("COUNT") else "double" if name == "AVG" else kind
        return Operand(
            key, label, PlainField(inner.field.name, result), None, lambda row: row.get(key), call.pos
        )

    def _grouping_flag(self, key: str, label: str, inner: Operand, pos: int) -> Operand:
        if all(inner.key != each.key for each in self.keys):
            message = f"Field must be grouped or aggregated: {inner.label}"
            raise self.scope.error(pos, "MALFORMED_QUERY", message)
        return Operand(key, label, PlainField(inner.field.name, "int"), None, lambda row: row.get(key), pos)

    def rows(self, records: Iterable[Record]) -> list[Record]:
        """One mapping a group, in the order the groups first appear; subtotals follow."""
        kept = list(records)
        if not self.explicit:
            return [self._row((), (), kept)]
        readers = [(key.get, _identity(key)) for key in self.keys]
        tagged = [(tuple(tag(get(record)) for get, tag in readers), record) for record in kept]
        rows: list[Record] = []
        for positions in self.sets:
            groups: dict[tuple[object, ...], list[Record]] = {}
            for values, record in tagged:
                groups.setdefault(tuple(values[at] for at in positions), []).append(record)
            rows.extend(self._row(positions, values, members) for values, members in groups.items())
        return rows

    def _row(
        self, positions: tuple[int, ...], values: tuple[object, ...], members: list[Record]
    ) -> dict[str, object]:
        row: dict[str, object] = {}
        for at, key in enumerate(self.keys):
            row[key.key] = None
            row[f"grouping({key.key})"] = 0 if at in positions else 1
        for at, value in zip(positions, values, strict=True):
            row[self.keys[at].key] = value
        for key_text, compute in self._aggregates.items():
            row[key_text] = compute(members)
        return row


def _identity(key: Operand) -> Callable[[object], object]:
    if key.field.type == "boolean":
        return bool
    return lambda value: None if value == "" else value


def _group_keys(scope: Scope, expressions: Iterable[Expression | Literal]) -> tuple[Operand, ...]:
    keys: list[Operand] = []
    for expression in expressions:
        if isinstance(expression, Literal):
            raise scope.error(expression.pos, "MALFORMED_QUERY", f"unexpected token: '{expression.text}'")
        key = scalar_operand(scope, expression)
        if not key.field.groupable:
            message = f"field '{key.field.name}' can not be grouped in a query call"
            raise scope.error(key.pos, "MALFORMED_QUERY", message)
        keys.append(key)
    return tuple(keys)


def _wrong_sets(scope: Scope, call: Call) -> SoqlError:
    message = f"GROUP BY {call.name} takes at most {MAX_SUBTOTALS} fields and stands alone"
    return scope.error(call.pos, "MALFORMED_QUERY", message)


def grouping_of(scope: Scope, query: Query) -> Grouping | None:
    """The grouping a statement asks for; None when it reads plain records.

    Raises:
        SoqlError: A field cannot be grouped, or ROLLUP or CUBE is not alone.
    """
    first = query.group_by[0] if query.group_by else None
    if isinstance(first, Call) and first.name.upper() in _SETS:
        if len(query.group_by) > 1 or len(first.args) > MAX_SUBTOTALS:
            raise _wrong_sets(scope, first)
        keys = _group_keys(scope, first.args)
        every = range(len(keys))
        if first.name.upper() == "ROLLUP":
            sets = [tuple(range(size)) for size in range(len(keys), -1, -1)]
        else:
            sets = [chosen for size in range(len(keys), -1, -1) for chosen in combinations(every, size)]
        return Grouping(scope, keys, tuple(sets), explicit=True)
    keys = _group_keys(scope, query.group_by)
    selected = [getattr(item, "expression", None) for item in query.select]
    if not keys and query.having is None and not any(is_aggregate(each) for each in selected):
        return None
    return Grouping(scope, keys, (tuple(range(len(keys))),), explicit=bool(keys))
