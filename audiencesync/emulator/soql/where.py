"""A condition becomes one function of a row, and hints for the org's indexes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audiencesync.emulator.soql.comparing import ID_TYPES, Comparer, Predicate, literal_kind
from audiencesync.emulator.soql.nodes import (
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Expression,
    Literal,
    Membership,
    Negation,
    Path,
    Query,
    Selection,
)

if TYPE_CHECKING:
    from audiencesync.emulator.soql.operands import Operand
    from audiencesync.emulator.soql.paths import Scope
    from audiencesync.emulator.soql.views import Record

MAX_SEMI_JOINS = 2

Resolve = Callable[[Expression], "Operand"]
Subselect = Callable[[Query], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Seek:
    """Every matching row has one of these values in this field: an index may find the rows."""

    field: str
    values: Collection[str]


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled condition and the ways an index could narrow it."""

    matches: Predicate
    seeks: tuple[Seek, ...] = ()


def _every(tests: list[Predicate]) -> Predicate:
    def matches(record: Record) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would double the cost of the hottest loop
            if not test(record):
                return False
        return True

    return matches


def _some(tests: list[Predicate]) -> Predicate:
    def matches(record: Record) -> bool:
        for test in tests:  # noqa: SIM110 - as above
            if test(record):
                return True
        return False

    return matches


def _invert(test: Predicate) -> Predicate:
    return lambda record: not test(record)


class ConditionCompiler:
    """Compiles the WHERE or the HAVING of one SELECT.

    Args:
        scope: Names and text of the SELECT.
        resolve: From an expression to the operand it stands for.
        subselect: Runs the inner SELECT of a semi-join; None where semi-joins may not stand.
    """

    def __init__(self, scope: Scope, resolve: Resolve, subselect: Subselect | None) -> None:
        self._scope = scope
        self._resolve = resolve
        self._subselect = subselect
        self._comparer = Comparer(scope)
        self._semi_joins = 0

    def compile(self, condition: Condition) -> Filter:
        """Make the function.

        Raises:
            SoqlError: A field, operator, value or semi-join is refused.
        """
        seeks: list[Seek] = []
        matches = self._build(condition, seeks, "AND")
        return Filter(matches, tuple(seeks))

    def _build(self, condition: Condition, seeks: list[Seek] | None, context: str) -> Predicate:
        if isinstance(condition, Conjunction):
            inner = "AND" if context == "AND" else "nested"
            return _every([self._build(item, seeks, inner) for item in condition.items])
        if isinstance(condition, Disjunction):
            inner = "OR" if context == "AND" else "nested"
            return _some([self._build(item, None, inner) for item in condition.items])
        if isinstance(condition, Negation):
            return _invert(self._build(condition.item, None, "nested"))
        if isinstance(condition, Membership) and isinstance(condition.values, Query):
            return self._semi_join(condition, condition.values, seeks, context)
        return self._test(condition, seeks)

    def _test(self, condition: Comparison | Membership | Selection, seeks: list[Seek] | None) -> Predicate:
        operand = self._resolve(condition.operand)
        if isinstance(condition, Comparison):
            test = self._comparer.compare(operand, condition.operator, condition.value)
            if seeks is not None and condition.operator == "=":
                self._note(seeks, operand, (condition.value,))
            return test
        listed = () if isinstance(condition.values, Query) else condition.values
        if isinstance(condition, Selection):
            return self._comparer.select(operand, listed, negated=condition.negated)
        test = self._comparer.member(operand, listed, negated=condition.negated)
        if seeks is not None and not condition.negated:
            self._note(seeks, operand, listed)
        return test

    def _note(self, seeks: list[Seek], operand: Operand, listed: Collection[Literal]) -> None:
        """Remember an equality that an index may answer: own text or Id field, values that are not null."""
        ref = operand.ref
        if ref is None or ref.steps or literal_kind(operand.field.type) != "string":
            return
        if any(literal.kind != "string" for literal in listed):
            return
        values = {str(self._comparer.value(operand, literal)) for literal in listed}
        if "" not in values:
            seeks.append(Seek(ref.field.name, values))

    def _semi_join(
        self, condition: Membership, query: Query, seeks: list[Seek] | None, context: str
    ) -> Predicate:
        """`Id IN (SELECT …)`, with Salesforce's many restrictions.

        Source:
            SOQL and SOSL Reference, "Considerations for Semi-Join and Anti-Join Queries"; the sentences are
            quoted in public issues and posts.
        """
        operand, pos = condition.operand, condition.operand.pos
        problem = None
        if self._subselect is None:
            problem = "Nesting of semi join sub-selects is not supported"
        elif context == "OR":
            problem = "Semi join sub-selects are not allowed with the 'OR' operator"
        elif context != "AND":
            problem = "Semi join sub-selects are only allowed at the top level WHERE expressions."
        elif self._semi_joins == MAX_SEMI_JOINS:
            problem = f"Maximum {MAX_SEMI_JOINS} semi join sub-selects are allowed"
        if problem is not None or self._subselect is None:
            raise self._scope.error(pos, "MALFORMED_QUERY", problem or "")
        self._semi_joins += 1
        outer = self._resolve(operand)
        if isinstance(operand, Path) and outer.ref is not None and outer.ref.steps:
            message = f"The left operand '{operand.text}' cannot have more than one level of relationships"
            raise self._scope.error(pos, "MALFORMED_QUERY", message)
        if outer.ref is None or outer.field.type not in ID_TYPES:
            message = f"The left operand of a semi join must be an Id or reference field: {outer.label}"
            raise self._scope.error(pos, "MALFORMED_QUERY", message)
        keys = self._subselect(query)
        if seeks is not None and not condition.negated:
            seeks.append(Seek(outer.ref.field.name, keys))
        return self._comparer.among(outer, keys, negated=condition.negated)
