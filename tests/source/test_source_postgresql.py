"""Types of PostgreSQL, and what becomes of them."""

from typing import Any

import pytest

from audiencesync.errors import SourceError

from .conftest import Desk
from .postgres import Server

TYPES = [
    ("7::smallint", "SMALLINT", "7"),
    ("2147483647::int", "INTEGER", "2147483647"),
    ("9007199254740993::bigint", "BIGINT", "9007199254740993"),
    ("0.1::float8", "DOUBLE", "0.1"),
    ("12.50::numeric(10,2)", "DECIMAL(10,2)", "12.50"),
    ("12345678901234567890::numeric(20,0)", "DECIMAL(20,0)", "12345678901234567890"),
    ("'-0.25'::numeric(4,4)", "DECIMAL(5,4)", "-0.2500"),
    ("123456789012345678901234567.125::numeric", "DECIMAL(38,10)",
     "123456789012345678901234567.1250000000"),
    ("true", "BOOLEAN", "true"),
    ("'Zoë 李'::text", "VARCHAR", "Zoë 李"),
    ("'007'::varchar(5)", "VARCHAR", "007"),
    ("'ab'::char(5)", "VARCHAR", "ab"),
    ("date '2024-02-29'", "DATE", "2024-02-29"),
    ("timestamp '2024-02-29 01:02:03.456789'", "TIMESTAMP", "2024-02-29 01:02:03.456789"),
    ("timestamptz '2024-02-29 01:02:03+02'", "TIMESTAMP WITH TIME ZONE", "2024-02-28 23:02:03+00"),
    ("timestamptz 'infinity'", "TIMESTAMP WITH TIME ZONE", None),
    ("date '-infinity'", "DATE", None),
    ("time '10:11:12'", "TIME", "10:11:12"),
    ("'{\"b\": 2}'::json", "JSON", '{"b": 2}'),
    ("'{\"b\":2}'::jsonb", "JSON", '{"b": 2}'),
    ("'550E8400-E29B-41D4-A716-446655440000'::uuid", "UUID", "550e8400-e29b-41d4-a716-446655440000"),
    ("array['x', NULL, 'y;z']", "VARCHAR[]", "[x, NULL, y;z]"),
    ("array[1, 2]", "INTEGER[]", "[1, 2]"),
    ("array[1.50, 2]::numeric[]", "VARCHAR[]", "[1.50, 2]"),
    ("array['glad']::mood[]", "VARCHAR[]", "[glad]"),
    ("'glad'::mood", "VARCHAR", "glad"),
    ("'10.0.0.1/8'::inet", "VARCHAR", "10.0.0.1/8"),
    ("'[1,5)'::int4range", "VARCHAR", "[1,5)"),
    ("12.5::money", "VARCHAR", "$12.50"),
    ("4294967295::oid", "VARCHAR", "4294967295"),
    ("row(1, 'x')", "VARCHAR", "(1,x)"),
    ("7::positive", "INTEGER", "7"),
    ("NULL::text", "VARCHAR", None),
]  # fmt: skip
"""A value, the type it gets, and how it is written then."""


def test_every_value_keeps_its_type_or_becomes_its_text(desk: Desk, postgres: Server) -> None:
    postgres.run("CREATE TYPE mood AS ENUM ('glad')", "CREATE DOMAIN positive AS int CHECK (VALUE > 0)")
    values = ", ".join(f"{value} AS it{index}" for index, (value, _, _) in enumerate(TYPES))

    desk.read(f"SELECT 1 AS id, {values}", attach=postgres.url)

    names = [f"it{index}" for index in range(len(TYPES))]
    written = ", ".join(f"CAST({name} AS VARCHAR)" for name in names)
    (texts,) = desk.sql(f"SELECT {written} FROM stage_profile")
    found = [
        (value, desk.type_of(name), text)
        for (value, _, _), name, text in zip(TYPES, names, texts, strict=True)
    ]
    assert found == [tuple(row) for row in TYPES]


@pytest.mark.parametrize(
    "value", ["'NaN'::numeric", "'NaN'::numeric(10,2)", "'Infinity'::numeric", "1e30::numeric"]
)
def test_a_number_that_no_decimal_holds_is_refused_without_showing_it(
    desk: Desk, postgres: Server, value: str
) -> None:
    with pytest.raises(SourceError) as refused:
        desk.read(f"SELECT 1 AS id, {value} AS amount", attach=postgres.url)

    assert str(refused.value).startswith(
        "source.profiles cannot be read: a value does not fit the type of its column, one of amount (DEC"
    )
    assert "NaN" not in str(refused.value)


def test_json_and_arrays_serve_as_affinities(desk: Desk, postgres: Server) -> None:
    postgres.run(
        "CREATE TABLE people (id int, likes jsonb, tags text[])",
        """INSERT INTO people VALUES (1, '{"Jazz": 2.5}', '{a,b}')""",
    )
    desk.read("people", attach=postgres.url)

    assert desk.sql("SELECT CAST(likes AS MAP(VARCHAR, DOUBLE)), tags[2] FROM stage_profile") == [
        ({"Jazz": 2.5}, "b")
    ]


@pytest.mark.parametrize(
    ("type_of", "values", "watermark"),
    [
        (
            "timestamptz",
            ("2024-01-01 00:00+00", "2024-01-02 03:04:05.678901+05:30", "2024-01-03 00:00+00"),
            "2024-01-01 21:34:05.678901+00",
        ),
        ("numeric", ("1.5", "2.0000000001", "3"), "2.0000000001"),
        ("numeric(10,2)", ("1.5", "2.25", "3"), "2.25"),
        ("float4", ("0.1", "0.3", "0.4"), "0.3"),
        ("int8", ("9", "10", "11"), "10"),
        ("char(4)", ("0001", "0002", "0003"), "0002"),
        ("uncertain", ("2024-01-01", "2024-01-02", "2024-01-03"), "2024-01-02"),
    ],
)
def test_the_watermark_is_compared_by_the_database_itself(
    desk: Desk, postgres: Server, type_of: str, values: tuple[str, str, str], watermark: str
) -> None:
    old, edge, new = values
    # a collation that puts letters before signs, where bytes do not
    postgres.run(
        "CREATE COLLATION reader (provider = icu, locale = 'en-US-u-ka-shifted')",
        "CREATE DOMAIN uncertain AS text COLLATE reader",
    )
    postgres.run(f"CREATE TABLE moved (id int, at {type_of})", f"INSERT INTO moved VALUES (1, '{old}')")
    postgres.run(f"INSERT INTO moved VALUES (2, '{edge}')")
    assert desk.read("moved", attach=postgres.url, updated_at="at").watermark == watermark

    postgres.run(f"INSERT INTO moved VALUES (3, '{edge}'), (4, '{new}')")
    totals = desk.read("moved", attach=postgres.url, updated_at="at", since=watermark)

    assert totals.profiles == 3
    assert desk.profiles() == [("2",), ("3",), ("4",)]


def test_everything_is_read_at_one_moment_and_nothing_can_be_written(
    desk: Desk, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.run(
        "CREATE TABLE people (id int)", "INSERT INTO people VALUES (1)",
        "CREATE TABLE members (id int, audience text)", "INSERT INTO members VALUES (1, 'x')",
    )  # fmt: skip
    source = desk.source(
        "people",
        attach=postgres.url,
        memberships={"from": "members", "key": "id", "audience": "audience"},
    )
    stage = source._memberships.stage

    def after_a_change(since: str | None, **more: bool) -> None:
        postgres.run("INSERT INTO people VALUES (2)", "INSERT INTO members VALUES (2, 'x')")
        stage(since, **more)

    monkeypatch.setattr(source._memberships, "stage", after_a_change)
    source.stage(since=None)

    assert desk.sql("SELECT profile_key FROM stage_membership") == [("1",)]
    postgres.run("CREATE SEQUENCE counter")
    with pytest.raises(SourceError, match=r"cannot execute nextval.* in a read-only transaction"):
        desk.read("SELECT nextval('counter') AS id", attach=postgres.url)


def test_missing_profiles_are_found_by_any_type_of_key(desk: Desk, postgres: Server) -> None:
    postgres.run("CREATE TYPE size AS ENUM ('small', 'large')")
    for type_of, values, keys in (
        ("int", ["1", "2"], ["1", "2"]),
        ("bigint", ["1", "9007199254740993"], ["1", "9007199254740993"]),
        ("numeric", ["1.50", "2.0"], ["1.5", "2"]),
        ("float8", ["1", "2"], ["1", "2"]),
        ("uuid", ["550E8400-E29B-41D4-A716-446655440000"], ["550e8400-e29b-41d4-a716-446655440000"]),
        ("char(4)", ["ab"], ["ab"]),
        ("size", ["small", "large"], ["large", "small"]),
        ("text", ["a", "A", "1"], ["1", "A", "a"]),
    ):
        postgres.run(
            "DROP TABLE IF EXISTS people",
            f"CREATE TABLE people (id {type_of}, at date)",
            *(f"INSERT INTO people VALUES ('{value}', '2024-01-01')" for value in values),
        )
        source = desk.source("people", attach=postgres.url, updated_at="at")
        source.stage(since="2024-01-02")
        assert desk.profiles() == []

        desk.scope([*keys, "no key of that type", "99999999999999999999999", "-7", "1e5", "'"])
        source.narrow(["id"])

        assert desk.profiles() == [(key,) for key in keys], type_of


def test_rows_stream_through_flat_memory(desk: Desk, postgres: Server) -> None:
    batches: list[int] = []
    source = desk.source(
        "SELECT i AS id, repeat('x', 500) AS t FROM generate_series(1, 60000) i", attach=postgres.url
    )
    assert source._remote is not None
    arriving = source._remote._arriving

    def counted(rows: Any) -> Any:
        for batch in arriving(rows):
            batches.append(batch.nbytes)
            yield batch

    source._remote._arriving = counted  # type: ignore[method-assign]
    source.stage(since=None)

    assert source.check(since=None).profiles == 60_000
    assert len(batches) > 1
    assert max(batches) < 20_000_000
