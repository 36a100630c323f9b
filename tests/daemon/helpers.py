"""A daemon in a process of its own, and what it says; and one that is turned by hand."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from audiencesync.daemon.holding import Holding
from audiencesync.daemon.loop import Loop
from audiencesync.daemon.metrics import Metrics
from audiencesync.progress import Progress, Silent
from tests.cli.helpers import PROGRAM, Done, execute
from tests.world import World


class Running:
    """A daemon of a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.project()
        self.talk = world.folder / "daemon.log"
        with self.talk.open("w") as talk:
            self.process = subprocess.Popen(
                [PROGRAM, "daemon", "--log-format", "json"],
                cwd=world.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=talk,
            )

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [line for line in self.talk.read_text().splitlines() if line.startswith("{")]
        return [event for line in lines if (event := json.loads(line))["event"] == name]

    def wait_for(self, name: str, times: int = 1, timeout: float = 20) -> list[dict[str, Any]]:
        self.wait_until(lambda: len(self.events(name)) >= times, timeout)
        return self.events(name)

    def wait_until(self, reached: Callable[[], bool], timeout: float = 20) -> None:
        deadline = time.monotonic() + timeout
        while not reached():
            assert time.monotonic() < deadline, self.talk.read_text()
            assert self.process.poll() is None, self.talk.read_text()
            time.sleep(0.02)

    def send(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def stop(self) -> int:
        self.send(signal.SIGTERM)
        return self.process.wait(30)

    def command(self, *arguments: str) -> Done:
        """Another process asks."""
        return execute(*arguments, cwd=self.world.folder)


@contextmanager
def running(world: World) -> Iterator[Running]:
    daemon = Running(world)
    try:
        daemon.wait_for("daemon_started")
        yield daemon
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()


@contextmanager
def started(world: World, progress: Progress | None = None) -> Iterator[Loop]:
    """The work of a daemon, in this process; it runs what is due at each `turn`."""
    project = world.project()
    holding = Holding(project.store_path, project.base, project.store_settings)
    loop = Loop(project, holding, clock=world.clock, progress=progress or Silent())
    try:
        yield loop
    finally:
        loop.close()
        holding.close()


def counters(metrics: Metrics) -> dict[str, float]:
    """What it has counted, by name and labels."""
    lines = [line for line in metrics.page().decode().splitlines() if "_total{" in line]
    return {name: float(value) for line in lines for name, value in [line.rsplit(" ", 1)]}
