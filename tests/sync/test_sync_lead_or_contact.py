"""A sync that looks at Contacts before Leads: nobody is both because of us."""

import pytest

from audiencesync.plan import lookup
from audiencesync.records import Allowances
from tests.world import World, person


@pytest.fixture(params=[False, True], ids=["soql", "bulk query"])
def either(request: pytest.FixtureRequest, world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    if request.param:
        monkeypatch.setattr(lookup, "QUERY_VALUES", 1)
    world.sync["try_first"] = {"object": "Contact", "omit": ["Company"]}
    return world


def convert(world: World, number: int, email: str) -> str:
    """Turn a lead into a contact, as a salesperson does; its Id."""
    contact = world.org.create("Contact", LastName=f"Name {number}", Email=email)["id"]
    lead = world.leads().get(f"p{number}@example.com")
    values = {"LastName": "Old", "Company": "n/a", "Email": f"p{number}@example.com"}
    if lead is not None:
        values = {"LastName": lead["LastName"], "Company": lead["Company"], "Email": lead["Email"]}
        world.org.remove(lead["Id"])
    world.org.create(**values, IsConverted=True, ConvertedContactId=contact)
    return str(contact)


def phones(world: World, name: str) -> dict[str, str | None]:
    return {one["Email"]: one["Phone"] for one in world.org.records(name)}


def test_who_has_a_contact_is_updated_there_and_nobody_becomes_both(either: World) -> None:
    either.org.create("Contact", LastName="Old", Email="p1@example.com")
    either.org.create(LastName="Old", Company="n/a", Email="p2@example.com")
    convert(either, 3, "elsewhere@example.com")
    either.people([person(number) for number in range(1, 5)])

    report = either.run_one()

    assert (report.created, report.updated, report.rejected) == (1, 3, 0)
    assert phones(either, "Contact") == {"p1@example.com": "+1 555 0001", "p3@example.com": "+1 555 0003"}
    assert phones(either, "Lead") == {
        "p2@example.com": "+1 555 0002",
        "p3@example.com": None,
        "p4@example.com": "+1 555 0004",
    }
    assert either.run_one().planned == 0
    either.people([person(number, phone="+9") for number in range(1, 5)])
    assert (either.run_one().updated, len(either.org.records()), len(either.org.records("Contact"))) == (
        4,
        3,
        2,
    )


@pytest.mark.parametrize("email", ["p1@example.com", "elsewhere@example.com"])
def test_a_lead_that_is_converted_between_two_runs_is_followed_to_its_contact(
    either: World, email: str
) -> None:
    either.people([person(1), person(2)])
    either.run_one()
    contact = convert(either, 1, email)
    either.people([person(1, phone="+9"), person(2, phone="+9")])

    first, second = either.run_one(), either.run_one()

    assert (first.updated, first.rejected, second.updated, second.rejected) == (1, 1, 1, 0)
    assert phones(either, "Contact") == {"p1@example.com": "+9"}
    assert [one["Id"] for one in either.org.records("Contact")] == [contact]
    assert either.run_one().planned == 0


def test_a_field_that_the_first_object_has_after_all_is_sent_there(either: World) -> None:
    either.sync["try_first"]["omit"] = ["Company", "Fax"]
    either.org.create("Contact", LastName="Old", Email="p1@example.com")
    either.people([person(1, fax="+77")])
    either.run_one()
    assert either.org.records("Contact")[0]["Fax"] is None
    either.sync["try_first"]["omit"] = ["Company"]

    assert either.run_one(allowed=Allowances(mapping_change=True)).updated == 1

    assert either.org.records("Contact")[0]["Fax"] == "+77"


def test_a_converted_lead_whose_contact_was_deleted_stands_for_nobody(either: World) -> None:
    """The lead keeps the Id: followed blindly, its row would be refused at every run."""
    either.org.remove(convert(either, 1, "p1@example.com"), "Contact")
    either.people([person(1), person(2)])

    report = either.run_one()

    assert (report.created, report.rejected) == (2, 0)
    assert either.run_one().planned == 0


def test_a_contact_that_was_deleted_gives_way_to_a_lead_once(either: World) -> None:
    contact = either.org.create("Contact", LastName="Old", Email="p1@example.com")["id"]
    either.people([person(1)])
    either.run_one()
    either.org.remove(contact, "Contact")
    either.people([person(1, phone="+9")])

    assert either.run_one().rejected == 1
    assert either.run_one().created == 1
    assert phones(either, "Lead") == {"p1@example.com": "+9"}
    assert either.run_one().planned == 0
