"""Keys meet by a hash; two keys of one hash are never taken for each other."""

from typing import Any

import pytest

from audiencesync.errors import SourceError
from audiencesync.source import Source, reader
from audiencesync.store import Store
from tests.world import World, once_checked, opened, person


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any number of profiles be so many that repeated keys are looked for last."""
    monkeypatch.setattr(reader, "_MANY", 0)


def hash_by(monkeypatch: pytest.MonkeyPatch, expression: str) -> None:
    """Let another expression over `x` stand for the hash of a key."""
    opened = Store.open

    def open_and_replace(*given: Any, **named: Any) -> Store:
        store = opened(*given, **named)
        store._connection.execute(f"CREATE OR REPLACE TEMP MACRO sf_key_hash(x) AS {expression}")
        return store

    monkeypatch.setattr(Store, "open", open_and_replace)


@pytest.mark.parametrize("least", [1_000_000, 0], ids=["few", "many"])
def test_profiles_that_share_a_hash_are_told_apart(
    world: World, monkeypatch: pytest.MonkeyPatch, least: int
) -> None:
    monkeypatch.setattr(reader, "_MANY", least)
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


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("backfill", [False, True])
@pytest.mark.parametrize(
    "twice",
    [
        person(1),
        person(2, phone="+1 555 9999"),
        person(3, audiences=[]),
        person(4, audiences=["vip"]),
        person(5),
        person(6, audiences=[]),
    ],
    ids=["unchanged", "changed", "leaver", "mover", "newcomer", "nobody's member"],
)
def test_whoever_comes_twice_among_many_is_found(
    world: World, twice: dict[str, Any], *, backfill: bool
) -> None:
    world.people([person(number) for number in (1, 2, 3, 4, 7)])
    world.run_one()
    others = [person(number) for number in (1, 2, 3, 4) if twice["id"] != f"p{number}"]
    world.people([*others, twice, twice])
    before = world.leads()

    (report,) = world.run(backfill=backfill).syncs

    assert report.trouble is not None
    assert f"1 values of id are repeated, among them {twice['id']} (2 times)" in report.trouble.message
    assert world.leads() == before


@pytest.mark.usefixtures("many")
def test_many_profiles_are_counted_again_only_where_the_comparison_does_not_show_that_they_differ(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bool] = []
    check_keys = Source.check_keys

    def noted(source: Source) -> bool:
        looked.append(check_keys(source))
        return looked[-1]

    monkeypatch.setattr(Source, "check_keys", noted)
    world.people([person(number) for number in range(5)])
    world.run_one()
    world.people([person(1, phone="+9"), *(person(number) for number in range(2, 7))])

    assert world.run_one().entered == 2
    assert not looked

    world.people([*(person(number) for number in range(7)), person(8, audiences=[])])
    assert world.run_one().entered == 1
    assert looked == [False]


@pytest.mark.parametrize("least", [1_000_000, 0], ids=["few", "many"])
@pytest.mark.parametrize("twice", [person(1, phone="+9"), person(3)], ids=["member", "newcomer"])
def test_whoever_comes_twice_since_the_source_was_checked_becomes_no_second_record(
    world: World, monkeypatch: pytest.MonkeyPatch, twice: dict[str, Any], least: int
) -> None:
    """A loader appends to the file, and mends that a minute later."""
    monkeypatch.setattr(reader, "_MANY", least)
    del world.sync["match_field"]
    world.people_in_parquet([person(1), person(2)])
    world.run_one()
    people = [person(number) for number in (1, 2, 3) if twice["id"] != f"p{number}"] + [twice]
    world.people_in_parquet(people)

    with monkeypatch.context() as patch:
        once_checked(patch, lambda: world.people_in_parquet([*people, twice]))
        (report,) = world.run().syncs
    assert report.trouble is not None
    assert (report.trouble.kind, report.planned) == ("SourceError", 0)
    assert "repeated" in report.trouble.message

    world.people_in_parquet(people)
    assert world.run_one().trouble is None
    assert sorted(lead["Email"] for lead in world.org.records()) == [
        f"p{one}@example.com" for one in (1, 2, 3)
    ]


def test_a_store_in_which_a_member_stands_twice_holds_nobody_else_up(world: World) -> None:
    world.people_in_parquet([person(1), person(2)])
    world.run_one()
    with opened(world.folder / "store.duckdb") as store:
        store.execute("INSERT INTO acknowledged FROM acknowledged WHERE profile_key = 'p1'")
    world.people_in_parquet([person(1, phone="+1"), person(2, phone="+2")])

    (report,) = world.run().syncs

    assert report.trouble is None
    assert (report.accepted, report.rejected) == (1, 2)  # Salesforce takes no record twice in one request
    assert world.leads()["p2@example.com"]["Phone"] == "+2"


def test_a_store_whose_hashes_are_of_another_engine_is_hashed_anew(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    with opened(world.folder / "store.duckdb") as store:
        store.execute("UPDATE hash_canary SET value = 1")
        store.execute("UPDATE acknowledged SET key_hash = key_hash + 1, fingerprint = 1")

    report = world.run_one()

    assert (report.entered, report.exited, report.planned) == (0, 0, 0)
    assert world.sql("SELECT count(*) FROM acknowledged WHERE key_hash = hash(profile_key)") == [(2,)]
