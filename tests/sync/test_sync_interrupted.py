"""Ctrl-C and SIGTERM at every stage of a run, once and twice: it ends soon, and the next run is right."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audiencesync import sync
from audiencesync.audit import looking
from audiencesync.records import Allowances
from audiencesync.store import Store
from tests.sync.test_sync_crash import check_in_step
from tests.world import Interrupting, World, person

PROGRAM = (str(Path(sys.executable).with_name("audiencesync")),)
BY_BULK = (sys.executable, "-m", "tests.sync.by_bulk")
PEOPLE = [person(number) for number in range(250)]
KEPT = "error: interrupted; state is kept\nhint: run the same command again to go on\n"

Reached = Callable[["Running"], bool]


class Running:
    """A run in a process of its own."""

    def __init__(self, world: World, program: tuple[str, ...]) -> None:
        self.world = world
        world.project()
        # its talk in a file of its own, so that looking for a stage never waits
        self.talk = world.folder / "talk.txt"
        with self.talk.open("w") as talk, (world.folder / "answer.txt").open("w") as answer:
            self.process = subprocess.Popen(
                [*program, "run", "-v", "-c", str(world.folder / "audiencesync.yaml")],
                stdin=subprocess.DEVNULL,
                stdout=answer,
                stderr=talk,
            )

    def wait_for(self, reached: Reached) -> None:
        deadline = time.monotonic() + 30
        while not reached(self):
            assert time.monotonic() < deadline, self.talk.read_text()
            assert self.process.poll() is None, self.talk.read_text()
            time.sleep(0.01)

    def end(self, *signals: int) -> tuple[int, str, str]:
        """Send the signals, one at once after the other.

        Returns:
            Exit code as a shell shows it, standard output and standard error.
        """
        asked = time.monotonic()
        for number in signals:
            os.kill(self.process.pid, number)
            time.sleep(0.05)
        code = self.process.wait(30)
        assert time.monotonic() - asked < 10
        return (
            128 - code if code < 0 else code,
            (self.world.folder / "answer.txt").read_text(),
            self.talk.read_text(),
        )


@contextmanager
def running(world: World, program: tuple[str, ...] = PROGRAM) -> Iterator[Running]:
    run = Running(world, program)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()


def said(words: str) -> Reached:
    return lambda run: words in run.talk.read_text()


def asked(method: str, path: str) -> Reached:
    """The org has carried out such a request, and holds its answer back."""
    return lambda run: any(
        one["method"] == method and path in one["path"] for one in run.world.org.requests()
    )


def written(run: Running) -> bool:
    return run.world.org.records() != []


def uploaded(run: Running) -> bool:
    return asked("POST", "jobs/ingest")(run)


STAGES = {
    "reading the source": (PROGRAM, "", said("reading the source")),
    "comparing": (PROGRAM, "/describe", said("comparing")),
    "a request": (PROGRAM, "composite", written),
    "an upload": (BY_BULK, "/batches", uploaded),
    "waiting for a job": (BY_BULK, "jobs/ingest/[^/]+$", asked("PATCH", "jobs/ingest")),
}


@pytest.fixture
def slow_world(world: World) -> Iterator[World]:
    """Bulk jobs take their time."""
    world.people(PEOPLE)
    world.org.admin("POST", "settings", {"bulk_pace_s": 1})
    yield world
    world.org.admin("POST", "settings", {"bulk_pace_s": 0})


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("stage", STAGES)
def test_a_run_that_is_interrupted_at_any_stage_ends_soon_and_the_next_one_is_right(
    slow_world: World, stage: str, times: int
) -> None:
    program, slow, reached = STAGES[stage]
    if slow:
        slow_world.org.fault("slow", seconds=4, match={"path": slow})
    with running(slow_world, program) as run:
        run.wait_for(reached)
        code, out, err = run.end(*[signal.SIGINT] * times)

    assert (code, out) == (130, "")
    assert "Traceback" not in err
    if times == 1:
        assert err.endswith(KEPT)
        assert slow_world.sql("SELECT status, error, finished_at IS NOT NULL FROM run") == [
            ("failed", "interrupted", True)
        ]
    slow_world.org.admin("DELETE", "faults")
    assert slow_world.run_one().rejected == 0
    check_in_step(slow_world, PEOPLE)


@pytest.mark.parametrize("step", ["leads: comparing", "leads: sending"])
def test_a_sync_that_is_interrupted_is_kept_as_failed_and_not_as_its_last_success(
    world: World, step: str
) -> None:
    world.people(PEOPLE)
    good = world.run().run_id
    world.people([])
    project, options = world.project(), sync.RunOptions(allowed=Allowances(empty_source=True))
    with pytest.raises(KeyboardInterrupt):
        sync.run(project, options, clock=world.clock, progress=Interrupting(step))

    with Store.open(project.store_path, base=world.folder, read_only=True) as store:
        run = looking.run_document(store, looking.LATEST)
        (leads,) = looking.status(store, project)["syncs"]
    assert (run["status"], run["error"]) == ("failed", "interrupted")
    (told,) = run["syncs"]
    assert told["status"] == "failed"
    assert (told["error"]["kind"], told["error"]["message"]) == ("Interrupted", "interrupted")
    assert told["seconds"] > 0
    assert (leads["last_run"]["status"], leads["last_success"]["run_id"]) == ("failed", good)


def test_a_bug_in_a_run_is_no_success_either(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("ann@example.org")

    monkeypatch.setattr(sync, "plan_sync", broken)
    with pytest.raises(KeyError):
        world.run()

    ((document, error),) = world.sql("SELECT document, error FROM run_sync JOIN run USING (run_id)")
    assert json.loads(document)["status"] == "failed"
    assert error.startswith("a bug of audiencesync: KeyError")
    assert "ann@" not in document + error


@pytest.mark.slow
def test_sigterm_ends_a_run_as_ctrl_c_does(slow_world: World) -> None:
    slow_world.org.fault("slow", seconds=4, match={"path": "composite"})
    with running(slow_world) as run:
        run.wait_for(written)
        code, out, err = run.end(signal.SIGTERM)

    assert (code, out) == (143, "")
    assert err.endswith(KEPT)
    slow_world.run_one()
    check_in_step(slow_world, PEOPLE)


@pytest.mark.slow
def test_a_second_ctrl_c_does_not_wait_for_a_statement_of_the_database(world: World) -> None:
    """The first one is heard of when the statement gives way, perhaps before the second comes."""
    slow = "(SELECT sum(hash(range)) FROM range(20_000_000_000)) IS NOT NULL"
    world.people(PEOPLE)
    world.config["audiences"] = {"vip": {"where": slow}}
    with running(world) as run:
        run.wait_for(said("comparing"))
        time.sleep(1)
        code, out, err = run.end(signal.SIGINT, signal.SIGINT)

    assert (code, out) == (130, "")
    assert re.search(r"(ended at once|error: interrupted); state is kept\n", err)
    del world.config["audiences"]
    world.run_one()
    check_in_step(world, PEOPLE)
