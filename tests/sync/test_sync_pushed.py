"""A pushed change is a change in Salesforce, and nobody else is looked at."""

from datetime import timedelta

import pytest

from audiencesync.records import Allowances
from tests.world import World, person

MONDAY, TUESDAY = "2026-01-05 10:00:00", "2040-01-06 10:00:00"


def of(number: int, **attributes: object) -> dict[str, object]:
    """A change of a profile."""
    return {"profile_key": f"p{number}", "attributes": attributes}


def entry(number: int, audience: str, *, member: bool = True) -> dict[str, object]:
    return {"change": "membership", "profile_key": f"p{number}", "audience": audience, "member": member}


@pytest.fixture
def filled(world: World) -> World:
    """Three members, acknowledged."""
    world.people([person(1), person(2), person(3)])
    world.run_one()
    return world


@pytest.fixture
def alone(world: World) -> World:
    """No source but what is pushed; the sync has run once."""
    columns = ["id", "name", "company", "email", "phone", "fax"]
    world.config["source"] = {"profiles": {"columns": dict.fromkeys(columns, "VARCHAR"), "key": "id"}}
    world.config["daemon"] = {"intake": {"token": "${env:INTAKE_TOKEN}"}}
    world.run_one()
    return world


def test_a_pushed_value_is_sent_and_who_else_changed_waits(filled: World) -> None:
    filled.people([person(1), person(2), person(3, phone="+3")])
    filled.push(of(1, phone="+1 pushed"))

    report = filled.run_one(pushed=True)

    assert set(filled.last_pushes()) == {"p1"}
    assert (report.changed, report.api_calls) == (1, 1)
    assert filled.leads()["p1@example.com"]["Phone"] == "+1 pushed"
    assert filled.leads()["p3@example.com"]["Phone"] == "+1 555 0003"
    assert filled.run_one().changed == 1
    assert filled.leads()["p1@example.com"]["Phone"] == "+1 pushed"
    assert filled.run_one().planned == 0


def test_a_number_that_is_pushed_for_a_text_is_the_number_that_the_source_would_have(filled: World) -> None:
    """Python writes 100.0 into JSON, JavaScript 100."""
    filled.push(of(1, fax=100.0), of(2, fax=10.5), of(3, fax="100.0"))

    assert filled.run_one(pushed=True).changed == 3
    faxes = {email: lead["Fax"] for email, lead in filled.leads().items()}
    assert faxes == {"p1@example.com": "100", "p2@example.com": "10.5", "p3@example.com": "100.0"}


def test_pushed_memberships_enter_and_leave(filled: World) -> None:
    filled.push(entry(1, "vip"), entry(2, "news", member=False), entry(9, "vip"))

    report = filled.run_one(pushed=True)

    assert (report.changed, report.exited) == (1, 1)
    assert filled.leads()["p1@example.com"]["Audiences__c"] == "news;vip"
    assert filled.leads()["p2@example.com"]["Audiences__c"] is None
    assert filled.run_one().planned == 0


def test_what_changes_nothing_costs_nothing_and_is_not_looked_at_again(filled: World) -> None:
    filled.push(of(1, phone="+1 555 0001"), of(2, unknown="x"))
    calls = filled.org.calls()

    assert filled.run_one(pushed=True).planned == 0

    assert filled.org.calls() == calls
    assert filled.sql("SELECT count(*) FROM pending") == filled.sql("SELECT count(*) FROM inbox") == [(0,)]


def test_a_change_that_could_not_be_sent_is_sent_by_the_next_run(filled: World) -> None:
    filled.push(of(1, phone="+1 pushed"))
    filled.org.fault("lock_rows", object="Lead", field="Email", values=["p1@example.com"], times=8)
    assert filled.run_one(pushed=True).rejected == 1
    filled.org.admin("DELETE", "faults")

    assert filled.run_one(pushed=True).updated == 1
    assert filled.leads()["p1@example.com"]["Phone"] == "+1 pushed"


def test_the_source_has_the_last_word_once_it_says_something_later(world: World) -> None:
    world.date_profiles()
    world.people([person(1, changed_at=MONDAY)])
    world.run_one()
    world.push(of(1, phone="+1 pushed"))
    world.run_one(pushed=True)

    world.people([person(1, phone="+1 earlier", changed_at="2026-01-07 10:00:00")])
    assert world.run_one().planned == 0
    world.people([person(1, phone="+1 later", changed_at=TUESDAY)])
    assert world.run_one().changed == 1

    assert world.leads()["p1@example.com"]["Phone"] == "+1 later"


def test_what_was_pushed_under_a_clock_that_was_ahead_gives_way_to_the_source_all_the_same(
    world: World,
) -> None:
    world.date_profiles()
    world.people([person(1, changed_at=MONDAY)])
    world.run_one()
    world.clock.ahead = timedelta(days=30)
    world.push(
        of(1, phone="+1 pushed", fax="+1 pushed"),
        entry(1, "vip"),
        {"change": "removal", "profile_key": "p2"},
        entry(2, "vip"),
    )
    world.run_one(pushed=True)

    world.clock.ahead = timedelta()
    world.push(of(1, fax="+1 again"), entry(2, "news"))
    assert world.run_one(pushed=True).changed == 1
    assert world.leads()["p1@example.com"]["Fax"] == "+1 again"
    later = f"{world.clock.now() + timedelta(seconds=1):%Y-%m-%d %H:%M:%S}"
    world.people([person(1, phone="+1 later", fax="+1 later", changed_at=later), person(2, changed_at=later)])
    assert world.run_one().planned == 2

    lead = world.leads()["p1@example.com"]
    assert (lead["Phone"], lead["Fax"], lead["Audiences__c"]) == ("+1 later", "+1 later", "news;vip")
    assert world.leads()["p2@example.com"]["Audiences__c"] == "news;vip"


def test_a_sync_that_is_out_of_the_config_for_a_while_sends_what_was_pushed_meanwhile(world: World) -> None:
    world.date_profiles()
    accounts = {
        "name": "accounts", "object": "Account", "match_field": "AccountNumber", "audiences": ["news"],
        "required_fields": {"Name": "company", "AccountNumber": "id"}, "extra_fields": {"Phone": "phone"},
    }  # fmt: skip
    world.config["syncs"].append(accounts)
    world.people([person(1, changed_at=MONDAY), person(2, changed_at=TUESDAY)])
    world.run()

    world.config["syncs"].remove(accounts)
    for phone in ("+1 pushed", "+1 pushed again"):
        world.push(of(1, phone=phone))
        world.run(pushed=True)
    assert world.sql("SELECT profile_key FROM pending") == [("p1",)], "a row a profile, not one a push"

    world.config["syncs"].append(accounts)
    world.run()
    assert {one["Phone"] for one in world.org.records("Account")} == {"+1 pushed again", "+1 555 0002"}
    assert world.sql("SELECT count(*) FROM pending") == [(0,)]


def test_profiles_may_come_by_pushes_alone(alone: World) -> None:
    alone.push(of(1, name="Ann", email="ann@example.com"), entry(1, "vip"))
    assert alone.run_one(pushed=True).created == 1
    assert alone.leads()["ann@example.com"]["Audiences__c"] == "vip"

    alone.push({"change": "removal", "profile_key": "p1"})
    assert alone.run_one(pushed=True).exited == 1
    assert alone.leads()["ann@example.com"]["Audiences__c"] is None

    alone.push(of(1, name="Ann", email="ann@example.com"), entry(1, "news"))
    assert alone.run_one(pushed=True).updated == 1
    assert [lead["Audiences__c"] for lead in alone.org.records()] == ["news"]


def test_what_is_said_after_a_removal_in_one_request_stays_said(filled: World) -> None:
    """Later changes of the profile are merged with what was said, and so is that of a key given up for it."""
    removals = [{"change": "removal", "profile_key": key} for key in ("p1", "p2")]
    filled.push(*removals, entry(1, "vip"), of(3, phone="+3 pushed"))
    filled.push({"change": "alias", "profile_key": "p2", "previous": "p3"})
    filled.run_one(pushed=True)
    filled.push(of(1, phone="+1 pushed"))
    filled.run_one(pushed=True)

    assert filled.leads()["p1@example.com"]["Audiences__c"] == "news;vip"
    assert filled.leads()["p2@example.com"]["Phone"] == "+3 pushed"
    assert filled.leads()["p2@example.com"]["Audiences__c"] == "news"


@pytest.fixture
def unfit(alone: World) -> World:
    """Ann's and Bob's telephone numbers were pushed as text, and are numbers now."""
    alone.push(
        of(1, name="Ann", email="ann@example.com", phone="+1 555"), entry(1, "vip"),
        of(2, name="Bob", email="bob@example.com", phone="12"), entry(2, "vip"),
        of(3, name="Cy", email="cy@example.com"), entry(3, "vip"),
    )  # fmt: skip
    alone.run_one(pushed=True)
    alone.config["source"]["profiles"]["columns"]["phone"] = "INTEGER"
    return alone


@pytest.mark.parametrize("pushed", [False, True])
def test_a_pushed_value_that_fits_its_column_no_more_holds_back_one_member_and_wipes_nothing(
    unfit: World, *, pushed: bool
) -> None:
    unfit.push(of(1, company="Ann's"), of(2, company="Bob's"))

    report = unfit.run_one(pushed=pushed)

    assert (report.updated, report.invalid, report.parked) == (1, 1, 1)
    assert unfit.leads()["bob@example.com"]["Company"] == "Bob's"
    ann = unfit.leads()["ann@example.com"]
    assert (ann["Phone"], ann["Company"], ann["Audiences__c"]) == ("+1 555", "n/a", "vip")
    assert unfit.last_pushes()["p1"][2:4] == ("invalid", "PUSHED_VALUE_UNFIT")
    assert unfit.sql("SELECT error_message FROM ledger WHERE outcome = 'invalid'") == [
        ("column phone is of type INTEGER, and the value that was pushed for it is none",)
    ]
    assert [unfit.run_one(pushed=pushed).planned for _ in range(2)] == [0, 0], "she is told of once"

    unfit.push(of(1, phone=None))
    assert unfit.run_one(pushed=pushed).updated == 1
    ann = unfit.leads()["ann@example.com"]
    assert (ann["Phone"], ann["Company"]) == (None, "Ann's")


def test_a_value_that_does_not_fit_fits_again_once_its_column_is_what_it_was(unfit: World) -> None:
    """Also of a member who had none, and so seems to be as Salesforce acknowledged her."""
    unfit.push(of(1, phone="+1 556"), of(3, phone="+1 557"))
    assert unfit.run_one(pushed=True).invalid == 2
    unfit.config["source"]["profiles"]["columns"]["phone"] = "VARCHAR"

    assert unfit.run_one().updated == 2
    assert unfit.leads()["ann@example.com"]["Phone"] == "+1 556"
    assert unfit.leads()["cy@example.com"]["Phone"] == "+1 557"


def test_who_leaves_is_let_go_unless_a_rule_reads_the_value_that_does_not_fit(unfit: World) -> None:
    unfit.push(entry(1, "vip", member=False))
    assert unfit.run_one().exited == 1
    assert unfit.leads()["ann@example.com"]["Audiences__c"] is None

    unfit.config["source"]["profiles"]["columns"]["phone"] = "VARCHAR"
    unfit.config["audiences"] = {"reached": {"where": "length(CAST(Phone AS VARCHAR)) > 1"}}
    unfit.sync["audiences"] = ["vip", "reached"]
    unfit.run_one(allowed=Allowances(mapping_change=True))
    unfit.config["source"]["profiles"]["columns"]["phone"] = "INTEGER"

    report = unfit.run_one()

    assert (report.invalid, report.exited, report.updated) == (1, 0, 0)
    assert unfit.leads()["ann@example.com"]["Audiences__c"] == "reached"


def test_a_value_that_does_not_fit_matters_to_nobody_who_does_not_read_it(unfit: World) -> None:
    unfit.sync["extra_fields"].pop("Phone")
    unfit.run_one(allowed=Allowances(mapping_change=True))
    unfit.push(of(1, company="Ann's", phone="+1 556"), of(2, company="Bob's"))

    report = unfit.run_one(pushed=True)

    assert (report.updated, report.invalid) == (2, 0)


@pytest.mark.parametrize("pushed", [False, True])
def test_a_pushed_profile_whose_key_fits_its_column_no_more_goes_on_unless_the_key_is_read(
    alone: World, *, pushed: bool
) -> None:
    alone.push(of(1, name="Ann", email="ann@example.com"), entry(1, "vip"))
    alone.run_one(pushed=True)
    alone.config["source"]["profiles"]["columns"]["id"] = "INTEGER"
    alone.push(of(1, phone="+1"))

    assert alone.run_one(pushed=pushed).updated == 1
    assert alone.leads()["ann@example.com"]["Phone"] == "+1"

    alone.sync["extra_fields"]["Fax"] = "id"
    assert alone.run_one(pushed=pushed, allowed=Allowances(mapping_change=True)).invalid == 1
    assert alone.last_pushes()["p1"][2:4] == ("invalid", "PUSHED_VALUE_UNFIT")


def test_a_key_that_is_given_up_for_another_leaves_one_record_and_its_audiences(alone: World) -> None:
    alone.push(of(1, name="Ann", email="ann@example.com", phone="+1"), entry(1, "vip"))
    alone.run_one(pushed=True)

    alone.push(
        {"change": "alias", "profile_key": "user-7", "previous": "p1"},
        {"profile_key": "user-7", "attributes": {"phone": "+7"}},
    )
    alone.run_one(pushed=True)

    (lead,) = alone.org.records()
    assert (lead["Email"], lead["Phone"], lead["Audiences__c"]) == ("ann@example.com", "+7", "vip")
    assert alone.run_one().planned == 0


def test_before_a_backfill_and_after_a_changed_mapping_everybody_is_looked_at(world: World) -> None:
    world.people([person(1), person(2)])
    world.plan()
    world.push(of(1, phone="+1 pushed"))
    assert world.run_one(pushed=True).created == 2
    assert world.leads()["p1@example.com"]["Phone"] == "+1 pushed"

    world.sync["extra_fields"].pop("Fax")
    world.people([person(1), person(2, phone="+2")])
    world.push(of(1, phone="+1 again"))
    assert world.run_one(pushed=True, allowed=Allowances(mapping_change=True)).changed == 2
