"""Files, and what DuckDB makes of them."""

import duckdb
import pytest

from .conftest import Desk


def test_every_line_has_a_say_in_the_types(desk: Desk) -> None:
    lines = [f"{number},{number},{number},x" for number in range(1, 30_001)]
    desk.file("people.csv", "\n".join(["id,zip,score,name", *lines, "030001,01234,7.5,x\n"]))

    for relation in ("'people.csv'", "read_csv('people.csv')", "SELECT p.* FROM 'people.csv' p"):
        desk.read(relation)

        last = desk.sql("SELECT id, zip, score FROM stage_profile WHERE _profile_key = '030001'")
        assert last == [("030001", "01234", 7.5)]


def test_types_that_the_user_gives_are_kept(desk: Desk) -> None:
    desk.file("people.csv", "id,zip\n1,2\n")
    desk.read("read_csv('people.csv', types = {'zip': 'VARCHAR'})")
    assert desk.type_of("zip") == "VARCHAR"
    desk.read("read_csv('people.csv', all_varchar = true)")
    assert desk.type_of("id") == "VARCHAR"
    desk.read("read_csv('people.csv', columns = {'id': 'INTEGER', 'zip': 'DOUBLE'})")
    assert desk.type_of("zip") == "DOUBLE"


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_every_file_of_a_glob_has_a_say_in_the_types(desk: Desk, kind: str) -> None:
    for number in range(40):
        value = "x1" if number == 39 else str(number)
        quoted = f'"{value}"' if number == 39 else value
        content = {"csv": f"id,it\n{number},{value}\n", "json": f'{{"id": {number}, "it": {quoted}}}\n'}
        desk.file(f"many/{number:02}.{kind}", content[kind])

    assert desk.read(f"read_{kind}('many/*.{kind}')").profiles == 40


@pytest.mark.parametrize(
    "relation",
    [
        "'people.csv'",
        "read_csv('people.csv')",
        "SELECT * FROM read_csv_auto('people.csv', all_varchar = true)",
    ],
)
def test_quotes_are_taken_off_and_those_inside_a_value_belong_to_it(desk: Desk, relation: str) -> None:
    desk.file("people.csv", 'id,name\n1,"Lovelace, ""Ada"""\n2,5" pipe\n3,\'s Gravenhage\'\n4,Eve\n')
    desk.read(relation)

    names = ['Lovelace, "Ada"', '5" pipe', "'s Gravenhage'", "Eve"]
    assert desk.profiles("name") == [(name,) for name in names]


@pytest.mark.parametrize("relation", ["'people.csv'", "read_csv('people.csv', all_varchar = true)"])
def test_a_line_that_begins_with_a_number_sign_is_one_like_any_other(desk: Desk, relation: str) -> None:
    desk.file("people.csv", "id,name\n1,Ada\n#2,Bob\n3,Eve\n")

    assert desk.read(relation).profiles == 3
    assert desk.profiles("name") == [("Bob",), ("Ada",), ("Eve",)]


@pytest.mark.parametrize("relation", ["'people.csv'", "read_csv('people.csv')"])
def test_which_of_two_numbers_is_the_month_is_not_guessed(desk: Desk, relation: str) -> None:
    """In a file of a few rows none may be greater than twelve."""
    desk.file("people.csv", "id,born,moved\n1,01/02/2024,2024-01-31\n2,02/01/2024,2024-2-1\n")
    desk.read(relation)

    assert desk.profiles("born") == [("01/02/2024",), ("02/01/2024",)]
    assert (desk.type_of("born"), desk.type_of("moved")) == ("VARCHAR", "DATE")
    desk.read("read_csv('people.csv', dateformat = '%m/%d/%Y', types = {'moved': 'VARCHAR'})")
    assert [str(born) for (born,) in desk.profiles("born")] == ["2024-01-02", "2024-02-01"]


def test_another_dialect_is_what_the_options_say(desk: Desk) -> None:
    desk.file("people.csv", "id;name\n1;'Lovelace; Ada'\n# 2;nobody\n3;\"Eve\n")
    desk.read("read_csv('people.csv', quote = '''', comment = '#')")

    assert desk.profiles("name") == [("Lovelace; Ada",), ('"Eve',)]


def test_a_column_without_a_value_fits_any_condition(desk: Desk) -> None:
    desk.file("people.csv", "id,name,score,likes\n1,Ann,,\n")
    desk.read("'people.csv'")

    for condition in (
        "score >= 100",
        "score > DATE '2024-01-01'",
        "score LIKE 'x%'",
        "lower(score) = 'x'",
    ):
        assert desk.sql(f"SELECT count(*) FROM stage_profile WHERE {condition}") == [(0,)]


def test_a_file_is_parsed_once_and_may_change_afterwards(desk: Desk) -> None:
    path = desk.file("people.csv", "id,name\n1,Ann\n")
    source = desk.source("'people.csv'")
    source.stage(since=None)
    path.unlink()

    assert source.check(since=None).profiles == 1
    assert desk.profiles("name") == [("Ann",)]


@pytest.mark.parametrize("name", ["members.csv", "members.json"])
def test_a_memberships_or_affinities_file_without_a_byte_is_an_empty_one(desk: Desk, name: str) -> None:
    desk.file("people.csv", "id,name\n1,Ann\n")
    desk.file(name, "")
    desk.read(
        "'people.csv'",
        memberships={"from": f"'{name}'", "key": "id", "audience": "audience"},
        affinities={"likes": {"from": f"'{name}'", "key": "id", "affinity": "a", "weight": "w"}},
    )

    assert desk.sql("SELECT count(*) FROM stage_membership") == [(0,)]
    assert desk.profiles("likes") == [(None,)]


def test_json_keeps_maps_lists_and_zeros(desk: Desk) -> None:
    desk.file("people.jsonl", '{"id": "007", "likes": {"Jazz": 1.5, "Rock": 2}, "tags": ["a", "b"]}\n')
    desk.read("'people.jsonl'")

    assert desk.profiles("id", "tags") == [("007", ["a", "b"])]
    assert desk.sql("SELECT likes.Jazz FROM stage_profile") == [(1.5,)]


def test_compressed_files_globs_and_folders_resolve_beside_the_config(desk: Desk) -> None:
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


def test_a_date_in_the_far_future_does_not_stop_the_watermark(desk: Desk) -> None:
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
def test_a_watermark_of_any_type_survives_as_text(desk: Desk, type_of: str, value: str) -> None:
    relation = f"SELECT 1 AS id, CAST('{value}' AS {type_of}) AS at"

    totals = desk.read(relation, updated_at="at")

    assert totals.watermark == value
    assert desk.read(relation, updated_at="at", since=value).profiles == 1


def test_tables_views_and_schemas_of_a_file_are_found(desk: Desk) -> None:
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


def test_a_file_called_like_one_of_ours_is_no_trouble(desk: Desk) -> None:
    for name in ("main.duckdb", "my data.v2.duckdb", "system.db", "STORE.ddb"):
        with duckdb.connect(desk.base / "x.duckdb") as connection:
            connection.execute("CREATE OR REPLACE TABLE people AS SELECT 1 AS id")
        (desk.base / "x.duckdb").rename(desk.base / name)
        assert desk.read("people", attach=name).profiles == 1
        desk.sql("USE memory")
        for attached in ("source", "my data"):
            desk.sql(f'DETACH DATABASE IF EXISTS "{attached}"')
