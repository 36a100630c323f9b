"""Queries and look-ups, describe and limits."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from urllib.parse import quote_plus

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from audiencesync.errors import SalesforceRefused, SalesforceUnavailable, UsageError
from audiencesync.objects import FilterValue, RecordType
from audiencesync.salesforce.describe import describe, dump, load
from audiencesync.salesforce.limits import Limit, api_versions, limits
from audiencesync.salesforce.picklists import MASTER, picklist_values
from audiencesync.salesforce.query import ENCODED_BYTES, query, select_matching
from audiencesync.salesforce.session import Session

from .helpers import API, INSTANCE, CountingMeter

LITERAL = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def _values(statement: str) -> list[str]:
    """The string literals of a statement, as Salesforce reads them."""
    found = LITERAL.findall(statement)
    return [re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[1]), text, flags=re.DOTALL) for text in found]


def test_pages_are_followed_as_they_are_needed(
    org: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    more = "/services/data/v66.0/query/01gRO0000016PIAYA2-2000"
    first = [{"attributes": {"type": "Lead"}, "Id": "1", "Owner": {"attributes": {}, "Username": "u"}}]
    org.get(API + "query/", json={"totalSize": 2, "done": False, "nextRecordsUrl": more, "records": first})
    org.get(INSTANCE + more, json={"totalSize": 2, "done": True, "records": [{"attributes": {}, "Id": "2"}]})

    found = query(session, "SELECT Id FROM Lead")

    assert next(found) == {"Id": "1", "Owner": {"Username": "u"}}
    assert meter.charged == ["query"]
    assert list(found) == [{"Id": "2"}]
    assert meter.charged == ["query", "query"]
    assert org.calls[1].request.params == {"q": "SELECT Id FROM Lead"}  # type: ignore[attr-defined]


def test_a_page_elsewhere_is_fetched_from_the_org(org: responses.RequestsMock, session: Session) -> None:
    """simple-salesforce glues host and path together; ours takes the path alone."""
    more = "/@evil.example/services/data/v66.0/query/x"
    org.get(API + "query/", json={"done": False, "nextRecordsUrl": more, "records": []})
    org.get(INSTANCE + more, json={"done": True, "records": []})

    assert list(query(session, "SELECT Id FROM Lead")) == []


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"records": None, "done": True},
        {"records": [], "done": False},
        {"records": [], "done": False, "nextRecordsUrl": "https://evil.example/"},
    ],
)
def test_an_answer_that_is_no_page_means_later(
    org: responses.RequestsMock, session: Session, answer: object
) -> None:
    org.get(API + "query/", json=answer)
    with pytest.raises(SalesforceUnavailable):
        list(query(session, "SELECT Id FROM Lead"))


def test_a_wrong_statement_is_a_refusal_of_ours(org: responses.RequestsMock, session: Session) -> None:
    org.get(API + "query/", json=[{"errorCode": "MALFORMED_QUERY", "message": "x"}], status=400)
    with pytest.raises(SalesforceRefused):
        list(query(session, "SELECT"))


def _by_one(field: str, values: Sequence[FilterValue]) -> list[str]:
    return list(select_matching("Lead", ["Id"], [field], [[value] for value in values]))


@given(st.lists(st.text(min_size=1, max_size=80), max_size=700))
def test_look_ups_respect_the_limits_and_lose_no_value(values: list[str]) -> None:
    statements = list(select_matching("Lead", ["Id", "Email"], ["Email"], [[value] for value in values]))

    read = [_values(statement) for statement in statements]
    assert [value for batch in read for value in batch] == list(dict.fromkeys(values))
    for statement, batch in zip(statements, read, strict=True):
        assert statement.startswith("SELECT Id, Email FROM Lead WHERE Email IN ('")
        assert len(batch) <= 200
        assert len(quote_plus(statement)) <= 12_000


def test_a_statement_has_two_hundred_values_at_most() -> None:
    addresses = [f"someone.with.a.long.name.{n}@example.org" for n in range(200)]
    short = [f"v{n}" for n in range(450)]

    assert len(_by_one("Email", addresses)) == 1
    assert [len(_values(each)) for each in _by_one("Email", short)] == [200, 200, 50]


def test_a_statement_of_long_values_stays_short_enough_to_travel() -> None:
    values = [f"{n} " + "名" * 200 for n in range(50)]
    statements = _by_one("Company", values)

    assert [value for each in statements for value in _values(each)] == values
    assert all(len(quote_plus(each)) <= 12_000 for each in statements)


def test_a_value_too_long_for_any_field_is_left_out() -> None:
    (statement,) = _by_one("Email", ["a" * 4001, "b", "é" * 3000])
    assert _values(statement) == ["b"]


def test_literals_have_their_own_form() -> None:
    values: list[FilterValue] = [
        1,
        1.5,
        True,
        date(2026, 1, 2),
        datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
    ]
    (statement,) = _by_one("X__c", values)
    assert statement.endswith("IN (1,1.5,true,2026-01-02,2026-01-02T03:04:05+00:00)")


def test_nothing_to_look_up_is_no_statement() -> None:
    assert _by_one("Email", []) == []


@pytest.mark.parametrize(
    ("object_name", "fields", "by"),
    [
        ("Lead WHERE", ["Id"], "Email"),
        ("Lead", ["Id, x"], "Email"),
        ("Lead", ["Id"], "Email IN ('') OR Name"),
    ],
)
def test_only_names_are_taken_as_names(object_name: str, fields: list[str], by: str) -> None:
    with pytest.raises(ValueError, match="characters"):
        list(select_matching(object_name, fields, [by], [["x"]]))


@given(st.lists(st.tuples(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80)), max_size=300))
def test_a_key_of_several_fields_is_looked_up_as_a_whole(values: list[tuple[str, str]]) -> None:
    where = "IsConverted = false"
    statements = list(select_matching("Lead", ["Id"], ["LastName", "Company"], values, where))

    read = [_values(statement) for statement in statements]
    assert [tuple(batch[at : at + 2]) for batch in read for at in range(0, len(batch), 2)] == list(
        dict.fromkeys(values)
    )
    for statement, batch in zip(statements, read, strict=True):
        assert statement.startswith("SELECT Id FROM Lead WHERE ((LastName = '")
        assert statement.endswith("')) AND (IsConverted = false)")
        assert len(batch) <= 400
        assert len(quote_plus(statement)) <= ENCODED_BYTES


def test_the_form_of_a_key_of_several_fields() -> None:
    keys: list[list[FilterValue]] = [["O'Hara", 1], ["x", 2]]
    (statement,) = select_matching("Lead", ["Id"], ["LastName", "Score__c"], keys)
    assert statement == (
        "SELECT Id FROM Lead WHERE "
        "((LastName = 'O\\'Hara' AND Score__c = 1) OR (LastName = 'x' AND Score__c = 2))"
    )


@pytest.mark.parametrize("value", [["a"], ["a", "b", "c"]])
def test_a_value_without_a_part_for_each_field_is_never_asked_for(value: list[str]) -> None:
    with pytest.raises(ValueError, match="zip"):
        list(select_matching("Lead", ["Id"], ["LastName", "Company"], [value]))


LEAD = {
    "name": "Lead",
    "label": "Lead",
    "createable": True,
    "updateable": True,
    "deletable": False,
    "keyPrefix": "00Q",
    "recordTypeInfos": [
        {
            "active": True,
            "available": False,
            "defaultRecordTypeMapping": False,
            "developerName": "Partner",
            "master": False,
            "name": "Partner lead",
            "recordTypeId": "01250000000Dk8f",
        },
        {
            "available": True,
            "defaultRecordTypeMapping": True,
            "master": True,
            "name": "Master",
            "recordTypeId": "012000000000000AAA",
        },
    ],
    "fields": [
        {"name": "Id", "label": "Lead ID", "type": "id", "length": 18, "idLookup": True},
        {
            "name": "LeadSource",
            "label": "Lead Source",
            "type": "picklist",
            "restrictedPicklist": True,
            "picklistValues": [{"active": True, "value": "Web"}, {"active": False, "value": "Fax"}],
        },
        {
            "name": "OwnerId",
            "label": "Owner",
            "type": "reference",
            "referenceTo": ["Group", "User"],
            "relationshipName": "Owner",
            "createable": True,
            "nillable": False,
            "defaultedOnCreate": True,
        },
        {"name": "Age__c", "label": "Age", "type": "int", "digits": 8, "precision": 0},
        {"name": "LastName", "label": "Last Name", "type": "string", "length": 80, "createable": True},
    ],
}


def test_an_object_is_described(org: responses.RequestsMock, session: Session, meter: CountingMeter) -> None:
    org.get(API + "sobjects/Lead/describe", json=LEAD)

    lead = describe(session, "Lead")

    source, owner, age, last_name = (
        lead.fields[name] for name in ("leadsource", "ownerid", "age__c", "lastname")
    )
    assert source.picklist_values == ("Web",)
    assert source.restricted_picklist
    assert owner.reference_to == ("Group", "User")
    assert (owner.relationship_name, owner.required_on_create) == ("Owner", False)
    assert age.precision == 8
    assert last_name.required_on_create
    assert lead.fields["id"].may_match
    assert (lead.createable, lead.deletable) == (True, False)
    partner, master = lead.record_types
    assert partner == RecordType(
        "01250000000Dk8fAAC",
        "Partner lead",
        "Partner",
        active=True,
        available=False,
        master=False,
        default=False,
    )
    assert (master.developer_name, master.active, master.master) == ("Master", True, True)
    assert lead.key_prefix == "00Q"
    assert meter.charged == ["describe"]
    assert load(dump(lead)) == lead


@pytest.mark.parametrize("text", ["[]", "{}", '{"format": 1}'])
def test_a_cached_description_of_another_format_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="format"):
        load(text)


@pytest.mark.parametrize(
    "document", [{}, [], {"name": "Lead", "fields": [{}]}, {"name": "Lead", "fields": 7}]
)
def test_a_description_that_cannot_be_read_means_later(
    org: responses.RequestsMock, session: Session, document: object
) -> None:
    org.get(API + "sobjects/Lead/describe", json=document)
    with pytest.raises(SalesforceUnavailable):
        describe(session, "Lead")


def test_the_picklists_of_a_record_type_are_read(
    org: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    hot = {"attributes": None, "label": "Hot!", "validFor": list[int](), "value": "Hot"}
    body = {"eTag": "e", "picklistFieldValues": {"Rating": {"values": [hot]}, "Empty__c": {"values": []}}}
    org.get(f"{API}ui-api/object-info/Lead/picklist-values/{MASTER}", json=body)

    assert picklist_values(session, "Lead", MASTER) == {"Rating": ("Hot",), "Empty__c": ()}
    assert meter.charged == ["picklists"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"picklistFieldValues": []},
        {"picklistFieldValues": {"a": 1}},
        {"picklistFieldValues": {"a": {}}},
    ],
)
def test_picklists_that_cannot_be_read_mean_later(
    org: responses.RequestsMock, session: Session, body: object
) -> None:
    org.get(f"{API}ui-api/object-info/Lead/picklist-values/{MASTER}", json=body)
    with pytest.raises(SalesforceUnavailable):
        picklist_values(session, "Lead", MASTER)


def test_an_unknown_object_is_a_refusal(org: responses.RequestsMock, session: Session) -> None:
    org.get(API + "sobjects/Nope/describe", json=[{"errorCode": "NOT_FOUND", "message": "x"}], status=404)
    with pytest.raises(SalesforceRefused) as caught:
        describe(session, "Nope")
    assert caught.value.code == "NOT_FOUND"


@pytest.mark.parametrize("name", ["", "Lead/../User", "Lead describe", "Ü"])
def test_a_name_that_is_no_api_name_is_never_sent(
    web: responses.RequestsMock, session: Session, name: str
) -> None:
    with pytest.raises(UsageError):
        describe(session, name)


def test_limits_are_read_as_far_as_they_can_be(org: responses.RequestsMock, session: Session) -> None:
    document = {
        "DailyApiRequests": {"Max": 15000, "Remaining": 14998, "Workbench": {"Max": 0, "Remaining": 0}},
        "Odd": {"Max": "many"},
        "Odder": 7,
    }
    org.get(API + "limits", json=document)
    assert limits(session) == {"DailyApiRequests": Limit(allowed=15000, remaining=14998)}


@pytest.mark.parametrize("document", [[], None, "x"])
def test_limits_of_no_shape_are_none(org: responses.RequestsMock, session: Session, document: object) -> None:
    org.get(API + "limits", body=json.dumps(document))
    if document is None:
        with pytest.raises(SalesforceUnavailable):
            limits(session)
    else:
        assert limits(session) == {}


def test_versions_are_free(org: responses.RequestsMock, session: Session, meter: CountingMeter) -> None:
    org.get(INSTANCE + "/services/data/", json=[{"version": "65.0"}, {"version": "66.0"}, {}])
    assert api_versions(session) == ("65.0", "66.0")
    assert meter.charged == []
