"""A plan that would change too much is refused, with its numbers and the flag that allows it."""

import pytest

from audiencesync.audit import looking
from audiencesync.cli.runs_shown import show_plan
from audiencesync.records import Allowances, RunStatus
from audiencesync.reports import SyncReport
from audiencesync.store import Store
from tests.world import World, once_checked, person


def refusal(report: SyncReport) -> str:
    """What the guard said; nothing may have been sent."""
    assert report.trouble is not None
    assert (report.trouble.kind, report.trouble.exit_code, report.planned) == ("GuardHeld", 5, 0)
    return f"{report.trouble.message}; {report.trouble.hint}"


def test_a_source_that_is_emptied_after_it_was_counted_is_an_empty_source(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.people_in_parquet([person(1), person(2)])
    world.run_one()
    once_checked(monkeypatch, lambda: world.people_in_parquet([]))

    assert "the source has no profile, and 2 members are acknowledged" in refusal(world.run_one())
    assert {lead["Audiences__c"] for lead in world.org.records()} == {"news"}


def test_everybody_may_leave_a_source_that_has_profiles(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    world.people([person(1, audiences=[]), person(2, audiences=[])])

    assert world.run_one().exited == 2


def test_more_new_members_than_allowed_are_refused_after_the_backfill(world: World) -> None:
    world.sync["guards"] |= {"max_creates": 2}
    world.people([person(number) for number in range(1, 5)])
    assert world.run_one().created == 4  # a first run is to send everybody
    world.people([person(number) for number in range(1, 8)])
    state = world.sql("FROM sync")

    for held in (world.run_one(), world.plan().syncs[0]):
        assert "3 new members would enter; max_creates allows 2" in refusal(held)
        assert "--allow-creates" in refusal(held)
    assert (len(world.leads()), world.sql("FROM sync")) == (4, state)

    assert world.run_one(allowed=Allowances(creates=True)).created == 3


def test_as_many_new_members_as_allowed_may_enter_run_by_run(world: World) -> None:
    world.sync["guards"] |= {"max_creates": 2}
    world.people([person(1)])
    world.run_one()
    for most in (3, 5):
        world.people([person(number) for number in range(1, most + 1)])
        assert world.run_one().created == 2


def test_a_changed_mapping_that_would_touch_too_many_is_refused(world: World) -> None:
    world.people([person(number, city="Oslo") for number in range(1, 5)])
    world.run_one()
    state = world.sql("FROM sync")
    world.sync["extra_fields"]["City"] = "city"
    world.sync["guards"] |= {"max_mapping_change_ratio": 0.9}

    for held in (world.run_one(), world.plan().syncs[0]):
        words = refusal(held)
        assert "the mapping or the mode has changed, and 4 of 4 members would be touched" in words
        assert "max_mapping_change_ratio 0.9 allows 3" in words
        assert "--allow-mapping-change" in words
    assert world.sql("FROM sync") == state
    assert not any(lead["City"] for lead in world.org.records())

    allowed = Allowances(mapping_change=True)
    assert world.plan(allowed=allowed).syncs[0].planned == 4
    assert world.run_one(allowed=allowed).accepted == 4


def test_a_changed_mapping_that_touches_few_and_a_forced_backfill_need_no_allowance(world: World) -> None:
    world.people([person(number) for number in range(1, 5)])
    world.run_one()
    world.sync["extra_fields"]["Phone"] = {"sql": "CASE WHEN id = 'p1' THEN '+9' ELSE phone END"}
    assert world.run_one().accepted == 1

    world.sync["extra_fields"]["City"] = {"value": "Oslo"}
    assert world.run_one(backfill=True).accepted == 4


def test_without_a_changed_mapping_as_many_members_as_differ_are_sent(world: World) -> None:
    world.people([person(number) for number in range(1, 5)])
    world.run_one()
    world.people([person(number, phone="+9") for number in range(1, 5)])

    assert world.run_one().accepted == 4


def test_the_sync_of_the_higher_priority_has_the_budget_first(world: World) -> None:
    world.config["syncs"].append({**world.sync, "name": "urgent", "audiences": ["vip"], "priority": 5})
    world.sync["audiences"] = ["news"]
    world.people([person(1, audiences=["news"]), person(2, audiences=["vip"])])
    spent = sum(sync.api_calls for sync in world.run().syncs)
    world.config["connection"]["max_daily_api_calls"] = spent + 1
    world.people([person(1, audiences=["news"], phone="+9"), person(2, audiences=["vip"], phone="+9")])

    ends = {sync.name: (sync.status, sync.accepted, sync.deferred) for sync in world.run().syncs}

    assert ends == {"urgent": (RunStatus.SUCCEEDED, 1, 0), "leads": (RunStatus.PAUSED, 0, 1)}


def test_a_sync_without_a_match_field_under_another_name_makes_no_record_twice_unless_that_is_allowed(
    world: World,
) -> None:
    world.sync["match_field"] = None
    people = [person(1), person(2)]
    world.people(people)
    world.run_one()
    world.sync["name"] = "prospects"

    said = refusal(world.run_one())
    assert "sync prospects is new to the store and would make 2 new records, and sync leads" in said
    assert "made those of 2 profiles" in said
    assert "--allow-creates" in said
    assert len(world.org.records()) == 2

    world.sync["name"] = "leads"
    assert world.run_one().planned == 0
    world.sync["name"] = "prospects"
    assert world.run_one(allowed=Allowances(creates=True)).created == 2
    world.people([*people, person(3)])
    assert world.run_one().created == 1


def test_a_sync_that_finds_its_records_may_have_any_name_and_is_told_of_the_one_it_may_have_been(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    world.sync["name"] = "prospects"
    left = {"name": "leads", "object": "Lead", "members": 2, "unknown": 0}

    plan = world.plan()
    assert plan.document()["forsaken"] == [left]
    show_plan(world.project(), plan)
    assert "2 members keep what it sent them: if it only got another name" in capsys.readouterr().out

    report = world.run()
    assert (report.syncs[0].updated, report.document()["forsaken"]) == (2, [left])
    assert "forsaken" not in world.run().document()  # once is enough
    with Store.open(world.folder / "store.duckdb", base=world.folder) as store:
        assert looking.status(store, world.project())["forsaken"] == [left]


def test_a_sync_to_another_object_is_told_nothing_of_one_that_is_taken_out(world: World) -> None:
    world.people([person(1)])
    world.run_one()
    world.sync.update(name="people", object="Contact", required_fields={"LastName": "name", "Email": "email"})

    assert "forsaken" not in world.run().document()
