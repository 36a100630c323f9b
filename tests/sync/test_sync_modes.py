"""What may happen to records: update_only makes none, create_only touches none that is there."""

from datetime import timedelta
from typing import Any

import pytest

from audiencesync.ledger import LedgerWriter
from audiencesync.plan import lookup
from audiencesync.records import Allowances, Route, RunStatus
from tests.world import World, person, send_by_bulk

FIELDS = ["Email", "External_Id__c", "Fax"]  # the first two could be upserted by, the last is looked up


def rows(*numbers: int, **values: Any) -> list[dict[str, Any]]:
    return [person(number, ext=f"x{number}", fax=f"+{number}", **values) for number in numbers]


def known(world: World, number: int, **values: Any) -> str:
    """A record that was there before us."""
    made = {
        "LastName": "Old",
        "Company": "n/a",
        "Email": f"p{number}@example.com",
        "External_Id__c": f"x{number}",
    }
    return str(world.org.create(**{**made, "Fax": f"+{number}", **values})["id"])


def lead(world: World, record_id: str) -> dict[str, Any]:
    return next(one for one in world.org.records() if one["Id"] == record_id)


def begin(world: World, mode: str, field: str = "Email") -> None:
    world.sync.update(mode=mode, match_field=field)
    world.sync["extra_fields"]["External_Id__c"] = "ext"


@pytest.mark.parametrize("field", FIELDS)
def test_update_only_makes_no_record(world: World, field: str) -> None:
    begin(world, "update_only", field)
    there = known(world, 1)
    world.people(rows(1, 2, 3))

    report = world.run_one()

    assert (report.status, report.updated, report.created, report.unmatched) == (RunStatus.SUCCEEDED, 1, 0, 2)
    assert (report.members, report.parked, report.invalid) == (1, 0, 0)
    assert [one["Id"] for one in world.org.records()] == [there]


@pytest.mark.parametrize(
    ("field", "route"),
    [("Email", Route.COLLECTIONS), ("External_Id__c", Route.BULK), ("Fax", Route.COLLECTIONS)],
)
def test_update_only_makes_no_record_when_one_is_deleted_before_it_is_written(
    world: World, route: Route, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if route is Route.BULK:
        send_by_bulk(monkeypatch)
    begin(world, "update_only", field)
    there = [known(world, 1), known(world, 2)]
    world.people(rows(1, 2))
    real = LedgerWriter.lots

    def then_plan_is_made(*given: Any) -> Any:
        world.org.remove(there[0])
        monkeypatch.setattr(LedgerWriter, "lots", real)
        return real(*given)

    monkeypatch.setattr(LedgerWriter, "lots", then_plan_is_made)

    report = world.run_one()

    assert (report.routes[route], report.updated, report.created, report.rejected) == (2, 1, 0, 1)
    second = world.run_one()
    assert (second.status, second.planned, second.unmatched) == (RunStatus.SUCCEEDED, 0, 1)
    assert [one["Id"] for one in world.org.records()] == there[1:]


@pytest.mark.parametrize("pushed", [False, True])
def test_a_member_without_a_record_is_not_looked_up_again_before_a_day_has_passed(
    world: World, *, pushed: bool
) -> None:
    begin(world, "update_only")
    world.people(rows(1, 2))
    assert world.run_one().unmatched == 2
    calls = world.org.calls()
    known(world, 1)

    for hours in (0, 23):
        world.clock.ahead = timedelta(hours=hours)
        assert world.plan().syncs[0].unmatched == 2
        report = world.run_one(pushed=pushed)
        assert (report.status, report.planned, report.unmatched, report.parked) == (
            RunStatus.SUCCEEDED,
            0,
            2,
            0,
        )
    assert (world.org.calls(), report.api_calls) == (calls, 0)
    world.clock.ahead = timedelta(hours=25)

    report = world.run_one(pushed=pushed)

    assert (report.updated, report.unmatched, report.members) == (1, 1, 1)
    assert report.api_calls == 3  # describe, one look-up for both, one write
    world.clock.ahead = timedelta(hours=48)
    assert world.run_one(pushed=pushed).api_calls == 0


def test_a_member_without_a_record_is_looked_up_when_her_row_changes_or_somebody_says_retry(
    world: World,
) -> None:
    begin(world, "update_only")
    world.people(rows(1, 2, 3))
    world.run_one()
    there = known(world, 1), known(world, 2)
    world.people([*rows(1, phone="+9"), *rows(2, 3)])

    report = world.run_one()
    assert (report.updated, report.unmatched) == (1, 2)
    assert lead(world, there[0])["Phone"] == "+9"

    assert world.run_one(retry=("INVALID_EMAIL_ADDRESS",)).api_calls == 0
    report = world.run_one(retry=("NO_RECORD",))
    assert (report.updated, report.unmatched, report.api_calls) == (1, 1, 2)
    assert world.sql("SELECT profile_key, error_code FROM parked") == [("p3", "NO_RECORD")]


def test_a_member_without_a_record_who_leaves_is_forgotten(world: World) -> None:
    begin(world, "update_only")
    world.people(rows(1, 2))
    world.run_one()
    world.people(rows(2))

    report = world.run_one()

    assert (report.exited, report.unmatched, report.api_calls) == (0, 1, 0)


@pytest.mark.parametrize(("field", "by_bulk_query"), [("Email", False), ("Fax", True)])
def test_create_only_touches_no_record_that_is_there(
    world: World, field: str, by_bulk_query: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by_bulk_query:
        monkeypatch.setattr(lookup, "QUERY_VALUES", 1)
    begin(world, "create_only", field)
    world.sync["on_exit"] = "delete"
    there = [known(world, 1)]
    there += [
        known(world, 2, External_Id__c=f"x{2 + twin}") for twin in (0, 7)
    ]  # twice, but for External_Id__c
    before = {one: lead(world, one) for one in there}
    world.people(rows(1, 2, 3))

    first = world.run_one()

    assert (first.status, first.created, first.updated, first.invalid) == (RunStatus.SUCCEEDED, 1, 0, 0)
    ours = {one["LastName"]: one for one in world.org.records() if one["Id"] not in there}
    assert set(ours) == {"Name 3"}
    calls = world.org.calls()
    world.people([*rows(1, phone="+9"), *rows(2, phone="+" * 41), *rows(3, email="broken@@x", phone="+9")])
    second = world.run_one()
    assert (second.status, second.planned, world.org.calls()) == (RunStatus.SUCCEEDED, 0, calls)
    world.people(rows(4, audiences=[]))
    world.run_one()
    world.people(rows(1, 2))
    assert world.run_one().planned == 0
    assert {one: lead(world, one) for one in there} == before
    assert len(world.org.records()) == 3  # what we made ourselves, an exit deletes


@pytest.mark.parametrize("mode", ["upsert", "update_only"])
def test_what_changed_under_create_only_is_sent_when_the_mode_is_another(world: World, mode: str) -> None:
    begin(world, "create_only")
    world.people(rows(1, 2, 3))
    assert world.run_one().created == 3
    world.people([*rows(1, phone="+9"), *rows(2, audiences=["news", "vip"]), *rows(3)])
    assert world.run_one().planned == 0
    begin(world, mode)

    report = world.run_one(allowed=Allowances(mapping_change=True))

    assert (report.updated, report.created, report.unchanged) == (2, 0, 1)
    assert (world.leads()["p1@example.com"]["Phone"], world.leads()["p2@example.com"]["Audiences__c"]) == (
        "+9",
        "news;vip",
    )
    assert {key: push[4] for key, push in world.last_pushes().items()} == {
        "p1": {"Phone"},
        "p2": {"Audiences__c"},
    }


def test_another_mode_costs_no_call_when_no_value_has_changed(world: World) -> None:
    world.people(rows(1, 2))
    begin(world, "upsert")
    world.run_one()

    for mode in ("update_only", "create_only", "upsert", "create_only", "update_only"):
        begin(world, mode)
        report = world.run_one()
        assert (report.planned, report.unchanged, report.api_calls) == (0, 2, 0)


def test_records_that_create_only_left_alone_are_not_overwritten_unasked(world: World) -> None:
    begin(world, "create_only")
    there = known(world, 1)
    world.people(rows(1, 2))
    world.run_one()
    begin(world, "upsert")

    (report,) = world.run().syncs
    assert report.trouble is not None
    assert report.trouble.message.startswith("the mapping or the mode has changed, and 1 of 2 members")
    assert lead(world, there)["LastName"] == "Old"
    assert world.run_one(allowed=Allowances(mapping_change=True)).updated == 1
    assert lead(world, there)["LastName"] == "Name 1"
