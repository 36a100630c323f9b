"""What may be pushed into a column of each type: whatever passes, DuckDB casts."""

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audiencesync.intake.fits import check_for
from audiencesync.store import ColumnType
from audiencesync.store.column_types import column_type

SCALARS = [
    "VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
    "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL(3,2)", "DECIMAL(18,3)", "DECIMAL(38,0)",
    "DECIMAL(38,38)",
    "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ", "UUID",
    "ENUM('red', 'g''reen')",
]  # fmt: skip
NESTED = [
    "JSON", "VARCHAR[]", "INTEGER[]", "FLOAT[]", "DECIMAL(3,2)[]", "DATE[]", "TIMESTAMPTZ[]", "JSON[]",
    "UUID[]",
    "INTEGER[2]", "BOOLEAN[][]", "MAP(VARCHAR, DOUBLE)", "MAP(VARCHAR, VARCHAR[])",
    'STRUCT(a INTEGER, "b c" VARCHAR)', "STRUCT(a STRUCT(x TIMESTAMP)[])", "ENUM('red')[]",
]  # fmt: skip
TYPES = [*SCALARS, *NESTED]


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as one:
        one.execute("SET TimeZone = 'UTC'")
        yield one


def type_of(database: duckdb.DuckDBPyConnection, text: str) -> ColumnType:
    return column_type(database.execute(f"SELECT CAST(NULL AS {text})").description[0][1])


EDGES = [s * 2**b + d for b in (7, 8, 15, 16, 31, 32, 63, 64, 127, 128) for d in (-1, 0, 1) for s in (1, -1)]
EDGES += [10**37, 10**38, 10**400]
TIMES = st.builds(
    "{}{}{}{}".format,
    st.dates().map(str) | st.from_regex(re.compile(r"\d{4}-[01]\d-[0-3]\d", re.ASCII), fullmatch=True),
    st.sampled_from(["", " ", "T"]),
    st.times().map(str)
    | st.from_regex(re.compile(r"[0-2]\d:[0-6]\d(:[0-6]\d(\.\d{1,9})?)?", re.ASCII), fullmatch=True),
    st.sampled_from(["", "Z", "+00", "+14:00", "-11:30", "+0530", "+13:59", "-13", "+23:59"]),
)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-(2**8), 2**9)
    | st.sampled_from(EDGES)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([9.99, 9.994, 9.995, 9.996, 1.0, 1e16, 2.0**53, 1e22, 0.1 + 0.2, 5e-324])
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
    | st.sampled_from(["red", "g'reen", "", "null", "true", "1", "2026-02-29", "24:00:00", "epoch"])
    | TIMES
    | st.dates().map(str)
    | st.times().map(str)
    | st.uuids().map(str)
)  # fmt: skip
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "b c", "x", "A"]) | st.text("ab\"'{", max_size=3), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def as_it_is_laid_over(database: duckdb.DuckDBPyConnection, value: Any, text: str) -> None:
    """Cast as the overlay does."""
    if text == "JSON":
        database.execute("SELECT CAST($1 AS JSON)", [json.dumps(value)]).fetchall()
        return
    whole = text in NESTED
    side = "CAST($1 AS JSON)" if whole else "CAST($1 AS JSON)->>'$'"
    database.execute(f"SELECT CAST(CAST({side} AS {text}) AS VARCHAR)", [json.dumps(value)]).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize("text", TYPES)
@settings(max_examples=60, deadline=None)
@given(value=VALUES)
@example(value="0001-01-01T00:00:00+23:59")
@example(value="9999-12-31T23:59:59-23:59")
@example(value="9999-12-31T23:59:59.999999999")
@example(value={"a": [{"x": "2026-01-31"}]})
@example(value={"a": 1, "b c": "x"})
@example(value=1.0)
@example(value=-0.0)
def test_what_passes_is_cast(database: duckdb.DuckDBPyConnection, text: str, value: Any) -> None:
    if check_for(type_of(database, text))(value) is None:
        as_it_is_laid_over(database, value, text)


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("VARCHAR", ["", "a", 7, 1.5, True], [[], {}]),
        ("BOOLEAN", [True, False], ["true", 1, 0]),
        ("TINYINT", [127, -128, 7.0], [128, -129, "7", True, 7.5]),
        ("UBIGINT", [2**64 - 1, 0], [-1, 2**64]),
        ("DOUBLE", [1, 1.5, -0.0], ["1", True, 10**400]),
        ("FLOAT", [1e38], [1e39]),
        ("DECIMAL(3,2)", [9.99, -9, 0.001], [10, 9.995, "1"]),
        ("DECIMAL(38,38)", [0.5, 0], [1.0, 1]),
        ("DATE", ["2024-02-29"], ["2026-02-29", "29.2.2024", "2024-02-29T00:00:00", 20240229]),
        ("TIME", ["08:30", "08:30:00.5"], ["24:00:00", "8:30"]),
        ("TIMESTAMP", ["2026-01-31", "2026-01-31T08:30:00Z"], ["2026-01-31T08:30:00+02:00", "now"]),
        ("TIMESTAMPTZ", ["2026-01-31T08:30:00+02:00"], ["2026-01-31T25:00:00Z", 1769848200]),
        ("TIMESTAMPTZ", ["2026-01-31T08:30+14:00"], ["2026-01-31T08:30+24", "2026-01-31T08:30-00:60"]),
        ("UUID", ["b9a8f7d6-1111-4222-8333-444455556666"], ["b9a8f7d6", 7]),
        ("ENUM('red', 'g''reen')", ["red", "g'reen"], ["blue", 1]),
        ("VARCHAR[]", [[], ["a", None, 1]], ["a", [[]]]),
        ("INTEGER[2]", [[1, 2]], [[1]]),
        ("MAP(VARCHAR, DOUBLE)", [{}, {"a": 1}], [[], {"a": "1"}]),
        ('STRUCT(a INTEGER, "b c" VARCHAR)', [{"a": None, "b c": "x"}], [{"a": 1}, {"A": 1, "b c": ""}, []]),
        ("JSON", ["a", 1, [], {"a": {}}], []),
    ],
)  # fmt: skip
def test_what_each_type_takes(
    database: duckdb.DuckDBPyConnection, text: str, good: list[Any], bad: list[Any]
) -> None:
    check = check_for(type_of(database, text))
    assert [value for value in [*good, None] if check(value) is not None] == []
    assert [value for value in bad if check(value) is None] == []


@pytest.mark.parametrize(
    "text", ["BLOB", "INTERVAL", "BIT", "TIMETZ", "MAP(INTEGER, VARCHAR)", "UNION(a INTEGER)"]
)
def test_a_type_that_cannot_be_checked_is_refused(database: duckdb.DuckDBPyConnection, text: str) -> None:
    said = check_for(type_of(database, text))({})
    assert said is not None
    assert "cannot be checked" in said


def test_no_word_of_a_check_repeats_the_value(database: duckdb.DuckDBPyConnection) -> None:
    for text in TYPES:
        said = str(check_for(type_of(database, text))("hunter2-SECRET"))
        assert "hunter2" not in said, text
