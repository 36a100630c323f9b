"""What Bulk API 2.0 query jobs do not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audiencesync.emulator.soql.errors import SoqlError
from audiencesync.emulator.soql.grouping import is_aggregate
from audiencesync.emulator.soql.nodes import Call, Path, SelectChild, SelectTypeOf

if TYPE_CHECKING:
    from audiencesync.emulator.soql.nodes import Query, SelectItem
    from audiencesync.emulator.soql.paths import Scope

_CODE = "API_ERROR"
_COMPOUND = frozenset({"address", "location"})


def _item_problem(item: SelectItem, scope: Scope) -> str | None:
    if isinstance(item, SelectChild):
        return "Aggregate Relationships not supported in Bulk V2 Query with CSV content type"
    if isinstance(item, SelectTypeOf):
        return "TYPEOF not supported in Bulk V2 Query"
    expression = item.expression
    if isinstance(expression, Path):
        compound = scope.field(expression).field.type in _COMPOUND
        return "Selecting compound data not supported in Bulk Query" if compound else None
    if is_aggregate(expression):
        return "Aggregate functions not supported in Bulk V2 Query"
    if isinstance(expression, Call) and expression.name.upper() == "FIELDS":
        argument = expression.args[0] if expression.args else None
        if not isinstance(argument, Path) or argument.text.upper() != "STANDARD":
            return "The SOQL FIELDS function is not supported with an unbounded set of fields in this API."
    return None


def refuse_in_bulk(query: Query, scope: Scope) -> None:
    """Refuse grouping, aggregates, OFFSET, TYPEOF, compound fields, child subqueries and unbounded FIELDS().

    Raises:
        SoqlError: The statement needs the REST API.

    Source:
        Bulk API 2.0 guide, "Understanding Bulk API 2.0 Query"; SOQL and SOSL Reference, "SELECT". The texts
        on relationships and compound data are recorded from orgs; the others are worded after them.
    """
    for item in query.select:
        problem = _item_problem(item, scope)
        if problem is not None:
            raise SoqlError(_CODE, problem)
    if query.group_by:
        raise SoqlError(_CODE, "GROUP BY not supported in Bulk V2 Query")
    if query.offset is not None:
        raise SoqlError(_CODE, "OFFSET not supported in Bulk V2 Query")
