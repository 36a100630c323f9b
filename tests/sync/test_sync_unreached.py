"""A run that ends before it reaches a sync is that sync's last run all the same, and it failed."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from audiencesync import sync
from audiencesync.audit import looking
from audiencesync.errors import SourceError
from audiencesync.store import Store
from tests.world import Interrupting, World, person


@pytest.fixture
def two(world: World) -> World:
    """A second sync, after the first."""
    contacts = {
        **world.sync,
        "name": "contacts",
        "object": "Contact",
        "required_fields": {"LastName": "name", "Email": "email"},
        "extra_fields": {},
    }
    world.config["syncs"].append(contacts)
    world.people([person(1)])
    return world


def looked(world: World) -> tuple[Mapping[str, Mapping[str, Any]], Mapping[str, Any]]:
    """Sync -> how it stands, and the newest run."""
    project = world.project()
    with Store.open(project.store_path, base=world.folder, read_only=True) as store:
        standing = {one["name"]: one for one in looking.status(store, project)["syncs"]}
        return standing, looking.run_document(store, looking.LATEST)


def test_a_broken_source_fails_every_sync_that_the_run_was_for_and_no_other(two: World) -> None:
    good = two.run().run_id
    (two.folder / "profiles.csv").unlink()
    with pytest.raises(SourceError) as failed:
        two.run(syncs=("contacts",))

    standing, run = looked(two)

    last = standing["contacts"]["last_run"]
    assert (last["run_id"], last["status"], last["error"]) == (run["run_id"], "failed", str(failed.value))
    assert standing["contacts"]["last_success"]["run_id"] == good
    assert (standing["leads"]["last_run"]["run_id"], standing["leads"]["last_run"]["error"]) == (good, None)
    (told,) = run["syncs"]
    assert (told["name"], told["status"], told["planned"]) == ("contacts", "failed", 0)
    assert told["error"]["kind"] == "SourceError"
    two.people([person(1)])
    assert [one.members for one in two.run().syncs] == [1, 1]


def test_a_source_that_was_broken_from_the_beginning_is_told_too(two: World) -> None:
    (two.folder / "profiles.csv").unlink()
    with pytest.raises(SourceError):
        two.run()

    standing, run = looked(two)

    assert [one["last_run"]["run_id"] for one in standing.values()] == [run["run_id"]] * 2
    two.people([person(1)])
    assert [(one.mode, one.accepted) for one in two.run().syncs] == [("backfill", 1)] * 2


def test_a_sync_that_an_interrupted_run_did_not_reach_is_interrupted_too(two: World) -> None:
    with pytest.raises(KeyboardInterrupt):
        sync.run(two.project(), sync.RunOptions(), clock=two.clock, progress=Interrupting("leads: sending"))

    standing, run = looked(two)

    assert [(one["name"], one["status"], one["members"]) for one in run["syncs"]] == [
        ("leads", "failed", 1),
        ("contacts", "failed", 0),
    ]
    assert [one["last_run"]["error"] for one in standing.values()] == ["interrupted"] * 2


KILLED = """
import os, signal, sys
from pathlib import Path
from audiencesync import sync
from audiencesync.clock import SystemClock
from audiencesync.config.load import load
from audiencesync.progress import Silent

sync.read_source = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sync.run(load(Path(sys.argv[1])), sync.RunOptions(), clock=SystemClock(), progress=Silent())
"""


def test_a_run_that_was_killed_while_it_read_the_source_is_the_last_one_of_its_syncs(two: World) -> None:
    good = two.run().run_id
    done = subprocess.run([sys.executable, "-c", KILLED, two.project().path], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL

    standing, run = looked(two)

    assert run["run_id"] != good
    for one in standing.values():
        assert (one["last_run"]["run_id"], one["last_run"]["status"]) == (run["run_id"], "running")
    two.run()
    with Store.open(two.project().store_path, base=two.folder, read_only=True) as store:
        killed = looking.run_document(store, run["run_id"])
    assert (killed["status"], killed["error"]) == ("failed", "interrupted")
    assert [one["error"]["kind"] for one in killed["syncs"]] == ["Interrupted"] * 2
