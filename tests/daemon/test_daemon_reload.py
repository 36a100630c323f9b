"""A config that is read again: what is taken at once, what at the next start, and syncs that come and go."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

from structlog.testing import capture_logs

from audiencesync.daemon.holding import Holding
from audiencesync.daemon.log import Log
from audiencesync.daemon.loop import Loop
from audiencesync.daemon.serve import reload
from audiencesync.progress import Silent
from tests.world import World, person


@contextmanager
def started(world: World) -> Iterator[Loop]:
    """A daemon's loop, without its process."""
    project = world.project()
    holding = Holding(project.store_path, project.base, project.store_settings)
    try:
        with closing(Loop(project, holding, clock=world.clock, progress=Silent())) as loop:
            yield loop
    finally:
        holding.close()


def read_again(world: World, loop: Loop) -> set[str]:
    """What the log says of it."""
    world.project()
    with capture_logs() as said:
        reload(loop, Log())
    return {one["event"] for one in said}


def test_what_is_pending_of_a_sync_starts_a_run_once_it_is_in_the_config(world: World) -> None:
    (world.folder / "token").write_text("s3cret")
    world.config["daemon"] = {"port": 0, "intake": {"token": "${file:./token}"}}
    intake = world.project().config.daemon.intake
    contacts = {
        **world.sync,
        "name": "contacts",
        "object": "Contact",
        "required_fields": {"LastName": "name", "Email": "email"},
    }
    world.config["syncs"].append(contacts)
    world.people([person(1)])
    world.run()
    world.config["syncs"].remove(contacts)
    world.push({"profile_key": "p1", "attributes": {"phone": "+1 pushed"}})
    world.run(pushed=True)

    with started(world) as loop:
        assert loop.arrivals.due_in(intake) is None
        world.config["syncs"].append(contacts)
        read_again(world, loop)
        assert loop.arrivals.due_in(intake) is not None


def test_the_daemon_goes_on_with_the_daemon_and_the_store_that_it_was_started_with(world: World) -> None:
    (world.folder / "token").write_text("s3cret")
    world.config["daemon"] = {"port": 0, "intake": {"token": "${file:./token}"}, "stop_within": "5s"}
    world.config["store"] = {"path": "store.duckdb", "keep_ledger": "90d"}
    world.people([person(1)])
    world.run()
    with started(world) as loop:
        before = loop.project.config
        assert before.daemon.intake is not None
        world.config["daemon"] = {"port": 0, "stop_within": "1h"}
        world.config["store"]["keep_ledger"] = "8d"
        world.sync["every"] = "1h"
        assert read_again(world, loop) == {"config_read", "config_in_part"}

        after = loop.project.config
        assert (after.daemon, after.store) == (before.daemon, before.store)
        assert after.syncs[0].every == timedelta(hours=1)
        loop.arrivals.came(1000)
        loop.turn()
        assert loop.arrivals.due_in(before.daemon.intake) is None, "a run took over what is still taken in"


def test_a_config_that_is_as_at_the_start_again_is_taken_whole(world: World) -> None:
    world.config["daemon"] = {"port": None, "stop_within": "5s"}
    with started(world) as loop:
        world.config["daemon"]["stop_within"] = "1h"
        assert read_again(world, loop) == {"config_read", "config_in_part"}
        world.config["daemon"]["stop_within"] = "5s"
        assert read_again(world, loop) == {"config_read"}
