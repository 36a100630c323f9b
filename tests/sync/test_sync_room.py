"""Too little room: a full disk ends a run with its state intact, a small memory only makes it slower."""

import errno
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pytest

from audiencesync.store import DiskFull, MemorySpent, Store
from audiencesync.store.failures import no_room
from tests.children import run_module
from tests.sync.test_sync_crash import check_in_step
from tests.world import World, person, running_org

KB, MB = 1000, 1000_000


def run_cramped(world: World, room: int, *more: str) -> tuple[int, str]:
    """Run where no file may grow beyond `room` bytes: the exit code, and what it said."""
    world.project()
    return run_module("tests.sync.cramped", str(world.folder / "audiencesync.yaml"), str(room), *more)


@pytest.mark.parametrize("route", [[], ["bulk"]], ids=["requests", "bulk"])
def test_a_disk_that_is_full_at_any_step_ends_the_run_and_the_next_one_goes_on(
    world: World, route: list[str]
) -> None:
    """The room grows from run to run, so that each comes a little further than the one before."""
    people = [person(number) for number in range(1500)]
    world.people(people)
    reached = set()

    for room in (0, 50 * KB, 500 * KB, 1500 * KB, 2500 * KB, 4 * MB):
        code, said = run_cramped(world, room, *route)
        reached.add(len(world.org.records()))
        if code == 0:
            break
        assert code == 4, said
        assert re.search(rf"no room to write {world.folder}/\S+: File too large \(", said)
        assert "hint: make room there" in said

    assert len(reached) > 1, "the disk was full only before anything was sent"
    world.run()
    check_in_step(world, people)
    assert world.sql(
        "SELECT count(*), count(DISTINCT profile_key) FROM ledger WHERE outcome = 'accepted'"
    ) == [(1500, 1500)]


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("settle", []),
        ("set_job", ["bulk"]),
        ("scratch", ["bulk"]),
        ("settle_files", ["bulk"]),
    ],
)
def test_answers_that_found_no_room_are_unknown_until_the_next_run_asks(
    world: World, method: str, route: list[str]
) -> None:
    people = [person(number) for number in range(300)]
    world.people(people)

    code, said = run_cramped(world, 0, method, *route)

    assert code == 4, said
    assert "no room to write " in said
    assert world.sql("SELECT count(*) FROM ledger") == [(0,)]
    assert world.sql("SELECT count(*) FROM outbox WHERE batch_id IS NOT NULL") in [[(200,)], [(300,)]]
    world.run()
    check_in_step(world, people)
    assert world.sql("SELECT count(*) FROM ledger WHERE outcome = 'accepted'") == [(300,)]


@contextmanager
def watched(folder: Path) -> Iterator[Callable[[], int]]:
    """Most bytes that DuckDB has put aside at any time, as the block goes on."""
    most, ended = [0], threading.Event()

    def look() -> None:
        while not ended.wait(0.02):
            with suppress(FileNotFoundError):  # one that goes meanwhile
                most.append(sum(file.stat().st_size for file in folder.glob("*")))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield lambda: max(most)
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[World]:
    """A world whose org is not cleaned for the next test, which would take longer than filling it."""
    with running_org() as org:
        yield World(tmp_path, org)


@pytest.mark.usefixtures("by_bulk")
def test_a_run_that_meets_its_memory_limit_goes_through_files_and_ends_right(crowded: World) -> None:
    world = crowded
    world.config["store"] = {"path": "store.duckdb", "memory_limit": "100MB", "threads": 2}
    world.sync["guards"] = {"max_creates": 10**6}
    world.people([person(number, company=f"{number} {'and Daughters ' * 15}") for number in range(60_000)])
    aside = world.folder / "store.duckdb.tmp"

    with watched(aside) as most_bytes:
        report = world.run_one()

    assert report.accepted == 60_000
    assert most_bytes() > 20 * MB
    assert not aside.exists()
    assert world.sql("SELECT count(*) FROM acknowledged") == [(60_000,)]


@pytest.mark.parametrize(
    ("settings", "threads"),
    [
        ({"memory_limit": "100MB"}, 1),
        ({"memory_limit": "599MB"}, 1),
        ({"memory_limit": "100MB", "threads": "2"}, 2),
        ({"memory_limit": "900GB"}, None),
    ],
)
def test_a_small_memory_limit_is_for_few_threads_unless_told(
    tmp_path: Path, settings: dict[str, str], threads: int | None
) -> None:
    asked = "SELECT current_setting('threads')"
    with duckdb.connect() as engine:
        cores = engine.execute(asked).fetchall()

    with Store.open(tmp_path / "store.duckdb", base=tmp_path, settings=settings) as store:
        assert store._connection.execute(asked).fetchall() == (cores if threads is None else [(threads,)])


def test_what_cannot_go_through_files_names_the_option_to_raise(tmp_path: Path) -> None:
    with (
        Store.open(tmp_path / "store.duckdb", base=tmp_path, settings={"memory_limit": "20MB"}) as store,
        pytest.raises(MemorySpent, match="does not fit into the memory limit of 20MB") as caught,
    ):
        store.run("stage_file", name="numbers", relation="(SELECT list(range) FROM range(10_000_000))")
    assert "store.memory_limit" in caught.value.hint


def test_a_file_of_ours_that_finds_no_room_is_a_full_disk_too(tmp_path: Path) -> None:
    with (
        Store.open(tmp_path / "store.duckdb", base=tmp_path) as store,
        pytest.raises(DiskFull, match="No space left on device"),
        store.scratch(),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_no_room_for_what_was_put_aside_is_a_full_disk_and_a_value_that_says_so_is_none() -> None:
    """DuckDB calls the first an error of memory."""
    words = "failed to offload data block\nThis limit was set by the 'max_temp_directory_size' setting."
    assert no_room(duckdb.OutOfMemoryException(words))
    assert not no_room(duckdb.ConversionException("Could not convert 'No space left on device' to INT32"))
