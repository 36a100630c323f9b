"""`store compact`: the same store in a smaller file, whenever it is killed."""

import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from audiencesync import upkeep
from audiencesync.clock import SystemClock
from audiencesync.errors import StoreError
from audiencesync.store import DiskFull, Store, StoreHeld, rewrite
from tests.children import run_module
from tests.store.killed import POINTS
from tests.world import World, person

Usage = namedtuple("Usage", "total used free")


def compact(world: World) -> dict[str, Any]:
    return upkeep.compact(world.project(), clock=SystemClock())


def content(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    tables = [name for (name,) in world.sql("SELECT table_name FROM duckdb_tables()")]
    assert len(tables) > 15
    return {name: sorted(world.sql(f"SELECT * FROM {name}"), key=repr) for name in tables}


@pytest.fixture
def lived(world: World) -> World:
    """A store with holes: everybody changed twice, some left, one is parked."""
    for day in range(3):
        everyone = [person(number, phone=f"+1 {day} {number}") for number in range(400 - day)]
        world.people([*everyone, person(999, email="no address")])
        world.run()
    return world


def test_a_compacted_store_holds_the_same_and_goes_on(lived: World) -> None:
    before = content(lived)
    size = (lived.folder / "store.duckdb").stat().st_size
    types = lived.sql(
        "SELECT table_name, column_name, data_type, column_default FROM duckdb_columns() ORDER BY ALL"
    )

    document = compact(lived)

    assert document["bytes_before"] == size
    assert document["bytes_after"] == (lived.folder / "store.duckdb").stat().st_size < size
    assert (document["dropped_pushes"], content(lived)) == (0, before)
    assert types == lived.sql(
        "SELECT table_name, column_name, data_type, column_default FROM duckdb_columns() ORDER BY ALL"
    )
    assert lived.sql("SELECT free_blocks FROM pragma_database_size() WHERE database_name = 'store'") == [(0,)]
    assert (lived.folder / "store.duckdb").stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in lived.folder.glob("store*")) == ["store.duckdb"]
    assert lived.run_one().planned == 0
    lived.people([person(1, phone="+9")])
    assert lived.run_one().accepted == 398  # one changed, the others left
    assert lived.leads()["p1@example.com"]["Phone"] == "+9"


@pytest.mark.parametrize("point", POINTS)
def test_a_compaction_that_is_killed_leaves_a_good_store(lived: World, point: str) -> None:
    before = content(lived)
    inode = (lived.folder / "store.duckdb").stat().st_ino
    lived.project()
    code, said = run_module("tests.store.killed", str(lived.folder / "audiencesync.yaml"), point)

    assert code == -signal.SIGKILL, said
    assert ((lived.folder / "store.duckdb").stat().st_ino == inode) == (point != "replaced")
    assert {**content(lived), "retention": []} == {**before, "retention": []}
    assert lived.run_one().planned == 0
    assert sorted(file.name for file in lived.folder.glob("store*")) == ["store.duckdb"]
    compact(lived)
    assert lived.run_one().planned == 0


def test_a_store_that_is_held_is_not_compacted(lived: World) -> None:
    with lived.held_elsewhere() as other, pytest.raises(StoreHeld, match=rf"held by process {other.pid}"):
        compact(lived)


def test_what_others_write_meanwhile_is_refused_and_what_they_write_then_stays(
    lived: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the new file takes the place it would be lost; after it, it is none of our business."""
    path = lived.folder / "store.duckdb"
    script = (
        "import duckdb, os, sys; store = duckdb.connect(sys.argv[1]); "
        "store.execute(\"INSERT INTO learned VALUES ('it rains', now())\"); os._exit(0)"
    )
    others: list[subprocess.CompletedProcess[str]] = []
    real = Path.replace

    def replace(self: Path, target: Path) -> None:
        for step in (lambda: None, lambda: real(self, target)):
            step()
            command = [sys.executable, "-c", script, str(path)]
            others.append(subprocess.run(command, capture_output=True, text=True, check=False))

    monkeypatch.setattr(Path, "replace", replace)
    compact(lived)

    assert "Conflicting lock" in others[0].stderr
    assert others[1].returncode == 0
    assert path.with_name("store.duckdb.wal").exists()
    assert lived.sql("SELECT fact FROM learned") == [("it rains",)]


def test_without_room_for_a_second_file_nothing_is_begun(
    lived: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 30_000_000))
    with pytest.raises(DiskFull, match=r"to write it anew takes 3\d MB"):
        compact(lived)
    assert lived.run_one().planned == 0


def test_a_copy_that_differs_does_not_take_the_place(lived: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Store.run

    def forgetful(self: Store, statement: str, *given: Any, **named: Any) -> None:
        if named.get("table") != "record":
            run(self, statement, *given, **named)

    before = content(lived)
    monkeypatch.setattr(Store, "run", forgetful)
    with pytest.raises(StoreError, match="differs in record; nothing was changed"):
        compact(lived)
    monkeypatch.undo()
    assert {**content(lived), "retention": []} == {**before, "retention": []}


def test_what_another_process_wrote_just_before_the_copy_is_not_passed_over(lived: World) -> None:
    """Its log has the old file's name, and would be read into the new one."""
    path = lived.folder / "store.duckdb"
    insert = "INSERT INTO learned VALUES ($$it rains$$, now())"
    script = (
        f"import duckdb, os, sys; store = duckdb.connect(sys.argv[1]); store.execute('{insert}'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    assert path.with_name("store.duckdb.wal").exists()

    with pytest.raises(StoreError, match="was written to by another process meanwhile"):
        rewrite(path, base=lived.folder, settings={})

    compact(lived)
    assert lived.sql("SELECT fact FROM learned") == [("it rains",)]


def test_there_must_be_a_store_to_compact(world: World) -> None:
    with pytest.raises(StoreError, match="there is no store at"):
        compact(world)
    assert not (world.folder / "store.duckdb").exists()
