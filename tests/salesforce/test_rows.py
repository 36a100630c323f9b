"""Collections: what travels, and what comes back row by row."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from audiencesync.errors import AnswerLost, SalesforceRefused
from audiencesync.records import Row, RowResult, WriteOptions
from audiencesync.salesforce import rows
from audiencesync.salesforce.session import Session

from .helpers import API, CountingMeter

COLLECTIONS = API + "composite/sobjects"
PLAIN = WriteOptions()
DONE = {"id": "00Q1", "success": True, "errors": []}


def _sent(web: responses.RequestsMock) -> dict[str, object]:
    document: dict[str, object] = json.loads(web.calls[-1].request.body or b"")
    return document


def test_an_upsert_names_its_match_field_in_the_address(
    org: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    org.patch(COLLECTIONS + "/Lead/Email", json=[{**DONE, "created": True}])

    results = rows.upsert(session, "Lead", "Email", [{"Email": "zoë@example.org", "Phone": None}], PLAIN)

    assert results == [RowResult(accepted=True, salesforce_id="00Q1", created=True)]
    assert _sent(org) == {
        "allOrNone": False,
        "records": [{"attributes": {"type": "Lead"}, "Email": "zoë@example.org", "Phone": None}],
    }
    assert meter.charged == ["collections"]


def test_update_and_create_know_what_they_did(org: responses.RequestsMock, session: Session) -> None:
    org.patch(COLLECTIONS, json=[DONE])
    org.post(COLLECTIONS, json=[DONE])

    (updated,) = rows.update(session, "Lead", [{"Id": "00Q1", "Phone": "1"}], PLAIN)
    (created,) = rows.create(session, "Lead", [{"LastName": "x"}], PLAIN)

    assert (updated.created, created.created) == (False, True)


def test_a_delete_names_the_records(org: responses.RequestsMock, session: Session) -> None:
    org.delete(COLLECTIONS, json=[DONE, {"success": False, "errors": [{"statusCode": "DELETE_FAILED"}]}])

    results = rows.delete(session, ["00Q1", "00Q2"])

    assert [result.code for result in results] == ["", "DELETE_FAILED"]
    query = parse_qs(urlsplit(str(org.calls[-1].request.url)).query)
    assert query == {"ids": ["00Q1,00Q2"], "allOrNone": ["false"]}


@pytest.mark.parametrize(
    ("options", "assign", "duplicates"),
    [
        (WriteOptions(), "FALSE", None),
        (WriteOptions(assignment_rule=True), "TRUE", None),
        (WriteOptions(duplicate_allow_save=True), "FALSE", "allowSave=true"),
    ],
)
def test_the_rules_of_the_org_are_always_named(
    org: responses.RequestsMock, session: Session, options: WriteOptions, assign: str, duplicates: str | None
) -> None:
    """Without a header Salesforce runs the active assignment rule on Leads and Cases."""
    org.patch(COLLECTIONS + "/Lead/Email", json=[DONE])

    rows.upsert(session, "Lead", "Email", [{"Email": "x"}], options)

    headers = org.calls[-1].request.headers
    assert headers["Sforce-Auto-Assign"] == assign
    assert headers["Sforce-Mru"] == "updateMru=false"
    assert headers.get("Sforce-Duplicate-Rule-Header") == duplicates


def test_an_update_never_runs_the_assignment_rule(org: responses.RequestsMock, session: Session) -> None:
    org.patch(COLLECTIONS, json=[DONE])

    rows.update(session, "Lead", [{"Id": "00Q1"}], WriteOptions(assignment_rule=True))

    assert org.calls[-1].request.headers["Sforce-Auto-Assign"] == "FALSE"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"Account.Ext__c": "A-1"}, {"Account": {"Ext__c": "A-1"}}),
        ({"Account.Ext__c": None}, {"AccountId": None}),
        ({"Parent__r.Ext__c": None}, {"Parent__c": None}),
        ({"ns__Parent__r.Ext__c": 7}, {"ns__Parent__r": {"Ext__c": 7}}),
        ({"User:Owner.Username": "u"}, {"Owner": {"attributes": {"type": "User"}, "Username": "u"}}),
        ({"User:Owner.Username": None}, {"OwnerId": None}),
        ({"Flag__c": False, "Score__c": 1.5}, {"Flag__c": False, "Score__c": 1.5}),
    ],
)
def test_parents_are_nested_and_a_cleared_parent_is_a_cleared_reference(
    row: Row, expected: dict[str, object]
) -> None:
    assert rows.records("Contact", [row]) == [{"attributes": {"type": "Contact"}, **expected}]


def test_names_are_encoded_in_the_address(org: responses.RequestsMock, session: Session) -> None:
    org.patch(COLLECTIONS + "/Lead/a%2Fb%3Fc", json=[DONE])
    rows.upsert(session, "Lead", "a/b?c", [{"a/b?c": "x"}], PLAIN)


@pytest.mark.parametrize("answer", [[], [DONE, DONE], {"hasErrors": True}, None, "done"])
def test_an_answer_of_another_length_acknowledges_nothing(
    org: responses.RequestsMock, session: Session, answer: object
) -> None:
    org.patch(COLLECTIONS + "/Lead/Email", json=answer)
    with pytest.raises(AnswerLost):
        rows.upsert(session, "Lead", "Email", [{"Email": "x"}], PLAIN)


def test_a_whole_refusal_has_its_code(org: responses.RequestsMock, session: Session) -> None:
    body = [{"errorCode": "JSON_PARSER_ERROR", "message": "Cannot deserialize ... someone@example.org"}]
    org.patch(COLLECTIONS + "/Lead/Email", json=body, status=400)

    with pytest.raises(SalesforceRefused) as caught:
        rows.upsert(session, "Lead", "Email", [{"Email": "x"}], PLAIN)

    assert (caught.value.code, caught.value.status) == ("JSON_PARSER_ERROR", 400)
    assert "someone" not in str(caught.value)


def test_no_rows_cost_no_call(web: responses.RequestsMock, session: Session, meter: CountingMeter) -> None:
    assert rows.upsert(session, "Lead", "Email", [], PLAIN) == []
    assert rows.delete(session, []) == []
    assert meter.charged == []


def test_more_than_200_rows_never_travel(web: responses.RequestsMock, session: Session) -> None:
    with pytest.raises(ValueError, match="201 rows"):
        rows.upsert(session, "Lead", "Email", [{"Email": str(n)} for n in range(201)], PLAIN)
