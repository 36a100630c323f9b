"""Looking at a source without reading it: what is seen, and what cannot be."""

import sqlite3
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from audiencesync.config.models import Source as SourceConfig
from audiencesync.errors import ConfigError
from audiencesync.source import Lookout, Signature, notified, watch

from .postgres import Server


def lookout(base: Path, profiles: str, *, attach: str | None = None, **more: Any) -> Lookout:
    updated_at = {"updated_at": more.pop("updated_at")} if "updated_at" in more else {}
    config = SourceConfig.model_validate({"profiles": {"from": profiles, "key": "id", **updated_at}, **more})
    return Lookout(config, base=base, attach=attach)


def test_a_file_that_is_written_added_or_removed_is_seen_and_one_that_is_read_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id\n1\n")
    memberships = {"from": "SELECT * FROM 'in/*.csv'", "key": "id", "audience": "audience"}
    one = lookout(tmp_path, "read_csv('a.csv')", memberships=memberships)
    looks = [one.look()]
    (tmp_path / "a.csv").read_text()
    assert one.look() == looks[-1]
    (tmp_path / "in").mkdir()
    (tmp_path / "a.csv").write_text("id\n1\n2\n")
    looks.append(one.look())
    (tmp_path / "in" / "b.csv").write_text("id,audience\n1,x\n")
    looks.append(one.look())
    (tmp_path / "new.csv").write_text("id\n1\n3\n")
    (tmp_path / "new.csv").replace(tmp_path / "a.csv")
    looks.append(one.look())
    (tmp_path / "in" / "b.csv").unlink()
    looks.append(one.look())
    assert len(set(looks)) == 5


@pytest.mark.parametrize(
    "relation",
    [
        "read_csv('people.csv', nullstr = ['*', './*'])",
        "SELECT replace(id, '*', './*') AS id, '*' AS star FROM 'people.csv' WHERE id <> '**'",
        "SELECT * FROM read_csv(['other.csv', './people*']) WHERE id IN ('*', '*.*')",
        'SELECT * FROM range(3) AS one, "people.csv" AS two',
        "FROM sqlite_scan('peop*.csv', '*')",
    ],
)
def test_a_text_that_is_no_file_is_not_looked_for_in_the_folder(tmp_path: Path, relation: str) -> None:
    """The store may lie there, and every run writes it."""
    (tmp_path / "people.csv").write_text("id\n1\n")
    one = lookout(tmp_path, relation)
    before = one.look()
    for name in ("store.duckdb", "store.duckdb.wal", "report.html"):
        (tmp_path / name).write_text("later")
    assert one.look() == before
    (tmp_path / "people.csv").write_text("id\n1\n2\n")
    assert one.look() != before


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_database_in_a_file_is_seen_when_it_is_written(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "people.db"
    connect: Any = duckdb.connect if kind == "duckdb" else sqlite3.connect
    owner = connect(str(path))
    owner.execute("CREATE TABLE people (id INTEGER)")
    owner.commit()
    one = lookout(tmp_path, "people", attach="people.db")
    before = one.look()
    assert one.look() == before
    owner.execute("INSERT INTO people VALUES (1)")
    owner.commit()
    assert one.look() != before
    owner.close()


def test_what_lies_elsewhere_cannot_be_looked_at(tmp_path: Path) -> None:
    for relation in ("read_parquet('s3://bucket/people.parquet')", "range(5)"):
        with pytest.raises(ConfigError, match=r"source\.profiles names no file"):
            lookout(tmp_path, relation)


def other_than(one: Lookout, before: Signature) -> Signature:
    """What the server says arrives when it arrives."""
    deadline = time.monotonic() + 10
    while (look := one.look()) == before:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return look


@pytest.mark.slow
def test_postgresql_is_asked_for_the_latest_change_and_says_others_by_itself(
    tmp_path: Path, postgres: Server
) -> None:
    postgres.run(
        "CREATE TABLE people (id int, changed_at timestamptz)",
        "CREATE TABLE members (id int, changed_at timestamptz)",
    )
    members = {"from": "members", "key": "id", "audience": "id", "updated_at": "changed_at"}
    one = lookout(tmp_path, "people", attach=postgres.url, updated_at="changed_at", memberships=members)
    looks = [one.look()]
    assert one.look() == looks[-1]
    for table in ("people", "members"):
        postgres.run(f"INSERT INTO {table} VALUES (1, '2026-01-01')")
        looks.append(one.look())
    postgres.run("NOTIFY audiencesync")
    looks.append(other_than(one, looks[-1]))
    postgres.run("NOTIFY somebody_else")
    time.sleep(0.2)
    assert one.look() == looks[-1]
    postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    looks.append(other_than(one, looks[-1]))
    assert looks[-1] == (("gone",),)
    looks.append(one.look())  # what was said meanwhile is not known
    one.close()
    assert len(set(looks)) == 6


@pytest.mark.slow
def test_postgresql_without_a_way_to_see_changes_is_refused(
    tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.run("CREATE TABLE people (id int)")
    lookout(tmp_path, "people", attach=postgres.url)
    monkeypatch.setattr(watch, "can_listen", lambda: False)
    assert notified.can_listen()
    with pytest.raises(ConfigError, match="must be asked what changed") as refused:
        lookout(tmp_path, "people", attach=postgres.url)
    assert "audiencesync[postgres]" in refused.value.hint
