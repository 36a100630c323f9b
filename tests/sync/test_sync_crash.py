"""SIGKILL at every step of a run: the next one loses nothing and writes nothing twice."""

import json
import math
import signal
import threading
from datetime import timedelta
from typing import Any

import pytest

from audiencesync.errors import StoreError
from audiencesync.store import Store, StoreHeld
from tests.children import run_module
from tests.world import World, opened, person


def kill_at(world: World, point: str, *more: str) -> None:
    world.project()
    config = str(world.folder / "audiencesync.yaml")
    code, said = run_module("tests.sync.killed", config, point, *more)
    assert code == -signal.SIGKILL, said


def check_in_step(world: World, people: list[dict[str, str]]) -> None:
    """Every profile has exactly one record that says what the source says, and the store knows."""
    leads = {lead["Email"]: (lead["LastName"], lead["Phone"]) for lead in world.org.records()}
    assert leads == {one["email"]: (one["name"], one["phone"] or None) for one in people}
    assert len(world.org.records()) == len(people)
    assert world.run_one().planned == 0
    assert world.sql("SELECT count(*) FROM outbox") == [(0,)]
    assert world.sql("SELECT count(*) FROM acknowledged") == [(len(people),)]


@pytest.mark.parametrize("rows", [150, 1150])  # one request, and a Composite before it
@pytest.mark.parametrize("point", ["planned", "intent written", "sent", "outcome written"])
def test_a_run_killed_while_it_sends_requests_is_made_good_by_the_next(
    world: World, point: str, rows: int
) -> None:
    people = [person(number) for number in range(rows)]
    world.people(people)

    kill_at(world, point, *(["together"] if rows > 200 else []))
    report = world.run_one()

    assert report.unknown == 0
    check_in_step(world, people)


@pytest.mark.parametrize(
    "point",
    [
        "job intent written",
        "job created",
        "job id kept",
        "uploaded",
        "closed",
        "ended",
        "results fetched",
        "results written",
    ],
)
@pytest.mark.usefixtures("by_bulk")
def test_a_run_killed_at_any_step_of_a_bulk_job_is_made_good_by_the_next(world: World, point: str) -> None:
    people = [person(number) for number in range(300)]
    world.people(people)

    kill_at(world, point, "bulk")
    report = world.run_one()

    applied = point in {"closed", "ended", "results fetched", "results written"}
    assert report.planned == (0 if applied else 300)  # what was applied is recognised, not sent again
    check_in_step(world, people)


@pytest.mark.usefixtures("by_bulk")
def test_a_file_that_a_killed_run_left_is_removed_by_the_next(world: World) -> None:
    world.people([person(1)])
    kill_at(world, "uploaded", "bulk")
    scratch = world.folder / "store.duckdb.tmp"
    assert len(list(scratch.glob("*/*.csv"))) == 1

    world.run_one()

    assert not scratch.exists()


def test_updates_and_exits_killed_after_they_were_sent_are_recognised_and_not_sent_again(
    world: World,
) -> None:
    world.people([person(1), person(2), person(3)])
    world.run_one()
    world.people([person(1, phone="+9"), person(2)])

    kill_at(world, "sent")
    world.org.admin("DELETE", "requests")
    report = world.run_one()

    assert report.planned == 0
    assert [one for one in world.org.requests() if one["method"] == "PATCH"] == []
    assert world.leads()["p1@example.com"]["Phone"] == "+9"
    assert world.leads()["p3@example.com"]["Audiences__c"] is None


@pytest.mark.parametrize("match_field", ["Email", "Phone"])  # by an upsert, and by an insert after a look-up
def test_a_record_of_a_killed_run_is_recognised_beside_one_that_a_colleague_made_meanwhile(
    world: World, match_field: str
) -> None:
    world.sync["match_field"] = match_field
    world.people([person(1)])
    kill_at(world, "sent")
    (made,) = world.org.records()
    world.org.create(LastName="Other", Company="Other", Email=made["Email"], Phone=made["Phone"])

    report = world.run_one()

    assert (report.planned, report.rejected, report.invalid) == (0, 0, 0)
    assert world.sql("SELECT salesforce_id FROM record") == [(made["Id"],)]


def test_what_a_killed_run_sent_is_in_the_ledger_under_that_run(world: World) -> None:
    world.people([person(1)])
    kill_at(world, "sent")
    (killed,) = world.sql("SELECT run_id FROM run")

    world.run_one()

    assert world.sql("SELECT run_id, outcome, salesforce_id IS NOT NULL FROM ledger") == [
        (killed[0], "accepted", True)
    ]
    assert world.sql(f"SELECT status, error FROM run WHERE run_id = '{killed[0]}'") == [
        ("failed", "interrupted")
    ]


def test_a_push_after_a_killed_run_is_sent_though_that_run_turns_out_to_have_been_accepted(
    world: World,
) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    world.push({"profile_key": "p1", "attributes": {"phone": "+1 first"}})
    kill_at(world, "sent")
    world.push({"profile_key": "p1", "attributes": {"phone": "+1 second"}})

    world.run_one(pushed=True)

    assert world.leads()["p1@example.com"]["Phone"] == "+1 second"
    assert world.sql("SELECT count(*) FROM pending") == [(0,)]


def test_a_row_that_changed_while_its_insert_was_under_way_is_sent_once_that_is_known(world: World) -> None:
    world.date_profiles()
    world.sync["match_field"] = "Phone"  # looked up: who is new is inserted
    world.people([person(1, changed_at="2026-01-05 10:00:00")])
    world.run_one()
    world.people(
        [
            person(1, changed_at="2026-01-05 10:00:00"),
            person(2, name="Old", changed_at="2026-01-06 10:00:00"),
        ]
    )
    kill_at(world, "intent written")
    ((intent,),) = world.sql("SELECT after FROM outbox")
    world.people(
        [
            person(1, changed_at="2026-01-09 10:00:00"),
            person(2, name="New", changed_at="2026-01-07 10:00:00"),
        ]
    )
    assert world.run_one().unknown == 1  # it may still be carried out, and the source is read past her row
    world.org.create(**json.loads(intent))

    world.run_one()

    assert {lead["Email"]: lead["LastName"] for lead in world.org.records()} == {
        "p1@example.com": "Name 1",
        "p2@example.com": "New",
    }


@pytest.mark.parametrize("point", ["sent", "intent written"])
@pytest.mark.parametrize("later", [timedelta(minutes=11), timedelta(hours=3)])
def test_new_records_that_were_sent_while_our_clock_was_ahead_are_made_once_and_soon(
    world: World, point: str, later: timedelta
) -> None:
    world.sync.update({"match_field": None, "assignment_rule": True})  # nothing but their values tells them
    world.people([person(1), person(2)])
    kill_at(world, point)
    with opened(world.folder / "store.duckdb") as store:
        store.execute("UPDATE batch SET sent_at = sent_at + INTERVAL 2 HOUR")

    world.clock.ahead = later
    report = world.run_one()

    assert (report.created, report.unknown) == (2 if point == "intent written" else 0, 0)
    assert len(world.org.records()) == 2


def test_a_store_held_by_another_process_is_refused_by_name(world: World) -> None:
    world.people([person(1)])
    world.run_one()
    with (
        world.held_elsewhere() as other,
        pytest.raises(StoreError, match=rf"held by process {other.pid}"),
    ):
        Store.open(world.folder / "store.duckdb", base=world.folder)


def test_a_second_run_waits_for_the_store_as_long_as_it_was_told(world: World) -> None:
    world.people([person(1)])
    world.run_one()
    world.people([person(1), person(2)])
    with world.held_elsewhere() as other:
        assert other.stdin is not None
        with pytest.raises(StoreHeld, match=rf"held by process {other.pid}"):
            world.run(wait=1)
        assert sum(world.clock.slept) == 1
        threading.Timer(1, other.stdin.close).start()

        assert world.run_one(wait=math.inf).accepted == 1


MANY = [f"a{number:03}" for number in range(140)]
"""Three columns of audiences."""


def check_many_audiences(world: World) -> None:
    """The last of them is as good as the first."""
    world.people([person(1, audiences=["a000", "a139"]), person(2, phone="+" * 41, audiences=["a139"])])
    report = world.run_one()
    assert (report.trouble, report.accepted, report.invalid) == (None, 1, 1)
    assert world.leads()["p1@example.com"]["Audiences__c"] == "a000;a139"
    assert world.run_one().planned == 0


@pytest.mark.parametrize("table", ["acknowledged", "outbox", "parked"])
def test_a_run_that_ends_while_it_makes_room_for_audiences_leaves_all_tables_alike(
    world: World, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.people([person(1)])
    world.run_one()
    world.sync["audiences"] = ["news", *MANY]
    real = Store.run

    def interrupted(store: Store, statement: str, *given: Any, **template: Any) -> None:
        if statement == "add_mask_word" and template["table"] == table:
            raise KeyboardInterrupt
        real(store, statement, *given, **template)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            world.run_one()

    check_many_audiences(world)


def test_a_store_in_which_one_table_alone_has_room_for_more_audiences_is_mended(world: World) -> None:
    world.people([person(1)])
    world.run_one()
    with opened(world.folder / "store.duckdb") as store:
        store.execute("ALTER TABLE acknowledged ADD COLUMN mask_1 BIGINT DEFAULT 0")
    assert world.run_one().planned == 0
    world.sync["audiences"] = ["news", *MANY]

    check_many_audiences(world)
