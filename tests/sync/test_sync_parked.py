"""What would be refused as before is parked: not sent, counted or told again until something changes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from audiencesync.records import Allowances, RunStatus
from tests.world import World, opened, person

MONDAY, TUESDAY = "2026-01-05 10:00:00", "2026-01-06 10:00:00"


def parked(world: World) -> Mapping[str, str]:
    """Profile -> error code."""
    return dict(world.sql("SELECT profile_key, error_code FROM parked"))


def pushes(world: World) -> int:
    return int(world.sql("SELECT count(*) FROM ledger")[0][0])


def object_changes(world: World) -> None:
    """Describe will say something else than when rows were parked."""
    with opened(world.folder / "store.duckdb") as store:
        store.execute("UPDATE described SET document = replace(document, '\"length\":40', '\"length\":41')")


@pytest.fixture
def dated(world: World) -> World:
    """Profiles say when they changed, so that runs read only what did."""
    world.date_profiles()
    return world


BROKEN: list[dict[str, Any]] = [
    {"email": "broken@@example"},  # Salesforce refuses it
    {"phone": "+" * 41},  # we do
    {"email": ""},
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_parked_row_is_neither_sent_nor_counted_nor_told_again(
    world: World, broken: dict[str, Any]
) -> None:
    world.people([person(1, **broken), person(2)])
    first = world.run_one()
    assert (first.status, first.rejected + first.invalid, first.parked) == (RunStatus.PARTIAL, 1, 1)
    told, calls = pushes(world), world.org.calls()

    assert world.plan().syncs[0].parked == 1
    second = world.run_one()

    assert (second.status, second.planned, second.entered, second.members) == (RunStatus.SUCCEEDED, 0, 0, 1)
    assert (second.parked, second.api_calls) == (1, 0)
    assert (pushes(world), world.org.calls()) == (told, calls)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_parked_row_comes_free_when_it_changes(world: World, broken: dict[str, Any]) -> None:
    world.people([person(1, **broken), person(2)])
    world.run_one()
    world.people([person(1, **broken, fax="+1"), person(2)])
    again = world.run_one()
    assert (again.rejected + again.invalid, again.parked) == (1, 1)

    world.people([person(1), person(2)])
    assert (world.run_one().created, parked(world)) == (1, {})


def test_a_parked_row_comes_free_when_its_audiences_change(world: World) -> None:
    world.people([person(1, phone="+" * 41)])
    world.run_one()
    world.people([person(1, phone="+" * 41, audiences=["news", "vip"])])

    assert world.run_one().invalid == 1


def test_a_column_that_is_no_trigger_frees_a_parked_row_when_it_is_mended(dated: World) -> None:
    dated.sync["trigger_fields"] = ["name"]
    dated.people([person(1, phone="+" * 41, changed_at=MONDAY), person(2, changed_at=MONDAY)])
    dated.run_one()
    dated.people([person(1, changed_at=TUESDAY), person(2, phone="+9", changed_at=TUESDAY)])

    report = dated.run_one()

    assert (report.created, report.updated, report.parked) == (1, 0, 0)


def test_a_changed_mapping_frees_every_parked_row(world: World) -> None:
    world.people([person(1, phone="+" * 41), person(2)])
    world.run_one()
    world.sync["extra_fields"]["Phone"] = {"sql": "left(phone, 20)"}

    assert (world.run_one().created, parked(world)) == (1, {})


def test_a_changed_object_frees_parked_rows_though_nothing_else_is_to_do(dated: World) -> None:
    dated.people([person(1, phone="+" * 41, changed_at=MONDAY), person(2, changed_at=MONDAY)])
    dated.run_one()
    dated.clock.ahead = timedelta(hours=25)
    assert (dated.run_one().invalid, dated.run_one().api_calls) == (0, 0)  # asked once, and it was the same
    object_changes(dated)
    assert dated.run_one().invalid == 0  # what is known is young
    dated.clock.ahead = timedelta(hours=50)

    report = dated.run_one()

    assert (report.invalid, report.api_calls) == (1, 1)


@pytest.mark.parametrize("pushed", [False, True])
def test_who_is_parked_is_not_lost_when_the_object_changes_while_others_are_planned(
    dated: World, *, pushed: bool
) -> None:
    """Members without a record are no reason to ask describe first, so a plan may hold them already."""
    dated.config["audiences"] = {"everybody": {"where": "true"}}
    dated.sync.update(mode="update_only", audiences=["everybody"])
    dated.org.create(LastName="Old", Company="n/a", Email="p1@example.com")
    first, second = (person(number, changed_at=MONDAY) for number in (1, 2))
    dated.people([first])
    dated.run_one()
    dated.clock.ahead = timedelta(hours=2)
    dated.people([first, second])
    assert dated.run_one().unmatched == 1
    object_changes(dated)
    dated.clock.ahead = timedelta(hours=25)
    dated.people([{**first, "phone": "+9", "changed_at": TUESDAY}, second])
    dated.push({"profile_key": "p1", "attributes": {"phone": "+9"}})
    assert dated.run_one(pushed=pushed).updated == 1
    dated.org.create(LastName="Old", Company="n/a", Email="p2@example.com")

    report = dated.run_one(pushed=pushed)

    assert (report.updated, parked(dated)) == (1, {})
    assert dated.leads()["p2@example.com"]["Audiences__c"] == "everybody"


def test_an_old_describe_costs_no_call_when_nothing_is_parked(world: World) -> None:
    world.people([person(1)])
    world.run_one()
    world.clock.ahead = timedelta(hours=25)

    assert world.run_one().api_calls == 0


def test_a_backfill_sends_parked_rows_too(world: World) -> None:
    world.people([person(1, email="broken@@example"), person(2)])
    world.run_one()

    assert world.run_one(backfill=True).rejected == 1
    assert parked(world) == {"p1": "INVALID_EMAIL_ADDRESS"}


def test_a_member_whose_change_is_parked_keeps_her_state_and_still_exits(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    world.people([person(1, phone="+" * 41), person(2)])
    world.run_one()
    report = world.run_one()
    assert (report.members, report.unchanged, report.changed, report.parked) == (2, 2, 0, 1)
    assert world.leads()["p1@example.com"]["Phone"] == "+1 555 0001"

    world.people([person(2)])
    report = world.run_one()

    assert (report.exited, report.accepted, report.parked) == (1, 1, 0)
    assert world.leads()["p1@example.com"]["Audiences__c"] is None


def test_a_parked_row_that_goes_or_is_as_accepted_again_is_forgotten(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    world.people([person(1, phone="+" * 41), person(2), person(3, email="")])
    world.run_one()
    assert set(parked(world)) == {"p1", "p3"}
    world.people([person(1), person(2)])

    report = world.run_one()

    assert (report.planned, report.exited, report.parked, parked(world)) == (0, 0, 0, {})


def test_an_exit_that_is_refused_is_parked_and_comes_free_when_she_is_back(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    world.people([person(2)])
    refusal = [{"message": "no", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}]
    world.org.fault("status", status=400, body=refusal, match={"path": "composite/sobjects"})
    assert world.run_one().rejected == 1
    report = world.run_one()
    assert (report.planned, report.members, report.exited, report.parked) == (0, 2, 0, 1)

    world.people([person(1, phone="+9"), person(2)])
    assert (world.run_one().updated, parked(world)) == (1, {})


def test_who_waits_for_a_match_value_gets_it_when_its_holder_goes(dated: World) -> None:
    first, second = (person(number, email="same@example.com", changed_at=MONDAY) for number in (1, 2))
    dated.people([first, second])
    dated.run_one()
    assert parked(dated) == {"p2": "DUPLICATE_MATCH_VALUE"}
    assert dated.run_one().planned == 0
    dated.people([first, second, person(3, changed_at=TUESDAY)])
    assert dated.run_one().planned == 1  # others come and go meanwhile
    dated.people([second, person(3, changed_at=TUESDAY)])

    report = dated.run_one()

    assert (report.accepted, report.exited, parked(dated)) == (1, 1, {})
    assert dated.leads()["same@example.com"]["LastName"] == "Name 2"


def test_who_waits_for_a_match_value_gets_it_when_its_holder_takes_another(dated: World) -> None:
    dated.config["audiences"] = {"everybody": {"where": "true"}}
    dated.sync["audiences"] = ["everybody"]
    first, *others = (person(number, email="same@example.com", changed_at=MONDAY) for number in (1, 2, 3))
    dated.people([first, *others])
    dated.run_one()
    dated.people([first, *others, person(4, changed_at=TUESDAY)])
    assert dated.run_one().planned == 1  # others come meanwhile
    moved = person(1, email="new@example.com", changed_at=TUESDAY)
    dated.people([moved, *others, person(4, changed_at=TUESDAY)])

    report = dated.run_one()

    assert (report.updated, report.created, report.invalid) == (1, 1, 1)
    names = {email: lead["LastName"] for email, lead in dated.leads().items()}
    assert (names["new@example.com"], names["same@example.com"]) == ("Name 1", "Name 2")
    assert parked(dated) == {"p3": "DUPLICATE_MATCH_VALUE"}
    assert dated.run_one().planned == 0


def test_who_waits_for_a_match_value_gets_it_when_its_holder_is_refused(world: World) -> None:
    world.people([person(1, email="same@example.com"), person(2, email="same@example.com")])
    refusal = [{"message": "no", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}]
    world.org.fault("status", status=400, body=refusal, match={"path": "composite/sobjects"})
    report = world.run_one()
    assert (report.rejected, report.invalid) == (1, 1)

    assert world.run_one().created == 1
    assert world.leads()["same@example.com"]["LastName"] == "Name 2"


def test_what_passes_by_itself_is_never_parked(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    world.people([person(1, phone="+9"), person(2, phone="+9")])
    world.org.fault("lock_rows", object="Lead", field="Email", values=["p1@example.com"], times=9)
    world.org.remove(world.leads()["p2@example.com"]["Id"])  # its record is gone, and is made anew

    report = world.run_one()

    assert (report.rejected, report.parked) == (2, 0)
    world.org.admin("DELETE", "faults")
    assert world.run_one().accepted == 2


def test_retry_sends_parked_rows_again_and_nothing_else(dated: World) -> None:
    dated.people(
        [
            person(1, email="broken@@example", changed_at=MONDAY),
            person(2, phone="+" * 41, changed_at=MONDAY),
            person(3, changed_at=MONDAY),
            person(4, changed_at=MONDAY),
        ]
    )
    dated.run_one()
    dated.people(
        [
            person(1, email="mended@example.com", changed_at=MONDAY),
            person(2, changed_at=MONDAY),
            person(3, phone="+9", changed_at=TUESDAY),
            person(5, changed_at=TUESDAY),
        ]
    )
    state = dated.sql("FROM sync")

    report = dated.run_one(retry=("INVALID_EMAIL_ADDRESS",))

    assert (report.planned, report.created, report.parked) == (1, 1, 1)
    assert dated.last_pushes()["p1"][:3] == ("create", "retry", "accepted")
    assert dated.sql("FROM sync") == state
    assert dated.run_one(retry=("NO_SUCH_CODE",)).planned == 0
    report = dated.run_one(retry=())
    assert (report.created, report.parked) == (1, 0)
    report = dated.run_one(allowed=Allowances(exits=True))
    assert (report.entered, report.changed, report.exited) == (1, 1, 1)


def test_a_retry_of_what_is_refused_as_before_parks_it_again(world: World) -> None:
    world.people([person(1, email="broken@@example"), person(2)])
    world.run_one()

    report = world.run_one(retry=())

    assert (report.status, report.rejected, report.parked) == (RunStatus.PARTIAL, 1, 1)
    assert world.run_one().planned == 0


def test_a_store_with_many_audiences_parks_by_all_of_them(world: World) -> None:
    names = [f"a{number:03}" for number in range(70)]
    world.sync["audiences"] = names
    world.people([person(1, phone="+" * 41, audiences=names)])
    world.run_one()
    assert world.run_one().planned == 0
    world.people([person(1, phone="+" * 41, audiences=names[:-1])])

    assert world.run_one().invalid == 1
