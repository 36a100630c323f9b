"""A few rows of large Parquet files are fetched from their place, and are the same rows."""

from collections.abc import Sequence
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
import pytest

from audiencesync.errors import SourceError
from audiencesync.source import Source, reader
from audiencesync.store import Store

from .conftest import Desk

GROUP = 2048
"""Rows of a row group; DuckDB makes none smaller."""

READS = [
    "read_parquet('people/*.parquet')",
    "'people/*.parquet'",
    "parquet_scan(['people/0.parquet', 'people/1.parquet'], union_by_name = true);",
    "read_parquet('people/*.parquet', file_row_number = true)  -- all of them",
]


@pytest.fixture(autouse=True)
def _many_are_a_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_LARGE", 1_000)


@pytest.fixture
def people(desk: Desk) -> Path:
    """Two files of three row groups each; keys from `k0` on, in no order."""
    folder = desk.base / "people"
    folder.mkdir()
    for number in (0, 1):
        write(folder / f"{number}.parquet", f"FROM range({number} * 6000, {number} * 6000 + 6000) AS r(i)")
    return folder


def write(path: Path, rows: str, **more: str) -> None:
    columns = {"id": "'k' || (i * 7 % 12000)", "name": "'name of ' || (i * 7 % 12000)"} | more
    listed = ", ".join(f"{value} AS {column}" for column, value in columns.items())
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {listed} {rows}) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE {GROUP})"
        )


def narrowed(desk: Desk, source: Source, keys: Sequence[str], *more: str) -> list[tuple[Any, ...]]:
    source.stage(since=None)
    desk.scope(keys)
    source.narrow(["id", "name", *more])
    return desk.sql("SELECT id, name FROM stage_scoped_profile ORDER BY id")


def by_place(desk: Desk) -> int:
    """Rows that were fetched from their place."""
    found = desk.sql("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'stage_placed'")
    return int(desk.sql("SELECT count(*) FROM stage_placed")[0][0]) if found == [(1,)] else 0


@pytest.mark.parametrize("relation", READS)
def test_rows_of_any_file_and_part_are_found(desk: Desk, people: Path, relation: str) -> None:
    keys = ["k0", "k1", "k5999", "k6000", "k11999"]

    rows = narrowed(desk, desk.source(relation), [*keys, "nobody"])

    assert rows == [(key, f"name of {key[1:]}") for key in sorted(keys)]
    assert by_place(desk) == len(keys)
    setting = "SELECT current_setting('dynamic_or_filter_threshold')"
    with duckdb.connect() as connection:
        assert desk.sql(setting) == connection.execute(setting).fetchall()


@pytest.mark.parametrize(
    "relation",
    [
        "SELECT * FROM 'people/*.parquet'",
        "read_parquet('people/*.parquet') AS p",
        "(SELECT 1 AS file_index, * FROM 'people/0.parquet')",
    ],
)
def test_rows_of_a_query_have_no_place(desk: Desk, people: Path, relation: str) -> None:
    assert narrowed(desk, desk.source(relation), ["k0"]) == [("k0", "name of 0")]
    assert by_place(desk) == 0


@pytest.mark.parametrize("most", [2, 3])
def test_where_many_are_looked_at_the_files_are_read_once(
    desk: Desk, people: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(reader, "_FEW", most)

    rows = narrowed(desk, desk.source(READS[0]), ["k0", "k1", "k2"])

    assert [key for key, _ in rows] == ["k0", "k1", "k2"]
    assert by_place(desk) == (3 if most == 3 else 0)


def test_parts_of_a_file_without_any_of_them_are_not_unpacked(desk: Desk) -> None:
    path = desk.base / "people.parquet"
    write(path, "FROM range(40000) AS r(i)", id="md5('k' || i)", name="i", noise="md5(i::VARCHAR)")
    wanted = [*range(100), 39999]
    with duckdb.connect() as connection:
        pages = connection.execute(
            "SELECT data_page_offset, total_compressed_size FROM parquet_metadata($1) "
            "WHERE path_in_schema = 'noise' AND NOT list_contains($2, row_group_id)",
            [str(path), [number // GROUP for number in wanted]],
        ).fetchall()
    content = bytearray(path.read_bytes())
    for start, size in pages:
        content[start : start + size] = bytes(size)
    path.write_bytes(content)
    # no range of keys leaves a part of the file out
    keys = ["0", *(md5(f"k{number}".encode()).hexdigest() for number in wanted), "q", "z"]

    assert {name for _, name in narrowed(desk, desk.source("'people.parquet'"), keys, "noise")} == set(wanted)
    with pytest.raises(SourceError, match="cannot be read"):
        narrowed(desk, desk.source("(SELECT * FROM 'people.parquet')"), keys, "noise")


def test_a_file_that_is_gone_meanwhile_leaves_the_engine_as_it_was(
    desk: Desk, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = "SELECT current_setting('dynamic_or_filter_threshold')"
    before = desk.sql(setting)
    run = Store.run

    def removing(store: Store, statement: str, *given: Any, **more: Any) -> None:
        run(store, statement, *given, **more)
        if statement == "stage_place":
            (people / "0.parquet").unlink()

    monkeypatch.setattr(Store, "run", removing)

    with pytest.raises(SourceError, match="cannot be read"):
        narrowed(desk, desk.source("read_parquet(['people/0.parquet', 'people/1.parquet'])"), ["k0"])
    assert desk.sql(setting) == before


def test_a_file_that_is_replaced_meanwhile_loses_nobody(
    desk: Desk, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Store.run

    def replacing(store: Store, statement: str, *given: Any, **more: Any) -> None:
        run(store, statement, *given, **more)
        if statement == "stage_place":
            write(people / "new", "FROM range(6000) AS r(i) ORDER BY hash(i)", name="'new'")
            (people / "new").rename(people / "0.parquet")

    monkeypatch.setattr(Store, "run", replacing)

    assert narrowed(desk, desk.source(READS[0]), ["k0", "k7", "k14"]) == [
        ("k0", "new"),
        ("k14", "new"),
        ("k7", "new"),
    ]


def test_columns_called_like_a_place_are_columns(desk: Desk) -> None:
    write(
        desk.base / "people.parquet",
        "FROM range(3000) AS r(i)",
        id="'k' || i",
        name="i % 3",
        file_row_number="nullif(i % 2, 0)",
        FILE_INDEX="0",
    )

    source = desk.source("'people.parquet'")
    assert narrowed(desk, source, ["k1", "k2"], "file_row_number") == [("k1", 1), ("k2", 2)]
    assert desk.sql("SELECT file_row_number FROM stage_scoped_profile ORDER BY id") == [(1,), (None,)]


def test_a_key_that_comes_twice_is_refused_wherever_the_other_row_is(desk: Desk, people: Path) -> None:
    write(people / "2.parquet", "FROM range(10) AS r(i)", id="'k' || i")

    with pytest.raises(SourceError, match=r"1 values of id are repeated, among them k3 \(2 times\)"):
        narrowed(desk, desk.source(READS[0]), ["k3", "k11"])


def test_what_was_pushed_and_affinities_are_laid_over_them(desk: Desk, people: Path) -> None:
    desk.file("likes.csv", "id,what,weight\nk1,Jazz,2\nk2,Rock,1\n")
    desk.sql(
        "INSERT INTO store.pushed_profile (profile_key, key_hash, attributes) SELECT key, sf_key_hash(key), "
        """'{"name": ["Ann", 9]}' FROM (VALUES ('k1'), ('new')) AS pushed(key)"""
    )
    likes = {"from": "'likes.csv'", "key": "id", "affinity": "what", "weight": "weight"}
    source = desk.source(READS[0], key="ID", affinities={"likes": likes})
    source.stage(since=None)
    desk.scope(["k1", "k2", "new"])
    source.narrow(["ID", "name", "likes"])

    assert desk.sql("SELECT ID, name, likes FROM stage_scoped_profile ORDER BY ID") == [
        ("k1", "Ann", {"Jazz": 2.0}),
        ("k2", "name of 2", {"Rock": 1.0}),
        ("new", "Ann", None),
    ]
    assert by_place(desk) == 2
