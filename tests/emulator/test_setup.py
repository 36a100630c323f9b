"""Custom fields through the Tooling API, and the field-level security they need before anyone sees them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Client

LEAD = {"LastName": "A", "Company": "C"}


def make_field(client: Client, owner: str = "Lead", **metadata: Any) -> tuple[str, Any]:
    name = f"F{uuid.uuid4().hex[:8]}__c"
    body = {"FullName": f"{owner}.{name}", "Metadata": {"label": name, **metadata}}
    return name, client("POST", "/tooling/sobjects/CustomField", json=body)


def described(client: Client, owner: str, name: str) -> dict[str, Any] | None:
    fields = client("GET", f"/sobjects/{owner}/describe").json()["fields"]
    return next((item for item in fields if item["name"] == name), None)


def grant(client: Client, owner: str, name: str, *, edit: bool) -> None:
    mark = f"P{uuid.uuid4().hex[:8]}"
    user = client("GET", "/query", params={"q": "SELECT Id FROM User"}).json()["records"][0]["Id"]
    permission_set = client.create("PermissionSet", Name=mark, Label=mark)
    client.create(
        "FieldPermissions",
        ParentId=permission_set,
        SobjectType=owner,
        Field=f"{owner}.{name}",
        PermissionsRead=True,
        PermissionsEdit=edit,
    )
    client.create("PermissionSetAssignment", PermissionSetId=permission_set, AssigneeId=user)


def test_a_new_field_is_invisible_until_it_is_granted(client: Client) -> None:
    name, answer = make_field(client, type="LongTextArea", length=32768, visibleLines=3)

    assert answer.status_code == 201
    assert answer.json()["id"].startswith("00N")
    assert described(client, "Lead", name) is None
    bulk = client.bulk("Lead", "insert", f"LastName,Company,{name}\nA,B,x\n")
    assert bulk["errorMessage"] == f"InvalidBatch : Field name not found : {name}"

    grant(client, "Lead", name, edit=True)
    field = described(client, "Lead", name)
    assert field is not None
    assert (field["type"], field["length"], field["extraTypeInfo"], field["filterable"]) == (
        "textarea",
        32768,
        "plaintextarea",
        False,
    )
    lead = client.create("Lead", **LEAD, **{name: "x"})
    assert client.read("Lead", lead)[name] == "x"


def test_a_field_granted_for_reading_is_not_writable(client: Client) -> None:
    name, _ = make_field(client, type="Text", length=10)
    grant(client, "Lead", name, edit=False)
    answer = client("POST", "/sobjects/Lead", json={**LEAD, name: "x"})

    assert answer.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_second_field_of_one_name_is_refused(client: Client) -> None:
    body = {
        "FullName": "Lead.Audiences__c",
        "Metadata": {"label": "Audiences", "type": "LongTextArea", "length": 32768, "visibleLines": 3},
    }
    answer = client("POST", "/tooling/sobjects/CustomField", json=body)

    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "DUPLICATE_DEVELOPER_NAME"
    assert answer.json()[0]["message"] == "There is already a field named Audiences on Lead."


@pytest.mark.parametrize(
    "metadata",
    [
        {"type": "Text"},
        {"type": "LongTextArea", "length": 200_000},
        {"type": "LongTextArea", "externalId": True},
        {"type": "Checkbox"},
        {"type": "Number", "precision": 19, "scale": 0},
        {"type": "Wish"},
    ],
)
def test_metadata_that_salesforce_would_refuse_are_refused(client: Client, metadata: dict[str, Any]) -> None:
    assert make_field(client, **metadata)[1].status_code == 400


def test_activity_fields_appear_on_task_and_event(client: Client) -> None:
    name, answer = make_field(client, "Activity", type="Checkbox", defaultValue="false")
    assert answer.status_code == 201
    for owner in ("Task", "Event"):
        grant(client, owner, name, edit=True)
        assert described(client, owner, name) is not None
    assert make_field(client, "Task", type="Date")[1].status_code == 400


def test_a_made_key_field_can_be_matched_at_once(client: Client) -> None:
    name, _ = make_field(client, type="Text", length=50, externalId=True, unique=True)
    grant(client, "Lead", name, edit=True)
    rows = [{name: "K", **LEAD}]
    first = client.collection("PATCH", "Lead", rows, name).json()[0]
    second = client.collection("PATCH", "Lead", [{**rows[0], name: "k"}], name).json()[0]

    assert (first["created"], second["created"]) == (True, False)
    assert second["id"] == first["id"]


def test_describe_answers_304_until_metadata_change(client: Client) -> None:
    first = client("GET", "/sobjects/Lead/describe")
    since = {"If-Modified-Since": first.headers["Last-Modified"]}

    assert client("GET", "/sobjects/Lead/describe", headers=since).status_code == 304


def test_setup_and_data_do_not_mix_in_one_call(client: Client) -> None:
    records = [
        {"attributes": {"type": "Lead"}, **LEAD},
        {"attributes": {"type": "PermissionSet"}, "Name": "Mixed", "Label": "Mixed"},
    ]
    body = client("POST", "/composite/sobjects", json={"records": records}).json()

    assert body[0]["success"] is True
    assert body[1]["errors"][0]["statusCode"] == "MIXED_DML_OPERATION"
