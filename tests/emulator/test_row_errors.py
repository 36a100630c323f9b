"""Each row error has one code, message and field list, whichever API brings the row."""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Client, Emulator

_unique = itertools.count()


@dataclass
class Refusal:
    code: str
    message: str
    fields: list[str]


def by_rest(client: Client, name: str, row: dict[str, Any], record_id: str | None) -> Refusal:
    if record_id:
        answer = client("PATCH", f"/sobjects/{name}/{record_id}", json=row)
    else:
        answer = client("POST", f"/sobjects/{name}", json=row)
    assert answer.status_code == 400, answer.text
    error = answer.json()[0]
    return Refusal(error["errorCode"], error["message"], error["fields"])


def by_collections(client: Client, name: str, row: dict[str, Any], record_id: str | None) -> Refusal:
    sent = {"id": record_id, **row} if record_id else row
    item = client.collection("PATCH" if record_id else "POST", name, [sent]).json()[0]
    assert item["success"] is False
    assert "id" not in item
    error = item["errors"][0]
    return Refusal(error["statusCode"], error["message"], error["fields"])


def by_bulk(client: Client, name: str, row: dict[str, Any], record_id: str | None) -> Refusal:
    sent = {"Id": record_id, **row} if record_id else row
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(sent)
    writer.writerow(["#N/A" if value is None else value for value in sent.values()])
    info = client.bulk(name, "update" if record_id else "insert", out.getvalue())
    assert (info["state"], info["numberRecordsFailed"]) == ("JobComplete", 1), info
    (result,) = csv.DictReader(io.StringIO(client.results(info["id"], "failedResults")))
    code, _, rest = result["sf__Error"].partition(":")
    message, _, fields = rest.removesuffix("--").rpartition(":")
    return Refusal(code, message, fields.split(",") if fields else [])


def by_composite(client: Client, name: str, row: dict[str, Any], record_id: str | None) -> Refusal:
    url = f"/services/data/v66.0/sobjects/{name}" + (f"/{record_id}" if record_id else "")
    sub = {"method": "PATCH" if record_id else "POST", "url": url, "referenceId": "one", "body": row}
    body = client("POST", "/composite", json={"compositeRequest": [sub]}).json()
    (answer,) = body["compositeResponse"]
    assert answer["httpStatusCode"] == 400
    error = answer["body"][0]
    return Refusal(error["errorCode"], error["message"], error["fields"])


every_api = pytest.mark.parametrize("send", [by_rest, by_collections, by_bulk, by_composite])
LEAD = {"LastName": "L", "Company": "C"}


@every_api
@pytest.mark.parametrize(
    ("name", "row", "refusal"),
    [
        (
            "Lead",
            {"FirstName": "x"},
            Refusal(
                "REQUIRED_FIELD_MISSING",
                "Required fields are missing: [LastName, Company]",
                ["LastName", "Company"],
            ),
        ),
        (
            "Account",
            {"Name": "n" * 256},
            Refusal(
                "STRING_TOO_LONG",
                f"Account Name: data value too large: {'n' * 256} (max length=255)",
                ["Name"],
            ),
        ),
        (
            "Lead",
            {**LEAD, "Email": "123"},
            Refusal("INVALID_EMAIL_ADDRESS", "Email: invalid email address: 123", ["Email"]),
        ),
        (
            "Account",
            {"Name": "n", "NumberOfEmployees": 81431655766},
            Refusal(
                "NUMBER_OUTSIDE_VALID_RANGE",
                "Employees: value outside of valid range on numeric field: 81431655766",
                ["NumberOfEmployees"],
            ),
        ),
        (
            "Contact",
            {"LastName": "x", "AccountId": "00QEm0000000001MAA"},
            Refusal(
                "MALFORMED_ID", "Account ID: id value of incorrect type: 00QEm0000000001MAA", ["AccountId"]
            ),
        ),
        (
            "Contact",
            {"LastName": "x", "AccountId": "nonsense"},
            Refusal("MALFORMED_ID", "Account ID: id value of incorrect type: nonsense", ["AccountId"]),
        ),
        (
            "Contact",
            {"LastName": "x", "AccountId": "001Em000000zzzz"},
            Refusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", []),
        ),
        (
            "Lead",
            {**LEAD, "DoNotCall": None},
            Refusal(
                "INVALID_TYPE_ON_FIELD_IN_RECORD",
                "Do Not Call: value not of required type: null",
                ["DoNotCall"],
            ),
        ),
        (
            "Lead",
            {**LEAD, "CreatedDate": "2026-01-01T00:00:00Z"},
            Refusal(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                "Unable to create/update fields: CreatedDate. Please check the security settings of this "
                "field and verify that it is read/write for your profile or permission set.",
                ["CreatedDate"],
            ),
        ),
    ],
    ids=lambda item: item.code if isinstance(item, Refusal) else "",
)
def test_a_new_row_is_refused(
    client: Client, send: Any, name: str, row: dict[str, Any], refusal: Refusal
) -> None:
    assert send(client, name, row, None) == refusal


@every_api
def test_a_value_that_another_record_has_is_refused_for_a_unique_field(client: Client, send: Any) -> None:
    key = f"U{next(_unique)}"
    first = client.create("Lead", **LEAD, External_Id__c=key)

    refusal = send(client, "Lead", {**LEAD, "External_Id__c": key.lower()}, None)

    assert refusal == Refusal(
        "DUPLICATE_VALUE",
        f"duplicate value found: External_Id__c duplicates value on record with id: {first[:15]}",
        [],
    )


@every_api
def test_clearing_a_required_field_is_refused(client: Client, send: Any) -> None:
    lead = client.create("Lead", **LEAD)

    assert send(client, "Lead", {"Company": None}, lead).code == "REQUIRED_FIELD_MISSING"
    assert client.read("Lead", lead)["Company"] == "C"


@every_api
@pytest.mark.parametrize("field", ["Status", "OwnerId"])
def test_clearing_a_field_that_the_org_fills_is_refused_too(client: Client, send: Any, field: str) -> None:
    lead = client.create("Lead", **LEAD)
    refusal = Refusal("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{field}]", [field])

    assert send(client, "Lead", {field: None}, lead) == refusal
    assert send(client, "Lead", {**LEAD, field: None}, None) == refusal
    assert client.read("Lead", lead)[field] is not None


@every_api
def test_a_parent_in_the_recycle_bin_is_refused(client: Client, send: Any) -> None:
    account = client.create("Account", Name="Gone")
    client("DELETE", f"/sobjects/Account/{account}")

    assert send(client, "Contact", {"LastName": "x", "AccountId": account}, None).code == "ENTITY_IS_DELETED"


@every_api
def test_a_locked_row_is_refused_as_often_as_scripted(emulator: Emulator, client: Client, send: Any) -> None:
    lead = client.create("Lead", **LEAD)
    emulator.fault("lock_rows", object="Lead", field="Id", values=[lead], times=1)

    assert send(client, "Lead", {"Phone": "1"}, lead).code == "UNABLE_TO_LOCK_ROW"
    client("PATCH", f"/sobjects/Lead/{lead}", json={"Phone": "2"})
    assert client.read("Lead", lead)["Phone"] == "2"


@every_api
def test_an_inactive_owner_is_refused(emulator: Emulator, client: Client, send: Any) -> None:
    users = emulator.admin("GET", "records/User")["records"]
    name = f"left{next(_unique)}@example.com"
    created = emulator.admin(
        "POST",
        "records/User",
        Username=name,
        LastName="Left",
        Email=name,
        Alias="left",
        ProfileId=users[0]["ProfileId"],
    )

    assert send(client, "Lead", {**LEAD, "OwnerId": created["id"]}, None).code == "INACTIVE_OWNER_OR_USER"


def test_text_is_trimmed_and_blank_is_null(client: Client) -> None:
    lead = client.create("Lead", LastName="  Nová ", Company="C", Phone="   ", Title="a\tb ")

    record = client.read("Lead", lead)
    assert (record["LastName"], record["Phone"], record["Title"]) == ("Nová", None, "a\tb")


def test_numbers_are_rounded_half_up_to_their_scale(client: Client) -> None:
    account = client.create("Account", Name="n", AnnualRevenue=1.005, BillingLatitude=49.2)

    record = client.read("Account", account)
    assert (record["AnnualRevenue"], record["BillingLatitude"]) == (1.01, 49.2)


def test_ids_of_15_characters_work_and_answers_have_18(client: Client) -> None:
    account = client.create("Account", Name="n")
    contact = client.create("Contact", LastName="x", AccountId=account[:15])

    assert client.read("Contact", contact[:15])["AccountId"] == account
    assert len(account) == 18
    wrong = account[:15] + "ZZZ"
    assert client("GET", f"/sobjects/Account/{wrong}").json()[0]["errorCode"] == "MALFORMED_ID"
