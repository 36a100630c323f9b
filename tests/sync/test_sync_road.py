"""The road from a row in the source to a record in Salesforce, and what a second run sends."""

import pytest

from audiencesync.errors import SourceError
from audiencesync.records import Allowances, Mode, Route, RunStatus
from tests.world import World, opened, person, send_by_bulk


def test_every_member_arrives_with_every_field_and_diacritic(world: World) -> None:
    world.people(
        [person(1, name="Łukasz Żółć", company="", audiences=["vip", "news"]), person(2, name="王小明")]
    )

    report = world.run_one()

    assert (report.mode, report.entered, report.accepted, report.created) == (Mode.BACKFILL, 2, 2, 2)
    lead = world.leads()["p1@example.com"]
    assert lead["LastName"] == "Łukasz Żółć"
    assert lead["Company"] == "n/a"
    assert lead["Audiences__c"] == "news;vip"
    assert lead["Fax"] is None
    assert world.leads()["p2@example.com"]["LastName"] == "王小明"


def test_an_unchanged_second_run_makes_no_call_at_all(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    before = world.org.calls()

    report = world.run_one()

    assert (report.mode, report.unchanged, report.planned, report.api_calls) == (Mode.INCREMENTAL, 2, 0, 0)
    assert world.org.calls() == before


def test_only_changed_fields_of_changed_members_travel(world: World) -> None:
    world.people([person(1), person(2), person(3)])
    world.run_one()
    world.org.edit(world.leads()["p1@example.com"]["Id"], Company="Edited by sales")
    world.people([person(1, phone="+49 30 1"), person(2), person(3)])

    report = world.run_one()

    assert (report.changed, report.unchanged, report.accepted, report.updated) == (1, 2, 1, 1)
    assert world.last_pushes() == {"p1": ("update", "trigger", "accepted", None, {"Phone"})}
    lead = world.leads()["p1@example.com"]
    assert (lead["Phone"], lead["Company"]) == ("+49 30 1", "Edited by sales")


def test_a_field_that_is_no_trigger_waits_for_the_next_reason(world: World) -> None:
    world.sync["trigger_fields"] = ["phone"]
    world.people([person(1)])
    world.run_one()

    world.people([person(1, fax="+1 1")])
    assert world.run_one().planned == 0

    world.people([person(1, fax="+1 1", phone="+1 2")])
    world.run_one()
    assert world.last_pushes()["p1"][4] == {"Phone", "Fax"}


def test_entering_and_leaving_audiences_rewrites_only_their_field(world: World) -> None:
    world.people([person(1), person(2, audiences=["news", "vip"])])
    world.run_one()
    world.people([person(1, audiences=["news", "vip"]), person(2, audiences=["vip"])])

    report = world.run_one()

    assert report.changed == 2
    assert world.last_pushes() == {
        "p1": ("update", "entered", "accepted", None, {"Audiences__c"}),
        "p2": ("update", "exited", "accepted", None, {"Audiences__c"}),
    }
    assert world.leads()["p1@example.com"]["Audiences__c"] == "news;vip"


def test_who_leaves_the_last_audience_keeps_the_record_and_loses_the_audiences(world: World) -> None:
    world.people([person(1), person(2), person(3)])
    world.run_one()
    world.people([person(1), person(2, audiences=[])])  # 2 left, 3 vanished

    report = world.run_one()

    assert (report.exited, report.accepted, report.members) == (2, 2, 1)
    assert {world.last_pushes()[key][:3] for key in ("p2", "p3")} == {("exit", "exited", "accepted")}
    assert len(world.leads()) == 3
    assert world.leads()["p3@example.com"]["Audiences__c"] is None
    assert world.leads()["p3@example.com"]["Phone"] == "+1 555 0003"
    assert world.run_one().planned == 0


def test_who_comes_back_gets_the_same_record(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    first = world.leads()["p2@example.com"]["Id"]
    world.people([person(1)])
    world.run_one()
    world.people([person(1), person(2, phone="+2")])

    assert world.run_one().updated == 1
    lead = world.leads()["p2@example.com"]
    assert (lead["Id"], lead["Audiences__c"], lead["Phone"]) == (first, "news", "+2")


@pytest.mark.parametrize(
    ("on_exit", "phone", "audiences", "there"),
    [
        ("clear_audiences", "+1 555 0002", None, True),
        ("clear_all", None, None, True),
        ("keep", "+1 555 0002", "news", True),
        ("delete", None, None, False),
    ],
)
def test_what_an_exit_does_is_configured(
    world: World, on_exit: str, phone: str | None, audiences: str | None, *, there: bool
) -> None:
    world.sync["on_exit"] = on_exit
    world.people([person(1), person(2)])
    world.run_one()
    world.people([person(1)])

    world.run_one()

    assert ("p2@example.com" in world.leads()) is there
    if there:
        lead = world.leads()["p2@example.com"]
        assert (lead["Phone"], lead["Audiences__c"], lead["LastName"]) == (phone, audiences, "Name 2")
    assert world.run_one().planned == 0


def test_an_exit_never_creates_a_record(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    world.org.remove(world.leads()["p2@example.com"]["Id"])
    world.people([person(1)])

    world.run_one()

    assert set(world.leads()) == {"p1@example.com"}
    assert world.run_one().planned == 0


def test_a_changed_match_value_moves_the_record_instead_of_making_a_second(world: World) -> None:
    world.people([person(1)])
    world.run_one()
    first = world.leads()["p1@example.com"]["Id"]
    world.people([person(1, email="new@example.com")])

    assert world.run_one().updated == 1
    assert {email: lead["Id"] for email, lead in world.leads().items()} == {"new@example.com": first}


def test_a_match_value_that_one_member_gives_up_is_free_for_another(world: World) -> None:
    world.people([person(1, email="shared@example.com")])
    world.run_one()
    world.people([person(1, email="own@example.com"), person(2, email="shared@example.com")])

    world.run_one()
    world.run_one()

    assert {email: lead["LastName"] for email, lead in world.leads().items()} == {
        "own@example.com": "Name 1",
        "shared@example.com": "Name 2",
    }


def test_a_record_deleted_in_salesforce_is_made_again(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    world.org.remove(world.leads()["p1@example.com"]["Id"])
    world.people([person(1, phone="+1 1"), person(2)])

    assert world.run_one().rejected == 1
    assert world.run_one().created == 1
    assert world.leads()["p1@example.com"]["Phone"] == "+1 1"


def test_of_profiles_with_one_match_value_the_first_key_is_sent_and_the_others_are_reported(
    world: World,
) -> None:
    world.people([person(2, email="Same@example.com"), person(1, email=" same@example.com "), person(3)])

    report = world.run_one()

    assert (report.accepted, report.invalid) == (2, 1)
    assert world.leads()["same@example.com"]["LastName"] == "Name 1"
    assert world.last_pushes()["p2"][:4] == ("create", "backfill", "invalid", "DUPLICATE_MATCH_VALUE")
    assert world.run_one().planned == 0  # nobody is sent or blamed again
    assert len(world.leads()) == 2


def test_the_holder_of_a_match_value_wins_over_a_smaller_key_that_comes_later(world: World) -> None:
    world.people([person(5, email="same@example.com")])
    world.run_one()
    world.people([person(1, email="same@example.com"), person(5, email="same@example.com")])

    assert world.run_one().invalid == 1
    assert world.leads()["same@example.com"]["LastName"] == "Name 5"

    world.people([person(1, email="same@example.com")])
    report = world.run_one()
    assert (report.accepted, report.exited) == (1, 1)
    lead = world.leads()["same@example.com"]
    assert (lead["LastName"], lead["Audiences__c"]) == ("Name 1", "news")
    assert world.run_one().planned == 0


def test_a_profile_that_cannot_be_sent_does_not_keep_its_match_value_from_others(world: World) -> None:
    world.people([person(1, email="same@example.com", phone="+" * 41), person(2, email="same@example.com")])

    report = world.run_one()

    assert (report.accepted, report.invalid) == (1, 1)
    assert world.leads()["same@example.com"]["LastName"] == "Name 2"


def test_a_newcomer_does_not_take_a_record_whose_owner_could_not_leave_it(world: World) -> None:
    world.people([person(1, email="old@example.com")])
    world.run_one()
    world.people([person(1, email="broken@@example"), person(2, email="old@example.com")])

    report = world.run_one()

    assert (report.accepted, report.rejected) == (0, 2)
    assert world.last_pushes()["p2"][2:4] == ("rejected", "DUPLICATE_MATCH_VALUE")
    assert [lead["LastName"] for lead in world.org.records()] == ["Name 1"]

    world.people([person(1, email="new@example.com"), person(2, email="old@example.com")])
    world.run_one()
    assert {email: lead["LastName"] for email, lead in world.leads().items()} == {
        "new@example.com": "Name 1",
        "old@example.com": "Name 2",
    }


def test_a_rejected_row_is_said_and_sent_again_when_it_changes(world: World) -> None:
    world.people([person(1, email="broken@@example"), person(2)])

    report = world.run_one()
    assert (report.status, report.accepted, report.rejected) == (RunStatus.PARTIAL, 1, 1)
    assert world.last_pushes()["p1"][2:4] == ("rejected", "INVALID_EMAIL_ADDRESS")

    assert world.run_one().parked == 1
    world.people([person(1, email="mended@example.com"), person(2)])
    assert world.run_one().created == 1
    assert world.run_one().planned == 0


def test_what_cannot_be_sent_is_stopped_with_its_reason_and_costs_no_neighbour(world: World) -> None:
    world.sync["extra_fields"]["NumberOfEmployees"] = "size"
    world.sync["extra_fields"]["AnnualRevenue"] = "revenue"
    world.people(
        [
            person(1, size="12", revenue="10.5"),
            person(2, size="many"),
            person(3, phone="+" * 41),
            person(4, name=" "),
            person(5, email=""),
        ]
    )

    report = world.run_one()

    assert (report.accepted, report.invalid, report.rejected) == (1, 4, 0)
    pushes = world.last_pushes()
    assert {key: pushes[key][3] for key in ("p2", "p3", "p4", "p5")} == {
        "p2": "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "p3": "STRING_TOO_LONG",
        "p4": "REQUIRED_FIELD_MISSING",
        "p5": "REQUIRED_FIELD_MISSING",
    }
    assert world.leads()["p1@example.com"]["NumberOfEmployees"] == 12


def test_too_long_texts_are_cut_by_characters_and_recorded_when_the_config_says_so(world: World) -> None:
    world.sync["on_too_long"] = "truncate"
    world.people([person(1, phone="1" * 39 + "😀😀")])

    world.run_one()

    assert world.leads()["p1@example.com"]["Phone"] == "1" * 39
    assert world.sql("SELECT truncated FROM ledger") == [(["Phone"],)]
    assert world.run_one().planned == 0


def test_leave_alone_clear_and_set_are_three_things(world: World) -> None:
    world.sync["extra_fields"]["Fax"] = {"from": "fax", "on_null": "skip"}
    world.people([person(1, phone="+1", fax="+2")])
    world.run_one()
    world.people([person(1, phone="", fax="")])

    world.run_one()

    lead = world.leads()["p1@example.com"]
    assert (lead["Phone"], lead["Fax"]) == (None, "+2")
    assert world.last_pushes()["p1"][4] == {"Phone"}


@pytest.mark.parametrize("by_bulk", [False, True])
def test_a_field_that_is_never_empty_is_left_alone_for_want_of_a_value(
    world: World, monkeypatch: pytest.MonkeyPatch, by_bulk: bool
) -> None:
    if by_bulk:
        send_by_bulk(monkeypatch)
    world.sync["extra_fields"] |= {"Status": "status", "User:Owner.Username": "owner"}
    world.people([person(1, status="", owner=""), person(2, status="Working - Contacted", owner="")])
    assert world.run_one().accepted == 2
    world.people([person(1, status="", owner="", phone="+1"), person(2, status="", owner="", phone="+2")])

    assert world.run_one().accepted == 2

    assert {one["LastName"]: one["Status"] for one in world.org.records()} == {
        "Name 1": "Open - Not Contacted",
        "Name 2": "Working - Contacted",
    }


def test_differences_that_salesforce_does_not_store_are_no_differences(world: World) -> None:
    world.sync["extra_fields"]["AnnualRevenue"] = "revenue"
    world.people([person(1, name="Ada", revenue="10.00", email="ada@example.com")])
    world.run_one()
    world.people([person(1, name="  Ada ", revenue="1e1", email="ADA@example.com ")])

    report = world.run_one()

    assert (report.planned, report.unchanged, report.api_calls) == (0, 1, 0)


def test_a_new_mapping_sends_only_the_newly_mapped_field(world: World) -> None:
    world.people([person(1, city="Oslo"), person(2, city="")])
    world.run_one()
    world.sync["extra_fields"]["City"] = "city"

    world.org.edit(world.leads()["p1@example.com"]["Id"], Company="Edited by sales", Phone="+7")

    report = world.run_one(allowed=Allowances(mapping_change=True))

    assert (report.accepted, report.updated) == (2, 2)
    pushes = world.last_pushes()
    assert pushes["p1"] == pushes["p2"] == ("update", "mapping_changed", "accepted", None, {"City"})
    lead = world.leads()["p1@example.com"]
    assert (lead["City"], lead["Company"], lead["Phone"]) == ("Oslo", "Edited by sales", "+7")
    assert world.run_one().planned == 0


def test_a_mapping_that_is_given_up_or_spelt_otherwise_sends_nothing(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    del world.sync["extra_fields"]["Fax"]
    world.sync["extra_fields"]["Phone"] = {"sql": "trim(phone)"}

    report = world.run_one()

    assert (report.trouble, report.planned, report.unchanged) == (None, 0, 2)


def test_a_forced_backfill_sends_everybody_whole(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    world.org.edit(world.leads()["p1@example.com"]["Id"], Phone="edited")

    report = world.run_one(backfill=True)

    assert (report.mode, report.accepted, report.updated) == (Mode.BACKFILL, 2, 2)
    assert world.leads()["p1@example.com"]["Phone"] == "+1 555 0001"


def test_large_plans_go_by_bulk_and_small_ones_by_collections(world: World) -> None:
    people = [person(number, name=f'"Quoted", {number}\nsecond line é') for number in range(6100)]
    world.people(people)

    report = world.run_one()

    assert (report.accepted, report.routes[Route.BULK]) == (6100, 6100)
    polls = world.sql("SELECT count(*) FROM api_call WHERE kind LIKE '%poll'")[0][0]
    assert report.api_calls - polls <= 7  # describe and one job
    assert world.leads()["p7@example.com"]["LastName"] == '"Quoted", 7\nsecond line é'
    people[7]["phone"] = ""
    people[8]["email"] = "broken@@example"
    world.people(people)
    report = world.run_one()
    assert (report.routes[Route.COLLECTIONS], report.accepted, report.rejected) == (2, 1, 1)
    assert report.api_calls == 1
    assert world.leads()["p7@example.com"]["Phone"] is None


@pytest.mark.usefixtures("by_bulk")
def test_a_bulk_update_leaves_alone_what_did_not_change_and_clears_what_is_empty(world: World) -> None:
    people = [person(number, fax="+5") for number in range(240)]
    world.people(people)
    world.run_one()
    world.org.edit(world.leads()["p3@example.com"]["Id"], Company="Edited by sales")
    for number, one in enumerate(people):
        one["phone" if number % 2 else "fax"] = "" if number % 3 else f"+9 {number}"
    people[4]["phone"] = "#N/A"
    world.people(people)

    report = world.run_one()

    assert report.routes[Route.BULK] >= 100
    leads = world.leads()
    left_alone = [leads["p3@example.com"]["Company"], leads["p1@example.com"]["Fax"]]
    assert left_alone == ["Edited by sales", "+5"]
    assert (leads["p3@example.com"]["Phone"], leads["p0@example.com"]["Fax"]) == ("+9 3", "+9 0")
    assert (leads["p1@example.com"]["Phone"], leads["p2@example.com"]["Fax"]) == (None, None)
    assert leads["p4@example.com"]["Phone"] == "#N/A"  # text, sent by the route that can carry it
    assert world.run_one().planned == 0


def test_what_an_older_version_kept_of_describe_is_asked_for_again(world: World) -> None:
    world.people([person(1)])
    world.run_one()
    with opened(world.folder / "store.duckdb") as store:
        store.execute("""UPDATE store.described SET document = '{"format": 1}'""")
    world.people([person(1, phone="2")])

    report = world.run_one()

    assert (report.accepted, report.api_calls) == (1, 2)


def test_a_plan_says_what_the_run_then_does_and_changes_nothing(world: World) -> None:
    world.people([person(1), person(2, email="")])

    planned = world.plan().syncs[0]
    assert world.leads() == {}
    report = world.run_one()

    assert (planned.planned, planned.entered, planned.invalid) == (report.planned, 2, 1)
    assert planned.api_calls == report.api_calls == 1  # describe was asked for by the plan, and kept
    assert len(planned.sample) == 2


def test_a_repeated_key_refuses_the_whole_run(world: World) -> None:
    world.people([person(1), person(2), person(2)])

    with pytest.raises(SourceError, match=r"source\.profiles.*p2 \(2 times\)"):
        world.run()
    assert world.leads() == {}


@pytest.mark.parametrize(
    ("people", "allowed", "words"),
    [
        ([], Allowances(empty_source=True, exits=True), "no profile"),
        ([person(1)], Allowances(exits=True), "3 of 4 members would exit"),
    ],
)
def test_a_guard_refuses_what_would_change_too_much_until_it_is_allowed(
    world: World, people: list[dict[str, str]], allowed: Allowances, words: str
) -> None:
    world.sync["guards"] = {"max_exit_ratio": 0.5}
    world.people([person(number) for number in range(1, 5)])
    world.run_one()
    world.people(people)

    (held,) = world.run().syncs
    assert held.trouble is not None
    assert held.trouble.exit_code == 5
    assert words in held.trouble.message
    assert all(lead["Audiences__c"] for lead in world.org.records())

    assert world.run(allowed=allowed).exit_code == 0
    assert sum(1 for lead in world.org.records() if lead["Audiences__c"]) == len(people)


def test_more_than_sixty_three_audiences_fit(world: World) -> None:
    names = [f"a{number:03}" for number in range(130)]
    world.sync["audiences"] = names
    world.people([person(1, audiences=names), person(2, audiences=["a000", "a129"])])
    world.run_one()
    assert world.leads()["p1@example.com"]["Audiences__c"] == ";".join(names)
    world.people([person(1, audiences=names[:-1]), person(2, audiences=["a000", "a129"])])

    assert world.run_one().accepted == 1
    assert world.leads()["p1@example.com"]["Audiences__c"] == ";".join(names[:-1])
    assert world.leads()["p2@example.com"]["Audiences__c"] == "a000;a129"
