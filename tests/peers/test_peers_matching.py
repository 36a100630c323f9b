"""Which record a row is: bugs of other exporters that made duplicates, which we do not have."""

from typing import Any

import pytest

from audiencesync.records import Route
from tests.world import World, person


def creates(world: World) -> list[dict[str, Any]]:
    """Requests that could only have made a new record."""
    return [
        one
        for one in world.org.requests()
        if one["method"] == "POST"
        and ("/sobjects/Lead" in one["path"] or "composite/sobjects" in one["path"])
    ]


@pytest.mark.parametrize("field", ["External_Id__c", "Id"])
def test_a_row_without_a_match_value_makes_no_record(world: World, route: Route, field: str) -> None:
    """B5: an empty Id turned the update into a create, and each change of the row into another one."""
    known = world.org.create(LastName="Known", Company="n/a", External_Id__c="known")
    key = known["id"] if field == "Id" else "known"
    world.sync["match_field"] = field
    world.sync["extra_fields"][field] = "ext"
    world.people([person(1, ext=key), person(2, ext=" ")])

    first = world.run_one()
    world.people([person(1, ext=key, phone="+9"), person(2, ext=" ", phone="+9")])
    second = world.run_one()

    assert (first.accepted, first.invalid, second.accepted, second.invalid) == (1, 1, 1, 1)
    assert (first.routes[route], second.routes[route]) == (1, 1)
    assert world.last_pushes()["p2"][3] == "MATCH_VALUE_MISSING"
    assert [lead["Phone"] for lead in world.org.records()] == ["+9"]


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "truncate_body", "status"])
def test_a_failed_upsert_is_never_followed_by_a_create(world: World, kind: str) -> None:
    """B6: any error of the upsert, a lock or a time-out, led to a plain create."""
    world.people([person(1), person(2)])
    world.org.fault(kind, match={"path": "composite/sobjects"})

    world.run_one()
    world.run_one()

    assert sorted(lead["Email"] for lead in world.org.records()) == ["p1@example.com", "p2@example.com"]
    assert creates(world) == []


def test_a_locked_record_is_never_followed_by_a_create(world: World, route: Route) -> None:
    """B6: the same for a row that was locked while its record was there all the time."""
    world.org.create(LastName="Old", Company="n/a", Email="p1@example.com")
    world.org.fault("lock_rows", object="Lead", field="Email", values=["p1@example.com"], times=2)
    world.people([person(1), person(2)])

    report = world.run_one()

    assert (report.routes[route] >= 1, report.created, report.updated) == (True, 1, 1)
    assert sorted(lead["LastName"] for lead in world.org.records()) == ["Name 1", "Name 2"]
    assert creates(world) == []


@pytest.mark.parametrize("field", ["Email", "External_Id__c", "Id", "Fax"])
def test_records_are_matched_by_the_field_of_the_config(world: World, route: Route, field: str) -> None:
    """B11: records could be matched by their Id only."""
    known = world.org.create(
        LastName="Old", Company="n/a", Email="old@example.com", External_Id__c="number 1", Fax="+1"
    )
    world.sync["match_field"] = field
    world.sync["extra_fields"] |= {"External_Id__c": "ext"} | ({"Id": "record"} if field == "Id" else {})
    world.people([person(1, email="old@example.com", ext="number 1", fax="+1", record=known["id"])])

    report = world.run_one()

    assert (report.routes[route], report.created, report.updated) == (1, 0, 1)
    (lead,) = world.org.records()
    assert (lead["Id"], lead["LastName"]) == (known["id"], "Name 1")
