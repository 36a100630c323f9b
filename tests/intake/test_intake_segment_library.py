"""Segment's own library, pointed at a daemon that runs the preset; and what stands in Salesforce then."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from segment.analytics import Client

from audiencesync.config.tree import parse
from tests.daemon.helpers import Running, running
from tests.house.pages import ROOT
from tests.intake.helpers import TOKEN
from tests.world import World, running_org

pytestmark = pytest.mark.slow

ORG = """\
objects:
  Lead: {fields: {Plan__c: {label: Plan, type: Text, length: 5}}}
  Account: {fields: {Plan__c: {label: Plan, type: Text, length: 5}}}
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "org.yaml").write_text(ORG)
    with running_org("--org", str(tmp_path / "org.yaml")) as org:
        made = World(tmp_path, org)
        (tmp_path / "token").write_text(TOKEN)
        preset: Any = parse((ROOT / "configs" / "segment.yaml").read_text(encoding="utf-8")).data
        preset["connection"] = made.config["connection"]
        preset["store"] = "store.duckdb"
        preset["daemon"]["port"] = 0
        preset["daemon"]["intake"]["token"] = "${file:./token}"
        made.config = preset
        yield made


@pytest.fixture
def daemon(world: World) -> Iterator[Running]:
    with running(world) as started:
        yield started


@pytest.fixture
def failures() -> list[Any]:
    return []


@pytest.fixture
def client(daemon: Running, failures: list[Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr("segment.analytics.request._session.trust_env", False)
    logging.getLogger("segment").setLevel(logging.CRITICAL)
    (started,) = daemon.events("daemon_started")
    made = Client(
        TOKEN,
        host=started["page"],
        gzip=True,
        upload_interval=0.05,
        on_error=lambda *one: failures.append(one),
    )
    yield made
    made.join()


def records(world: World, name: str, by: str) -> dict[str, dict[str, Any]]:
    return {str(record[by]): record for record in world.org.records(name)}


def values(record: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(record[name] for name in names)


def test_what_the_library_sends_stands_in_salesforce(
    daemon: Running, client: Client, failures: list[Any]
) -> None:
    client.identify(
        "u1",
        {
            "name": "Ada King Lovelace",
            "email": "ada@example.com",
            "company": {"name": "Analytical Engines"},
            "address": {"street": "1 Mill", "city": "London", "postalCode": "W1", "country": "UK"},
            "employees": 12,
            "plan": "enterprise",
        },
    )
    client.identify(
        "u2", {"email": "grace@example.com", "firstName": "Grace", "lastName": "Hopper", "company": "Navy"}
    )
    client.identify(
        None, {"email": "nobody@example.com", "city": "Oslo", "address": "Street 1"}, anonymous_id="a3"
    )
    client.identify("u4", {"email": "away@example.com"}, integrations={"Salesforce": False})
    client.identify("u5", {"email": {"no": "text"}})
    client.identify("u6", {"name": "Without E-mail"})
    client.track("u1", "Order Completed", {"revenue": 7})
    client.track("u1", "Something Else")
    client.page("u2", "shop", "Pricing")
    client.group(
        "u1",
        "g1",
        {"name": "Analytical Engines", "address": {"street": "1 Mill", "city": "London"}, "plan": "pro"},
    )
    client.group("u2", "g2", {"employees": 5})
    client.flush()
    assert failures == []

    done = daemon.command("run")
    assert done.code == 0, done.err
    leads = records(daemon.world, "Lead", "Email")
    assert set(leads) == {"ada@example.com", "grace@example.com", "nobody@example.com"}
    names = ("FirstName", "LastName", "Company")
    assert {email: values(lead, *names) for email, lead in leads.items()} == {
        "ada@example.com": ("Ada King", "Lovelace", "Analytical Engines"),
        "grace@example.com": ("Grace", "Hopper", "Navy"),
        "nobody@example.com": (None, "n/a", "n/a"),
    }
    ada = leads["ada@example.com"]
    assert values(ada, "Street", "City", "PostalCode", "Country") == ("1 Mill", "London", "W1", "UK")
    assert values(ada, "NumberOfEmployees", "Plan__c", "Audiences__c") == (12, "enter", "buyers;people")
    assert leads["grace@example.com"]["Audiences__c"] == "people;saw_pricing"
    assert values(leads["nobody@example.com"], "Street", "City") == ("Street 1", "Oslo")
    accounts = records(daemon.world, "Account", "AccountNumber")
    assert {number: one["Name"] for number, one in accounts.items()} == {
        "g1": "Analytical Engines",
        "g2": "n/a",
    }
    parts = ("BillingStreet", "BillingCity", "ShippingStreet", "ShippingCity", "Plan__c")
    assert values(accounts["g1"], *parts) == ("1 Mill", "London", "1 Mill", "London", "pro")

    (left,) = daemon.events("intake_refused")
    assert left["field"].endswith("traits.email")
    assert "@example.com" not in daemon.talk.read_text()


def test_a_trait_that_changes_later_is_the_one_field_that_travels(
    daemon: Running, client: Client, failures: list[Any]
) -> None:
    client.identify("u1", {"email": "ada@example.com", "lastName": "Lovelace", "title": "Countess"})
    client.flush()
    assert daemon.command("run").code == 0
    (before,) = daemon.world.org.records()
    daemon.world.org.edit(before["Id"], LastName="Byron", Title="Edited by a colleague")

    client.identify("u1", {"title": "Analyst"})
    client.flush()
    assert daemon.command("run").code == 0
    (after,) = daemon.world.org.records()
    assert values(after, "Id", "LastName", "Title") == (before["Id"], "Byron", "Analyst")
    assert failures == []


def test_a_wrong_write_key_is_told_to_the_library(daemon: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segment.analytics.request._session.trust_env", False)
    logging.getLogger("segment").setLevel(logging.CRITICAL)
    failures: list[Any] = []
    (started,) = daemon.events("daemon_started")
    client = Client("other", host=started["page"], on_error=lambda error, _: failures.append(error))
    client.identify("u1", {})
    client.join()
    (error,) = failures
    assert (error.status, error.code) == (401, "invalid_request")
