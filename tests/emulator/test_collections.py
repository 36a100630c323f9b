"""sObject Collections: whole-call refusals, per-row results, and matching."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Client, Emulator


def key() -> str:
    return uuid.uuid4().hex


def test_results_come_in_request_order_and_failures_have_no_id(client: Client) -> None:
    one, two = key(), key()
    rows = [
        {"External_Id__c": one, "LastName": "A", "Company": "C"},
        {"External_Id__c": two},
        {"External_Id__c": key(), "LastName": "B", "Company": "C"},
    ]
    first = client.collection("PATCH", "Lead", rows, "External_Id__c").json()
    again = client.collection("PATCH", "lead", rows[:1], "external_id__C").json()

    assert [item["success"] for item in first] == [True, False, True]
    assert set(first[1]) == {"success", "errors"}
    assert set(first[1]["errors"][0]) == {"statusCode", "message", "fields"}
    assert (first[0]["created"], again[0]["created"]) == (True, False)
    assert again[0]["id"] == first[0]["id"]


def test_a_key_that_occurs_twice_refuses_every_row_that_has_it(client: Client) -> None:
    twice = key().upper()
    rows = [
        {"External_Id__c": value, "LastName": "A", "Company": "C"}
        for value in (twice, f" {twice.lower()} ", key())
    ]
    results = client.collection("PATCH", "Lead", rows, "External_Id__c").json()

    assert [item["success"] for item in results] == [False, False, True]
    error = results[0]["errors"][0]
    assert error["statusCode"] == "DUPLICATE_VALUE"
    assert error["message"] == f"Duplicate external id specified: {twice.lower()}"


def test_an_id_that_occurs_twice_refuses_every_row_that_has_it(client: Client) -> None:
    twice, once = (client.create("Lead", LastName="A", Company="C") for _ in range(2))
    rows = [{"id": value, "Phone": "1"} for value in (twice, twice[:15], once)]
    results = client.collection("PATCH", "Lead", rows).json()

    assert [item["success"] for item in results] == [False, False, True]
    error = results[1]["errors"][0]
    assert (error["statusCode"], error["message"]) == ("DUPLICATE_VALUE", f"Duplicate id specified: {twice}")
    assert client.read("Lead", twice)["Phone"] is None


def test_several_records_for_one_key_are_refused_with_the_label(client: Client) -> None:
    email = f"{key()}@example.com"
    ids = sorted(client.create("Contact", LastName="A", Email=email) for _ in range(2))

    (item,) = client.collection(
        "PATCH", "Contact", [{"Email": email.upper(), "LastName": "B"}], "Email"
    ).json()

    assert item["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"
    expected = f"Email: more than one record found for external id field: [{', '.join(ids)}]"
    assert item["errors"][0]["message"] == expected


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_row_without_its_key_is_refused(client: Client, value: str | None) -> None:
    rows = [{"External_Id__c": value, "LastName": "A", "Company": "C"}]
    (item,) = client.collection("PATCH", "Lead", rows, "External_Id__c").json()

    assert item["errors"][0]["statusCode"] == "MISSING_ARGUMENT"


def test_the_id_may_be_the_key_and_null_creates(client: Client) -> None:
    lead = client.create("Lead", LastName="A", Company="C")
    rows: list[dict[str, Any]] = [{"Id": lead, "Phone": "1"}, {"Id": None, "LastName": "B", "Company": "C"}]
    results = client.collection("PATCH", "Lead", rows, "Id").json()

    assert [item["created"] for item in results] == [False, True]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"Nope__c": "x"}, "INVALID_FIELD"),
        ({"NumberOfEmployees": "many"}, "JSON_PARSER_ERROR"),
        ({"DoNotCall": "true"}, "JSON_PARSER_ERROR"),
        ({"DoNotCall": 1}, "JSON_PARSER_ERROR"),
        ({"Phone": 5551234}, "JSON_PARSER_ERROR"),
        ({"LeadSource": ["Web"]}, "JSON_PARSER_ERROR"),
        ({"ConvertedDate": "31.12.2026"}, "JSON_PARSER_ERROR"),
        ({"Company": {"a": 1}}, "JSON_PARSER_ERROR"),
        ({"EmailBouncedDate": "2026-01-01T10:00:00.123456Z"}, "JSON_PARSER_ERROR"),
    ],
)
def test_one_malformed_record_refuses_the_whole_call(client: Client, row: dict[str, Any], code: str) -> None:
    mark = key()
    rows = [{"LastName": mark, "Company": "C"}, {"LastName": "B", "Company": "C", **row}]
    answer = client.collection("POST", "Lead", rows)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
    found = client("GET", "/query", params={"q": f"SELECT Id FROM Lead WHERE LastName = '{mark}'"}).json()
    assert found["totalSize"] == 0


def test_numbers_may_come_as_texts(client: Client) -> None:
    (item,) = client.collection(
        "POST", "Lead", [{"LastName": "A", "Company": "C", "NumberOfEmployees": "12", "AnnualRevenue": "1.5"}]
    ).json()

    lead = client.read("Lead", item["id"])
    assert (lead["NumberOfEmployees"], lead["AnnualRevenue"]) == (12, 1.5)


def test_201_records_are_refused(client: Client) -> None:
    rows = [{"LastName": "A", "Company": "C"}] * 201

    assert client.collection("POST", "Lead", rows).status_code == 400


def test_all_or_none_rolls_back_and_is_still_200(client: Client) -> None:
    lead, other = (client.create("Lead", LastName="Before", Company="C") for _ in range(2))
    rows = [{"id": lead, "LastName": "After"}, {"id": other, "Email": "wrong"}]
    answer = client.collection("PATCH", "Lead", rows, all_or_none=True)

    assert answer.status_code == 200
    first, second = answer.json()
    assert first["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert first["id"] == lead
    assert second["errors"][0]["statusCode"] == "INVALID_EMAIL_ADDRESS"
    assert client.read("Lead", lead)["LastName"] == "Before"


def test_update_finds_by_id_and_names_what_is_wrong_with_it(client: Client) -> None:
    gone = client.create("Lead", LastName="A", Company="C")
    client("DELETE", f"/sobjects/Lead/{gone}")
    rows = [{"id": gone, "Phone": "1"}, {"id": "00QEm000000zzzz", "Phone": "1"}, {"id": "x"}, {"Phone": "1"}]
    codes = [item["errors"][0]["statusCode"] for item in client.collection("PATCH", "Lead", rows).json()]

    assert codes == ["ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "MISSING_ARGUMENT"]


def test_retrieve_and_delete_keep_the_order(client: Client) -> None:
    one, two = (client.create("Lead", LastName=name, Company="C") for name in "AB")
    ids = f"{two},{one}"
    deleted = client("DELETE", f"/composite/sobjects?ids={two}").json()
    found = client("GET", f"/composite/sobjects/Lead?ids={ids}&fields=LastName").json()
    posted = client("POST", "/composite/sobjects/Lead", json={"ids": [one], "fields": ["Id"]}).json()

    assert deleted == [{"id": two, "success": True, "errors": []}]
    assert found[0] is None
    assert found[1]["LastName"] == "A"
    assert posted[0]["Id"] == one


def test_parents_are_found_by_their_external_id(client: Client) -> None:
    mark = key()
    account = client.create("Account", Name="P", External_Id__c=mark)
    rows: list[dict[str, Any]] = [
        {"LastName": "A", "Account": {"External_Id__c": mark.upper()}},
        {"LastName": "B", "Account": {"External_Id__c": "none"}},
    ]
    good, bad = client.collection("POST", "Contact", rows).json()

    assert client.read("Contact", good["id"])["AccountId"] == account
    expected = "Foreign key external ID: none not found for field External_Id__c in entity Account"
    assert (bad["errors"][0]["statusCode"], bad["errors"][0]["message"]) == ("INVALID_FIELD", expected)


def test_a_polymorphic_parent_needs_its_type(client: Client, emulator: Emulator) -> None:
    owner = {"Username": emulator.greeting["username"]}
    typed = {**owner, "attributes": {"type": "User"}}
    row: dict[str, Any] = {"LastName": "A", "Company": "C"}

    assert client.collection("POST", "Lead", [{**row, "Owner": typed}]).json()[0]["success"] is True
    assert client.collection("POST", "Lead", [{**row, "Owner": owner}]).status_code == 400


def test_the_whole_call_is_billed_once_and_says_so(client: Client) -> None:
    before = client("GET", "/limits").headers["Sforce-Limit-Info"]
    rows = [{"LastName": "A", "Company": "C"}] * 200
    after = client.collection("POST", "Lead", rows).headers["Sforce-Limit-Info"]

    used = [int(text.removeprefix("api-usage=").partition("/")[0]) for text in (before, after)]
    assert used[1] - used[0] == 1
