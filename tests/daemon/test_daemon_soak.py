"""Hours of a daemon's life in seconds: outages, refusals, a spent budget, a full disk, deaths, new configs.

The clock is the test's own, and the emulator's goes with it. At the end Salesforce holds what the model says.
"""

import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from audiencesync.daemon.holding import Holding
from audiencesync.daemon.log import Log
from audiencesync.daemon.loop import Loop
from audiencesync.daemon.serve import reload
from audiencesync.daemon.standing import LONGEST_WAIT, Health
from audiencesync.progress import Silent
from audiencesync.reports import SyncReport
from audiencesync.store import SqlFailed, Store
from tests.world import World, person

pytestmark = pytest.mark.slow
REFUSED = {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}


class Killed(BaseException):
    """No handler of ours tidies up after it."""


@dataclass
class Clock:
    """Time that passes only when somebody waits, for the emulator too."""

    world: World
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    told: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        if self.moment - self.told > timedelta(seconds=30):
            self.told = self.moment
            self.world.org.admin("POST", "clock", {"now": f"{self.moment:%Y-%m-%dT%H:%M:%SZ}"})


class Deadly(Silent):
    """A run that dies at a step of its way, when it is time."""

    def __init__(self) -> None:
        self.steps_left: int | None = None

    def end(self) -> None:
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left < 0:
                self.steps_left = None
                raise Killed


class Memory:
    """What a listener is told."""

    def __init__(self) -> None:
        self.ended = 0
        self.kinds: set[str] = set()
        self.changes: dict[str, list[bool]] = defaultdict(list)
        self.waits: list[timedelta] = []

    def sync_ended(self, report: SyncReport) -> None:
        self.ended += 1

    def sync_failed(self, report: SyncReport, health: Health, wait: timedelta) -> None:
        assert health.trouble is not None
        self.kinds.add(health.trouble.kind)
        self.waits.append(wait)

    def health_changed(self, health: Health) -> None:
        self.changes[health.name].append(health.trouble is None)


class Life:
    """A daemon, its world and what becomes of both."""

    def __init__(self, world: World, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
        self.world, self.chance, self.patch = world, chance, patch
        self.clock, self.deadly, self.memory = Clock(world), Deadly(), Memory()
        self.people: dict[int, dict[str, Any]] = {}
        self.number = 0
        self.heal: Callable[[], object] | None = None
        contacts = {
            **world.sync,
            "name": "contacts",
            "object": "Contact",
            "required_fields": {"LastName": "name", "Email": "email"},
            "extra_fields": {"Phone": "phone"},
            "watch": True,
        }
        world.sync.update(every="20m", jitter="2m")
        world.config["syncs"].append(contacts)
        world.config["daemon"] = {"port": None}
        self.change()
        self.born()

    def born(self) -> None:
        project = self.world.project()
        self.holding = Holding(project.store_path, project.base, project.store_settings)
        self.loop = Loop(project, self.holding, clock=self.clock, progress=self.deadly, chance=self.chance)
        self.loop.listeners.append(self.memory)

    def live(self, until: datetime) -> None:
        while self.clock.now() < until:
            try:
                rest = self.loop.turn()
            except Killed:
                self.holding.close()
                self.born()
                continue
            # a daemon that is late by some seconds does no harm, and a test need not look every second
            self.clock.sleep(min(max(rest, 10), (until - self.clock.now()).total_seconds()) + 0.001)

    # what happens

    def change(self) -> None:
        for _ in range(self.chance.randrange(1, 6)):
            self.number += 1
            self.people[self.number] = person(self.number)
        for number in self.chance.sample(sorted(self.people), len(self.people) // 4):
            self.people[number]["phone"] = f"+1 555 {self.chance.randrange(10_000):04}"
        for number in self.chance.sample(sorted(self.people), len(self.people) // 10):
            del self.people[number]
        self.world.people(list(self.people.values()))

    def outage(self) -> None:
        self.world.org.fault("status", status=503, times=1000, match={"path": "/services/data"})
        self.heal = lambda: self.world.org.admin("DELETE", "faults")

    def refusal(self) -> None:
        self.world.org.fault("status", status=400, times=1000, body=REFUSED, match={"path": "oauth2/token"})
        self.world.org.fault("expire_session")  # the daemon keeps its session from run to run
        self.heal = lambda: self.world.org.admin("DELETE", "faults")

    def lost_answers(self) -> None:
        self.world.org.fault("drop_after", times=3, match={"path": "composite"})
        self.heal = lambda: self.world.org.admin("DELETE", "faults")

    def source_gone(self) -> None:
        path = self.world.folder / "profiles.csv"
        away = path.rename(path.with_suffix(".away"))
        self.heal = lambda: away.rename(path)

    def budget_spent(self) -> None:
        self.configured(lambda config: config["connection"].update(max_daily_api_calls=1))
        self.heal = lambda: self.configured(lambda config: config["connection"].pop("max_daily_api_calls"))

    def disk_full(self) -> None:
        execute, chance = Store._execute, self.chance

        def failing(store: Store, statement: str, *given: Any) -> Any:
            if chance.random() < 0.05:
                raise SqlFailed(statement, duckdb.IOException("No space left on device"))
            return execute(store, statement, *given)

        self.patch.setattr(Store, "_execute", failing)
        self.heal = self.patch.undo

    def death(self) -> None:
        self.deadly.steps_left = self.chance.randrange(4)

    def new_config(self) -> None:
        every = f"{self.chance.randrange(10, 30)}m"
        self.configured(lambda config: config["syncs"][0].update(every=every))

    def bad_config(self) -> None:
        path = self.world.folder / "audiencesync.yaml"
        path.write_text("version: one\n")
        before = self.loop.project
        reload(self.loop, Log())
        assert self.loop.project is before

    def configured(self, how: Callable[[dict[str, Any]], object]) -> None:
        how(self.world.config)
        self.world.project()
        reload(self.loop, Log())


TROUBLES = (
    Life.outage,
    Life.refusal,
    Life.lost_answers,
    Life.source_gone,
    Life.budget_spent,
    Life.disk_full,
    Life.death,
    Life.new_config,
    Life.bad_config,
)


def test_hours_of_trouble_end_with_salesforce_in_step(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = random.randrange(1 << 32)  # said when the test fails
    chance = random.Random(seed)
    life = Life(world, chance, monkeypatch)
    begun, start = time.monotonic(), life.clock.now()
    # each trouble once, in some order, and good times between
    for trouble in chance.sample(TROUBLES, len(TROUBLES)):
        life.change()
        trouble(life)
        life.live(life.clock.now() + timedelta(minutes=chance.randrange(5, 20)))
        if life.heal is not None:
            life.heal()
            life.heal = None
        life.live(life.clock.now() + LONGEST_WAIT * 1.2)
    life.change()
    life.live(life.clock.now() + timedelta(minutes=40))
    life.holding.close()
    world.org.admin("POST", "clock", {"now": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"})

    memory, hours = life.memory, (life.clock.now() - start) / timedelta(hours=1)
    took = time.monotonic() - begun
    said = f"seed {seed}, {hours:.1f} hours in {took:.0f} s, {memory.ended} runs: {memory.kinds}"
    print(said)  # noqa: T201
    for name in ("Lead", "Contact"):
        held = {
            record["Email"]: record["Phone"]
            for record in world.org.records(name)
            if record["Audiences__c"] is not None
        }
        assert held == {one["email"]: one["phone"] for one in life.people.values()}, said
        emails = [record["Email"] for record in world.org.records(name)]
        assert len(emails) == len(set(emails)), said
    assert memory.kinds >= {"SignInRefused", "SourceError", "BudgetSpent", "SqlFailed"}, said
    assert memory.kinds & {"SalesforceUnavailable", "AnswerLost"}, said
    assert max(memory.waits) <= LONGEST_WAIT * 1.1, said
    for changes in memory.changes.values():
        assert changes == [number % 2 == 1 for number in range(len(changes))], (
            said
        )  # each change is told once
        assert changes[-1], said
