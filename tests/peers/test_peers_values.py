"""What travels: bugs of other exporters with fields, characters and empty values, which we do not have."""

import pytest

from audiencesync.records import Route
from tests.world import World, person, send_by_bulk


def test_a_field_that_a_row_does_not_change_is_left_alone(world: World, route: Route) -> None:
    """B1: in a batch of unlike rows, whatever column a row lacked was written as empty."""
    world.people([person(1, fax="+1"), person(2, fax="+2"), person(3, fax="+3")])
    world.run_one()
    for number in (1, 2):
        record = world.leads()[f"p{number}@example.com"]
        world.org.edit(record["Id"], Company="Edited by sales")
    world.people([person(1, phone="+9", fax="+1"), person(2, fax="+8"), person(3, phone="", fax="+3")])

    report = world.run_one()

    assert (report.routes[route], report.accepted) == (3, 3)
    said = {email: (one["Phone"], one["Fax"], one["Company"]) for email, one in world.leads().items()}
    assert said == {
        "p1@example.com": ("+9", "+1", "Edited by sales"),
        "p2@example.com": ("+1 555 0002", "+8", "Edited by sales"),
        "p3@example.com": (None, "+3", "Company 3"),
    }


def test_an_apostrophe_arrives_as_one_apostrophe(world: World, route: Route) -> None:
    """B3: values were escaped as if for SQL, whatever the destination."""
    world.people([person(1, name="O'Brien", company="Rock 'n' Roll", email="o'brien@example.com")])

    assert world.run_one().routes[route] == 1

    (lead,) = world.org.records()
    assert (lead["LastName"], lead["Company"], lead["Email"]) == (
        "O'Brien",
        "Rock 'n' Roll",
        "o'brien@example.com",
    )
    assert world.run_one().planned == 0


def test_an_apostrophe_in_a_match_value_is_found_again(world: World, route: Route) -> None:
    """B3: the same for look-ups: here after an answer was lost."""
    world.people([person(1, email="o'brien@example.com")])
    path = "composite" if route is not Route.BULK else "jobs/ingest/[^/]+$"
    world.org.fault("drop_after", match={"path": path})

    assert world.run_one().accepted == 1

    assert len(world.org.records()) == 1
    assert world.run_one().planned == 0


def test_a_value_that_becomes_empty_is_cleared(world: World, route: Route) -> None:
    """B7, B9: an empty value was dropped on its way, and the old one stayed for ever."""
    world.config["source"]["profiles"]["from"] = (
        "SELECT * REPLACE (nullif(fax, 'none') AS fax) FROM read_csv('profiles.csv', all_varchar = true)"
    )
    world.people([person(1, phone="+1", fax="+2"), person(2, phone="+1", fax="+2")])
    world.run_one()
    world.people([person(1, phone="", fax="+2"), person(2, phone="+1", fax="none")])

    report = world.run_one()

    assert (report.routes[route], report.accepted) == (2, 2)
    leads = world.leads()
    assert (leads["p1@example.com"]["Phone"], leads["p1@example.com"]["Fax"]) == (None, "+2")
    assert (leads["p2@example.com"]["Phone"], leads["p2@example.com"]["Fax"]) == ("+1", None)
    assert world.run_one().planned == 0


def test_columns_that_the_first_row_lacks_are_sent_all_the_same(world: World, route: Route) -> None:
    """B13: the first row's columns became the file's; whatever else later rows had was dropped."""
    world.people([person(1), person(2), person(3)])
    world.run_one()
    world.people([person(1, phone="+9"), person(2, fax="+8"), person(3, company="Elsewhere", phone="+7")])

    report = world.run_one()

    assert (report.routes[route], report.accepted) == (3, 3)
    leads = world.leads()
    assert leads["p1@example.com"]["Phone"] == "+9"
    assert leads["p2@example.com"]["Fax"] == "+8"
    assert (leads["p3@example.com"]["Company"], leads["p3@example.com"]["Phone"]) == ("Elsewhere", "+7")


def test_an_empty_text_does_the_same_on_both_routes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """B13: an empty value meant "clear" on one route and "leave alone" on the other."""
    world.people([person(number, phone="+1", fax="+2") for number in (1, 2)])
    world.run_one()
    world.people([person(1, phone="", fax="+2"), person(2, phone="+1", fax="+2")])
    by_collections = world.run_one()
    send_by_bulk(monkeypatch)
    world.people([person(1, phone="", fax="+2"), person(2, phone="", fax="+2")])
    by_bulk = world.run_one()

    assert (by_collections.routes[Route.COLLECTIONS], by_bulk.routes[Route.BULK]) == (1, 1)
    assert [lead["Phone"] for lead in world.org.records()] == [None, None]
    assert [lead["Fax"] for lead in world.org.records()] == ["+2", "+2"]


def test_every_script_survives_the_way_there_and_back(world: World, route: Route) -> None:
    """B14: result files without a charset were read as Latin-1, and their keys matched nobody."""
    world.sync["match_field"] = "External_Id__c"
    world.sync["extra_fields"]["External_Id__c"] = "ext"
    people = [
        person(1, ext="Łódź-1", name="Żółć"),
        person(2, ext="東京-2", name="王小明"),
        person(3, ext="ηλ-3", name="🦜 é", email="broken@@example"),
    ]
    world.people(people)

    report = world.run_one()

    assert (report.routes[route], report.accepted, report.rejected) == (3, 2, 1)
    assert world.last_pushes()["p3"][2:4] == ("rejected", "INVALID_EMAIL_ADDRESS")
    assert {lead["External_Id__c"]: lead["LastName"] for lead in world.org.records()} == {
        "Łódź-1": "Żółć",
        "東京-2": "王小明",
    }
    world.people(people[:2])
    assert world.run_one().planned == 0
