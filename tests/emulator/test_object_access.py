"""ObjectPermissions: what a user may do with the records of an object, through every API alike."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import Client, Emulator, start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

ORG = """
users:
  - {username: admin@acme.example}
  - {username: all@acme.example}
  - username: least@acme.example
    permissions: {Lead: [read, create], Contact: [read, edit], Campaign: [read]}
  - username: viewer@acme.example
    permissions: {Lead: [read, create, view_all_records]}
records:
  Account: [{Name: Acme}]
  Contact: [{LastName: Known}]
"""
LEAD = {"LastName": "L", "Company": "C"}


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    path = tmp_path_factory.mktemp("org") / "org.yaml"
    path.write_text(ORG)
    emulator = start("--org", str(path))
    yield emulator
    emulator.stop()


def as_user(org: Emulator, username: str) -> Client:
    return Client(org, org.login(sub=username).json()["access_token"])


@pytest.fixture
def least(org: Emulator) -> Client:
    return as_user(org, "least@acme.example")


def refusal(answer: requests.Response) -> tuple[int, str, str]:
    (error,) = answer.json()
    return answer.status_code, error["errorCode"], error["message"]


def query(client: Client, soql: str) -> Any:
    return client("GET", "/query", params={"q": soql})


def test_an_object_that_may_not_be_read_is_unknown(least: Client) -> None:
    assert least("GET", "/sobjects/Account/describe").status_code == 404
    assert least("POST", "/sobjects/Account", json={"Name": "A"}).status_code == 404
    assert refusal(query(least, "SELECT Id FROM Account"))[1] == "INVALID_TYPE"
    assert refusal(query(least, "SELECT Account.Name FROM Contact"))[1] == "INVALID_FIELD"
    job = least("POST", "/jobs/ingest", json={"object": "Account", "operation": "insert"})
    assert refusal(job)[1] == "INVALIDENTITY"
    listed = {item["name"] for item in least("GET", "/sobjects").json()["sobjects"]}
    assert listed >= {"Lead", "Contact", "Task", "CampaignMember"}
    assert not listed & {"Account", "Opportunity", "OpportunityContactRole"}


def test_limits_are_for_who_may_view_the_setup_and_a_refusal_tells_the_usage_too(least: Client) -> None:
    answer = least("GET", "/limits")

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")
    assert answer.headers["Sforce-Limit-Info"].startswith("api-usage=")


def test_an_upsert_by_a_key_that_is_not_unique_takes_a_user_who_sees_all_records(org: Emulator) -> None:
    head, by_email = "Email,LastName,Company\n", {"externalIdFieldName": "Email"}
    wanted = ("INSUFFICIENT_ACCESS", "Upsert requires view all data on a non-unique custom index")
    least, viewer = (as_user(org, f"{name}@acme.example") for name in ("least", "viewer"))

    (row,) = least.collection("PATCH", "Lead", [{**LEAD, "Email": "a@example.com"}], "Email").json()
    assert (row["errors"][0]["statusCode"], row["errors"][0]["message"]) == wanted
    assert refusal(least("PATCH", "/sobjects/Lead/Email/a@example.com", json=LEAD)) == (400, *wanted)
    job = least.bulk("Lead", "upsert", f"{head}a@example.com,L,C\n", **by_email)
    assert f"{wanted[0]}:{wanted[1]}:--" in least.results(job["id"], "failedResults")
    unique = least.collection("PATCH", "Lead", [{**LEAD, "External_Id__c": "a"}], "External_Id__c").json()
    assert unique[0]["success"] is True
    assert viewer.bulk("Lead", "upsert", f"{head}a@example.com,L,C\n", **by_email)["numberRecordsFailed"] == 0


def test_without_create_no_api_makes_a_record(least: Client) -> None:
    wanted = ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be inserted: Contact")

    assert refusal(least("POST", "/sobjects/Contact", json={"LastName": "X"})) == (400, *wanted)
    (row,) = least.collection("POST", "Contact", [{"LastName": "X"}]).json()
    assert (row["errors"][0]["statusCode"], row["errors"][0]["message"]) == wanted
    job = least.bulk("Contact", "insert", "LastName\nX\n")
    assert job["numberRecordsFailed"] == 1
    assert f"{wanted[0]}:{wanted[1]}:--" in least.results(job["id"], "failedResults")
    assert least("GET", "/sobjects/Contact/describe").json()["createable"] is False


def test_without_edit_or_delete_no_api_touches_a_record(least: Client, org: Emulator) -> None:
    wanted = ("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
    lead = least.create("Lead", **LEAD)

    assert refusal(least("PATCH", f"/sobjects/Lead/{lead}", json={"Company": "D"})) == (400, *wanted)
    assert refusal(least("DELETE", f"/sobjects/Lead/{lead}")) == (400, *wanted)
    (row,) = least.collection("PATCH", "Lead", [{"id": lead, "Company": "D"}]).json()
    assert (row["errors"][0]["statusCode"], row["errors"][0]["message"]) == wanted
    assert least.read("Lead", lead)["Company"] == "C"
    contact = org.admin("GET", "records/Contact")["records"][0]["Id"]
    assert least("PATCH", f"/sobjects/Contact/{contact}", json={"Title": "Dr"}).status_code == 204


def test_an_upsert_creates_or_edits_as_far_as_it_may(least: Client) -> None:
    path = "/sobjects/Lead/External_Id__c/once"
    assert least("PATCH", path, json=LEAD).status_code == 201
    assert refusal(least("PATCH", path, json=LEAD))[1] == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_an_administrator_may_do_everything(org: Emulator) -> None:
    client = as_user(org, "all@acme.example")
    account = client.create("Account", Name="A")
    assert client("PATCH", f"/sobjects/Account/{account}", json={"Name": "B"}).status_code == 204
    assert client("DELETE", f"/sobjects/Account/{account}").status_code == 204


def test_a_permission_set_that_is_assigned_later_grants_more(least: Client, org: Emulator) -> None:
    admin = as_user(org, "admin@acme.example")
    user = query(admin, "SELECT Id FROM User WHERE Username = 'least@acme.example'").json()["records"][0][
        "Id"
    ]
    held = admin.create("PermissionSet", Name="Cases", Label="Cases")
    admin.create(
        "ObjectPermissions",
        ParentId=held,
        SobjectType="Case",
        PermissionsRead=True,
        PermissionsCreate=True,
    )
    assert least("GET", "/sobjects/Case/describe").status_code == 404

    admin.create("PermissionSetAssignment", PermissionSetId=held, AssigneeId=user)

    assert least.create("Case", Subject="S")


def test_the_first_user_is_an_administrator(tmp_path: Path) -> None:
    path = tmp_path / "org.yaml"
    path.write_text("users: [{username: a@b.example, permissions: {Lead: [read]}}]")
    command = [sys.executable, "-m", "audiencesync.emulator", "--org", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert "users.0.permissions: the first user is an administrator" in ended.stderr
