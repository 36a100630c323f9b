"""Memberships and affinities whose keys are those of no profile never take from everybody what they had."""

from collections.abc import Sequence
from typing import Any

import pytest

from audiencesync.cli.runs_shown import show_plan, show_run
from audiencesync.records import Allowances
from audiencesync.reports import RunReport
from tests.world import World, person


def listed(world: World, *keys: str) -> None:
    """Write the memberships as the program does that writes keys in a way of its own."""
    rows = "".join(f'"{key}",news\n' for key in keys)
    (world.folder / "memberships.csv").write_text(f"id,audience\n{rows}")


def numbered(*keys: str) -> list[dict[str, Any]]:
    return [person(number, id=key) for number, key in enumerate(keys)]


@pytest.mark.parametrize("spelt", ["{:.1f}", "{:d}", " {:03d}", "{:03d}\u00a0"])
@pytest.mark.parametrize("dated", [False, True])
def test_keys_that_are_all_written_otherwise_take_nobody_out(world: World, spelt: str, dated: bool) -> None:
    if dated:
        world.date_profiles()
    world.people([{**one, "changed_at": "2024-01-01"} for one in numbered("007", "008", "009")])
    world.run_one()
    listed(world, *(spelt.format(number) for number in (7, 8, 9, 10)))

    for held in (world.run_one(), world.plan().syncs[0]):
        assert held.trouble is not None
        assert (held.trouble.kind, held.trouble.exit_code, held.planned) == ("GuardHeld", 5, 0)
        assert held.trouble.message.startswith(
            "none of the 4 keys in source.memberships is that of a profile"
        )
        assert "and 3 members are acknowledged in the audiences that it lists" in held.trouble.message
        assert "--allow-empty-source" in held.trouble.hint
    assert {lead["Audiences__c"] for lead in world.org.records()} == {"news"}

    assert world.run_one(allowed=Allowances(empty_source=True)).exited == 3


def test_members_by_a_rule_do_not_lose_what_is_listed_either(world: World) -> None:
    world.config["audiences"] = {"rule": {"where": "true"}}
    world.sync["audiences"] = ["news", "rule"]
    world.people(numbered("007", "008"))
    world.run_one()
    listed(world, "7", "8")

    held = world.run_one()

    assert held.trouble is not None
    assert held.trouble.exit_code == 5
    assert {lead["Audiences__c"] for lead in world.org.records()} == {"news;rule"}


@pytest.mark.parametrize("content", ["", "id,audience\n"])
@pytest.mark.parametrize("dated", [False, True])
def test_members_by_a_rule_do_not_lose_what_was_listed_to_an_empty_file(
    world: World, content: str, dated: bool
) -> None:
    if dated:
        world.date_profiles()
    world.config["audiences"] = {"rule": {"where": "true"}}
    world.sync["audiences"] = ["news", "rule"]
    world.people([{**one, "changed_at": "2024-01-01"} for one in numbered("007", "008")])
    world.run_one()
    (world.folder / "memberships.csv").write_text(content)

    held = world.run_one()

    assert held.trouble is not None
    assert held.trouble.exit_code == 5
    assert held.trouble.message.startswith("source.memberships has no row, and 2 members are acknowledged")
    assert {lead["Audiences__c"] for lead in world.org.records()} == {"news;rule"}
    assert world.run_one(allowed=Allowances(empty_source=True)).changed == 2


@pytest.mark.parametrize("dated", [False, True])
def test_keys_of_no_profile_are_counted_and_the_others_go_on(
    world: World, dated: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    if dated:
        world.date_profiles()
    world.people([{**one, "changed_at": "2024-01-01"} for one in numbered("007", "008", "009")])
    listed(world, "007", "8", "8", "9")

    assert (world.plan().syncs[0].without_profile, world.plan().syncs[0].entered) == (2, 1)
    assert (world.run_one().without_profile, len(world.org.records())) == (2, 1)
    listed(world, "007", "008", "9", "10", "11")
    found = world.run_one()
    assert (found.without_profile, found.entered, found.exited, found.unchanged) == (3, 1, 0, 1)
    assert found.document()["without_profile"] == 3
    for show in (show_run, show_plan):
        show(world.project(), RunReport("a run", (found,)))
        assert "no profile has them: 3 of the keys in source.memberships" in capsys.readouterr().out
    assert world.run_one(full=True).without_profile == 3

    listed(world, "007", "008", "009")
    assert world.run_one().without_profile == 0


def test_a_first_run_of_which_no_key_is_a_profiles_has_nothing_to_lose(world: World) -> None:
    world.people(numbered("007", "008"))
    listed(world, "7", "8")

    assert (world.run_one().without_profile, world.org.records()) == (2, [])


def test_whose_profile_is_gone_and_whose_membership_is_not_is_one_of_them(world: World) -> None:
    world.people(numbered("007", "008"))
    world.run_one()
    world.people(numbered("007"))
    listed(world, "007", "008")

    found = world.run_one()

    assert (found.exited, found.without_profile) == (1, 1)


def liked(world: World, *keys: str) -> None:
    """Write the affinities as the program does that writes keys in a way of its own."""
    rows = "".join(f'"{key}",Jazz,2\n' for key in keys)
    (world.folder / "likes.csv").write_text(f"id,genre,weight\n{rows}")


def with_affinities(world: World, *keys: str) -> None:
    world.config["source"]["affinities"] = {
        "genres": {
            "from": "read_csv('likes.csv', all_varchar = true)",
            "key": "id",
            "affinity": "genre",
            "weight": "weight",
        }
    }
    world.sync["send_affinities_to"] = {"field": "affinities__c", "from": "genres"}
    liked(world, *keys)


@pytest.mark.parametrize(
    ("keys", "said"), [(("7", "8"), "none of the 2 keys in source.affinities.genres is"), ((), "has no row")]
)
@pytest.mark.parametrize("dated", [False, True])
def test_affinities_of_nobody_empty_nobodys_field(
    world: World, dated: bool, keys: Sequence[str], said: str
) -> None:
    if dated:
        world.date_profiles()
    with_affinities(world, "007", "008")
    people = [{**one, "changed_at": "2024-01-01"} for one in numbered("007", "008", "009")]
    world.people(people)
    world.run_one()
    liked(world, *keys)
    world.people([{**one, "phone": "+9"} for one in people])

    for held in (world.run_one(), world.plan().syncs[0]):
        assert held.trouble is not None
        assert (held.trouble.kind, held.trouble.exit_code, held.planned) == ("GuardHeld", 5, 0)
        assert said in held.trouble.message
        assert "and 2 members have affinities of it in Salesforce" in held.trouble.message
        assert "--allow-empty-source" in held.trouble.hint
    assert [lead["Affinities__c"] for lead in world.org.records()] == ["Jazz", "Jazz", None]

    assert world.run_one(allowed=Allowances(empty_source=True)).changed == 3
    assert {lead["Affinities__c"] for lead in world.org.records()} == {None}
    world.people([{**one, "phone": "+8"} for one in people])
    assert world.run_one().changed == 3, "there is nothing left to lose"


def test_affinities_of_a_single_profile_are_enough_to_go_on(world: World) -> None:
    with_affinities(world, "007")
    world.people(numbered("007", "008"))
    world.run_one()
    liked(world, "9")
    world.people([*numbered("007", "008"), person(9, id="9", audiences=[])])

    assert world.run_one().changed == 1
    assert {lead["Affinities__c"] for lead in world.org.records()} == {None}


def test_a_push_that_takes_the_last_affinities_of_those_it_is_about_is_held_where_nobody_has_any(
    world: World,
) -> None:
    with_affinities(world, "007", "008")
    world.people(numbered("007", "008", "009"))
    world.run_one()
    liked(world, "008")
    world.push(*({"profile_key": key, "attributes": {"phone": "+1"}} for key in ("007", "009")))
    assert world.run_one(pushed=True).changed == 2
    assert {lead["Affinities__c"] for lead in world.org.records()} == {"Jazz", None}

    liked(world, "8")
    world.push({"profile_key": "009", "attributes": {"phone": "+2"}})
    assert world.run_one(pushed=True).changed == 1, "she has none to lose"
    world.push({"profile_key": "008", "attributes": {"phone": "+2"}})

    held = world.run_one(pushed=True)
    assert held.trouble is not None
    assert "none of the 1 keys" in held.trouble.message
    assert "and 1 members have affinities" in held.trouble.message
    assert {lead["Affinities__c"] for lead in world.org.records()} == {"Jazz", None}
