"""From nodes back to text, for the round-trip property."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audiencesync.emulator.soql.nodes import (
    Call,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Literal,
    Membership,
    Negation,
    OrderItem,
    Path,
    Query,
    SelectChild,
    SelectField,
    Selection,
    SelectItem,
    SelectTypeOf,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


def expression(node: Path | Call | Literal) -> str:
    if isinstance(node, Path):
        return node.text
    if isinstance(node, Literal):
        return literal(node)
    return f"{node.name}({', '.join(expression(each) for each in node.args)})"


def literal(node: Literal) -> str:
    if node.kind == "string":
        return f"'{node.text}'"
    if node.kind == "bind":
        return f":{node.text}"
    return node.text if node.count is None else f"{node.text}:{node.count}"


def condition(node: Condition) -> str:
    if isinstance(node, Comparison):
        return f"{expression(node.operand)} {node.operator} {literal(node.value)}"
    if isinstance(node, Membership):
        word = "NOT IN" if node.negated else "IN"
        inner = query(node.values) if isinstance(node.values, Query) else ", ".join(map(literal, node.values))
        return f"{expression(node.operand)} {word} ({inner})"
    if isinstance(node, Selection):
        word = "EXCLUDES" if node.negated else "INCLUDES"
        return f"{expression(node.operand)} {word} ({', '.join(map(literal, node.values))})"
    if isinstance(node, Negation):
        return f"NOT {term(node.item)}"
    word = " AND " if isinstance(node, Conjunction) else " OR "
    return word.join(map(term, node.items))


def term(node: Condition) -> str:
    text = condition(node)
    return f"({text})" if isinstance(node, Conjunction | Disjunction | Negation) else text


def item(node: SelectItem) -> str:
    if isinstance(node, SelectField):
        return expression(node.expression) + (f" {node.alias}" if node.alias else "")
    if isinstance(node, SelectChild):
        return f"({query(node.query)})"
    assert isinstance(node, SelectTypeOf)
    branches = " ".join(
        f"WHEN {name} THEN {', '.join(map(expression, paths))}" for name, paths in node.branches
    )
    otherwise = f" ELSE {', '.join(map(expression, node.otherwise))}" if node.otherwise else ""
    return f"TYPEOF {node.relationship.text} {branches}{otherwise} END"


def order(node: OrderItem) -> str:
    direction = " DESC" if node.descending else ""
    return expression(node.expression) + direction + (" NULLS LAST" if node.nulls_last else "")


def query(node: Query) -> str:
    sources = ", ".join(each.path.text + (f" {each.alias}" if each.alias else "") for each in node.sources)
    clauses = [
        f"USING SCOPE {node.scope}" if node.scope else "",
        f"WHERE {condition(node.where)}" if node.where else "",
        f"WITH {node.with_mode}" if node.with_mode else "",
        listed("GROUP BY", map(expression, node.group_by)),
        f"HAVING {condition(node.having)}" if node.having else "",
        listed("ORDER BY", map(order, node.order_by)),
        "" if node.limit is None else f"LIMIT {node.limit}",
        "" if node.offset is None else f"OFFSET {node.offset}",
        "ALL ROWS" if node.all_rows else "",
        *(f"FOR {purpose}" for purpose in node.purposes),
        listed("UPDATE", node.updates),
    ]
    return " ".join(filter(None, [listed("SELECT", map(item, node.select)), f"FROM {sources}", *clauses]))


def listed(word: str, parts: Iterable[str]) -> str:
    text = ", ".join(parts)
    return f"{word} {text}" if text else ""
