"""Statements made of every clause read back as themselves; broken ones are refused and nothing worse."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiencesync.emulator.soql import SoqlError, execute, parse
from audiencesync.emulator.soql.nodes import (
    Call,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Expression,
    Literal,
    Membership,
    Negation,
    OrderItem,
    Path,
    Query,
    SelectChild,
    SelectField,
    Selection,
    SelectTypeOf,
    Source,
)

from . import render
from .org import Org

if TYPE_CHECKING:
    from collections.abc import Callable

KEYWORDS = {
    "select",
    "from",
    "as",
    "typeof",
    "when",
    "then",
    "else",
    "end",
    "using",
    "scope",
    "where",
    "with",
    "group",
    "by",
    "having",
    "order",
    "asc",
    "desc",
    "nulls",
    "first",
    "last",
    "limit",
    "offset",
    "all",
    "rows",
    "for",
    "update",
    "and",
    "or",
    "not",
    "like",
    "in",
    "includes",
    "excludes",
    "true",
    "false",
    "null",
}
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda text: text.lower() not in KEYWORDS
)
paths = st.lists(names, min_size=1, max_size=3).map(lambda parts: Path(tuple(parts)))
quoted = st.lists(
    st.one_of(
        st.characters(exclude_characters="'\\", exclude_categories=["Cs"]),
        st.sampled_from([r"\'", "\\\\", r"\n", r"\%", r"\_", r"\u00e9"]),
    ),
    max_size=6,
).map("".join)
literals = st.one_of(
    quoted.map(lambda text: Literal("string", text)),
    st.sampled_from(["0", "-1", "+2.5", "1e9", ".5", "3."]).map(lambda text: Literal("number", text)),
    st.dates().map(lambda day: Literal("date", day.isoformat())),
    st.datetimes().map(lambda at: Literal("datetime", at.replace(microsecond=0).isoformat() + "Z")),
    st.sampled_from(["true", "FALSE"]).map(lambda text: Literal("boolean", text)),
    st.just(Literal("null", "null")),
    st.sampled_from(["TODAY", "this_week"]).map(lambda text: Literal("range", text)),
    st.integers(0, 999).map(lambda count: Literal("range", "LAST_N_DAYS", count)),
    names.map(lambda name: Literal("bind", name)),
    st.just(Literal("time", "09:30:00.000Z")),
)
calls = st.builds(
    Call,
    names,
    st.lists(st.one_of(paths, quoted.map(lambda text: Literal("string", text))), max_size=2).map(tuple),
)
expressions: st.SearchStrategy[Expression] = st.one_of(paths, calls)


def joined(kind: Callable[[tuple[Condition, ...]], Condition], inner: st.SearchStrategy[Condition]) -> Any:
    return st.lists(inner, min_size=2, max_size=3).map(lambda items: kind(tuple(items)))


def conditions(queries: st.SearchStrategy[Query] | None) -> st.SearchStrategy[Condition]:
    listed = st.lists(literals, min_size=1, max_size=3).map(tuple)
    values = listed if queries is None else st.one_of(listed, queries)
    leaves = st.one_of(
        st.builds(
            Comparison, expressions, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "LIKE"]), literals
        ),
        st.builds(Membership, expressions, st.booleans(), values),
        st.builds(Selection, expressions, st.booleans(), listed),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(joined(Conjunction, inner), joined(Disjunction, inner), inner.map(Negation)),
        max_leaves=5,
    )


def statements(depth: int = 1) -> st.SearchStrategy[Query]:
    inner = statements(depth - 1) if depth else None
    branches = st.lists(
        st.tuples(names, st.lists(paths, min_size=1, max_size=2).map(tuple)), min_size=1, max_size=2
    )
    items: list[st.SearchStrategy[Any]] = [
        st.builds(SelectField, expressions, st.none() | names),
        st.builds(SelectTypeOf, paths, branches.map(tuple), st.lists(paths, max_size=2).map(tuple)),
    ]
    if inner is not None:
        items.append(st.builds(SelectChild, inner))
    few = st.lists(names, max_size=2).map(tuple)
    counts = st.none() | st.integers(0, 5000)
    return st.builds(
        Query,
        select=st.lists(st.one_of(*items), min_size=1, max_size=3).map(tuple),
        sources=st.lists(st.builds(Source, paths, st.none() | names), min_size=1, max_size=2).map(tuple),
        scope=st.none() | names,
        where=st.none() | conditions(inner),
        with_mode=st.none() | names,
        group_by=st.lists(expressions, max_size=2).map(tuple),
        having=st.none() | conditions(None),
        order_by=st.lists(st.builds(OrderItem, expressions, st.booleans(), st.booleans()), max_size=2).map(
            tuple
        ),
        limit=counts,
        offset=counts,
        all_rows=st.booleans(),
        purposes=few,
        updates=few,
    )


@pytest.mark.slow
@given(statements())
@settings(max_examples=100, deadline=None)
def test_a_rendered_statement_parses_to_itself(query: Query) -> None:
    assert parse(render.query(query)) == query


@pytest.mark.slow
@given(statements(0).map(render.query), st.data())
@settings(max_examples=100, deadline=None)
def test_a_broken_statement_is_refused_and_nothing_worse_happens(text: str, data: st.DataObject) -> None:
    start, stop = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    junk = data.draw(st.text("'\"()\\%.,:*;\n -", max_size=3))

    with contextlib.suppress(SoqlError):
        execute(text[:start] + junk + text[stop:], Org())
