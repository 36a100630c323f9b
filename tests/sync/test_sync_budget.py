"""The budget: what does not fit is not begun, and goes on when there is room again."""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from audiencesync.connection import Connection
from audiencesync.plan import PACKING
from audiencesync.records import Mode, RunStatus
from audiencesync.reports import SyncReport
from tests.world import World, person

PAUSED = RunStatus.PAUSED


def cap(world: World, where: str, calls: int) -> None:
    """A budget for the whole project, or for the one sync."""
    (world.config["connection"] if where == "project" else world.sync)["max_daily_api_calls"] = calls


def room_at(report: SyncReport) -> datetime:
    """The moment that the report says there is room again."""
    assert report.trouble is not None
    said = re.search(r"comes at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC", report.trouble.hint)
    assert said is not None
    return datetime.fromisoformat(said[1])


def job_steps(world: World) -> int:
    return sum("/jobs/" in one["path"] for one in world.org.requests())


@pytest.mark.usefixtures("by_bulk")
@pytest.mark.parametrize("where", ["project", "sync"])
def test_a_job_that_the_budget_cannot_finish_is_not_begun_and_goes_when_there_is_room(
    world: World, where: str
) -> None:
    cap(world, where, 7)  # describe takes one, a job seven
    world.people([person(number) for number in range(30)])

    report = world.run_one()

    assert report.trouble is not None
    assert (report.status, report.trouble.exit_code, report.api_calls, job_steps(world)) == (PAUSED, 75, 1, 0)
    assert (report.planned, report.deferred) == (0, 30)
    ((described_at,),) = world.sql("SELECT called_at FROM api_call")
    soon = described_at + timedelta(hours=24) - room_at(report)
    assert timedelta() <= soon < timedelta(seconds=1)

    world.clock.ahead = timedelta(hours=23, minutes=50)
    assert world.run_one().api_calls == 0
    world.clock.ahead = timedelta(hours=24, minutes=1)
    report = world.run_one()
    assert report.status is PAUSED  # what describe said has grown old, and asking again took the room

    cap(world, where, 8)
    assert (world.run_one().accepted, len(world.org.records())) == (30, 30)


@pytest.mark.usefixtures("by_bulk")
def test_of_several_jobs_those_that_fit_are_finished_and_the_rest_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PACKING, "job_rows", 10)
    cap(world, "sync", 16)  # describe, and two jobs at seven calls with the looks that they may need
    world.people([person(number) for number in range(50)])

    report = world.run_one()

    assert (report.status, report.accepted, report.deferred) == (PAUSED, 20, 30)
    assert (report.unknown, report.api_calls <= 16) == (0, True)
    world.sync["max_daily_api_calls"] = 1000
    assert (world.run_one().accepted, len(world.org.records())) == (30, 50)


@pytest.fixture
def limits_of_before(world: World) -> Iterator[None]:
    yield
    usage(world, used=0, limit=1_000_000)


def usage(world: World, *, used: int, limit: int) -> None:
    """What all clients of the org have used, and may."""
    world.org.admin("POST", "limits", {"daily_limit": limit, "used": used})


@pytest.mark.usefixtures("by_bulk", "limits_of_before")
def test_a_job_is_not_begun_when_it_would_reach_into_the_reserve_of_the_org(world: World) -> None:
    world.config["connection"]["reserve_org_api_calls"] = 0.5
    world.people([person(number) for number in range(30)])
    usage(world, used=500, limit=2 * 506)

    report = world.run_one()

    assert report.trouble is not None
    assert (report.status, report.api_calls, job_steps(world)) == (PAUSED, 1, 0)
    assert "reserve of 50%" in report.trouble.message

    world.clock.ahead = timedelta(minutes=61)
    asked = [world.run_one().api_calls for _ in range(3)]
    assert (asked, job_steps(world)) == ([1, 0, 0], 0)  # it is asked by a call of its own, not by half a job

    usage(world, used=0, limit=1_000_000)
    world.clock.ahead = timedelta(minutes=122)
    assert world.run_one().accepted == 30


@pytest.mark.usefixtures("limits_of_before")
def test_run_after_run_leaves_the_reserve_of_the_org_alone(world: World) -> None:
    world.people([person(1)])
    world.run_one()
    usage(world, used=950, limit=1000)
    world.people([person(1, phone="+1")])
    assert world.run_one().api_calls == 1  # its answer tells how the org stands

    world.people([person(1, phone="+2")])
    paused = [world.run_one() for _ in range(3)]
    assert [(one.status, one.api_calls, one.deferred) for one in paused] == [(PAUSED, 0, 1)] * 3
    assert paused[0].trouble is not None
    assert "used 951 of 1000 API calls today; the reserve of 10% is kept" in paused[0].trouble.message

    world.clock.ahead = timedelta(minutes=61)
    assert world.run_one().api_calls == 1
    world.people([person(1, phone="+3")])
    assert world.run_one().api_calls == 0
    world.config["connection"]["reserve_org_api_calls"] = 0
    assert world.run_one().accepted == 1


@pytest.mark.usefixtures("by_bulk")
def test_a_cap_that_can_never_hold_the_next_step_says_that_waiting_is_no_use(world: World) -> None:
    cap(world, "sync", 6)
    world.people([person(1)])

    report = world.run_one()

    assert report.trouble is not None
    assert (report.status, "waiting makes no room" in report.trouble.hint) == (PAUSED, True)


def test_calls_of_another_process_count(world: World) -> None:
    cap(world, "project", 2)
    world.people([person(1)])
    world.project()
    config = str(world.folder / "audiencesync.yaml")
    command = [str(Path(sys.executable).with_name("audiencesync")), "run", "-c", config]
    assert subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0
    world.people([person(1, phone="+9")])

    report = world.run_one()

    assert (report.status, report.api_calls, report.deferred) == (PAUSED, 0, 1)
    ((first,),) = world.sql("SELECT min(called_at) FROM api_call")
    assert timedelta() <= first + timedelta(hours=24) - room_at(report) < timedelta(seconds=1)
    world.clock.ahead = timedelta(hours=24, minutes=1)
    assert world.run_one().accepted == 1


@pytest.mark.parametrize("dated", [False, True])
def test_a_backfill_that_the_budget_paused_goes_on_with_the_rest_and_then_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch, *, dated: bool
) -> None:
    if dated:
        world.date_profiles()
    monkeypatch.setattr(Connection, "composite", False)  # two hundred rows a call
    world.people([person(number, changed_at="2026-01-05 10:00:00") for number in range(450)])
    world.run_one()
    for lead in world.org.records():
        world.org.edit(lead["Id"], Phone="drifted")
    ((spent,),) = world.sql("SELECT count(*) FROM api_call")
    cap(world, "project", spent + 1)
    report = world.run_one(backfill=True)
    assert (report.status, report.accepted, report.deferred) == (PAUSED, 200, 250)

    cap(world, "project", 1000)
    report = world.run_one()

    assert (report.mode, report.accepted) == (Mode.BACKFILL, 250)
    assert "drifted" not in {lead["Phone"] for lead in world.org.records()}
    report = world.run_one()
    assert (report.mode, report.planned, report.api_calls) == (Mode.INCREMENTAL, 0, 0)


def test_a_clock_that_was_ahead_for_a_while_puts_nothing_off(world: World) -> None:
    """Once it is right again: what was counted, told, described and parked under it is of now."""
    cap(world, "project", 2)
    world.sync["mode"] = "update_only"
    world.people([person(1)])
    world.clock.ahead = timedelta(days=400)
    assert world.run_one().unmatched == 1  # describe, and a look-up
    world.people([person(1), person(2)])
    assert world.run_one().status is PAUSED

    world.clock.ahead = timedelta()
    assert world.run_one().status is PAUSED  # the calls may have been made today
    world.org.create(LastName="Found", Company="n/a", Email="p1@example.com")
    world.clock.ahead = timedelta(hours=25)
    cap(world, "project", 3)

    assert (world.run_one().updated, world.org.records()[0]["Phone"]) == (1, "+1 555 0001")
