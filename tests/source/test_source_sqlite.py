"""SQLite's loose types, and what becomes of them."""

import sqlite3
import subprocess
import sys

import pytest

from audiencesync.errors import SourceError
from audiencesync.source.relation import Relation
from audiencesync.source.sqlite import Sqlite

from .conftest import Desk


def sqlite(desk: Desk, *statements: str) -> None:
    """Run statements in the SQLite file that the source attaches."""
    connection = sqlite3.connect(desk.base / "crm.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


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
    desk: Desk, declared: str, values: list[str], type_of: str, texts: list[str | None]
) -> None:
    sqlite(desk, f"CREATE TABLE people (id INTEGER, it {declared})")
    for index, value in enumerate(values):
        sqlite(desk, f"INSERT INTO people VALUES ({index}, {value})")

    desk.read("people", attach="crm.db")

    assert desk.type_of("it") == type_of
    assert [row[0] for row in desk.sql("SELECT CAST(it AS VARCHAR) FROM stage_profile ORDER BY id")] == texts


def test_a_value_that_comes_after_thousands_of_missing_ones_is_read(desk: Desk) -> None:
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
    desk: Desk, declared: str, value: str, words: str
) -> None:
    sqlite(desk, f"CREATE TABLE people (id INTEGER, it {declared})")
    sqlite(desk, "INSERT INTO people VALUES (1, 1)", f"INSERT INTO people VALUES (2, {value})")

    with pytest.raises(SourceError) as refused:
        desk.read("people", attach="crm.db")

    assert words in str(refused.value)
    assert "secret" not in str(refused.value)


def test_expressions_and_views_are_relations_too(desk: Desk) -> None:
    sqlite(
        desk,
        "CREATE TABLE orders (who TEXT, amount NUMERIC(10,2))",
        "INSERT INTO orders VALUES ('a', 2.5), ('a', 1), ('b', 3)",
        "CREATE VIEW spent AS SELECT who, sum(amount) AS total, count(*) AS orders FROM orders GROUP BY who",
    )
    desk.read("spent", attach="crm.db", key="who")

    assert desk.profiles("who", "total", "orders") == [("a", 3.5, 2), ("b", 3.0, 1)]


def test_names_that_differ_only_for_us_are_not_confused(desk: Desk) -> None:
    sqlite(
        desk,
        "CREATE TABLE people (id TEXT COLLATE NOCASE, at TEXT)",
        "INSERT INTO people VALUES ('a', '2024-01-01'), ('A', '2024-01-03'), ('b', '2024-01-01')",
    )
    source = desk.source("people", attach="crm.db", updated_at="at")
    source.stage(since="2024-01-02")
    source.check(since="2024-01-02")
    desk.scope(["a", "A"])
    source.narrow(["id"])

    assert desk.profiles() == [("A",), ("a",)]


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_the_file_is_read_at_one_moment_even_while_a_program_writes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, journal: str
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
    stage = source._memberships.stage
    # SQLite's locks do not see two libraries in one process: the other program must be one
    program = (
        "import sqlite3; c = sqlite3.connect('crm.db', timeout=0.1); "
        "c.execute('INSERT INTO members VALUES (2, 1)'); c.commit()"
    )
    tries: list[int] = []

    def after_a_change(since: str | None, **more: bool) -> None:
        tries.append(
            subprocess.run(
                [sys.executable, "-c", program], cwd=desk.base, capture_output=True, check=False
            ).returncode
        )
        stage(since, **more)

    monkeypatch.setattr(source._memberships, "stage", after_a_change)
    source.stage(since=None)

    assert desk.sql("SELECT profile_key FROM stage_membership") == [("1",)]
    assert tries == [0 if journal == "wal" else 1]


@pytest.mark.parametrize("declared", ["TEXT", "", "NUMERIC"])
def test_text_that_is_not_utf_8_is_refused_with_the_name_of_its_column(desk: Desk, declared: str) -> None:
    rows = ", ".join(f"({number}, 'a')" for number in range(3000))
    sqlite(
        desk,
        f'CREATE TABLE people (id INTEGER, "first name" {declared})',
        f"INSERT INTO people VALUES {rows}, (9000, CAST(x'4afc72' AS TEXT))",
    )

    words = r"^source\.profiles cannot be read: column 'first name' holds text that is not UTF-8$"
    for relation in ("people", 'SELECT id, "first name" FROM people'):
        with pytest.raises(SourceError, match=words):
            desk.read(relation, attach="crm.db")
    assert desk.read("SELECT id FROM people", attach="crm.db").profiles == 3001


def test_a_watched_column_that_is_not_utf_8_is_an_error_of_the_source(desk: Desk) -> None:
    sqlite(
        desk,
        "CREATE TABLE people (id TEXT, moved TEXT)",
        "INSERT INTO people VALUES ('a', CAST(x'4afc72' AS TEXT))",
    )
    database = Sqlite(str(desk.base / "crm.db"))
    with database.snapshot():
        people = database.look_at("source.profiles", Relation.parse("people"))
        with pytest.raises(SourceError, match=r"^source\.profiles cannot be read: .*not UTF-8"):
            database.greatest(people, people.column("moved"))
