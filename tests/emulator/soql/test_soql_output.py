"""CSV rows and the `columns=true` document."""

import json
from collections.abc import Mapping

from audiencesync.emulator.soql import column_metadata, execute, prepare, to_csv_rows, to_json_records

from .org import C1, C4, Org


def test_csv_has_dotted_headers_and_plain_texts(org: Org) -> None:
    text = (
        "select id, lastname, account.owner.name, vip__c, score__c, birthdate, createddate, email "
        f"from contact where Id IN ('{C1}', '{C4}') ORDER BY Id"
    )

    header, first, last = to_csv_rows(execute(text, org, bulk=True))

    assert header == [
        "Id",
        "LastName",
        "Account.Owner.Name",
        "VIP__c",
        "Score__c",
        "Birthdate",
        "CreatedDate",
        "Email",
    ]
    assert first == [
        C1,
        "Adams",
        "Bob Boss",
        "true",
        "9.5",
        "1990-02-28",
        "2026-11-21T08:00:00.000Z",
        "zoe@x.org",
    ]
    assert last == [C4, "O'Neil_100%", "", "false", "", "", "2025-01-01T00:00:00.000Z", ""]


def test_a_checkbox_of_a_missing_parent_is_empty(org: Org) -> None:
    result = execute("SELECT Mentor__r.VIP__c, Account.IsDeleted FROM Contact ORDER BY LastName", org)

    assert list(to_csv_rows(result))[1:] == [["", "false"], ["true", "false"], ["", "false"], ["", ""]]


def test_csv_pages_repeat_the_header(org: Org) -> None:
    result = execute("SELECT Name FROM Account", org)

    assert list(to_csv_rows(result, start=1, stop=3)) == [["Name"], ["Globex"], ["Empty"]]


def test_csv_of_a_format_is_what_a_user_reads(org: Org) -> None:
    result = execute("SELECT FORMAT(AnnualRevenue) r FROM Account", org)

    assert list(to_csv_rows(result)) == [["r"], ["1,000.5"], ["250"], [""]]


def test_columns_are_described_without_reading_records(org: Org) -> None:
    plan = prepare(
        "SELECT Id, Name, Owner.Name, Owner.Manager.Name, (SELECT LastName FROM Contacts) FROM Account", org
    )

    document = column_metadata(plan.describe())

    assert org.scans == 0
    assert (document["entityName"], document["keyPrefix"]) == ("Account", "001")
    assert (document["groupBy"], document["idSelected"]) == (False, True)
    assert document["columnMetadata"][1] == {
        "aggregate": False,
        "apexType": "String",
        "booleanType": False,
        "columnName": "Name",
        "custom": False,
        "displayName": "Name",
        "foreignKeyName": None,
        "insertable": True,
        "joinColumns": [],
        "numberType": False,
        "textType": True,
        "updatable": True,
    }
    json.dumps(document)


def _headers(columns: list[Mapping[str, object]], prefix: str = "") -> list[str]:
    """Column headings as the Salesforce CLI derives them."""
    found = []
    for column in columns:
        name, joined = f"{prefix}{column['columnName']}", column["joinColumns"]
        assert isinstance(joined, list)
        if joined:
            found.extend(_headers(joined, f"{name}."))
        else:
            found.append(str(column["displayName"]) if column["aggregate"] else name)
    return found


def test_the_cli_finds_its_headings(org: Org) -> None:
    def headings(text: str) -> list[str]:
        return _headers(column_metadata(execute(text, org))["columnMetadata"])

    text = "SELECT Id, Owner.Name, Owner.Manager.Name, (SELECT LastName FROM Contacts) FROM Account"
    assert headings(text) == ["Id", "Owner.Name", "Owner.Manager.Name", "Contacts.LastName"]
    assert headings("SELECT COUNT(Id), MAX(Name) m FROM Account GROUP BY OwnerId") == [
        "COUNT(Id)",
        "MAX(Name)",
    ]
    assert headings("SELECT COUNT() FROM Account") == []
    text = "SELECT TYPEOF What WHEN Account THEN Name, AnnualRevenue ELSE Name END FROM Task"
    assert headings(text) == ["What.Name", "What.AnnualRevenue"]


def test_types_are_told_apart(org: Org) -> None:
    text = "SELECT VIP__c, Score__c, CreatedDate, Owner.Name FROM Contact"
    booleans, numbers, moments, parent = column_metadata(execute(text, org))["columnMetadata"]

    assert (booleans["booleanType"], booleans["custom"], booleans["apexType"]) == (True, True, "Boolean")
    assert (numbers["numberType"], numbers["apexType"]) == (True, "Double")
    assert (moments["insertable"], moments["updatable"]) == (False, False)
    assert (parent["foreignKeyName"], parent["apexType"]) == ("OwnerId", None)


def test_records_are_plain_json(org: Org) -> None:
    text = "SELECT FIELDS(ALL), Account.Name, (SELECT Id FROM Tasks) FROM Contact LIMIT 200"

    json.dumps(to_json_records(execute(text, org), "66.0"))
