"""A `retry` that the daemon makes for somebody: it is told and counted, and the sync stands as before."""

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from audiencesync import sync
from audiencesync.daemon.log import Log
from audiencesync.daemon.loop import Loop
from audiencesync.daemon.metrics import Metrics
from audiencesync.daemon.standing import Health
from audiencesync.errors import SourceError
from audiencesync.reports import SyncReport
from tests.daemon.helpers import counters, started
from tests.world import World, person

RETRY = sync.RunOptions(retry=())


class Alarm:
    """Who is called when a sync fails."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def sync_ended(self, report: SyncReport) -> None:
        pass

    def sync_failed(self, report: SyncReport, health: Health, wait: timedelta) -> None:
        self.heard.append(f"{health.name} failed")

    def health_changed(self, health: Health) -> None:
        self.heard.append(f"{health.name} changed")


@pytest.fixture
def parked(world: World) -> World:
    """One row that Salesforce refused."""
    world.people([person(1), person(2, email="broken@@example")])
    world.sync["every"] = "1h"
    world.run_one()
    return world


def retried(loop: Loop, world: World) -> tuple[dict[str, float], list[Any], list[str]]:
    """Counters, the log and the alarms of one retry."""
    metrics, alarm = Metrics(loop, loop._holding, world.clock), Alarm()
    loop.listeners += [Log(), metrics, alarm]
    before = loop.health
    with capture_logs() as log:
        loop.run(RETRY)
    assert loop.health == before
    return counters(metrics), log, alarm.heard


def test_a_retry_is_counted_and_logged_and_the_sync_stands_as_before(parked: World) -> None:
    with started(parked) as loop:
        counted, log, alarms = retried(loop, parked)

    assert counted['audiencesync_runs_total{status="partial",sync="leads"}'] == 1
    assert counted['audiencesync_rows_total{outcome="rejected",sync="leads"}'] == 1
    assert counted['audiencesync_api_calls_total{sync="leads"}'] >= 1
    assert [(one["event"], one["status"]) for one in log] == [("sync_ended", "partial")]
    assert alarms == []


def test_a_retry_that_fails_is_told_with_its_reason_and_is_no_failure_of_the_sync(parked: World) -> None:
    parked.org.fault("status", status=503, times=99, match={"path": "/services/data"})
    with started(parked) as loop:
        counted, log, alarms = retried(loop, parked)

    assert counted['audiencesync_runs_total{status="paused",sync="leads"}'] == 1
    assert [(one["event"], one["kind"]) for one in log] == [("sync_ended", "AnswerLost")]
    assert alarms == []


def test_a_retry_that_cannot_begin_is_no_failure_of_the_sync_either(parked: World) -> None:
    with started(parked) as loop:
        (parked.folder / "profiles.csv").unlink()
        counted, log, alarms = retried(loop, parked)
        with pytest.raises(SourceError):
            loop.run_asked(RETRY)

    assert counted['audiencesync_runs_total{status="failed",sync="leads"}'] == 1
    assert [(one["event"], one["kind"]) for one in log] == [("sync_ended", "SourceError")]
    assert alarms == []


def test_a_field_that_the_org_does_not_have_costs_a_call_or_so_an_hour(world: World) -> None:
    world.people([person(1)])
    world.sync["extra_fields"]["Mistake__c"] = "phone"
    world.sync["every"] = "1m"
    before, end = world.org.calls(), world.clock.now() + timedelta(days=1)
    with started(world) as loop:
        loop.turn()
        while world.clock.now() < end:
            (one,) = loop.health
            assert one.trouble is not None
            assert one.next_at is not None
            world.clock.ahead += max(one.next_at - world.clock.now(), timedelta())
            loop.turn()

    assert world.org.calls() - before <= 40
