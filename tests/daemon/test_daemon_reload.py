"""A config that is read again: what is taken at once, what at the next start, and syncs that come and go."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

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
        world.project()
        reload(loop, Log())
        assert loop.arrivals.due_in(intake) is not None
