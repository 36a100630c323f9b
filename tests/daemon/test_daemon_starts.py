"""What a daemon does first, by what its predecessor left."""

from datetime import timedelta

import pytest

from audiencesync import sync
from tests.daemon.helpers import started
from tests.sync.test_sync_crash import kill_at
from tests.world import Interrupting, World, person


@pytest.fixture(params=[{"every": "1h"}, {"cron": "0 0 1 1 *"}], ids=["every", "cron"])
def rare(world: World, request: pytest.FixtureRequest) -> World:
    """A sync that is not due soon, once it has run."""
    world.people([person(1), person(2)])
    world.sync.update(request.param)
    return world


def test_what_ran_to_its_end_is_not_run_again(rare: World) -> None:
    assert rare.run_one().accepted == 2
    with started(rare) as loop:
        loop.turn()
    assert rare.sql("SELECT count(*) FROM run") == [(1,)]


@pytest.mark.parametrize("step", ["leads: comparing", "leads: sending"])
def test_a_run_that_was_parked_goes_on_at_the_next_start(rare: World, step: str) -> None:
    rare.run_one()
    rare.people([person(1), person(2, phone="+9"), person(3)])
    rare.clock.ahead = timedelta(days=400)
    with started(rare, Interrupting(step)) as loop, pytest.raises(KeyboardInterrupt):
        loop.turn()
    with started(rare) as loop:
        loop.turn()
        assert [one.trouble for one in loop.health] == [None]
    assert rare.leads()["p2@example.com"]["Phone"] == "+9"
    assert len(rare.leads()) == 3


@pytest.mark.parametrize("point", ["planned", "sent"])
def test_a_run_that_was_killed_goes_on_at_the_next_start(rare: World, point: str) -> None:
    kill_at(rare, point)
    with started(rare) as loop:
        loop.turn()
    assert len(rare.leads()) == 2
    assert rare.sql("SELECT count(*) FROM outbox") == [(0,)]
    assert rare.sql("SELECT count(*) FROM acknowledged") == [(2,)]


def test_a_run_that_failed_is_tried_again_at_the_next_start(rare: World) -> None:
    rare.org.fault("status", status=503, times=99, match={"path": "/services/data"})
    with started(rare) as loop:
        loop.run(sync.RunOptions())
        assert loop.health[0].trouble is not None
    rare.org.admin("DELETE", "faults")
    with started(rare) as loop:
        loop.turn()
    assert len(rare.leads()) == 2


@pytest.mark.parametrize("reloaded", [False, True])
def test_a_run_for_what_was_pushed_puts_no_other_run_off(world: World, *, reloaded: bool) -> None:
    world.sync["every"] = "1h"
    world.people([person(1)])
    world.run_one()
    world.people([person(1), person(2)])
    world.clock.ahead = timedelta(minutes=50)
    world.push({"profile_key": "p1", "attributes": {"phone": "+9"}})
    assert world.run_one(pushed=True).updated == 1
    with started(world) as loop:
        world.clock.ahead = timedelta(minutes=61)
        if reloaded:
            loop.take(world.project())
        loop.turn()
    assert len(world.leads()) == 2
