"""`keep_ledger`: what is older goes, what is still needed never does."""

import pytest

from audiencesync import upkeep
from audiencesync.audit import looking
from audiencesync.clock import SystemClock
from audiencesync.store import Store
from tests.sync.test_sync_crash import kill_at
from tests.world import World, opened, person

_TIMES = {
    "ledger": ("sent_at", "answered_at"),
    "batch": ("sent_at", "answered_at"),
    "run": ("started_at", "finished_at"),
    "run_sync": ("started_at", "finished_at"),
    "api_call": ("called_at",),
    "parked": ("parked_at",),
    "retention": ("looked_at",),
}


def grow_old(world: World, days: int) -> None:
    """Let everything that happened so far have happened so many days earlier."""
    with opened(world.folder / "store.duckdb") as store:
        for table, columns in _TIMES.items():
            moved = ", ".join(f"{column} = {column} - INTERVAL {days} DAY" for column in columns)
            store.execute(f"UPDATE {table} SET {moved}")


@pytest.fixture
def world(world: World) -> World:
    world.config["store"] = {"path": "store.duckdb", "keep_ledger": "400d"}
    return world


def test_old_pushes_and_runs_go_and_the_state_stays(world: World) -> None:
    people = [person(number) for number in range(5)]
    world.people([*people, person(9, email="no address")])
    (old,) = [world.run().run_id]
    grow_old(world, 300)
    people[0] = person(0, phone="+9")
    world.people([*people, person(9, email="no address")])
    (middle,) = [world.run().run_id]
    assert world.sql("SELECT count(*) FROM ledger WHERE outcome = 'accepted'") == [(6,)]
    grow_old(world, 200)

    report = world.run_one()

    assert (report.planned, report.members, report.parked) == (0, 5, 1)
    assert world.sql("SELECT DISTINCT run_id FROM ledger") == [(middle,)]
    assert old not in {run for (run,) in world.sql("SELECT run_id FROM run")}
    assert old not in {
        run for (run,) in world.sql("SELECT run_id FROM run_sync UNION SELECT run_id FROM api_call")
    }
    assert world.sql("SELECT count(*) FROM batch") == [(1,)]
    assert (
        world.sql("SELECT count(*) FROM acknowledged") == world.sql("SELECT count(*) FROM payload") == [(5,)]
    )
    with Store.open(world.folder / "store.duckdb", base=world.folder, read_only=True) as store:
        assert looking.history(store, "p1") == []
        assert looking.ledger_since(store) is not None
        (since,) = world.sql("SELECT kept_since < now()::TIMESTAMP - INTERVAL 399 DAY FROM retention")
        assert since == (True,)


def test_without_the_option_nothing_ever_goes(world: World) -> None:
    world.config["store"] = "store.duckdb"
    world.people([person(1)])
    world.run()
    grow_old(world, 5000)
    world.run()
    upkeep.compact(world.project(), clock=SystemClock())
    assert world.sql("SELECT count(*) FROM ledger") == [(1,)]
    assert world.sql("SELECT count(*) FROM run") == [(2,)]


def test_the_last_run_and_success_of_a_sync_stay_however_old(world: World) -> None:
    world.people([person(1)])
    world.run()
    grow_old(world, 1000)

    assert upkeep.compact(world.project(), clock=SystemClock())["dropped_pushes"] == 1

    with Store.open(world.folder / "store.duckdb", base=world.folder, read_only=True) as store:
        (one,) = looking.status(store, world.project())["syncs"]
    assert one["last_run"]["status"] == one["last_success"]["status"] == "succeeded"


def test_the_status_tells_what_the_last_run_ended_with_when_its_pushes_are_gone(world: World) -> None:
    world.people([person(1), person(2, email="no address")])
    world.run()
    grow_old(world, 1000)
    upkeep.compact(world.project(), clock=SystemClock())

    with Store.open(world.folder / "store.duckdb", base=world.folder, read_only=True) as store:
        (one,) = looking.status(store, world.project())["syncs"]
    assert (one["invalid"], one["rejected"], sum(code["rows"] for code in one["parked"])) == (1, 0, 1)


def test_a_push_whose_answer_is_out_is_settled_however_old_it_is(world: World) -> None:
    world.people([person(1), person(2)])
    kill_at(world, "sent")
    grow_old(world, 1000)
    upkeep.compact(world.project(), clock=SystemClock())

    report = world.run_one()

    assert (report.planned, report.members) == (0, 2)
    assert len(world.org.records()) == 2
    assert world.sql("SELECT outcome, count(*) FROM ledger GROUP BY ALL") == [("accepted", 2)]


def test_runs_look_for_what_is_too_old_once_a_day(world: World) -> None:
    world.people([person(1)])
    world.run()
    world.run()
    (first,) = world.sql("SELECT looked_at FROM retention")
    world.run()
    assert world.sql("SELECT looked_at FROM retention") == [first]
    grow_old(world, 2)
    world.run()
    assert world.sql("SELECT looked_at > $1 FROM retention".replace("$1", f"'{first[0]}'")) == [(True,)]
