"""Parents, owners and record types by name: on every route, checked before anything is sent."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audiencesync.plan import routes
from audiencesync.records import Route
from audiencesync.salesforce.org import Org as RealOrg
from tests.world import Org, World, person, running_org, send_by_bulk

PICKLISTS = {"Tier__c": ["Gold", "Silver"], "Likes__c": ["tea", "milk"]}
ORG = {
    "users": [{"username": "sync@acme.example"}, {"username": "ada@acme.example"}],
    "objects": {
        "Store__c": {
            "fields": {
                "Number__c": {
                    "type": "Number",
                    "precision": 10,
                    "scale": 0,
                    "externalId": True,
                    "unique": True,
                }
            }
        },
        "Lead": {"fields": {"Store__c": {"type": "Lookup", "referenceTo": "Store__c"}}},
        "Contact": {
            "fields": {
                "Store__c": {"type": "Lookup", "referenceTo": "Store__c"},
                "Tier__c": {"type": "Picklist", "values": ["Gold", "Silver", "Bronze"]},
                "Likes__c": {"type": "MultiselectPicklist", "values": ["tea", "coffee", "milk"]},
            }
        },
    },
    "record_types": [
        {"name": "Retail Shop", "object": "Contact", "developer_name": "Retail", "picklists": PICKLISTS},
        {"name": "Wholesale", "object": "Contact", "developer_name": "Wholesale"},
    ],
}


@pytest.fixture(scope="module")
def family_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    path = tmp_path_factory.mktemp("org") / "org.json"
    path.write_text(json.dumps(ORG))
    with running_org("--org", str(path)) as org:
        org.create("Store__c", Name="Oslo", Number__c=7)
        org.create("Store__c", Name="Rome", Number__c=8)
        yield org


@pytest.fixture
def family(family_org: Org, tmp_path: Path) -> World:
    """A sync of Contacts with parents of every kind."""
    family_org.clean()
    family_org.create("Account", Name="Acme", External_Id__c="acme")
    family_org.create("Contact", LastName="Boss", Email="boss@example.com")
    world = World(tmp_path, family_org)
    world.sync.update(
        object="Contact",
        required_fields={"LastName": "name", "Email": "email"},
        extra_fields={
            "account.external_id__c": "account",
            "ReportsTo.Email": "boss",
            "Store__r.Number__c": "store",
            "Owner.Username": "owner",
            "RecordType.DeveloperName": "kind",
        },
    )
    return world


def child(number: int, **values: Any) -> dict[str, Any]:
    known = {
        "account": "acme",
        "boss": " BOSS@Example.com",
        "store": "7.0",
        "owner": "ada@acme.example",
        "kind": "retail",
    }
    return person(number, **(known | values))


def named(org: Org, record: dict[str, Any]) -> dict[str, str | None]:
    """What the parents of a record are called."""
    names = {
        one["Id"]: one["Name"] for kind in ("Account", "Contact", "Store__c") for one in org.records(kind)
    }
    names |= {one["Id"]: one["Username"] for one in org.records("User")}
    names |= {one["Id"]: one["DeveloperName"] for one in org.records("RecordType")}
    fields = ("AccountId", "ReportsToId", "Store__c", "OwnerId", "RecordTypeId")
    return {name: names.get(record[name]) for name in fields}


ALL = {
    "AccountId": "Acme",
    "ReportsToId": "Boss",
    "Store__c": "Oslo",
    "OwnerId": "ada@acme.example",
    "RecordTypeId": "Retail",
}


def contacts(world: World) -> dict[str, dict[str, Any]]:
    return {record["Email"]: record for record in world.org.records("Contact")}


@pytest.mark.parametrize(("rows", "route"), [(2, Route.COLLECTIONS), (210, Route.COMPOSITE), (2, Route.BULK)])
def test_parents_arrive_by_every_route_and_are_cleared_and_left_alone(
    family: World, rows: int, route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    if route is Route.BULK:
        send_by_bulk(monkeypatch)
    family.sync["extra_fields"]["Account.External_Id__c"] = {"from": "account", "on_null": "skip"}
    del family.sync["extra_fields"]["account.external_id__c"]
    people = [child(number) for number in range(rows)]
    family.people(people)

    report = family.run_one()

    assert (report.accepted, report.routes[route]) == (rows, rows)
    assert named(family.org, contacts(family)["p1@example.com"]) == ALL
    assert family.run_one().planned == 0

    family.people([child(0, account="", store="", kind="", boss=""), child(1, store="8"), *people[2:]])
    assert family.run_one().updated == 2
    assert named(family.org, contacts(family)["p0@example.com"]) == ALL | {
        "ReportsToId": None,
        "Store__c": None,
        "RecordTypeId": None,
    }
    assert named(family.org, contacts(family)["p1@example.com"]) == ALL | {"Store__c": "Rome"}
    assert family.run_one().planned == 0


@pytest.mark.parametrize("sorted_rows", [0, 1000])
def test_a_job_takes_the_rows_of_one_parent_side_by_side(
    family: World, sorted_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_by_bulk(monkeypatch)
    monkeypatch.setattr(routes, "SORTED_ROWS", sorted_rows)
    files: list[list[dict[str, str]]] = []

    def upload(org: RealOrg, job_id: str, path: Path) -> None:
        with path.open() as file:
            files.append(list(csv.DictReader(file)))
        real(org, job_id, path)

    real = RealOrg.upload
    monkeypatch.setattr(RealOrg, "upload", upload)
    stores = ["7", "8", "7", "", "8", "7", "", "8"]
    family.sync["extra_fields"] = {"Phone": "phone", "Store__r.Number__c": "store"}
    family.people([child(number, store=store) for number, store in enumerate(stores)])

    assert family.run_one().accepted == len(stores)
    family.people([child(number, store=store, phone=f"1{number}") for number, store in enumerate(stores)])
    assert family.run_one().accepted == len(stores)

    first, second = files
    assert [row["Store__r.Number__c"] for row in first if row["Store__r.Number__c"]] == ["7"] * 3 + ["8"] * 3
    assert {*second[0]} == {"Id", "Phone"}  # what nobody sends is no column
    assert {row["Phone"] for row in second} == {f"1{number}" for number in range(len(stores))}


def test_a_parent_value_that_cannot_be_is_an_invalid_row_and_an_unknown_parent_a_rejected_one(
    family: World,
) -> None:
    family.people(
        [
            child(1),
            child(2, store="seven"),
            child(3, store="12345678901"),
            child(4, account="x" * 256),
            child(5, kind="Outlet"),
            child(6, account="nobody"),
        ]
    )

    report = family.run_one()

    assert (report.accepted, report.invalid, report.rejected) == (1, 4, 1)
    assert {key: push[3] for key, push in family.last_pushes().items() if push[3]} == {
        "p2": "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "p3": "NUMBER_OUTSIDE_VALID_RANGE",
        "p4": "STRING_TOO_LONG",
        "p5": "INVALID_CROSS_REFERENCE_KEY",
        "p6": "INVALID_FIELD",
    }
    ((message,),) = family.sql("SELECT error_message FROM ledger WHERE profile_key = 'p5'")
    assert "(Retail, Wholesale)" in message
    assert "Outlet" not in message


def test_parents_are_read_back_after_a_lost_answer_and_not_sent_again(family: World) -> None:
    family.people([child(1), child(2)])
    family.org.fault("drop_after", match={"path": "composite/sobjects"})

    report = family.run_one()

    assert (report.accepted, report.unknown) == (2, 0)
    assert sum("composite/sobjects" in one["path"] for one in family.org.requests()) == 1
    assert named(family.org, contacts(family)["p2@example.com"]) == ALL


@pytest.mark.parametrize("match_field", ["Phone", None])
@pytest.mark.parametrize("by_request", [True, False])
def test_parents_go_with_look_ups_and_without_a_match_field(
    family: World, match_field: str | None, by_request: bool
) -> None:
    family.sync["extra_fields"]["Phone"] = "phone"
    family.sync.update(match_field=match_field, duplicate_rule="allow_save" if by_request else "respect")
    family.people([child(1), child(2)])

    assert (family.run_one().created, family.run_one().planned) == (2, 0)
    assert named(family.org, contacts(family)["p2@example.com"]) == ALL
    family.people([child(1), child(2, store="8")])
    assert family.run_one().updated == 1
    assert named(family.org, contacts(family)["p2@example.com"]) == ALL | {"Store__c": "Rome"}


def test_a_record_type_goes_by_its_name_too_also_as_a_constant(family: World) -> None:
    del family.sync["extra_fields"]["RecordType.DeveloperName"]
    family.sync["extra_fields"]["RecordType.Name"] = {"value": "Retail Shop"}
    family.people([child(1)])

    assert family.run_one().accepted == 1
    assert named(family.org, contacts(family)["p1@example.com"]) == ALL


def test_an_owner_of_several_kinds_goes_with_its_type(family: World) -> None:
    family.sync.update(
        object="Lead",
        required_fields=World(family.folder, family.org).sync["required_fields"],
        extra_fields={"user:owner.username": "owner"},
    )
    family.people([person(1, owner="ada@acme.example")])
    family.org.fault("drop_after", match={"path": "composite/sobjects"})

    assert family.run_one().accepted == 1
    (lead,) = family.org.records("Lead")
    assert named(family.org, lead)["OwnerId"] == "ada@acme.example"
    assert family.sql("SELECT json_keys(ledger.after) FROM ledger")[0][0].count("User:Owner.Username") == 1
    assert family.run_one().planned == 0


@pytest.mark.parametrize(
    ("object_name", "key", "words"),
    [
        ("Lead", "Owner.Username", "User:Owner.Username, Group:Owner.Username"),
        ("Lead", "Contact:Owner.Username", "is never Contact; it is one of User, Group"),
        ("Contact", "User:Owner.Username", "is always User, so the key is Owner.Username"),
        ("Contact", "Acount.External_Id__c", "no relationship 'Acount'; did you mean 'Account'?"),
        ("Contact", "Store__c.Number__c", "did you mean 'Store__r'?"),
        ("Contact", "Account.External_Id", "no field 'External_Id'; did you mean 'External_Id__c'?"),
        ("Contact", "Account.Name", "neither an External ID nor an idLookup field; External_Id__c may name"),
        ("Contact", "Account.Id", "goes to Contact.AccountId itself"),
        ("Contact", "CreatedBy.Username", "CreatedById cannot be written"),
        ("Contact", "RecordType.Id", "RecordType.DeveloperName or .Name"),
        ("Lead", "RecordType.Name", "no record types"),
    ],
)
def test_a_wrong_parent_is_said_with_its_place_before_anything_is_sent(
    family: World, object_name: str, key: str, words: str
) -> None:
    family.sync.update(object=object_name, extra_fields={key: "name"})
    family.people([child(1)])

    (report,) = family.run().syncs

    assert report.trouble is not None
    assert report.trouble.exit_code == 2
    assert f"extra_fields.{key}" in report.trouble.message
    assert words in report.trouble.message
    assert not any("composite" in one["path"] or "jobs" in one["path"] for one in family.org.requests())


def test_a_reference_is_set_once(family: World) -> None:
    family.sync["extra_fields"]["AccountId"] = "account"
    family.people([child(1)])

    (report,) = family.run().syncs

    assert report.trouble is not None
    assert "AccountId and account.external_id__c both set AccountId" in report.trouble.message


def test_a_value_that_the_record_type_does_not_have_is_an_invalid_row(family: World) -> None:
    family.sync["extra_fields"] = {
        "RecordType.DeveloperName": "kind",
        "Tier__c": "tier",
        "Likes__c": "likes",
    }
    family.people(
        [
            child(1, tier="gold", likes="milk;tea"),
            child(2, tier="Bronze", likes=""),
            child(3, tier="", likes="tea;coffee"),
            child(4, tier="bronze", likes="coffee", kind="Wholesale"),
            child(5, tier="Bronze", likes="", kind=""),
        ]
    )

    report = family.run_one()

    assert (report.accepted, report.invalid, report.rejected) == (3, 2, 0)
    refused = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert {key for key, push in family.last_pushes().items() if push[3] == refused} == {"p2", "p3"}
    messages = [
        message
        for (message,) in family.sql("SELECT error_message FROM ledger WHERE NOT error_message IS NULL")
    ]
    assert all("of record type Retail Shop" in message for message in messages)
    assert not any("Bronze" in message or "coffee" in message for message in messages)
    asked = [one for one in family.org.requests() if "picklist-values" in one["path"]]
    assert len(asked) == 2  # a record type in use costs one call, and none the next time
    family.run_one()
    assert sum("picklist-values" in one["path"] for one in family.org.requests()) == 2


def test_record_types_are_not_asked_about_without_a_picklist(family: World) -> None:
    family.people([child(1)])
    family.run_one()

    assert not any("picklist-values" in one["path"] for one in family.org.requests())
