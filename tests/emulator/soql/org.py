"""A tiny org in memory: enough objects and records to ask every kind of question."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from audiencesync.emulator.soql.literals import long_id

Record = Mapping[str, object]

NOW = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)  # a Saturday


@dataclass(frozen=True)
class Field:
    name: str
    type: str = "string"
    label: str = ""
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    aggregatable: bool = True
    case_sensitive: bool = False
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    createable: bool = True
    updateable: bool = True


def reference(name: str, relationship: str, *targets: str) -> Field:
    return Field(name, "reference", reference_to=targets, relationship_name=relationship)


def long_text(name: str) -> Field:
    return Field(name, "textarea", filterable=False, sortable=False, groupable=False, aggregatable=False)


@dataclass
class Thing:
    name: str
    label: str
    key_prefix: str
    fields: Mapping[str, Field]
    child_relationships: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def thing(name: str, prefix: str, *fields: Field, children: tuple[tuple[str, str, str], ...] = ()) -> Thing:
    known = (
        Field("Id", "id", createable=False, updateable=False),
        Field("IsDeleted", "boolean", aggregatable=False),
        *fields,
    )
    return Thing(
        name,
        name,
        prefix,
        {each.name.lower(): each for each in known},
        {relation.lower(): (child, link, relation) for relation, child, link in children},
    )


def make_id(prefix: str, number: int) -> str:
    found = long_id(f"{prefix}Em{number:010d}")
    assert found is not None
    return found


ACCOUNT = thing(
    "Account",
    "001",
    Field("Name"),
    Field("AnnualRevenue", "currency"),
    Field("NumberOfEmployees", "int"),
    reference("OwnerId", "Owner", "User"),
    reference("ParentId", "Parent", "Account"),
    Field("BillingAddress", "address", filterable=True, groupable=False),
    long_text("Description"),
    children=(("Contacts", "Contact", "AccountId"), ("Opportunities", "Opportunity", "AccountId")),
)
CONTACT = thing(
    "Contact",
    "003",
    Field("FirstName"),
    Field("LastName"),
    Field("Email", "email"),
    Field("Birthdate", "date", aggregatable=True),
    Field("CreatedDate", "datetime", createable=False, updateable=False),
    Field("VIP__c", "boolean", aggregatable=False, groupable=True),
    Field("Score__c", "double"),
    Field("Tags__c", "multipicklist", sortable=False, groupable=False),
    Field("Key__c", case_sensitive=True),
    reference("AccountId", "Account", "Account"),
    reference("OwnerId", "Owner", "User"),
    reference("Mentor__c", "Mentor__r", "Contact"),
    long_text("Description"),
    long_text("Notes__c"),
    children=(("Tasks", "Task", "WhoId"), ("Mentees__r", "Contact", "Mentor__c")),
)
OPPORTUNITY = thing(
    "Opportunity",
    "006",
    Field("Name"),
    Field("StageName", "picklist"),
    Field("Amount", "currency"),
    Field("CloseDate", "date"),
    reference("AccountId", "Account", "Account"),
)
TASK = thing(
    "Task",
    "00T",
    Field("Subject"),
    reference("WhoId", "Who", "Contact", "Lead"),
    reference("WhatId", "What", "Account", "Opportunity"),
)
LEAD = thing("Lead", "00Q", Field("Name"), Field("Company"))
USER = thing("User", "005", Field("Name"), Field("Username"), reference("ManagerId", "Manager", "User"))
GROUP = thing("Group", "00G", Field("Name"))

ADA, BOB = make_id("005", 1), make_id("005", 2)
ACME, GLOBEX, EMPTY = make_id("001", 1), make_id("001", 2), make_id("001", 3)
C1, C2, C3, C4, GONE = (make_id("003", number) for number in range(1, 6))
LEAD1 = make_id("00Q", 1)


def _records() -> dict[str, list[Record]]:
    return {
        "User": [
            {"Id": ADA, "Name": "Ada Admin", "Username": "ada@x.org"},
            {"Id": BOB, "Name": "Bob Boss", "Username": "bob@x.org", "ManagerId": ADA},
        ],
        "Account": [
            {
                "Id": ACME,
                "Name": "Acme",
                "AnnualRevenue": 1000.5,
                "NumberOfEmployees": 10,
                "OwnerId": BOB,
                "BillingAddress": {"city": "Rome"},
            },
            {"Id": GLOBEX, "Name": "Globex", "AnnualRevenue": 250.0, "OwnerId": ADA, "ParentId": ACME},
            {"Id": EMPTY, "Name": "Empty", "OwnerId": ADA},
        ],
        "Contact": [
            {
                "Id": C1,
                "FirstName": "Zoë",
                "LastName": "Adams",
                "Email": "zoe@x.org",
                "VIP__c": True,
                "Score__c": 9.5,
                "Tags__c": "red;blue",
                "AccountId": ACME,
                "OwnerId": BOB,
                "Key__c": "Abc",
                "Birthdate": date(1990, 2, 28),
                "CreatedDate": datetime(2026, 11, 21, 8, tzinfo=UTC),
                "Description": "long",
            },
            {
                "Id": C2,
                "FirstName": "amy",
                "LastName": "baker",
                "Email": "AMY@x.org",
                "Score__c": -3,
                "Tags__c": "blue",
                "AccountId": ACME,
                "OwnerId": ADA,
                "Key__c": "abc",
                "Mentor__c": C1,
                "Birthdate": date(2001, 12, 1),
                "CreatedDate": datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC),
            },
            {
                "Id": C3,
                "LastName": "Clark",
                "AccountId": GLOBEX,
                "OwnerId": ADA,
                "Score__c": 100,
                "CreatedDate": datetime(2026, 10, 31, 12, tzinfo=UTC),
            },
            {
                "Id": C4,
                "FirstName": "Dan",
                "LastName": "O'Neil_100%",
                "OwnerId": ADA,
                "Email": "",
                "CreatedDate": datetime(2025, 1, 1, tzinfo=UTC),
            },
            {
                "Id": GONE,
                "LastName": "Gone",
                "IsDeleted": True,
                "AccountId": ACME,
                "CreatedDate": datetime(2025, 1, 1, tzinfo=UTC),
            },
        ],
        "Opportunity": [
            {
                "Id": make_id("006", 1),
                "Name": "Big",
                "StageName": "Won",
                "Amount": 500.0,
                "AccountId": ACME,
                "CloseDate": date(2026, 11, 30),
            },
            {
                "Id": make_id("006", 2),
                "Name": "Small",
                "StageName": "Won",
                "Amount": 20.25,
                "AccountId": ACME,
                "CloseDate": date(2026, 1, 15),
            },
            {
                "Id": make_id("006", 3),
                "Name": "Lost",
                "StageName": "Lost",
                "AccountId": GLOBEX,
                "CloseDate": date(2025, 6, 1),
            },
        ],
        "Task": [
            {"Id": make_id("00T", 1), "Subject": "Call", "WhoId": C1, "WhatId": ACME},
            {"Id": make_id("00T", 2), "Subject": "Write", "WhoId": LEAD1},
            {"Id": make_id("00T", 3), "Subject": "Think"},
        ],
        "Lead": [{"Id": LEAD1, "Name": "Lea Lead", "Company": "New"}],
        "Group": [{"Id": make_id("00G", 1), "Name": "Queue"}],
    }


class Org:
    """Implements the engine's view of an org over lists of dicts.

    `indexed` names (object, field) pairs that `find` answers; `scans` counts full reads.
    """

    def __init__(self, records: dict[str, list[Record]] | None = None) -> None:
        self.things = {
            each.name.lower(): each for each in (ACCOUNT, CONTACT, OPPORTUNITY, TASK, LEAD, USER, GROUP)
        }
        self.data = _records() if records is None else records
        self.indexed: set[tuple[str, str]] = set()
        self.scans = 0

    def hide(self, object_name: str, field_name: str) -> None:
        old = self.things[object_name.lower()]
        kept = {key: each for key, each in old.fields.items() if key != field_name.lower()}
        self.things[object_name.lower()] = replace(old, fields=kept)

    def object(self, name: str) -> Thing | None:
        return self.things.get(name.lower())

    def records(self, object_name: str, include_deleted: bool) -> Iterable[Record]:
        self.scans += 1
        return [
            record
            for record in self.data.get(object_name, [])
            if include_deleted or record.get("IsDeleted") is not True
        ]

    def record(self, object_name: str, id18: str) -> Record | None:
        return next((each for each in self.data.get(object_name, []) if each["Id"] == id18), None)

    def find(self, object_name: str, field: str, values: Collection[str]) -> Iterable[Record] | None:
        if (object_name, field) not in self.indexed:
            return None
        wanted = {value.lower() for value in values}
        return [each for each in self.data[object_name] if str(each.get(field, "")).lower() in wanted]

    def now(self) -> datetime:
        return NOW
