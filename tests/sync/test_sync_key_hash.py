"""Keys meet by a hash; two keys of one hash are never taken for each other."""

from typing import Any

import duckdb
import pytest

from audiencesync.errors import SourceError
from audiencesync.store import Store
from tests.world import World, person


def hash_by(monkeypatch: pytest.MonkeyPatch, expression: str) -> None:
    """Let another expression over `x` stand for the hash of a key."""
    opened = Store.open

    def open_and_replace(*given: Any, **named: Any) -> Store:
        store = opened(*given, **named)
        store._connection.execute(f"CREATE OR REPLACE TEMP MACRO sf_key_hash(x) AS {expression}")
        return store

    monkeypatch.setattr(Store, "open", open_and_replace)


def test_profiles_that_share_a_hash_are_told_apart(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hash_by(monkeypatch, "(hash(x) % 3)::UBIGINT")
    people = [person(number, audiences=["news"] if number % 2 else ["vip"]) for number in range(20)]
    world.people(people)
    assert world.run_one().created == 20
    moved = [person(number, audiences=["vip"]) for number in range(5, 25)]
    moved[0]["phone"] = "+9"
    world.people(moved)

    report = world.run_one()

    assert (report.entered, report.exited, report.changed) == (5, 5, 8)
    leads = world.leads()
    assert {
        lead["Audiences__c"] for email, lead in leads.items() if email in {one["email"] for one in moved}
    } == {"vip"}
    assert leads["p5@example.com"]["Phone"] == "+9"
    assert leads["p4@example.com"]["Audiences__c"] is None
    assert world.run_one().planned == 0


def test_a_newcomer_is_not_taken_for_a_leaver_whose_key_has_the_same_hash(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash_by(monkeypatch, "7::UBIGINT")
    world.people([person(1)])
    world.run_one()
    world.people([person(2, phone="+1 555 0001")])

    report = world.run_one()

    assert (report.entered, report.exited, report.changed) == (1, 1, 0)
    assert world.leads()["p1@example.com"]["Audiences__c"] is None
    assert world.leads()["p2@example.com"]["Audiences__c"] == "news"


def test_repeated_keys_are_refused_also_where_others_share_their_hash(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash_by(monkeypatch, "7::UBIGINT")
    world.people([person(1), person(2), person(2)])

    with pytest.raises(SourceError, match="1 values of id are repeated"):
        world.run()


def test_a_store_whose_hashes_are_of_another_engine_is_hashed_anew(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    with duckdb.connect(str(world.folder / "store.duckdb")) as store:
        store.execute("UPDATE hash_canary SET value = 1")
        store.execute("UPDATE acknowledged SET key_hash = key_hash + 1, fingerprint = 1")

    report = world.run_one()

    assert (report.entered, report.exited, report.planned) == (0, 0, 0)
    assert world.sql("SELECT count(*) FROM acknowledged WHERE key_hash = hash(profile_key)") == [(2,)]
