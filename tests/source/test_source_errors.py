"""A source that cannot be read: what the user is told, and what never."""

import os
import pwd
import random
import re
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pyarrow as pa
import pytest
from pyarrow import parquet

from audiencesync.errors import SourceError
from audiencesync.source import blamed
from audiencesync.store import SqlFailed

from .conftest import Desk
from .postgres import PASSWORD, QUOTED_PASSWORD, Server

NO_VALUE = "a value in it cannot be computed or converted"
SECRET = "canary.person@secret.example"


def refusal(desk: Desk, profiles: str, **more: object) -> str:
    with pytest.raises(SourceError) as refused:
        desk.read(profiles, **more)  # type: ignore[arg-type]
    assert refused.value.exit_code == 3
    assert refused.value.hint
    seen = f"{refused.value} {refused.value.hint}"
    for secret in (SECRET, PASSWORD, QUOTED_PASSWORD, "pass:word", str(desk.base / "store")):
        assert secret not in seen
    assert "\n" not in str(refused.value)
    return str(refused.value)


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("late.csv", "id,n\n" + "1,x\n" * 25_000 + f"2,x,{SECRET}\n" + "3,x\n" * 30,
             "line 25002: there are 3 columns instead of 2"),
            ("early.csv", "id,n\n" + "1,2\n" * 20 + f"2,{SECRET},{SECRET}\n" + "3,4\n" * 30,
             "source.profiles: there is no column 'id'"),
            ("latin.csv", b"id,name\n1,J\xfcrgen\n", "the text is not UTF-8"),
            ("latin.jsonl", b'{"id": 1, "name": "J\xfcrgen"}\n', "latin.jsonl holds text that is not UTF-8"),
            ("wide.csv", "id,n\n1," + "x" * 3_000_000 + "\n", "the line is longer than a line may be"),
            ("binary.csv", bytes(range(256)) * 20, "the file is not CSV, or its lines do not agree"),
            ("ends.csv", "id,n\r\n" + "1,2\r\n" * 20 + f"2,{SECRET}\n",
             "the file is not CSV, or its lines do not agree"),
            ("long.csv", "id,n,a,b,c\r\n" + '1,,"C, S.A.",,"{""k"": 1}"\r\n' * 3000 + f"2,{SECRET}\n",
             "the file is not CSV, or its lines do not agree"),
            ("open.csv", f'id,n\nk1,"Ada"\nk2,"Bob"\nk3,"{SECRET}\n',
             "source.profiles: there is no column 'id'"),
            ("cut.csv", "id,n\n" + '1,"x"\n' * 25_000 + f'2,"{SECRET}',
             "line 25002: the quote of a value is left open"),
            ("bad.jsonl", f'{{"id": 1}}\n{{"id": {SECRET}}}\n', "Malformed JSON in file"),
            ("bad.parquet", f"this is {SECRET}, not Parquet", "No magic bytes found at end of file"),
            ("empty.parquet", "", "too small to be a Parquet file"),
            ("empty.csv", "", "the file is empty, not even its columns are known"),
            ("empty.jsonl", "", "the file is empty, not even its columns are known"),
        ],
    )  # fmt: skip
    def test_a_file_that_is_not_what_it_should_be(
        self, desk: Desk, name: str, content: str | bytes, words: str
    ) -> None:
        desk.file(name, content)

        assert words in refusal(desk, f"'{name}'")

    @pytest.mark.parametrize(
        ("first", "second", "words"),
        [
            (
                "1 AS id, 'a' AS name",
                "2 AS id",
                "b.parquet has no column 'name', which another of its files has",
            ),
            (
                "1 AS id, 'a' AS name",
                "'b' AS name",
                "b.parquet has no column 'id', which another of its files has",
            ),
            (
                "1 AS id, 1 AS name",
                f"2 AS id, '{SECRET}' AS name",
                "b.parquet does not fit the type that the column has in another file",
            ),
            ("1 AS id, 'a' AS name", b"", "b.parquet' too small to be a Parquet file"),
            ("1 AS id, 'a' AS name", b"x" * 99, "No magic bytes found at end of file"),
        ],
    )
    def test_of_files_that_differ_the_one_that_does_is_named(
        self, desk: Desk, first: str, second: str | bytes, words: str
    ) -> None:
        for name, content in (("a", first), ("b", second)):
            if isinstance(content, str):
                desk.sql(f"COPY (SELECT {content}) TO '{desk.base}/{name}.parquet'")
            else:
                desk.file(f"{name}.parquet", content)

        said = refusal(desk, "SELECT DISTINCT id, name FROM '*.parquet'")

        assert words in said
        assert str(desk.base / "b.parquet") in said

    def test_text_of_a_parquet_file_that_is_not_utf_8(self, desk: Desk) -> None:
        text = pa.Array.from_buffers(
            pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xff\xfe")]
        )
        parquet.write_table(pa.table({"id": text}), desk.base / "people.parquet")

        assert refusal(desk, "SELECT DISTINCT id FROM 'people.parquet'").endswith(
            "people.parquet holds text that is not UTF-8"
        )

    @pytest.mark.parametrize("relation", ["'no.csv'", "read_parquet('no/*.parquet')", "read_json('no.json')"])
    def test_a_file_that_is_not_there(self, desk: Desk, relation: str) -> None:
        assert "source.profiles cannot be read: IO Error: No files found that match" in refusal(
            desk, relation
        )

    @pytest.mark.parametrize(
        "relation",
        [
            "read_json('part/*.json')",
            "'part/*.json'",
            "SELECT id, upper(phone) FROM read_ndjson(['part/1.json', 'part/2.json'], ignore_errors = true)",
        ],
    )
    def test_a_json_file_that_lacks_a_column_of_the_others(self, desk: Desk, relation: str) -> None:
        desk.file("part/1.json", '{"id": 1, "phone": "1"}\n')
        desk.file("part/2.json", '{"id": 2}\n{"id": 3}\n')
        desk.file("part/3.json", "")

        assert refusal(desk, relation) == (
            f"source.profiles cannot be read: {desk.base}/part/2.json has no column 'phone', "
            "which another of its files has"
        )
        for option in ("union_by_name = true", "columns = {'id': 'INTEGER', 'phone': 'VARCHAR'}"):
            assert desk.read(f"read_json('part/*.json', {option})").profiles == 3
        desk.file("part/2.json", '{"id": 2}\n' * 30_000 + '{"id": 3, "phone": null}\n')
        desk.source(relation).stage(since=None)

    def test_a_csv_file_with_other_columns(self, desk: Desk) -> None:
        desk.file("part/1.csv", "id,phone\n1,11\n")
        for other in ("2,22\n3,33\n", "id\n2\n", f"{SECRET},b\nx,y\n"):
            desk.file("part/2.csv", other)
            assert refusal(desk, "read_csv('part/*.csv')") == (
                f"source.profiles cannot be read: {desk.base}/part/2.csv has other columns than "
                f"{desk.base}/part/1.csv"
            )

    def test_a_value_that_is_not_of_the_type_asked_for(self, desk: Desk) -> None:
        desk.file("people.csv", f"id,score\n1,5\n2,{SECRET}\n")

        words = refusal(desk, "read_csv('people.csv', types = {'score': 'BIGINT'})")

        assert words == "source.profiles cannot be read: line 3: a value of column 'score' is not a BIGINT"

    def test_a_weight_that_is_no_number_is_blamed_on_its_relation(self, desk: Desk) -> None:
        likes = {
            "from": f"SELECT 1 AS id, 'a' AS g, '{SECRET}' AS w",
            "key": "id",
            "affinity": "g",
            "weight": "w",
        }

        words = refusal(desk, "SELECT 1 AS id", affinities={"likes": likes})

        assert words == "source.affinities.likes cannot be read: a value is not a DOUBLE"

    def test_memberships_that_fail_are_blamed_themselves(self, desk: Desk) -> None:
        select = f"SELECT CAST(x AS INTEGER) AS id, 'a' AS audience FROM (SELECT '{SECRET}' AS x)"

        words = refusal(
            desk, "SELECT 1 AS id", memberships={"from": select, "key": "id", "audience": "audience"}
        )

        assert words.startswith("source.memberships cannot be read: a value is not a INT")

    def test_a_damaged_page_shows_when_it_is_read_and_is_blamed_on_the_source(self, desk: Desk) -> None:
        desk.sql(
            "COPY (SELECT i AS id, 'name' || i AS name FROM range(50000) AS t(i)) "
            f"TO '{desk.base}/people.parquet' (COMPRESSION zstd)"
        )
        content = bytearray((desk.base / "people.parquet").read_bytes())
        dice = random.Random(1)
        for _ in range(200):
            content[dice.randrange(len(content) // 4, len(content) - 3000)] = dice.randrange(256)
        desk.file("people.parquet", bytes(content))
        desk.source("'people.parquet'").stage(since=None)
        relation = "(SELECT md5(name) AS name FROM stage_profile)"
        with pytest.raises(SqlFailed) as failed:  # as the plan would meet it
            desk.store.rows("columns_with_values", relation=relation, columns=["name"])

        error = blamed(failed.value)
        assert isinstance(error, SourceError)
        assert str(error).startswith("source cannot be read: Failed to read file")

    @pytest.mark.parametrize("place", [10, -200])
    def test_a_damaged_header_of_a_parquet_file_is_the_source_s_fault(self, desk: Desk, place: int) -> None:
        """What reads them is not DuckDB's own, and says neither which file nor that it is one."""
        rows = "SELECT i AS id, 'n' || i AS name FROM range(20000) AS t(i)"
        desk.sql(f"COPY ({rows}) TO '{desk.base}/people.parquet'")
        content = bytearray((desk.base / "people.parquet").read_bytes())
        at = place % len(content)
        content[at : at + 40] = bytes(byte * 7 + 13 & 255 for byte in content[at : at + 40])
        desk.file("people.parquet", bytes(content))

        with pytest.raises(SourceError, match="a Parquet file is damaged") as refused:
            desk.read("'people.parquet'")
        assert "that each of its files is whole" in refused.value.hint

    def test_a_file_without_header_does_not_show_its_first_line(self, desk: Desk) -> None:
        desk.file("people.csv", f"{SECRET},Ann\nbob@example.com,Bob\n")

        words = refusal(desk, "'people.csv'")

        assert words == "source.profiles: there is no column 'id'; the first line names 2 others"

    def test_a_file_that_may_not_be_read(self, desk: Desk) -> None:
        for name in ("people.csv", "crm.db"):
            desk.file(name, "id\n1\n").chmod(0)
        desk.file("other.csv", "id\n1\n")
        desk.read("'other.csv'")  # what is loaded lazily is loaded by now
        user = os.geteuid()
        if user == 0:
            os.seteuid(pwd.getpwnam("nobody").pw_uid)  # root may read anything
        try:
            file, database = refusal(desk, "'people.csv'"), refusal(desk, "people", attach="crm.db")
        finally:
            os.seteuid(user)

        assert re.match(
            r"source.profiles cannot be read: IO Error: .*(Permission denied|No files found)", file
        )
        assert database == "source.attach: crm.db cannot be read: Permission denied"

    @pytest.mark.parametrize(
        ("relation", "words"),
        [
            ("nobody", "Catalog Error: Table with name nobody does not exist!"),
            ("SELEC 1", "Parser Error"),
            ("SELECT nothing FROM (SELECT 1 AS id)", 'Referenced column "nothing" not found'),
            ("read_csv('https://files.example/x.csv?signature=word')", "it needs a DuckDB extension"),
        ],
    )
    def test_sql_that_duckdb_refuses(self, desk: Desk, relation: str, words: str) -> None:
        said = refusal(desk, relation)
        assert said.startswith("source.profiles cannot be read: ")
        assert words in said
        assert "signature" not in said

    def test_nothing_of_the_store_changes(self, desk: Desk) -> None:
        before = desk.sql("SELECT * FROM duckdb_tables() WHERE database_name = 'store' ORDER BY ALL")
        refusal(desk, "SELECT unnest([1, 1]) AS id")
        assert desk.sql("SELECT * FROM duckdb_tables() WHERE database_name = 'store' ORDER BY ALL") == before


class TestAttached:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (None, "source.attach: crm.db cannot be read: No such file or directory"),
            (b"", "source.attach: crm.db is empty"),
            (b"id,name\n1,Ann\n" * 5, "source.attach: crm.db is neither a DuckDB nor a SQLite file"),
            (b"SQLite format 3\0" + b"x" * 5000, "source.attach cannot be read: file is not a database"),
            (b"12345678DUCK" + b"x" * 5000, "source.attach cannot be read: "),
        ],
    )
    def test_a_file_that_is_no_database(self, desk: Desk, content: bytes | None, words: str) -> None:
        if content is not None:
            desk.file("crm.db", content)

        assert refusal(desk, "people", attach="crm.db").startswith(words)

    def test_a_folder_is_no_database(self, desk: Desk) -> None:
        assert refusal(desk, "people", attach=".").endswith("cannot be read: Is a directory")

    @pytest.mark.parametrize("address", ["mysql://u:word@h/d", "https://u:word@h/x.db", "jdbc:x://u:word@h"])
    def test_another_database_is_named_and_its_address_is_not(self, desk: Desk, address: str) -> None:
        assert "word" not in refusal(desk, "people", attach=address)

    def test_a_duckdb_file_that_another_process_writes_to(self, desk: Desk) -> None:
        program = (
            "import duckdb, sys; c = duckdb.connect(sys.argv[1]); c.execute('CREATE TABLE people (id INT)'); "
            "print('open', flush=True); sys.stdin.read()"
        )
        arguments = [sys.executable, "-c", program, str(desk.base / "crm.duckdb")]
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            other.stdout.readline()
            words = refusal(desk, "people", attach="crm.duckdb")
            other.communicate()

        assert f"source.attach cannot be read: the file is held by process {other.pid} (python" in words

    def test_the_store_is_no_source(self, desk: Desk) -> None:
        desk.sql("CHECKPOINT store")
        assert "the file is open already, as the store" in refusal(desk, "people", attach="store.duckdb")

    @pytest.mark.parametrize(
        ("relation", "words"),
        [
            ("nobody", "source.profiles cannot be read: no such table: nobody"),
            ("SELECT missing FROM people", "source.profiles cannot be read: no such column: missing"),
            ("SELEC id FROM people", 'source.profiles cannot be read: near "FROM"'),
            (f"SELECT id, json_extract('{SECRET}', '$') AS x FROM people",
             "source.profiles cannot be read: malformed JSON"),
        ],
    )  # fmt: skip
    def test_sql_that_sqlite_refuses(self, desk: Desk, relation: str, words: str) -> None:
        connection = sqlite3.connect(desk.base / "crm.db")
        connection.execute("CREATE TABLE people (id)")
        connection.execute("INSERT INTO people VALUES (1)")
        connection.commit()
        connection.close()

        assert refusal(desk, relation, attach="crm.db").startswith(words)


class TestPostgresql:
    @pytest.mark.parametrize(
        ("relation", "words"),
        [
            ("nobody", 'PostgreSQL says: relation "nobody" does not exist'),
            ("SELECT nothing FROM people", 'PostgreSQL says: column "nothing" does not exist'),
            ("SELECT FROM WHERE", 'PostgreSQL says: syntax error at or near "WHERE"'),
            ("SELECT CAST('secret' AS int) AS id", f"{NO_VALUE} (SQLSTATE 22P02)"),
            ("SELECT id, CAST(name AS int) FROM people", NO_VALUE),
            (
                "SELECT i id, CASE i WHEN 9e4 THEN name::int END FROM people, generate_series(1, 99999) i",
                NO_VALUE,
            ),
            ("SELECT complain(name) AS id FROM people", NO_VALUE),
        ],
    )
    def test_sql_that_it_refuses(self, desk: Desk, postgres: Server, relation: str, words: str) -> None:
        postgres.run(
            "CREATE TABLE people (id int, name text)",
            f"INSERT INTO people VALUES (1, '{SECRET}')",
            "CREATE FUNCTION complain(text) RETURNS text LANGUAGE plpgsql "
            "AS $$ BEGIN RAISE EXCEPTION 'who is %', $1; END $$",
        )

        assert refusal(desk, relation, attach=postgres.url) == f"source.profiles cannot be read: {words}"

    def test_text_of_a_database_without_an_encoding(self, desk: Desk, postgres: Server) -> None:
        postgres.run(
            "DROP DATABASE IF EXISTS legacy",
            "CREATE DATABASE legacy ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
        )
        legacy = replace(postgres, database="legacy")
        legacy.run("CREATE TABLE people AS SELECT 1 AS id, E'J\\xFCrgen' AS name")

        said = refusal(desk, "people", attach=legacy.url)

        assert said == "source.profiles cannot be read: column 'name' holds text that is not UTF-8"

    def test_a_login_and_its_rights(self, desk: Desk, postgres: Server) -> None:
        postgres.run(
            "DROP ROLE IF EXISTS reader",
            "CREATE ROLE reader LOGIN PASSWORD '" + PASSWORD.replace("'", "''") + "'",
            "CREATE TABLE people AS SELECT 1 AS id",
        )
        allowed = postgres.url_of("reader", QUOTED_PASSWORD)

        postgres.run("GRANT USAGE ON SCHEMA public TO reader")
        assert "permission denied for table people" in refusal(desk, "people", attach=allowed)
        postgres.run("GRANT SELECT ON people TO reader")
        assert desk.read("people", attach=allowed).profiles == 1
        for address, words in (
            (postgres.url_of("reader", "wrong-word"), "the user name or password is wrong"),
            (postgres.url_of("nobody", "wrong-word"), "the user name or password is wrong"),
            (f"{allowed}_missing", "the database does not exist"),
            (f"{postgres.url}&sslmode=require&host=127.0.0.1", "the encrypted connection could not be made"),
            (allowed.replace(f":{postgres.port}/", ":1/"), "no server answers at that host and port"),
            (allowed.replace("127.0.0.1", "nowhere.invalid"), "the host is not known"),
            ("postgresql:///x?host=/nowhere", "no server answers at that socket"),
        ):
            said = refusal(desk, "people", attach=address)
            assert said == f"source.attach cannot be read: {words}"
        refusal(
            desk, "people", attach=postgres.url_of("reader", PASSWORD)
        )  # not escaped, and still not shown

    def test_a_server_that_goes_away(self, desk: Desk, postgres: Server) -> None:
        postgres.run("CREATE TABLE people AS SELECT 1 AS id")
        source = desk.source("people", attach=postgres.url, memberships={
            "from": "people", "key": "id", "audience": "id"})  # fmt: skip
        stage = source._memberships.stage

        def after_a_crash(since: str | None, **more: bool) -> None:
            postgres.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            stage(since, **more)

        source._memberships.stage = after_a_crash  # type: ignore[method-assign]
        with pytest.raises(SourceError, match=r"^source\.memberships cannot be read: .*(terminating|closed)"):
            source.stage(since=None)

    def test_a_watermark_of_another_type_asks_for_a_full_read(self, desk: Desk, postgres: Server) -> None:
        postgres.run("CREATE TABLE people AS SELECT 1 AS id, now() AS moved, 1 AS version")
        for column in ("moved", "version"):
            with pytest.raises(SourceError) as refused:
                desk.read("people", attach=postgres.url, updated_at=column, since="abc")
            assert "another type than at the last run" in str(refused.value)
            assert "--full" in refused.value.hint


def test_a_watermark_of_another_type_is_a_clear_error_for_files_too(desk: Desk) -> None:
    with pytest.raises(SourceError) as refused:
        desk.read("SELECT 1 AS id, 1 AS version", updated_at="version", since="2024-01-01")
    assert "--full" in refused.value.hint


def test_one_store_may_be_read_by_sources_of_every_kind_in_turn(desk: Desk) -> None:
    desk.file("people.csv", "id\n1\n")
    for relation in ("'people.csv'", "SELECT 2 AS id", "'people.csv'"):
        assert desk.read(relation).profiles == 1
