"""Types of single kinds of source, and what becomes of them."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from audiencesync.errors import SourceError

from .conftest import Desk
from .postgres import Server


def sqlite(desk: Desk, *statements: str) -> None:
    """Run statements in the SQLite file that the source attaches."""
    connection = sqlite3.connect(desk.base / "crm.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


class TestPostgresql:
    @pytest.mark.parametrize(
        ("value", "type_of", "text"),
        [
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
        ],
    )  # fmt: skip
    def test_a_value_keeps_its_type_or_becomes_its_text(
        self, desk: Desk, postgres: Server, value: str, type_of: str, text: str | None
    ) -> None:
        postgres.run("CREATE TYPE mood AS ENUM ('glad')", "CREATE DOMAIN positive AS int CHECK (VALUE > 0)")

        desk.read(f"SELECT 1 AS id, {value} AS it", attach=postgres.url)

        assert desk.type_of("it") == type_of
        shown = desk.sql("SELECT CAST(it AS VARCHAR) FROM stage_profile")[0][0]
        assert shown in {text, str(text).replace("$", "")} if text else shown is None

    @pytest.mark.parametrize(
        "value", ["'NaN'::numeric", "'NaN'::numeric(10,2)", "'Infinity'::numeric", "1e30::numeric"]
    )
    def test_a_number_that_no_decimal_holds_is_refused_without_showing_it(
        self, desk: Desk, postgres: Server, value: str
    ) -> None:
        with pytest.raises(SourceError) as refused:
            desk.read(f"SELECT 1 AS id, {value} AS amount", attach=postgres.url)

        assert str(refused.value).startswith(
            "source.profiles cannot be read: a value does not fit the type of its column, one of amount (DEC"
        )
        assert "NaN" not in str(refused.value)

    def test_json_and_arrays_serve_as_affinities(self, desk: Desk, postgres: Server) -> None:
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
            ("char(4)", ("v1", "v2", "v3"), "v2"),
            ("uncertain", ("2024-01-01 b", "2024-01-01T", "2024-01-01Ta"), "2024-01-01T"),
        ],
    )
    def test_the_watermark_is_compared_by_the_database_itself(
        self, desk: Desk, postgres: Server, type_of: str, values: tuple[str, str, str], watermark: str
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
        self, desk: Desk, postgres: Server, monkeypatch: pytest.MonkeyPatch
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
        stage = source._stage_memberships

        def after_a_change() -> None:
            postgres.run("INSERT INTO people VALUES (2)", "INSERT INTO members VALUES (2, 'x')")
            stage()

        monkeypatch.setattr(source, "_stage_memberships", after_a_change)
        source.stage(since=None)

        assert desk.sql("SELECT profile_key FROM stage_membership") == [("1",)]
        postgres.run("CREATE SEQUENCE counter")
        with pytest.raises(SourceError, match=r"cannot execute nextval.* in a read-only transaction"):
            desk.read("SELECT nextval('counter') AS id", attach=postgres.url)

    def test_missing_profiles_are_found_by_any_type_of_key(self, desk: Desk, postgres: Server) -> None:
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
            source.fetch_missing()

            assert desk.profiles() == [(key,) for key in keys], type_of

    def test_rows_stream_through_flat_memory(self, desk: Desk, postgres: Server) -> None:
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


class TestSqlite:
    @pytest.mark.parametrize(
        ("declared", "values", "type_of", "texts"),
        [
            ("INTEGER", ["7", "NULL"], "BIGINT", ["7", None]),
            ("INTEGER", ["9007199254740993"], "BIGINT", ["9007199254740993"]),
            ("VARCHAR(9)", ["'007'", "8"], "VARCHAR", ["007", "8"]),
            ("REAL", ["1", "0.1"], "DOUBLE", ["1.0", "0.1"]),
            ("NUMERIC(10,2)", ["5", "5.5"], "DOUBLE", ["5.0", "5.5"]),
            ("NUMERIC", ["5", "6"], "BIGINT", ["5", "6"]),
            ("BOOLEAN", ["1", "0", "NULL"], "BOOLEAN", ["true", "false", None]),
            ("DATETIME", ["'2024-01-02 03:04:05'"], "VARCHAR", ["2024-01-02 03:04:05"]),
            ("DATE", ["1700000000"], "BIGINT", ["1700000000"]),
            ("", ["1", "2.5"], "DOUBLE", ["1.0", "2.5"]),
            ("", ["1", "'two'", "3.5"], "VARCHAR", ["1", "two", "3.5"]),
            ("", ["NULL"], "VARCHAR", [None]),
            ("TEXT", ["''", "'Zoë 李'"], "VARCHAR", ["", "Zoë 李"]),
            ("BLOB", ["x'00ff'"], "BLOB", ["\\x00\\xFF"]),
        ],
    )
    def test_a_column_has_its_declared_type_or_that_of_its_values(
        self, desk: Desk, declared: str, values: list[str], type_of: str, texts: list[str | None]
    ) -> None:
        sqlite(desk, f"CREATE TABLE people (id INTEGER, it {declared})")
        for index, value in enumerate(values):
            sqlite(desk, f"INSERT INTO people VALUES ({index}, {value})")

        desk.read("people", attach="crm.db")

        assert desk.type_of("it") == type_of
        assert [
            row[0] for row in desk.sql("SELECT CAST(it AS VARCHAR) FROM stage_profile ORDER BY id")
        ] == texts

    def test_a_value_that_comes_after_thousands_of_missing_ones_is_read(self, desk: Desk) -> None:
        sqlite(
            desk,
            "CREATE TABLE people (id INTEGER, phone, price NUMERIC, note TEXT)",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
            "INSERT INTO people SELECT i, NULL, 1, NULL FROM n",
            "INSERT INTO people VALUES (5001, '+49 30', 2.5, 'late')",
        )
        assert desk.read("people", attach="crm.db").profiles == 5001

        assert desk.sql("SELECT phone, price, note FROM stage_profile WHERE id > 4999 ORDER BY id") == [
            (None, 1.0, None),
            ("+49 30", 2.5, "late"),
        ]

    @pytest.mark.parametrize(
        ("declared", "value", "words"),
        [
            ("INTEGER", "'secret'", "column 'it' is declared for whole numbers and holds something else"),
            ("INTEGER", "1.5", "column 'it' is declared for whole numbers and holds something else"),
            ("REAL", "'secret'", "column 'it' is declared for numbers and holds something else"),
            ("", "x'00'", "column 'it' holds BLOB values among others"),
        ],
    )
    def test_a_value_against_the_declaration_is_refused(
        self, desk: Desk, declared: str, value: str, words: str
    ) -> None:
        sqlite(desk, f"CREATE TABLE people (id INTEGER, it {declared})")
        sqlite(desk, "INSERT INTO people VALUES (1, 1)", f"INSERT INTO people VALUES (2, {value})")

        with pytest.raises(SourceError) as refused:
            desk.read("people", attach="crm.db")

        assert words in str(refused.value)
        assert "secret" not in str(refused.value)

    def test_expressions_and_views_are_relations_too(self, desk: Desk) -> None:
        sqlite(
            desk,
            "CREATE TABLE orders (who TEXT, amount NUMERIC(10,2))",
            "INSERT INTO orders VALUES ('a', 2.5), ('a', 1), ('b', 3)",
            "CREATE VIEW spent AS SELECT who, sum(amount) AS total, count(*) AS orders "
            "FROM orders GROUP BY who",
        )
        desk.read("spent", attach="crm.db", key="who")

        assert desk.profiles("who", "total", "orders") == [("a", 3.5, 2), ("b", 3.0, 1)]

    def test_names_that_differ_only_for_us_are_not_confused(self, desk: Desk) -> None:
        sqlite(
            desk,
            "CREATE TABLE people (id TEXT COLLATE NOCASE, at TEXT)",
            "INSERT INTO people VALUES ('a', '2024-01-01'), ('A', '2024-01-03'), ('b', '2024-01-01')",
        )
        source = desk.source("people", attach="crm.db", updated_at="at")
        source.stage(since="2024-01-02")
        source.check(since="2024-01-02")
        desk.scope(["a", "A"])
        source.fetch_missing()

        assert desk.profiles() == [("A",), ("a",)]

    @pytest.mark.parametrize("journal", ["wal", "delete"])
    def test_the_file_is_read_at_one_moment_even_while_a_program_writes(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, journal: str
    ) -> None:
        sqlite(
            desk,
            f"PRAGMA journal_mode = {journal}",
            "CREATE TABLE people (id INTEGER)", "INSERT INTO people VALUES (1)",
            "CREATE TABLE members (id INTEGER, audience TEXT)", "INSERT INTO members VALUES (1, 'x')",
        )  # fmt: skip
        source = desk.source(
            "people", attach="crm.db", memberships={"from": "members", "key": "id", "audience": "audience"}
        )
        stage = source._stage_memberships
        # SQLite's locks do not see two libraries in one process: the other program must be one
        program = (
            "import sqlite3; c = sqlite3.connect('crm.db', timeout=0.1); "
            "c.execute('INSERT INTO members VALUES (2, 1)'); c.commit()"
        )
        tries: list[int] = []

        def after_a_change() -> None:
            tries.append(
                subprocess.run(
                    [sys.executable, "-c", program], cwd=desk.base, capture_output=True, check=False
                ).returncode
            )
            stage()

        monkeypatch.setattr(source, "_stage_memberships", after_a_change)
        source.stage(since=None)

        assert desk.sql("SELECT profile_key FROM stage_membership") == [("1",)]
        assert tries == [0 if journal == "wal" else 1]


class TestFiles:
    def test_every_line_has_a_say_in_the_types(self, desk: Desk) -> None:
        lines = [f"{number},{number},{number},x" for number in range(1, 30_001)]
        desk.file("people.csv", "\n".join(["id,zip,score,name", *lines, "030001,01234,7.5,x\n"]))

        for relation in ("'people.csv'", "read_csv('people.csv')", "SELECT p.* FROM 'people.csv' p"):
            desk.read(relation)

            last = desk.sql("SELECT id, zip, score FROM stage_profile WHERE _profile_key = '030001'")
            assert last == [("030001", "01234", 7.5)]

    def test_types_that_the_user_gives_are_kept(self, desk: Desk) -> None:
        desk.file("people.csv", "id,zip\n1,2\n")
        desk.read("read_csv('people.csv', types = {'zip': 'VARCHAR'})")
        assert desk.type_of("zip") == "VARCHAR"
        desk.read("read_csv('people.csv', all_varchar = true)")
        assert desk.type_of("id") == "VARCHAR"
        desk.read("read_csv('people.csv', columns = {'id': 'INTEGER', 'zip': 'DOUBLE'})")
        assert desk.type_of("zip") == "DOUBLE"

    @pytest.mark.parametrize("kind", ["csv", "json"])
    def test_every_file_of_a_glob_has_a_say_in_the_types(self, desk: Desk, kind: str) -> None:
        for number in range(40):
            value = "x1" if number == 39 else str(number)
            quoted = f'"{value}"' if number == 39 else value
            content = {"csv": f"id,it\n{number},{value}\n", "json": f'{{"id": {number}, "it": {quoted}}}\n'}
            desk.file(f"many/{number:02}.{kind}", content[kind])

        assert desk.read(f"read_{kind}('many/*.{kind}')").profiles == 40

    def test_a_column_without_a_value_fits_any_condition(self, desk: Desk) -> None:
        desk.file("people.csv", "id,name,score,likes\n1,Ann,,\n")
        desk.read("'people.csv'")

        for condition in (
            "score >= 100",
            "score > DATE '2024-01-01'",
            "score LIKE 'x%'",
            "lower(score) = 'x'",
        ):
            assert desk.sql(f"SELECT count(*) FROM stage_profile WHERE {condition}") == [(0,)]

    def test_a_file_is_parsed_once_and_may_change_afterwards(self, desk: Desk) -> None:
        path = desk.file("people.csv", "id,name\n1,Ann\n")
        source = desk.source("'people.csv'")
        source.stage(since=None)
        path.unlink()

        assert source.check(since=None).profiles == 1
        assert desk.profiles("name") == [("Ann",)]

    @pytest.mark.parametrize("name", ["members.csv", "members.json"])
    def test_a_memberships_or_affinities_file_without_a_byte_is_an_empty_one(
        self, desk: Desk, name: str
    ) -> None:
        desk.file("people.csv", "id,name\n1,Ann\n")
        desk.file(name, "")
        desk.read(
            "'people.csv'",
            memberships={"from": f"'{name}'", "key": "id", "audience": "audience"},
            affinities={"likes": {"from": f"'{name}'", "key": "id", "affinity": "a", "weight": "w"}},
        )

        assert desk.sql("SELECT count(*) FROM stage_membership") == [(0,)]
        assert desk.profiles("likes") == [(None,)]

    def test_json_keeps_maps_lists_and_zeros(self, desk: Desk) -> None:
        desk.file("people.jsonl", '{"id": "007", "likes": {"Jazz": 1.5, "Rock": 2}, "tags": ["a", "b"]}\n')
        desk.read("'people.jsonl'")

        assert desk.profiles("id", "tags") == [("007", ["a", "b"])]
        assert desk.sql("SELECT likes.Jazz FROM stage_profile") == [(1.5,)]

    def test_compressed_files_globs_and_folders_resolve_beside_the_config(
        self, desk: Desk, make_kind: Callable[..., Any]
    ) -> None:
        desk.sql(f"COPY (SELECT 1 AS id) TO '{desk.base}/a.csv.gz'")
        (desk.base / "data").mkdir()
        for number in (1, 2):
            desk.sql(f"COPY (SELECT {number} AS id) TO '{desk.base}/data/{number}.parquet'")

        assert desk.read("'a.csv.gz'").profiles == 1
        assert desk.read("read_parquet('data/*.parquet')").profiles == 2
        assert (
            desk.read(
                "SELECT * FROM 'data/*.parquet' UNION ALL SELECT * FROM 'data/1.parquet' WHERE 1 = 0"
            ).profiles
            == 2
        )

    def test_a_date_in_the_far_future_does_not_stop_the_watermark(self, desk: Desk) -> None:
        rows = "(1, timestamp '2024-01-01'), (2, timestamp '9999-12-31'), (3, timestamp 'infinity')"
        relation = f"SELECT * FROM (VALUES {rows}) AS people(id, moved)"

        totals = desk.read(relation, updated_at="moved")

        assert totals.watermark == "2024-01-01 00:00:00"
        assert desk.read(relation, updated_at="moved", since=totals.watermark).profiles == 3

    @pytest.mark.parametrize(
        ("type_of", "value"),
        [
            ("TIMESTAMP_NS", "2024-01-02 03:04:05.123456789"),
            ("TIMESTAMPTZ", "2024-01-02 03:04:05.123456+00"),
            ("TIMESTAMP_S", "2024-01-02 03:04:05"),
            ("DECIMAL(38,10)", "1234567890123456789012345678.0123456789"),
            ("UBIGINT", "18446744073709551615"),
            ("DOUBLE", "0.30000000000000004"),
            ("DATE", "0044-03-15"),
        ],
    )
    def test_a_watermark_of_any_type_survives_as_text(self, desk: Desk, type_of: str, value: str) -> None:
        relation = f"SELECT 1 AS id, CAST('{value}' AS {type_of}) AS at"

        totals = desk.read(relation, updated_at="at")

        assert totals.watermark == value
        assert desk.read(relation, updated_at="at", since=value).profiles == 1


class TestDuckdb:
    def test_tables_views_and_schemas_of_a_file_are_found(self, desk: Desk) -> None:
        with duckdb.connect(desk.base / "crm.duckdb") as connection:
            connection.execute("CREATE SCHEMA sales")
            connection.execute("CREATE TABLE sales.people AS SELECT 1 AS id, 'in sales' AS it")
            connection.execute("CREATE TABLE people AS SELECT 2 AS id, 'in main' AS it")
            connection.execute("CREATE VIEW everyone AS FROM people UNION ALL FROM crm.sales.people")
        desk.file("more.csv", "id,it\n3,in a file\n")

        for relation, found in (
            ("people", ["in main"]),
            ("main.people", ["in main"]),
            ("sales.people", ["in sales"]),
            ("crm.sales.people", ["in sales"]),
            ("everyone", ["in sales", "in main"]),
            ("SELECT * FROM everyone UNION ALL FROM 'more.csv'", ["in sales", "in main", "in a file"]),
        ):
            desk.read(relation, attach="crm.duckdb")
            assert [row[0] for row in desk.profiles("it")] == found

    def test_a_file_called_like_one_of_ours_is_no_trouble(self, desk: Desk) -> None:
        for name in ("main.duckdb", "my data.v2.duckdb", "system.db", "STORE.ddb"):
            with duckdb.connect(desk.base / "x.duckdb") as connection:
                connection.execute("CREATE OR REPLACE TABLE people AS SELECT 1 AS id")
            (desk.base / "x.duckdb").rename(desk.base / name)
            assert desk.read("people", attach=name).profiles == 1
            desk.sql("USE memory")
            for attached in ("source", "my data"):
                desk.sql(f'DETACH DATABASE IF EXISTS "{attached}"')
