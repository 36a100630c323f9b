"""From a statement and an org to its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from audiencesync.emulator.soql.bulk import refuse_in_bulk
from audiencesync.emulator.soql.comparing import ID_TYPES, normaliser
from audiencesync.emulator.soql.errors import SoqlError
from audiencesync.emulator.soql.grouping import MAX_GROUPS, Grouping, grouping_of
from audiencesync.emulator.soql.nodes import Call, Path, SelectField
from audiencesync.emulator.soql.operands import scalar_operand
from audiencesync.emulator.soql.parser import parse
from audiencesync.emulator.soql.paths import child_scope, getter, root_scope
from audiencesync.emulator.soql.result import QueryResult, Shape
from audiencesync.emulator.soql.selecting import SelectCompiler, Selection
from audiencesync.emulator.soql.where import ConditionCompiler, Filter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from audiencesync.emulator.soql.nodes import Expression, OrderItem, Query
    from audiencesync.emulator.soql.operands import Operand
    from audiencesync.emulator.soql.paths import Scope
    from audiencesync.emulator.soql.result import ChildQuery, Column
    from audiencesync.emulator.soql.views import OrgView, Record

MAX_OFFSET = 2000
MAX_CHILD_LEVELS = 5

# Source: SOQL and SOSL Reference, "Considerations for Semi-Join and Anti-Join Queries".
_NO_SEMI_JOIN = frozenset({"activityhistory", "attachment", "event", "note", "openactivity", "task"})


def _sorter(operand: Operand, item: OrderItem) -> Callable[[list[Record]], list[Record]]:
    view = operand.field
    normalise = normaliser(view.type, case_sensitive=view.case_sensitive, ordering=True)
    get = operand.get

    def sort(rows: list[Record]) -> list[Record]:
        keyed = [(normalise(get(row)), row) for row in rows]
        nulls = [row for key, row in keyed if key is None]
        valued = [pair for pair in keyed if pair[0] is not None]
        valued.sort(key=lambda pair: pair[0], reverse=item.descending)
        ordered = [row for _, row in valued]
        return ordered + nulls if item.nulls_last else nulls + ordered

    return sort


@dataclass(frozen=True)
class Plan:
    """A compiled SELECT.

    Attributes:
        scope: Names and text.
        query: The statement.
        selection: Columns and shape; None for a lone `COUNT()`.
        filter: The WHERE.
        grouping: The groups, or None.
        having: The HAVING.
        sorters: The sort keys, last first.
        include_deleted: Deleted records take part.
    """

    scope: Scope
    query: Query
    selection: Selection | None
    filter: Filter | None
    grouping: Grouping | None
    having: Filter | None
    sorters: tuple[Callable[[list[Record]], list[Record]], ...]
    include_deleted: bool

    def run(self) -> QueryResult:
        """Read the org.

        Raises:
            SoqlError: More groups than one answer can carry.
        """
        matching = self.matching(self._candidates())
        if self.selection is None:
            total = sum(1 for _ in islice(matching, self.query.limit))
            return self._result((), total)
        rows = self.finish(matching)
        if self.grouping is not None and len(rows) > MAX_GROUPS:
            message = (
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single "
                "batch"
            )
            raise SoqlError("EXCEEDED_ID_LIMIT", message)
        return self._result(rows, len(rows))

    def describe(self) -> QueryResult:
        """The columns alone, without reading a record; for `columns=true`."""
        return self._result((), 0)

    def _result(self, rows: Sequence[Record], total: int) -> QueryResult:
        view = self.scope.view
        chosen = self.selection
        return QueryResult(
            object_name=view.name,
            columns=() if chosen is None else chosen.columns,
            rows=rows,
            total_size=total,
            is_count=chosen is None,
            aggregate=self.grouping is not None,
            grouped=bool(self.query.group_by),
            shape=Shape(view, ()) if chosen is None else chosen.shape,
            view=view,
            org=self.scope.org,
        )

    def matching(self, candidates: Iterable[Record]) -> Iterator[Record]:
        """The candidates that the WHERE takes."""
        return iter(candidates) if self.filter is None else filter(self.filter.matches, candidates)

    def finish(self, matching: Iterable[Record]) -> list[Record]:
        """Group, sort and cut the rows that the WHERE took."""
        start = self.query.offset or 0
        stop = None if self.query.limit is None else start + self.query.limit
        if self.grouping is None and not self.sorters:
            return list(islice(matching, start, stop))
        rows = list(matching) if self.grouping is None else self.grouping.rows(matching)
        if self.having is not None:
            rows = [row for row in rows if self.having.matches(row)]
        for sort in self.sorters:
            rows = sort(rows)
        return rows[start:stop]

    def _candidates(self) -> Iterable[Record]:
        org, name = self.scope.org, self.scope.view.name
        seeks = () if self.filter is None else self.filter.seeks
        for seek in sorted(seeks, key=lambda each: (each.field != "Id", len(each.values))):
            found = org.find(name, seek.field, seek.values)
            if found is None and seek.field == "Id":
                found = (record for value in seek.values if (record := org.record(name, value)) is not None)
            if found is not None:
                return self.living(found)
        return org.records(name, self.include_deleted)

    def living(self, records: Iterable[Record]) -> Iterable[Record]:
        """Leave deleted records out, unless the statement wants them."""
        if self.include_deleted:
            return records
        return (record for record in records if record.get("IsDeleted") is not True)


@dataclass
class _ChildPlan:
    """A child subquery; reads the children of all parents once when the org has no index on them."""

    plan: Plan
    selection: Selection
    link: str
    _by_parent: dict[object, list[Record]] | None = field(default=None)

    @property
    def shape(self) -> Shape:
        return self.selection.shape

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.selection.columns

    def rows_of(self, parent_id: str) -> Sequence[Record]:
        org, name = self.plan.scope.org, self.plan.scope.view.name
        found: Iterable[Record] | None = org.find(name, self.link, (parent_id,))
        if found is None:
            if self._by_parent is None:
                self._by_parent = {}
                for record in org.records(name, self.plan.include_deleted):
                    self._by_parent.setdefault(record.get(self.link), []).append(record)
            found = self._by_parent.get(parent_id, ())
        children = (record for record in found if record.get(self.link) == parent_id)
        return self.plan.finish(self.plan.matching(self.plan.living(children)))


class _Compiler:
    """Compiles one SELECT; the root, a child subquery or the inside of a semi-join."""

    def __init__(self, scope: Scope, query: Query, *, include_deleted: bool, level: int = 0) -> None:
        self._scope = scope
        self._query = query
        self._include_deleted = include_deleted or query.all_rows
        self._level = level

    def plan(self) -> Plan:
        query, scope = self._query, self._scope
        if (query.offset or 0) > MAX_OFFSET:
            raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
        grouping = grouping_of(scope, query)
        count = self._is_count()
        if grouping is not None and not count:
            self._check_aggregate()
        selection = None
        if not count:
            selection = SelectCompiler(scope, query, grouping, self._child).compile()
        where = None
        if query.where is not None:
            conditions = ConditionCompiler(scope, self._scalar, self._subselect if self._level == 0 else None)
            where = conditions.compile(query.where)
        grouping = None if count else grouping
        having = None
        if query.having is not None and grouping is not None:
            having = ConditionCompiler(scope, grouping.operand, None).compile(query.having)
        return Plan(
            scope=scope,
            query=query,
            selection=selection,
            filter=where,
            grouping=grouping,
            having=having,
            sorters=self._sorters(grouping),
            include_deleted=self._include_deleted,
        )

    def _is_count(self) -> bool:
        for item in self._query.select:
            call = item.expression if isinstance(item, SelectField) else None
            if isinstance(call, Call) and call.name.upper() == "COUNT" and not call.args:
                if len(self._query.select) == 1 and not self._query.group_by and self._level == 0:
                    return True
                message = "COUNT() must be the only element of the SELECT list"
                raise self._scope.error(call.pos, "MALFORMED_QUERY", message)
        return False

    def _check_aggregate(self) -> None:
        if self._level:
            first = self._query.sources[0].path
            message = "Only root queries support aggregate expressions"
            raise self._scope.error(first.pos, "MALFORMED_QUERY", message)
        if not self._query.group_by and self._query.limit is not None:
            message = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"
            raise SoqlError("MALFORMED_QUERY", message)

    def _scalar(self, expression: Expression) -> Operand:
        return scalar_operand(self._scope, expression)

    def _sorters(self, grouping: Grouping | None) -> tuple[Callable[[list[Record]], list[Record]], ...]:
        made = []
        for item in reversed(self._query.order_by):
            if grouping is None:
                operand = scalar_operand(self._scope, item.expression)
            else:
                operand = grouping.operand(item.expression, ordering=True)
            if not operand.field.sortable or operand.field.type in {"address", "location"}:
                message = f"field '{operand.field.name}' can not be sorted in a query call"
                raise self._scope.error(operand.pos, "MALFORMED_QUERY", message)
            made.append(_sorter(operand, item))
        return tuple(made)

    def _child(self, query: Query) -> tuple[str, ChildQuery]:
        if self._level >= MAX_CHILD_LEVELS - 1:
            message = f"Child subqueries cannot nest deeper than {MAX_CHILD_LEVELS} levels"
            raise self._scope.error(query.sources[0].path.pos, "MALFORMED_QUERY", message)
        scope, link, name = child_scope(self._scope, query.sources)
        compiler = _Compiler(scope, query, include_deleted=self._include_deleted, level=self._level + 1)
        plan = compiler.plan()
        assert plan.selection is not None  # noqa: S101  (COUNT() is refused below the root)
        return name, _ChildPlan(plan, plan.selection, link)

    def _subselect(self, query: Query) -> frozenset[str]:
        """Run the inside of a semi-join.

        Source:
            SOQL and SOSL Reference, "Considerations for Semi-Join and Anti-Join Queries".
        """
        scope = root_scope(self._scope.text, self._scope.org, query.sources)
        pos = query.sources[0].path.pos
        item = query.select[0]
        path = item.expression if isinstance(item, SelectField) else None
        problem = None
        if scope.view.name == self._scope.view.name:
            problem = "The inner and outer selects should not be on the same object type"
        elif scope.view.name.lower() in _NO_SEMI_JOIN:
            problem = f"Entity '{scope.view.name}' is not supported for semi join inner selects"
        elif len(query.select) != 1 or not isinstance(path, Path):
            problem = "Semi join sub-selects must select exactly one field"
        elif query.order_by or query.limit is not None or query.offset is not None or query.group_by:
            problem = "Semi join sub-selects cannot use ORDER BY, LIMIT, OFFSET or GROUP BY"
        if problem is not None or not isinstance(path, Path):
            raise self._scope.error(pos, "MALFORMED_QUERY", problem or "")
        ref = scope.field(path)
        if ref.steps:
            message = f"The inner select field '{path.text}' cannot have more than one level of relationships"
            raise self._scope.error(path.pos, "MALFORMED_QUERY", message)
        if ref.field.type not in ID_TYPES:
            message = f"Semi join sub-selects can only query id fields, cannot use: '{ref.field.name}'"
            raise self._scope.error(path.pos, "MALFORMED_QUERY", message)
        plan = _Compiler(scope, query, include_deleted=self._include_deleted, level=1).plan()
        read = getter(self._scope.org, ref)
        return frozenset(value for row in plan.run().rows if isinstance(value := read(row), str))


def prepare(text: str, org: OrgView, *, include_deleted: bool = False, bulk: bool = False) -> Plan:
    """Parse and compile a statement without reading records.

    Args:
        text: The statement.
        org: What it is about.
        include_deleted: Deleted records take part, as in queryAll.
        bulk: Refuse what Bulk API 2.0 query jobs refuse.

    Raises:
        SoqlError: The statement is refused.
    """
    query = parse(text)
    scope = root_scope(text, org, query.sources)
    if bulk:
        refuse_in_bulk(query, scope)
    return _Compiler(scope, query, include_deleted=include_deleted).plan()


def execute(text: str, org: OrgView, *, include_deleted: bool = False, bulk: bool = False) -> QueryResult:
    """Answer a statement; the arguments and errors are those of `prepare`.

    Raises:
        SoqlError: The statement is refused.
    """
    return prepare(text, org, include_deleted=include_deleted, bulk=bulk).run()
