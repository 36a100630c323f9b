"""The config is another than when rows were sent: what was sent is still what it was."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from audiencesync.audit import looking
from audiencesync.export.recovery import LONGEST_REQUEST
from audiencesync.records import Allowances, Mode, RunStatus
from audiencesync.store import Store
from tests.sync.test_sync_crash import kill_at
from tests.world import World, opened, person, send_by_bulk

PEOPLE = [person(1), person(2)]
LATER = LONGEST_REQUEST + timedelta(minutes=1)


@pytest.fixture(params=["bulk", "collections"])
def in_flight(request: pytest.FixtureRequest, world: World) -> Callable[[], None]:
    """Have the people sent by a run that is killed before it hears the answer."""

    def send() -> None:
        world.people(PEOPLE)
        if request.param == "bulk":
            kill_at(world, "closed", "bulk")
        else:
            world.sync["assignment_rule"] = True  # new records go by Collections then
            kill_at(world, "sent")
        world.clock.ahead = LATER

    return send


def check_once(world: World) -> None:
    """One record each in the org, known by its Id, and nothing left to do."""
    report = world.run_one()
    assert (report.created, report.rejected, report.unknown) == (0, 0, 0)
    records = [*world.org.records(), *world.org.records("Contact")]
    assert sorted(one["Email"] for one in records) == [one["email"] for one in PEOPLE]
    known = {one for (one,) in world.sql("SELECT salesforce_id FROM record")}
    assert known == {one["Id"] for one in records}
    assert world.run_one().planned == 0


MATCHES = [("Email", "External_Id__c"), ("Email", None), (None, "External_Id__c")]


@pytest.mark.parametrize(("before", "after"), MATCHES)
def test_an_answer_that_is_out_is_asked_for_by_what_identified_the_rows_when_they_were_sent(
    world: World, in_flight: Callable[[], None], before: Any, after: Any
) -> None:
    world.sync["match_field"] = before
    in_flight()

    world.sync["match_field"] = after
    world.sync["extra_fields"]["External_Id__c"] = "id"

    check_once(world)
    if after == "External_Id__c":
        assert sorted(one["External_Id__c"] for one in world.org.records()) == ["p1", "p2"]


def test_an_answer_that_is_out_is_asked_for_where_the_rows_went_also_when_that_is_tried_no_more(
    world: World, in_flight: Callable[[], None]
) -> None:
    world.sync["try_first"] = {"object": "Contact", "omit": ["Company"]}
    for one in PEOPLE:
        world.org.create("Contact", LastName="Old", Email=one["email"])
    in_flight()

    del world.sync["try_first"]

    assert world.run_one().unknown == 0
    assert world.sql("SELECT count(*) FROM outbox") == [(0,)]


@pytest.mark.parametrize("on_exit", ["clear_audiences", "delete"])
def test_whose_record_is_in_an_object_that_is_tried_no_more_gets_one_in_the_other_and_that_one_is_left_alone(
    world: World, on_exit: str
) -> None:
    world.sync["try_first"] = {"object": "Contact"}
    world.sync["required_fields"] = {"LastName": "name", "Email": "email"}
    for number in range(1, 4):
        world.org.create("Contact", LastName="Old", Email=f"p{number}@example.com")
    people = [person(number) for number in range(1, 4)]
    world.people(people)
    world.run_one()
    contacts = world.org.records("Contact")
    strangers = world.org.create(LastName="Another", Company="Theirs", Email="p3@example.com")["id"]

    del world.sync["try_first"]
    world.sync.update(on_exit=on_exit, guards={"max_exit_ratio": 1, "max_mapping_change_ratio": 1})
    world.sync["required_fields"] |= {"Company": "company"}
    world.people(people[:2])
    report = world.run_one()

    assert (report.created, report.updated, report.exited) == (2, 0, 1)
    leads = {one["Email"]: one for one in world.org.records()}
    assert [leads[f"p{number}@example.com"]["Phone"] for number in (1, 2)] == ["+1 555 0001", "+1 555 0002"]
    assert (leads["p3@example.com"]["Id"], leads["p3@example.com"]["LastName"]) == (strangers, "Another")
    assert world.org.records("Contact") == contacts
    assert world.run_one().planned == 0


def test_an_object_in_another_spelling_is_the_same_object(world: World) -> None:
    world.sync["match_field"] = None
    world.people(PEOPLE)
    world.run_one()

    world.sync["object"] = "lead"
    world.people(PEOPLE[:1])

    report = world.run_one()
    assert (report.mode, report.created, report.exited) == (Mode.INCREMENTAL, 0, 1)
    with Store.open(world.folder / "store.duckdb", base=world.folder) as store:
        (status,) = looking.status(store, world.project())["syncs"]
    assert (status["object"], status["members"]) == ("lead", 1)


def test_an_answer_that_is_out_is_asked_for_without_the_fields_that_are_gone_since(
    world: World, in_flight: Callable[[], None]
) -> None:
    in_flight()
    with opened(
        world.folder / "store.duckdb"
    ) as store:  # as if Fax had been another field, deleted meanwhile
        store.execute("""UPDATE outbox SET "after" = replace("after", '"Fax"', '"Gone__c"')""")
        store.execute(
            "UPDATE batch SET job_id = '750000000000000AAA' WHERE job_id IS NOT NULL"
        )  # and forgotten
    del world.sync["extra_fields"]["Fax"]

    check_once(world)


def test_a_field_that_is_new_in_the_org_can_be_mapped_at_once(world: World) -> None:
    """What describe said is believed for a day, but not that a field is missing."""
    world.people(PEOPLE)
    world.run_one()
    with opened(world.folder / "store.duckdb") as store:  # as it said before there was such a field
        store.execute("UPDATE described SET document = replace(document, '\"Title\"', '\"Other__c\"')")
        store.execute("UPDATE described SET document = replace(document, '\"title\"', '\"other__c\"')")

    world.sync["extra_fields"]["Title"] = "phone"
    world.sync["guards"]["max_mapping_change_ratio"] = 1

    assert (world.run_one().updated, world.run_one().api_calls) == (2, 0)
    assert {one["Title"] for one in world.org.records()} == {one["phone"] for one in PEOPLE}


@pytest.mark.parametrize("stopped_by", ["us", "salesforce"])
def test_who_is_refused_under_another_match_field_holds_up_nobody_with_what_she_had_in_the_old_one(
    world: World, stopped_by: str
) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    world.sync["match_field"] = "External_Id__c"
    world.sync["extra_fields"]["External_Id__c"] = "key"
    world.sync["guards"]["max_mapping_change_ratio"] = 1
    refused = person(1, key="a", phone="+" * 41 if stopped_by == "us" else "+9")
    if stopped_by == "salesforce":
        world.org.create(LastName="Another", Company="Theirs", External_Id__c="a")
    world.people([refused, person(2, key="b")])
    report = world.run_one()
    assert report.invalid + report.rejected == 1

    world.people([refused, person(2, key="b"), person(3, key="p1@example.com")])

    assert (world.run_one().created, world.run_one().planned) == (1, 0)


def test_who_is_refused_in_another_object_than_she_was_in_holds_up_nobody_with_what_she_has_there(
    world: World,
) -> None:
    world.sync["try_first"] = {"object": "Contact", "omit": ["Company"]}
    world.org.create("Contact", LastName="Old", Email="p1@example.com")
    world.people([person(1), person(2)])
    world.run_one()
    del world.sync["try_first"]
    world.sync["guards"]["max_mapping_change_ratio"] = 1
    refused = person(1, email="p9@example.com", phone="+" * 41)
    world.people([refused, person(2)])
    assert world.run_one().invalid == 1

    world.people([refused, person(2), person(3, email="p1@example.com")])

    assert world.run_one().created == 1


@pytest.fixture
def left_behind(world: World, in_flight: Callable[[], None]) -> World:
    """A sync is taken out of the config, and another is there, while the answer to what it sent is out."""
    in_flight()
    world.sync.update({"name": "others", "audiences": ["vip"]})
    return world


def test_what_became_of_rows_of_a_sync_that_is_taken_out_is_asked_and_told_in_the_ledger(
    left_behind: World,
) -> None:
    left_behind.run_one()

    assert left_behind.sql("SELECT profile_key, outcome FROM ledger ORDER BY ALL") == [
        ("p1", "accepted"),
        ("p2", "accepted"),
    ]
    assert left_behind.sql("SELECT count(*) FROM outbox") == [(0,)]
    left_behind.sync.update({"name": "leads", "audiences": ["news", "vip"]})
    assert left_behind.run_one().planned == 0


def test_rows_of_a_sync_that_is_taken_out_are_asked_for_by_the_next_run_when_salesforce_is_away(
    left_behind: World,
) -> None:
    left_behind.org.fault("status", status=503, times=99)

    (forsaken,) = left_behind.run().document()["forsaken"]

    assert (forsaken["name"], forsaken["unknown"], forsaken["error"]["kind"]) == (
        "leads",
        2,
        "SalesforceUnavailable",
    )
    left_behind.org.admin("DELETE", "faults")
    assert left_behind.run_one().status is RunStatus.SUCCEEDED
    assert left_behind.sql("SELECT count(*) FROM outbox") == [(0,)]


@pytest.mark.parametrize("match_field", ["Email", None])
def test_rows_of_a_sync_that_is_taken_out_which_never_arrived_are_sent_by_nobody_else(
    world: World, match_field: str | None
) -> None:
    world.sync.update({"match_field": match_field, "assignment_rule": True})
    world.people(PEOPLE)
    kill_at(world, "intent written")
    world.org.create(LastName="Mine?", Company="n/a")  # by our user, and just then
    world.clock.ahead = LATER
    sync = world.sync.copy()
    world.sync.update({"name": "others", "audiences": ["vip"]})

    assert "forsaken" not in world.run(allowed=Allowances(creates=True)).document()

    assert world.sql("SELECT outcome, error_code FROM ledger") == [("unknown", "ANSWER_LOST")] * 2
    assert len(world.org.records()) == 1
    world.sync.update(sync)
    back = world.run_one()
    if match_field:  # whatever there is would be found
        assert (back.created, back.parked) == (2, 0)
    else:
        assert (back.created, back.parked) == (0, 2)
        assert world.run_one(retry=("ANSWER_LOST",)).created == 2


@pytest.mark.parametrize("bulk", [False, True])
def test_who_leaves_is_cleared_of_what_was_mapped_once_as_far_as_that_is_there_still(
    world: World, monkeypatch: pytest.MonkeyPatch, bulk: bool
) -> None:
    world.sync["on_exit"] = "clear_all"
    world.people([person(1, fax="+9"), person(2)])
    world.run_one()
    with opened(world.folder / "store.duckdb") as store:  # as if Fax had been another field, deleted since
        store.execute("""UPDATE payload SET fields = replace(fields, '"Fax"', '"Gone__c"')""")
    del world.sync["extra_fields"]["Fax"]
    del world.sync["extra_fields"]["Phone"]
    world.people([person(2)])
    if bulk:
        send_by_bulk(monkeypatch)

    report = world.run_one()

    assert (report.trouble, report.exited, report.rejected) == (None, 1, 0)
    lead = world.leads()["p1@example.com"]
    assert (lead["Audiences__c"], lead["Phone"]) == (None, None)


def test_a_field_that_was_made_shorter_is_asked_about_once_a_row_is_refused_for_it(world: World) -> None:
    """What describe said is believed for a day, but not what the org refuses."""
    world.people([person(1)])
    world.run_one()
    with opened(world.folder / "store.duckdb") as store:  # as if all fields of 40 characters had been longer
        store.execute("""UPDATE described SET document = replace(document, '"length":40', '"length":90')""")
    world.sync["on_too_long"] = "truncate"
    world.people([person(1, phone="+" * 60)])
    assert world.run_one().rejected == 1

    assert world.run_one().accepted == 1
    assert world.leads()["p1@example.com"]["Phone"] == "+" * 40
    assert (world.run_one().planned, world.run_one().api_calls) == (0, 0)


@pytest.mark.parametrize("retried", [False, True])
def test_a_field_that_was_made_longer_is_asked_about_when_somebody_says_retry(
    world: World, retried: bool
) -> None:
    world.people([person(1)])
    world.run_one()
    with opened(world.folder / "store.duckdb") as store:  # as if all fields of 40 characters had been shorter
        store.execute("""UPDATE described SET document = replace(document, '"length":40', '"length":20')""")
    world.people([person(1, phone="+" * 30)])
    assert world.run_one().invalid == 1

    report = world.run_one(**({"retry": ()} if retried else {}))

    assert report.accepted == (1 if retried else 0)
