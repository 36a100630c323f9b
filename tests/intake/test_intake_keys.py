"""A pushed key is the text that the source makes of the same key."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiencesync.intake.changes import Refused
from audiencesync.intake.keys import key_of
from audiencesync.source.keys import key_text
from audiencesync.store.column_types import column_type
from tests.world import engine_alone

TYPES = [
    "VARCHAR", "TINYINT", "BIGINT", "UHUGEINT", "DECIMAL(18,2)", "DECIMAL(5,0)", "DECIMAL(3,2)",
    "DECIMAL(2,2)", "DOUBLE", "FLOAT", "UUID", "ENUM('a', 'b')",
]  # fmt: skip
KEYS = (
    st.integers(-(2**130), 2**130)
    | st.integers(-300, 300)
    | st.decimals(-1000, 1000, places=3).map(str)
    | st.from_regex(r"-?0?[0-9]{1,4}(\.[0-9]{0,3})?", fullmatch=True)
    | st.sampled_from(["a", "b", "A", "-0", "00", "1e3", " 1", "0.10", "0.5", ".5", "-0.5", "16777217", "٣"])
    | st.uuids().map(lambda one: str(one).upper())
    | st.text(st.characters(codec="utf-8"), max_size=5)
)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with engine_alone() as one:
        yield one


@pytest.mark.slow
@pytest.mark.parametrize("text", TYPES)
@settings(max_examples=80, deadline=None)
@given(value=KEYS)
def test_a_key_that_is_taken_is_written_as_the_source_writes_it(
    database: duckdb.DuckDBPyConnection, text: str, value: Any
) -> None:
    kind = column_type(database.execute(f"SELECT CAST(NULL AS {text})").description[0][1])
    try:
        key = key_of(value, kind, "key")
    except Refused:
        return
    written = key_text("k", kind)
    query = f"SELECT {written} FROM (SELECT CAST($1 AS {text}) AS k)"
    assert database.execute(query, [key]).fetchone() == (key,)
    assert key.lower() == str(value).lower()


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("VARCHAR", ["a", 7, "007", " "], ["", True, 7.0, None, [], "a\0"]),
        ("BIGINT", [7, "7", "-7", 0], ["07", "7.0", "-0", "+7", "7 ", 2**63, "x"]),
        ("DECIMAL(5,2)", ["7", "7.5", "-0.5", 999], ["7.50", "7.", "1000", "0.001", "-0"]),
        ("DOUBLE", ["7", 2**53 - 1], ["7.5", 2**53]),
        ("UUID", ["B9A8F7D6-1111-4222-8333-444455556666"], ["b9a8"]),
        ("ENUM('a', 'b')", ["a"], ["c", "A"]),
    ],
)
def test_which_keys_each_type_takes(
    database: duckdb.DuckDBPyConnection, text: str, good: list[Any], bad: list[Any]
) -> None:
    kind = column_type(database.execute(f"SELECT CAST(NULL AS {text})").description[0][1])
    for value in good:
        assert key_of(value, kind, "key").lower() == str(value).lower()
    for value in bad:
        with pytest.raises(Refused):
            key_of(value, kind, "key")
