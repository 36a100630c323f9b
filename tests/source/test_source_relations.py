"""What may stand behind `from`, and how its text is understood."""

import sqlite3
import string
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiencesync.errors import SourceError
from audiencesync.source.relation import NotARelation, Relation

from .conftest import Desk, Engine
from .postgres import Server

SELECTS = (
    "SELECT id, name FROM people",
    "select id, name from people;",
    "SELECT id, name FROM people -- all of them",
    "SELECT id, name FROM people; -- all of them\n",
    "-- who\n/* and; why */ SELECT id, name -- what\nFROM people\n;\n;\n",
    "WITH p AS (SELECT * FROM people)\nSELECT id, name FROM p",
    "(SELECT id, name FROM people)",
    "(SELECT id, name FROM people) AS p",
    "(SELECT id, name FROM people WHERE id = '1') UNION ALL (SELECT id, name FROM people WHERE id <> '1')",
    "SELECT id, name FROM people WHERE name <> ';-- no comment' AND name <> '/*'",
    "people",
    '"people"',
    "people AS p",
    "people p WHERE p.id IS NOT NULL",
    "  people  ;  ",
)
ONLY_DUCKDB = (
    "FROM people",
    "FROM people SELECT id, name",
    "VALUES_OF_NOBODY",
    "SELECT id, name FROM people WHERE name <> $$; it's$$",
    "query('FROM people')",
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


@pytest.mark.parametrize("relation", [*SELECTS, *ONLY_DUCKDB])
def test_duckdb_reads_any_form(desk: Desk, relation: str) -> None:
    desk.sql("CREATE TEMP TABLE people AS FROM (VALUES ('1', 'Ann'), ('2', 'B;b')) AS p(id, name)")
    desk.sql("CREATE TEMP VIEW VALUES_OF_NOBODY AS FROM people")

    desk.read(relation)

    assert desk.profiles("id", "name") == [("1", "Ann"), ("2", "B;b")]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_reads_any_form_whole_and_in_part(
    desk: Desk, request: pytest.FixtureRequest, kind: str
) -> None:
    attach = "crm.db"
    statements = (
        "CREATE TABLE people (id text, name text)",
        "INSERT INTO people VALUES ('1', 'Ann'), ('2', 'B;b')",
    )
    if kind == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        attach = server.url
        server.run(*statements)
    else:
        with sqlite3.connect(desk.base / "crm.db") as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    for relation in SELECTS:
        if relation.startswith("(SELECT id, name FROM people WHERE") and kind == "sqlite":
            continue  # no brackets around the parts of a UNION there
        desk.read(relation, attach=attach)
        assert desk.profiles("id", "name") == [("1", "Ann"), ("2", "B;b")]
        desk.read(relation, attach=attach, updated_at="id", since="2")
        assert desk.profiles("id", "name") == [("2", "B;b")]


@pytest.mark.parametrize("attach", ["crm.db", "postgresql"])
def test_files_are_still_read_while_a_database_is_attached(
    desk: Desk, request: pytest.FixtureRequest, attach: str
) -> None:
    sqlite3.connect(desk.base / "crm.db").execute("CREATE TABLE other (x)").connection.close()
    if attach == "postgresql":
        attach = request.getfixturevalue("postgres").url
    desk.file("people.csv", "id,name\n1,Ann\n")
    desk.sql(f"COPY (SELECT 1 AS id) TO '{desk.base}/people.parquet'")
    for relation in (
        "read_csv('people.csv')",
        "'people.csv'",
        "-- the file\nSELECT * FROM read_csv(['people.csv'], header = true) WHERE id > 0",
        "FROM 'people.csv' SELECT id",
        "WITH p AS (FROM read_parquet('*.parquet')) SELECT p.id FROM p JOIN 'people.csv' AS c USING (id);",
    ):
        assert desk.read(relation, attach=attach).profiles == 1


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("read_csv('x')", True),
        ("SELECT * FROM READ_PARQUET ('x')", True),
        ("'x.csv'", True),
        ("SELECT * FROM 'data/*.parquet'", True),
        ('SELECT * FROM "x.jsonl.gz"', True),
        ("SELECT * FROM a JOIN 'x.tsv' b USING (id)", True),
        ("SELECT read_csv FROM people", False),
        ("SELECT 'read_csv(1)' FROM people -- read_csv('x')", False),
        ("SELECT * FROM people WHERE file = 'x.csv'", False),
        ("SELECT * FROM people WHERE a IS DISTINCT FROM 'abc'", False),
        ("SELECT extract(year FROM '2024-01-01'::date)", False),
        ("SELECT substring('abc' from '[a-c]')", False),
        ("people", False),
    ],
)
def test_a_relation_is_known_to_read_files(text: str, reads: bool) -> None:
    assert Relation.parse(text).reads_files is reads


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no SQL"),
        (" ;; ", "no SQL"),
        ("-- only this", "no SQL"),
        ("SELECT 1 AS id; DROP TABLE people", "more than one statement"),
        ("people; people", "more than one statement"),
    ],
)
def test_what_is_not_one_relation_is_refused(desk: Desk, text: str, words: str) -> None:
    with pytest.raises(NotARelation, match=words):
        Relation.parse(text)
    if text.strip():
        with pytest.raises(SourceError, match=rf"source\.profiles cannot be read: .*{words}"):
            desk.read(text)


def test_sql_around_a_file_stays_as_it_is(desk: Desk) -> None:
    desk.file("people.csv", "id,name\n1,Ann\n2,Bob\n")
    rest = "people.name||'!' AS n, id::VARCHAR AS t, id>=2 AS late"
    for relation in (
        f"SELECT id, {rest} FROM 'people.csv'",
        f"SELECT id, {rest} FROM 'people.csv' AS people WHERE id<>3 ORDER BY id",
        f"SELECT id, {rest} FROM (SELECT * FROM 'people.csv') people",
        f"SELECT id, {rest} FROM read_csv('people.csv', sep=',') AS people, (SELECT 1)",
        f"SELECT id, {rest} FROM 'people.csv' JOIN 'people.csv' AS other USING (id)",
    ):
        desk.read(relation)
        assert desk.profiles("n", "t", "late") == [("Ann!", "1", False), ("Bob!", "2", True)]


def test_two_columns_of_one_name_are_told_apart_by_duckdb(desk: Desk) -> None:
    desk.read("SELECT 1 AS id, 2 AS ID, 3 AS it, 4 AS it")

    assert desk.profiles("id", "ID_1", "it", "it_1") == [(1, 2, 3, 4)]


def test_two_columns_of_one_name_are_told_apart_by_sqlite(desk: Desk) -> None:
    sqlite3.connect(desk.base / "crm.db").execute("CREATE TABLE other (x)").connection.close()

    desk.read('SELECT 1 AS id, 2 AS "ID", 3 AS it', attach="crm.db")

    assert desk.profiles("id", "ID:1", "it") == [(1, 2, 3)]


@pytest.mark.parametrize("second", ["id", '"ID"'])
def test_two_columns_of_one_name_are_refused_from_postgresql(
    desk: Desk, postgres: Server, second: str
) -> None:
    with pytest.raises(SourceError, match=r"^source\.profiles: two columns are called '(id|ID)'"):
        desk.read(f"SELECT 1 AS id, 2 AS {second}", attach=postgres.url)


PIECES = st.sampled_from(
    [
        "'it''s; -- a text'", '"a ""name"""', "-- a comment; '\n", "/* ' ; */", "$$a ; ' text$$", "E'\\';'",
        "word", "(", ")", ",", "::", "||", ">=", "read_csv", "from",
        "'x.csv'", " ", "\n", "1.5", "é", "=", "$tag$ ; $tag$", "'", '"', "$", "/*", "\\",
    ]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        relation = Relation.parse(text)
    except NotARelation:
        return
    assert "--" not in "".join(token.text for token in relation.tokens if token.kind == "mark")
    assert isinstance(relation.reads_files, bool)
    assert isinstance(relation.read(whole=True), str)
    if not relation.reads_text:
        assert relation.read(whole=True) == relation.bracketed
    again = Relation.parse(relation.text)
    assert [token[:2] for token in again.tokens] == [token[:2] for token in relation.tokens]


@settings(deadline=None)
@given(
    value=st.text(alphabet=string.ascii_letters + "';-/*$\"\n é", max_size=20),
    comment=st.text(alphabet="abc ';\"(", max_size=10),
    ending=st.sampled_from(["", ";", " ; ", "\n;\n--end", "-- x", "/* ; */;"]),
)
def test_a_select_means_the_same_with_any_comment_and_ending(
    engine: Engine, value: str, comment: str, ending: str
) -> None:
    quoted = "'" + value.replace("'", "''") + "'"
    relation = Relation.parse(f"-- {comment}\n SELECT 1 AS id, {quoted} AS it /* {comment} */{ending}")

    assert engine.rows(f"FROM {relation.bracketed}") == [(1, value)]
    assert engine.rows(f"FROM {relation.read(whole=True)}") == [(1, value)]
