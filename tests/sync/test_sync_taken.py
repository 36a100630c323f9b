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


@pytest.mark.parametrize("match_field", ["Email", "Phone"])  # by an upsert, and by a look-up
def test_who_left_is_cleared_though_the_one_who_takes_her_record_is_never_accepted(
    world: World, match_field: str
) -> None:
    world.sync["match_field"] = match_field
    world.people([person(1), person(5)])
    world.run_one()
    ((taken,),) = world.sql("SELECT salesforce_id FROM record WHERE profile_key = 'p1'")
    world.people([person(2, email="p1@example.com", phone="+1 555 1", audiences=["vip"]), person(5)])
    world.org.fault("status", status=503, match={"path": "composite/sobjects"}, times=99)
    assert world.run().exit_code != 0
    assert world.sql("SELECT count(*) FROM acknowledged") == [(2,)]
    world.org.admin("DELETE", "faults")
    world.people([person(5)])

    world.run_one()

    assert {one["Id"]: one["Audiences__c"] for one in world.org.records()}[taken] is None
    assert world.run_one().planned == 0


def test_who_left_is_cleared_by_the_run_after_the_one_that_refused_her_successor(world: World) -> None:
    world.people([person(1), person(5)])
    world.run_one()
    world.people([person(2, email="p1@example.com", audiences=["vip"]), person(5)])
    refusal = [{"message": "no", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}]
    world.org.fault("status", status=400, body=refusal, match={"path": "composite/sobjects"})
    assert world.run_one().rejected == 1

    world.run_one()

    assert world.leads()["p1@example.com"]["Audiences__c"] is None


def test_who_left_is_forgotten_once_another_has_her_record_and_enters_anew_when_she_comes_back(
    world: World,
) -> None:
    world.people([person(1), person(5)])
    world.run_one()
    world.people([person(2, email="p1@example.com", audiences=["vip"]), person(5)])
    world.run_one()
    assert world.sql("SELECT profile_key FROM acknowledged ORDER BY ALL") == [("p2",), ("p5",)]
    assert world.sql("SELECT count(*) FROM payload") == [(2,)]
    assert world.leads()["p1@example.com"]["Audiences__c"] == "vip"

    world.people([person(1), person(2, email="p2@example.com", audiences=["vip"]), person(5)])
    world.run_one()
    world.run_one()

    assert {one["Email"]: one["LastName"] for one in world.org.records()} == {
        "p1@example.com": "Name 1",
        "p2@example.com": "Name 2",
        "p5@example.com": "Name 5",
    }


def test_a_member_whose_record_another_members_upsert_found_is_given_one_of_her_own(keyed: World) -> None:
    by_name = {one["LastName"]: one["Id"] for one in keyed.org.records()}
    keyed.org.edit(by_name["Name 1"], External_Id__c="c")  # a colleague gives her record another's value
    keyed.people([person(1, key="a"), person(2, key="b"), person(3, key="c")])
    keyed.run_one()

    assert keyed.run_one().created == 1

    assert {one["External_Id__c"]: one["LastName"] for one in keyed.org.records()} == {
        "a": "Name 1",
        "b": "Name 2",
        "c": "Name 3",
    }
    assert keyed.run_one().planned == 0


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
