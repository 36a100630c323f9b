"""A row is refused under terms: the mapping and the options of its sync. Under others it is tried again."""

from typing import Any

import pytest

from audiencesync.records import RunStatus
from tests.sync.test_sync_crash import kill_at
from tests.sync.test_sync_parked import MONDAY, parked, pushes
from tests.world import World, opened, person

LONG = "x" * 200


def follow_the_cure(world: World, code: str) -> None:
    """Do what the message of an error names, or the description of its code."""
    cured: dict[str, dict[str, Any]] = {
        "STRING_TOO_LONG": {"on_too_long": "truncate"},
        "DUPLICATE_EXTERNAL_ID": {"on_multiple": "oldest"},
        "NO_RECORD": {"mode": "upsert"},
        "REQUIRED_FIELD_MISSING": {
            "required_fields": {name: world.sync["required_fields"][name] for name in ("LastName", "Email")},
            "extra_fields": {**world.sync["extra_fields"], "Company": "company"},
        },
    }
    world.sync.update(cured[code])


@pytest.fixture
def dated(world: World) -> World:
    """Profiles say when they changed, so that runs read only what did."""
    world.date_profiles()
    return world


def refuse(world: World, code: str) -> dict[str, Any]:
    """Somebody who meets this error, parked."""
    world.sync["required_fields"]["Company"] = "company"
    world.sync["mode"] = "update_only" if code == "NO_RECORD" else "upsert"
    for _ in range(2 if code == "DUPLICATE_EXTERNAL_ID" else 0):
        world.org.create(LastName="Old", Company="n/a", Email="p1@example.com")
    values = {"STRING_TOO_LONG": {"name": LONG}, "REQUIRED_FIELD_MISSING": {"company": ""}}
    row = person(1, changed_at=MONDAY, **values.get(code, {}))
    world.people([row, person(2, changed_at=MONDAY, audiences=[])])
    world.run_one()
    assert parked(world) == {"p1": code}
    assert world.run_one().planned == 0
    return row


CODES = ["STRING_TOO_LONG", "DUPLICATE_EXTERNAL_ID", "NO_RECORD"]


@pytest.mark.parametrize("code", CODES)
def test_the_option_that_a_message_names_frees_the_row_that_it_parked(dated: World, code: str) -> None:
    refuse(dated, code)
    follow_the_cure(dated, code)

    assert dated.plan().syncs[0].planned == 1
    report = dated.run_one()

    assert (report.accepted, report.parked, report.unmatched, parked(dated)) == (1, 0, 0, {})
    assert dated.run_one().planned == 0


def test_a_field_that_is_required_no_more_frees_who_lacks_it(dated: World) -> None:
    refuse(dated, "REQUIRED_FIELD_MISSING")
    follow_the_cure(dated, "REQUIRED_FIELD_MISSING")

    assert dated.run_one().rejected == 1  # Salesforce requires it too, and has been asked


@pytest.mark.parametrize("code", CODES)
def test_a_run_for_what_was_pushed_tries_them_too(dated: World, code: str) -> None:
    refuse(dated, code)
    follow_the_cure(dated, code)
    dated.push({"profile_key": "p2", "attributes": {"phone": "+2"}})

    report = dated.run_one(pushed=True)

    assert (report.accepted, parked(dated)) == (1, {})


def test_an_exit_that_may_not_delete_is_free_to_do_something_else(world: World) -> None:
    world.sync["on_exit"] = "delete"
    world.people([person(1), person(2)])
    world.run_one()
    world.people([person(2)])
    refusal = [{"message": "no", "errorCode": "DELETE_FAILED"}]
    world.org.fault("status", status=400, body=refusal, match={"path": "composite/sobjects"})
    assert (world.run_one().rejected, parked(world)) == (1, {"p1": "DELETE_FAILED"})
    assert world.run_one().planned == 0
    world.sync["on_exit"] = "clear_audiences"

    report = world.run_one()

    assert (report.exited, report.accepted, parked(world)) == (1, 1, {})
    assert world.leads()["p1@example.com"]["Audiences__c"] is None


def test_options_that_say_when_and_how_much_free_nobody(world: World) -> None:
    world.people([person(1, email="broken@@example")])
    world.run_one()
    told = pushes(world)
    world.sync.update(every="15m", priority=3, guards={"max_clears": 7}, max_daily_api_calls=99)

    report = world.run_one()

    assert (report.status, report.planned, report.parked, pushes(world)) == (
        RunStatus.SUCCEEDED,
        0,
        1,
        told,
    )


def test_options_that_are_taken_back_free_who_was_refused_under_them(world: World) -> None:
    """The run between ended in trouble, or was a retry: the sync has not moved on, but its rows have."""
    world.org.create(LastName="Old", Company="n/a", Email="p1@example.com")
    world.people([person(3)])
    world.run_one()
    world.people([person(1), person(2), person(3)])
    world.sync["mode"] = "update_only"
    world.org.fault("status", status=503, times=9, match={"method": "PATCH"})
    (report,) = world.run().syncs
    assert report.trouble is not None
    assert parked(world) == {"p2": "NO_RECORD"}
    world.org.admin("DELETE", "faults")
    world.sync["mode"] = "upsert"

    report = world.run_one()

    assert (report.created, report.updated, parked(world)) == (1, 1, {})


@pytest.mark.usefixtures("by_bulk")
def test_who_was_refused_by_the_job_of_a_killed_run_is_parked_under_its_terms(world: World) -> None:
    world.people([person(1, email="broken@@example"), person(2)])
    kill_at(world, "ended", "bulk")
    assert world.run_one().planned == 0
    assert parked(world) == {"p1": "INVALID_EMAIL_ADDRESS"}
    world.sync["duplicate_rule"] = "allow_save"

    assert world.run_one().rejected == 1


def test_who_was_parked_by_a_program_that_kept_no_terms_is_tried_once_more(world: World) -> None:
    world.people([person(1, email="broken@@example")])
    world.run_one()
    with opened(world.folder / "store.duckdb") as store:
        store.execute("UPDATE parked SET terms = NULL")

    assert world.run_one().rejected == 1
    assert world.run_one().planned == 0
