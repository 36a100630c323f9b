"""Properties that hold for every statement, found by trying many."""

from __future__ import annotations

import contextlib
import operator
import string
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiencesync.emulator.soql import SoqlError, execute, parse, to_csv_rows, to_json_records
from audiencesync.emulator.soql.literals import like, long_id, unescape
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
from audiencesync.emulator.soql.ranges import date_range

from . import render
from .org import Org, make_id

# ---- a rendered statement reads back as itself -------------------------------------------------------

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


# ---- WHERE against a plain model -----------------------------------------------------------------------

FIELDS: Mapping[str, st.SearchStrategy[Any]] = {
    "LastName": st.sampled_from(["a", "B", "ab", "Ba%", "_", "ÄB", ""]),
    "Key__c": st.sampled_from(["a", "A", "ab"]),
    "Score__c": st.sampled_from([-1, 0, 0.1, 2.5, 10**9]),
    "VIP__c": st.booleans(),
    "Birthdate": st.dates(date(2026, 1, 1), date(2026, 12, 31)),
}
OPERATORS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
Row = dict[str, Any]
Model = Callable[[Row], bool]


def written(value: object) -> str:
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def plain(field: str, value: Any, *, ordering: bool = False) -> Any:
    if field == "VIP__c":
        return bool(value)
    if value in (None, ""):
        return None
    if field == "LastName":
        return value.upper() if ordering else value.lower()
    return value


def comparison(field: str, word: str, value: Any) -> tuple[str, Model]:
    ordering = word in {"<", "<=", ">", ">="}
    right = plain(field, value, ordering=ordering)

    def model(row: Row) -> bool:
        left = plain(field, row.get(field), ordering=ordering)
        if ordering and (left is None or right is None):
            return False
        return bool(OPERATORS[word](left, right))

    return f"{field} {word} {'null' if value is None else written(value)}", model


def membership(field: str, values: list[Any], *, negated: bool) -> tuple[str, Model]:
    listed = ", ".join("null" if value is None else written(value) for value in values)
    rights = {plain(field, value) for value in values}
    word = "NOT IN" if negated else "IN"
    return f"{field} {word} ({listed})", lambda row: (plain(field, row.get(field)) in rights) is not negated


def negation(inner: tuple[str, Model]) -> tuple[str, Model]:
    return f"(NOT ({inner[0]}))", lambda row: not inner[1](row)


def junction(word: str, parts: list[tuple[str, Model]]) -> tuple[str, Model]:
    decide = all if word == "AND" else any
    text = f"({f' {word} '.join(part[0] for part in parts)})"
    return text, lambda row: decide(part[1](row) for part in parts)


def leaf(field: str) -> st.SearchStrategy[tuple[str, Model]]:
    values = st.none() | FIELDS[field]
    words = ["=", "!="] if field == "VIP__c" else list(OPERATORS)
    return st.one_of(
        st.builds(comparison, st.just(field), st.sampled_from(words), values),
        st.builds(
            membership, st.just(field), st.lists(values, min_size=1, max_size=3), negated=st.booleans()
        ),
    )


wheres = st.recursive(
    st.sampled_from(sorted(FIELDS)).flatmap(leaf),
    lambda inner: st.one_of(
        inner.map(negation),
        st.builds(junction, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=5,
)
tables = st.lists(
    st.fixed_dictionaries({}, optional={name: st.none() | values for name, values in FIELDS.items()}),
    max_size=6,
).map(lambda rows: [{"Id": make_id("003", at), **row} for at, row in enumerate(rows)])


@pytest.mark.slow
@given(
    tables,
    wheres,
    st.sampled_from([frozenset(), frozenset({("Contact", "LastName"), ("Contact", "Key__c")})]),
)
@settings(max_examples=200, deadline=None)
def test_where_takes_what_a_plain_model_takes(
    table: list[Row], where: tuple[str, Model], indexed: frozenset[tuple[str, str]]
) -> None:
    text, model = where
    org = Org({"Contact": list(table)})
    org.indexed = set(indexed)

    found = execute(f"SELECT Id FROM Contact WHERE {text}", org)

    assert {row["Id"] for row in found.rows} == {row["Id"] for row in table if model(row)}


@given(
    tables,
    st.sampled_from(sorted(FIELDS)),
    st.tuples(st.booleans(), st.booleans()),
    st.integers(0, 7),
    st.integers(0, 7),
)
@settings(deadline=None)
def test_order_limit_and_offset_are_a_stable_sort_and_a_slice(
    table: list[Row], field: str, direction: tuple[bool, bool], limit: int, offset: int
) -> None:
    descending, last = direction

    def key(row: Row) -> Any:
        return plain(field, row.get(field), ordering=True)

    valued = sorted((row for row in table if key(row) is not None), key=key, reverse=descending)
    nulls = [row for row in table if key(row) is None]
    expected = [row["Id"] for row in (valued + nulls if last else nulls + valued)]
    order = f"{field}{' DESC' * descending} NULLS {'LAST' if last else 'FIRST'}"

    result = execute(
        f"SELECT Id FROM Contact ORDER BY {order} LIMIT {limit} OFFSET {offset}",
        Org({"Contact": list(table)}),
    )

    assert [row["Id"] for row in result.rows] == expected[offset : offset + limit]
    assert len(to_json_records(result, "66.0")) == len(list(to_csv_rows(result))) - 1 == result.total_size


@given(tables)
@settings(deadline=None)
def test_groups_part_the_rows(table: list[Row]) -> None:
    org = Org({"Contact": list(table)})

    rows = execute(
        "SELECT Birthdate b, COUNT(Id) n, SUM(Score__c) s FROM Contact GROUP BY Birthdate", org
    ).rows

    assert sum(int(str(row["count(id)"])) for row in rows) == len(table)
    assert {row["birthdate"] for row in rows} == {row.get("Birthdate") for row in table}


# ---- literals --------------------------------------------------------------------------------------------


def naive_like(pattern: str, value: str) -> bool:
    if not pattern:
        return not value
    if pattern[0] == "%":
        return any(naive_like(pattern[1:], value[at:]) for at in range(len(value) + 1))
    return bool(value) and (pattern[0] in ("_", value[0])) and naive_like(pattern[1:], value[1:])


@given(st.text("ab%_.*", max_size=6), st.text("ab%_.*\n", max_size=6))
def test_like_agrees_with_its_definition(pattern: str, value: str) -> None:
    assert like(pattern, case_sensitive=True)(value) == naive_like(pattern, value)


@given(st.text(max_size=8))
def test_an_escaped_text_is_itself_in_equality_and_in_like(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("%", "\\%").replace("_", "\\_")

    assert unescape(escaped) == text
    assert like(escaped, case_sensitive=True)(text)


@given(st.text(string.ascii_letters + string.digits, min_size=15, max_size=15))
def test_an_id_of_18_characters_survives_any_case(short: str) -> None:
    full = long_id(short)

    assert full is not None
    assert full[:15] == short
    assert long_id(full) == long_id(full.lower()) == long_id(full.upper()) == full


@pytest.mark.parametrize(
    "text", ["", "001", "x" * 16, "001Em0000000001AA!", "001Em000000000é", "0" * 15 + "BAA"]
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert long_id(text) is None


days = st.dates(date(1700, 1, 1), date(4000, 12, 31))


@given(
    days,
    st.sampled_from(["WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR"]),
    st.integers(1, 40),
)
def test_ranges_of_a_unit_join_without_gaps(today: date, unit: str, count: int) -> None:
    def found(name: str, number: int | None = None) -> tuple[date, date]:
        result = date_range(name, number, today)
        assert result is not None
        return result

    this = found(f"THIS_{unit}")
    assert this[0] <= today < this[1]
    assert found(f"LAST_{unit}")[1] == this[0]
    assert found(f"NEXT_{unit}")[0] == this[1]
    assert found(f"LAST_N_{unit}S", count) == (found(f"N_{unit}S_AGO", count)[0], this[0])
    assert found(f"N_{unit}S_AGO", 1) == found(f"LAST_{unit}")
    assert found(f"NEXT_N_{unit}S", 1) == found(f"NEXT_{unit}")
    assert found(f"NEXT_N_{unit}S", count)[0] == this[1]


@given(days, st.integers(0, 400))
def test_ranges_of_days(today: date, count: int) -> None:
    one = timedelta(days=1)

    assert date_range("LAST_N_DAYS", count, today) == (today - count * one, today + one)
    assert date_range("NEXT_N_DAYS", count, today) == (today + one, today + (count + 1) * one)
    assert date_range("N_DAYS_AGO", count, today) == (today - count * one, today - (count - 1) * one)
    assert date_range("LAST_90_DAYS", None, today) == date_range("LAST_N_DAYS", 90, today)
    assert date_range("NEXT_90_DAYS", None, today) == date_range("NEXT_N_DAYS", 90, today)


def test_weeks_begin_on_sunday() -> None:
    assert date_range("THIS_WEEK", None, date(2026, 11, 21)) == (date(2026, 11, 15), date(2026, 11, 22))
    assert date_range("THIS_WEEK", None, date(2026, 11, 22)) == (date(2026, 11, 22), date(2026, 11, 29))


@pytest.mark.parametrize(
    "name", ["NEVER", "LAST_DAY", "LAST_N_DAYS", "FISCAL_WEEK", "THIS_FISCAL_MONTH", "N_DAY_AGO"]
)
def test_other_names_are_no_ranges(name: str) -> None:
    assert date_range(name, None, date(2026, 1, 1)) is None
