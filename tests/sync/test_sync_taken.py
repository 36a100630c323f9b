"""A match value passes from one member to another: each keeps her own record, and none is sent for ever."""

import pytest

from tests.world import World, person


@pytest.fixture
def keyed(world: World) -> World:
    """Records are matched by a unique External ID."""
    world.sync["match_field"] = "External_Id__c"
    world.sync["required_fields"]["External_Id__c"] = "key"
    world.people([person(1, key="a"), person(2, key="b")])
    world.run_one()
    return world


def told(world: World) -> list[tuple[str, str]]:
    return world.sql("SELECT profile_key, error_code FROM parked ORDER BY ALL")


def test_who_leaves_is_cleared_though_a_member_with_a_record_takes_her_match_value(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    world.people([person(2, email="p1@example.com")])

    assert world.run_one().accepted == 2
    assert {one["LastName"]: one["Audiences__c"] for one in world.org.records()} == {
        "Name 1": None,
        "Name 2": "news",
    }


def test_who_comes_back_does_not_get_the_record_that_another_member_took_meanwhile(world: World) -> None:
    world.people([person(1)])
    world.run_one()
    world.people([person(2, email="p1@example.com")])
    world.run_one()
    world.people([person(1, email="p9@example.com"), person(2, email="p1@example.com")])

    assert world.run_one().created == 1
    assert {one["Email"]: one["LastName"] for one in world.org.records()} == {
        "p1@example.com": "Name 2",
        "p9@example.com": "Name 1",
    }


def test_two_who_swap_a_unique_match_value_are_parked_until_one_of_them_lets_go(keyed: World) -> None:
    keyed.people([person(1, key="b"), person(2, key="a")])
    assert keyed.run_one().rejected == 2
    assert told(keyed) == [("p1", "DUPLICATE_VALUE"), ("p2", "DUPLICATE_VALUE")]
    assert keyed.run_one().api_calls == 0

    keyed.people([person(1, key="b"), person(2, key="c")])
    keyed.run_one()
    keyed.run_one()

    assert told(keyed) == []
    assert {one["LastName"]: one["External_Id__c"] for one in keyed.org.records()} == {
        "Name 1": "b",
        "Name 2": "c",
    }


@pytest.mark.parametrize("on_exit", ["keep", "delete"])
def test_a_unique_match_value_of_a_member_who_left_is_waited_for_until_her_record_is_gone(
    keyed: World, on_exit: str
) -> None:
    keyed.sync["on_exit"] = on_exit
    keyed.people([person(2, key="a")])
    assert keyed.run_one().rejected == 1

    report = keyed.run_one()

    assert (report.rejected, report.accepted) == (0, int(on_exit == "delete"))
    assert keyed.run_one().api_calls == 0
