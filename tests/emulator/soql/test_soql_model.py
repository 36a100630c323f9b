"""WHERE, ORDER BY and GROUP BY against plain Python."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiencesync.emulator.soql import execute, to_csv_rows, to_json_records

from .org import Org, make_id

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
