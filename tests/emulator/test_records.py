"""Single records: create, read, update, upsert by key, delete; describe; what changed."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import uuid
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from .conftest import Client, Emulator

LEAD = {"LastName": "A", "Company": "C"}


def test_create_read_update_delete_with_simple_salesforce(emulator: Emulator) -> None:
    sf = emulator.simple_salesforce()
    made = sf.Lead.create(LEAD)
    sf.Lead.update(made["id"], {"Phone": "1"})
    read = sf.Lead.get(made["id"])
    sf.Lead.delete(made["id"])

    assert made == {"id": made["id"], "success": True, "errors": []}
    assert read["Phone"] == "1"
    assert read["attributes"]["url"] == f"/services/data/v66.0/sobjects/Lead/{made['id']}"


@pytest.mark.parametrize("value", ["plain", "with/slash?and#more", "space and +", "Žluťoučký"])
def test_upsert_by_key_creates_then_updates(client: Client, value: str) -> None:
    key = quote(uuid.uuid4().hex + value, safe="")
    path = f"/sobjects/Lead/External_Id__c/{key}"
    first, second = client("PATCH", path, json=LEAD), client("PATCH", path, json={"Phone": "2"})

    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert client("GET", path).json()["Phone"] == "2"
    assert client("DELETE", path).status_code == 204
    assert client("GET", path).status_code == 404


def test_upsert_before_v46_answers_204_on_update(client: Client) -> None:
    path = f"/sobjects/Lead/External_Id__c/{uuid.uuid4().hex}"
    client("PATCH", path, json=LEAD)
    client.version = "45.0"

    assert client("PATCH", path, json=LEAD).status_code == 204


def test_a_key_that_ends_like_a_file_is_404_in_a_path(client: Client) -> None:
    mark = uuid.uuid4().hex
    client.create("Lead", LastName="A", Company="C", Email=f"{mark}@example.inc")

    for method, end in (("PATCH", ".inc"), ("GET", ".INC"), ("PATCH", ".json")):
        assert client(method, f"/sobjects/Lead/Email/{mark}@example{end}", json=LEAD).status_code == 404
    assert client("PATCH", f"/sobjects/Lead/Email/{mark}@example.com", json=LEAD).status_code == 201


def test_update_only_never_creates(client: Client) -> None:
    path = f"/sobjects/Lead/External_Id__c/{uuid.uuid4().hex}?updateOnly=true"

    assert client("PATCH", path, json=LEAD).status_code == 404


def test_several_matches_are_300_with_their_addresses(client: Client) -> None:
    email = f"{uuid.uuid4().hex}@example.com"
    ids = sorted(client.create("Contact", LastName="A", Email=email) for _ in range(2))
    answer = client("PATCH", f"/sobjects/Contact/Email/{email}", json={"LastName": "B"})

    assert answer.status_code == 300
    assert answer.json() == [f"/services/data/v66.0/sobjects/Contact/{item}" for item in ids]


def test_the_key_belongs_in_the_path_alone(client: Client) -> None:
    path = f"/sobjects/Lead/External_Id__c/{uuid.uuid4().hex}"
    answer = client("PATCH", path, json={**LEAD, "External_Id__c": "x"})

    expected = "The External_Id__c field should not be specified in the sobject data."
    assert (answer.status_code, answer.json()[0]["message"]) == (400, expected)


def test_a_field_that_is_no_key_is_404(client: Client) -> None:
    assert client("PATCH", "/sobjects/Account/Name/x", json={}).status_code == 404


def test_the_method_override_works(client: Client) -> None:
    lead = client.create("Lead", **LEAD)
    answer = client("POST", f"/sobjects/Lead/{lead}?_HttpMethod=PATCH", json={"Phone": "9"})

    assert answer.status_code == 204
    assert client.read("Lead", lead)["Phone"] == "9"


def test_gzip_travels_both_ways(client: Client) -> None:
    body = gzip.compress(json.dumps(LEAD).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    made = client("POST", "/sobjects/Lead", data=body, headers=headers)
    plain = client("GET", "/sobjects/Lead/describe", headers={"Accept-Encoding": "identity"})
    packed = client("GET", "/sobjects/Lead/describe")

    assert made.status_code == 201
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json() == plain.json()


@pytest.mark.parametrize("headers", [{"Content-Type": "text/plain"}, {}])
def test_a_body_that_is_not_said_to_be_json_is_415(client: Client, headers: dict[str, str]) -> None:
    answer = client("POST", "/sobjects/Lead", data=b'{"LastName": "A", "Company": "C"}', headers=headers)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sobjects/Lead", "[]"),
        ("/sobjects/Lead", '{"LastName": "\\ud800", "Company": "C"}'),
        ("/sobjects/Account", '{"Name": "n", "AnnualRevenue": NaN}'),
        ("/sobjects/Account", '{"Name": "n", "AnnualRevenue": 1e400}'),
        ("/sobjects/Lead", '{"Owner": null}'),
        ("/composite", '{"compositeRequest": [1]}'),
        ("/composite/graph", '{"graphs": [1]}'),
        ("/composite/batch", '{"batchRequests": [1]}'),
        ("/composite/sobjects", '{"records": [1]}'),
        ("/jobs/ingest", '{"object": 5, "operation": ["insert"]}'),
        ("/jobs/query", '{"query": 5, "operation": "query"}'),
        ("/tooling/sobjects/CustomField", '{"FullName": "Lead.A__c", "Metadata": {"type": []}}'),
    ],
)
def test_nonsense_is_refused_and_never_breaks_the_server(client: Client, path: str, body: str) -> None:
    answer = client("POST", path, data=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert set(answer.json()[0]) >= {"message", "errorCode"}


def test_a_uri_too_long_is_414(client: Client) -> None:
    assert client("GET", "/query", params={"q": "x" * 16_400}).status_code == 414


def test_methods_and_resources_that_do_not_exist(client: Client) -> None:
    assert client("PUT", "/sobjects/Lead").status_code == 405
    assert client("GET", "/nothing").json()[0]["errorCode"] == "NOT_FOUND"
    assert client("GET", "/sobjects/Nope/describe").status_code == 404
    body = client("POST", "/sobjects/Lead", data="{", headers={"Content-Type": "application/json"}).json()
    assert body[0]["errorCode"] == "JSON_PARSER_ERROR"


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("Contact", {"Id", "Email"}),
        ("Lead", {"Id", "Email"}),
        ("Account", {"Id"}),
        ("Opportunity", {"Id", "Name"}),
        ("Case", {"Id", "CaseNumber"}),
    ],
)
def test_match_fields_are_those_of_a_real_org(client: Client, name: str, keys: set[str]) -> None:
    fields = client("GET", f"/sobjects/{name}/describe").json()["fields"]

    assert {item["name"] for item in fields if item["idLookup"] and not item["custom"]} == keys


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("Contact", ["LastName"]),
        ("Lead", ["LastName", "Company"]),
        ("Account", ["Name"]),
        ("Opportunity", ["Name", "StageName", "CloseDate"]),
    ],
)
def test_required_fields_are_those_of_a_real_org(client: Client, name: str, required: list[str]) -> None:
    fields = client("GET", f"/sobjects/{name}/describe").json()["fields"]
    found = [
        item["name"]
        for item in fields
        if item["createable"]
        and not item["nillable"]
        and not item["defaultedOnCreate"]
        and item["type"] != "boolean"
    ]

    assert found == required


def test_describe_global_lists_every_object(client: Client) -> None:
    body = client("GET", "/sobjects").json()
    names = {item["name"]: item["keyPrefix"] for item in body["sobjects"]}

    assert (body["encoding"], body["maxBatchSize"]) == ("UTF-8", 200)
    assert {"Lead": "00Q", "Contact": "003", "Account": "001", "User": "005"}.items() <= names.items()
    assert {"OpportunityContactRole", "CampaignMember", "Task", "Event", "RecordType"} <= set(names)


def test_a_converted_lead_is_closed_to_changes(client: Client) -> None:
    lead = client.create("Lead", **LEAD, IsConverted=True, Status="Closed - Converted")
    answer = client("PATCH", f"/sobjects/Lead/{lead}", json={"Phone": "1"})

    assert answer.json()[0]["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"


def test_deleting_an_account_takes_its_contacts_along(client: Client) -> None:
    account = client.create("Account", Name="A")
    contact = client.create("Contact", LastName="A", AccountId=account)
    client("DELETE", f"/sobjects/Account/{account}")

    assert client("GET", f"/sobjects/Contact/{contact}").json()[0]["errorCode"] == "ENTITY_IS_DELETED"


def test_updated_and_deleted_tell_what_happened(client: Client) -> None:
    changed = client.create("Lead", **LEAD)
    gone = client.create("Lead", **LEAD)
    client("DELETE", f"/sobjects/Lead/{gone}")
    now = dt.datetime.now(dt.UTC)
    span = {
        "start": (now - dt.timedelta(minutes=5)).isoformat(timespec="seconds"),
        "end": (now + dt.timedelta(minutes=2)).isoformat(timespec="seconds"),
    }
    updated = client("GET", "/sobjects/Lead/updated/", params=span).json()
    deleted = client("GET", "/sobjects/Lead/deleted/", params=span).json()

    assert changed in updated["ids"]
    assert gone not in updated["ids"]
    assert gone in [item["id"] for item in deleted["deletedRecords"]]
    assert updated["latestDateCovered"] <= now.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    old = {**span, "start": (now - dt.timedelta(days=40)).isoformat(timespec="seconds")}
    assert client("GET", "/sobjects/Lead/updated/", params=old).status_code == 400


def test_record_counts_leave_empty_objects_out(client: Client) -> None:
    client.create("Lead", **LEAD)
    body = client("GET", "/limits/recordCount?sObjects=Lead,Campaign").json()["sObjects"]

    assert [item["name"] for item in body] == ["Lead"]


def test_limits_hold_the_keys_that_clients_read(client: Client) -> None:
    before = client("GET", "/limits").json()["DailyBulkApiBatches"]["Remaining"]
    client.bulk("Lead", "insert", "LastName,Company\nA,C\n")
    body = client("GET", "/limits").json()

    assert before - body["DailyBulkApiBatches"]["Remaining"] == 2
    assert body["DailyApiRequests"]["Max"] == 15_000
    assert {"DailyBulkApiBatches", "DailyBulkV2QueryJobs", "DataStorageMB"} <= set(body)
    assert "CreateCustom" in body["PermissionSets"]
