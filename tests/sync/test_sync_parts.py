"""Millions of rows are rendered and decided part by part; the plan is the same."""

from dataclasses import replace
from typing import Any

import pytest

from audiencesync.plan import diff
from audiencesync.records import Allowances
from audiencesync.reports import RunReport
from tests.world import World, person

EXITS = Allowances(exits=True)


@pytest.fixture(autouse=True)
def _two_rows_are_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff, "_PART_ROWS", 2)


def planned(world: World) -> Any:
    """What a plan says, apart from how long it took."""

    def timeless(report: RunReport) -> Any:
        (only,) = report.syncs
        rows = sorted(only.sample, key=lambda row: str(row["profile_key"]))
        return replace(only, seconds=0.0, sample=()), rows

    return timeless(world.plan(allowed=EXITS))


def test_a_first_run_in_parts_sends_everybody_once(world: World) -> None:
    world.people([person(number) for number in range(1, 8)])

    report = world.run_one()

    assert (report.accepted, report.created) == (7, 7)
    assert len(world.org.records()) == 7
    assert world.run_one().planned == 0


def test_nobody_is_left_out_where_rows_stay_parked(world: World) -> None:
    world.people([person(number, email="none") for number in range(1, 5)])
    assert world.run_one().invalid == 4
    changed = [person(number) for number in range(5, 10)]
    for newcomers in (changed[:1], changed[:3], changed):
        world.people([*(person(number, email="none") for number in range(1, 5)), *newcomers])
        world.run_one()

    assert world.leads().keys() == {f"p{number}@example.com" for number in range(5, 10)}


def test_a_day_of_all_kinds_is_planned_alike_in_parts_and_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.people([person(number) for number in range(1, 8)])
    world.run_one()
    world.people(
        [
            person(1, phone="+9"),
            person(2, audiences=["news", "vip"]),
            person(3, audiences=[]),
            person(5, phone="", fax="+2"),
            person(6, email="none"),
            person(7),
            person(8),
            person(9, email="p8@example.com"),
            person(10, name="", phone="+3"),
        ]
    )

    in_parts = planned(world)
    with monkeypatch.context() as patched:
        patched.setattr(diff, "_PART_ROWS", 1_000)
        assert planned(world) == in_parts
    report = world.run_one(allowed=EXITS)

    assert (report.entered, report.exited, report.changed, report.invalid) == (3, 2, 4, 3)
    assert in_parts[0].planned == report.planned
    assert {lead["Phone"] for lead in world.leads().values()} >= {"+9", None}
