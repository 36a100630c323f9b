"""WHERE: what each operator takes."""

import pytest

from audiencesync.emulator.soql import execute

from .conftest import Ask, Refusal
from .org import ACME, ADA, C1, C2, C3, C4, Org

ALL = {C1, C2, C3, C4}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        # Text, without case; null counts as different, and an empty string is null.
        ("LastName = 'ADAMS'", {C1}),
        ("LastName != 'adams'", ALL - {C1}),
        ("LastName <> 'adams'", ALL - {C1}),
        ("FirstName != 'dan'", ALL - {C4}),
        ("FirstName = null", {C3}),
        ("FirstName = ''", {C3}),
        ("FirstName != null", ALL - {C3}),
        ("Email = null", {C3, C4}),
        ("LastName > 'b'", {C2, C3, C4}),
        ("LastName >= 'BAKER' AND LastName < 'd'", {C2, C3}),
        ("FirstName < 'zz'", {C1, C2, C4}),
        ("FirstName < null", set()),
        (r"LastName = 'O\'Neil_100%'", {C4}),
        (r"FirstName = 'Zo\u00eb'", {C1}),
        # Case-sensitive fields.
        ("Key__c = 'Abc'", {C1}),
        ("Key__c IN ('abc', 'ABC')", {C2}),
        ("Key__c LIKE 'A%'", {C1}),
        # LIKE.
        ("LastName LIKE '%A%'", {C1, C2, C3}),
        ("LastName LIKE '_lark'", {C3}),
        ("LastName LIKE 'lark'", set()),
        (r"LastName LIKE '%\_100\%'", {C4}),
        (r"LastName LIKE '%l\_%'", {C4}),
        (r"LastName LIKE '%k\_'", set()),
        ("LastName LIKE ''", set()),
        ("Email LIKE '%'", {C1, C2}),
        # IN.
        ("LastName IN ('adams', 'CLARK')", {C1, C3}),
        ("LastName NOT IN ('adams', 'CLARK')", {C2, C4}),
        ("FirstName IN (null, 'dan')", {C3, C4}),
        ("FirstName NOT IN ('dan')", {C1, C2, C3}),
        ("FirstName NOT IN ('dan', null)", {C1, C2}),
        # Multi-select picklists.
        ("Tags__c INCLUDES ('BLUE')", {C1, C2}),
        ("Tags__c INCLUDES ('red;blue', 'green')", {C1}),
        ("Tags__c EXCLUDES ('red')", {C2, C3, C4}),
        ("Tags__c = 'red;blue'", {C1}),
        # Numbers.
        ("Score__c = 9.5", {C1}),
        ("Score__c = 9.50", {C1}),
        ("Score__c > -3.0", {C1, C3}),
        ("Score__c <= 1e2", {C1, C2, C3}),
        ("Score__c != 100", {C1, C2, C4}),
        ("Score__c IN (100, -3)", {C2, C3}),
        # Booleans are never null.
        ("VIP__c = true", {C1}),
        ("VIP__c = FALSE", {C2, C3, C4}),
        ("VIP__c != null", {C1}),
        ("VIP__c = null", {C2, C3, C4}),
        ("VIP__c IN (null)", {C2, C3, C4}),
        # Dates and datetimes; today is Saturday 2026-11-21.
        ("Birthdate = 1990-02-28", {C1}),
        ("Birthdate > 1990-02-28", {C2}),
        ("Birthdate = null", {C3, C4}),
        ("CreatedDate = 2026-11-21T09:00:00+01:00", {C1}),
        ("CreatedDate >= 2026-11-20T23:59:59.000Z", {C1, C2}),
        ("CreatedDate = TODAY", {C1}),
        ("CreatedDate = yesterday", {C2}),
        ("CreatedDate < TODAY", {C2, C3, C4}),
        ("CreatedDate <= YESTERDAY", {C2, C3, C4}),
        ("CreatedDate > LAST_MONTH", {C1, C2}),
        ("CreatedDate >= LAST_MONTH", {C1, C2, C3}),
        ("CreatedDate != LAST_MONTH", {C1, C2, C4}),
        ("CreatedDate = LAST_N_DAYS:1", {C1, C2}),
        ("CreatedDate IN (TODAY, LAST_YEAR)", {C1, C4}),
        ("CreatedDate NOT IN (TODAY, LAST_YEAR)", {C2, C3}),
        ("Birthdate < THIS_YEAR", {C1, C2}),
        ("Birthdate != THIS_YEAR", ALL),
        ("CALENDAR_YEAR(CreatedDate) = 2026", {C1, C2, C3}),
        ("HOUR_IN_DAY(convertTimezone(CreatedDate)) = 23", {C2}),
        ("DAY_ONLY(CreatedDate) = 2026-11-20", {C2}),
        ("CALENDAR_MONTH(Birthdate) IN (2, 3)", {C1}),
        # Ids with 15 and with 18 characters, the latter in any case.
        (f"Id = '{C1[:15]}'", {C1}),
        (f"Id = '{C1}'", {C1}),
        (f"Id = '{C1.lower()}'", {C1}),
        (f"AccountId IN ('{ACME[:15]}')", {C1, C2}),
        (f"AccountId != '{ACME}'", {C3, C4}),
        (f"Id > '{C2}'", {C3, C4}),
        # Parents.
        ("Account.Name = 'acme'", {C1, C2}),
        ("Account.Name = null", {C4}),
        ("Account.Owner.Name LIKE 'Bob%'", {C1, C2}),
        ("Account.Owner.Manager.Name = 'Ada Admin'", {C1, C2}),
        ("Mentor__r.VIP__c = true", {C2}),
        ("Mentor__r.VIP__c = false", {C1, C3, C4}),
        ("Contact.LastName = 'Adams'", {C1}),
        # Logic.
        ("LastName = 'Adams' OR (FirstName = 'Dan' AND VIP__c = false)", {C1, C4}),
        ("(LastName = 'Adams' OR LastName = 'Clark') AND VIP__c = true", {C1}),
        ("NOT LastName = 'Adams'", ALL - {C1}),
        ("NOT (FirstName = 'Dan')", ALL - {C4}),
        ("(NOT FirstName LIKE 'd%') AND Score__c > 0", {C1, C3}),
        ("((LastName = 'Adams'))", {C1}),
    ],
)
def test_conditions_take_the_records_salesforce_takes(org: Org, condition: str, expected: set[str]) -> None:
    rows = execute(f"SELECT Id FROM Contact WHERE {condition}", org).rows

    assert {row["Id"] for row in rows} == expected


def test_names_and_keywords_are_read_in_any_case(ask: Ask) -> None:
    assert ask("select lastname from contact where LASTNAME like 'ad%' order by id limit 1") == ["Adams"]


def test_the_object_and_its_parents_may_have_aliases(ask: Ask) -> None:
    text = "SELECT c.LastName, a.Name FROM Contact c, c.Account a WHERE a.Name = 'Acme' AND c.VIP__c = true"

    assert ask(text) == ["Acme"]
    assert ask("SELECT x.Name FROM Account AS x WHERE x.Owner.Name = 'Bob Boss'") == ["Acme"]


def test_objects_may_be_called_like_keywords(ask: Ask) -> None:
    assert ask("SELECT Name FROM Group") == ["Queue"]


def test_a_polymorphic_parent_offers_the_fields_of_name(ask: Ask) -> None:
    assert ask("SELECT Subject FROM Task WHERE Who.Type = 'Lead'") == ["Write"]
    assert ask("SELECT Who.Type FROM Task") == ["Contact", "Lead", None]
    assert ask("SELECT Subject FROM Task WHERE What.Name = 'Acme'") == ["Call"]


def test_deleted_records_come_with_query_all_or_all_rows(org: Org) -> None:
    text = "SELECT LastName FROM Contact WHERE LastName = 'Gone'"

    assert execute(text, org).total_size == 0
    assert execute(text, org, include_deleted=True).total_size == 1
    assert execute(f"{text} ALL ROWS", org).total_size == 1


class TestIndexes:
    def test_an_id_never_needs_a_scan(self, org: Org) -> None:
        result = execute(
            f"SELECT Id FROM Contact WHERE LastName != null AND Id IN ('{C1}', '{C2[:15]}')", org
        )

        assert {row["Id"] for row in result.rows} == {C1, C2}
        assert org.scans == 0

    def test_an_indexed_text_field_needs_none_and_is_checked_again(self, org: Org) -> None:
        org.indexed |= {("Contact", "Key__c"), ("Contact", "Email")}

        assert execute("SELECT Id FROM Contact WHERE Key__c = 'abc'", org).rows[0]["Id"] == C2
        assert execute("SELECT Id FROM Contact WHERE Email IN ('ZOE@x.org')", org).total_size == 1
        assert org.scans == 0

    def test_deleted_records_of_an_index_stay_hidden(self, org: Org) -> None:
        org.indexed.add(("Contact", "LastName"))

        assert execute("SELECT Id FROM Contact WHERE LastName = 'Gone'", org).total_size == 0
        assert (
            execute("SELECT Id FROM Contact WHERE LastName = 'Gone'", org, include_deleted=True).total_size
            == 1
        )

    @pytest.mark.parametrize(
        "condition",
        [
            "Email = 'zoe@x.org' OR VIP__c = false",
            "NOT Email = 'zoe@x.org'",
            "Email IN ('a', null)",
            "Email = ''",
        ],
    )
    def test_other_conditions_are_never_narrowed(self, org: Org, condition: str) -> None:
        org.indexed.add(("Contact", "Email"))

        execute(f"SELECT Id FROM Contact WHERE {condition}", org)

        assert org.scans == 1


class TestSemiJoins:
    def test_ids_of_another_object_narrow_the_rows(self, ask: Ask) -> None:
        assert ask(
            "SELECT Name FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE VIP__c = true)"
        ) == ["Acme"]
        assert ask("SELECT Name FROM Account WHERE Id NOT IN (SELECT AccountId FROM Opportunity)") == [
            "Empty"
        ]

    def test_two_may_be_combined(self, ask: Ask) -> None:
        text = (
            "SELECT Name FROM Account WHERE Id IN (SELECT AccountId FROM Contact) AND Name != null "
            "AND Id IN (SELECT AccountId FROM Opportunity WHERE StageName = 'Won')"
        )

        assert ask(text) == ["Acme"]

    @pytest.mark.parametrize(
        ("condition", "words"),
        [
            ("Name = 'x' OR Id IN (SELECT AccountId FROM Contact)", "not allowed with the 'OR' operator"),
            ("NOT Id IN (SELECT AccountId FROM Contact)", "only allowed at the top level WHERE expressions."),
            (
                "Id IN (SELECT AccountId FROM Contact WHERE Id IN (SELECT WhoId FROM Task))",
                "Nesting of semi join sub-selects is not supported",
            ),
            ("Id IN (SELECT ParentId FROM Account)", "should not be on the same object type"),
            ("Id IN (SELECT WhatId FROM Task)", "Entity 'Task' is not supported for semi join inner selects"),
            ("Id IN (SELECT LastName FROM Contact)", "can only query id fields, cannot use: 'LastName'"),
            ("Id IN (SELECT Account.OwnerId FROM Contact)", "The inner select field 'Account.OwnerId'"),
            ("Parent.Id IN (SELECT AccountId FROM Contact)", "The left operand 'Parent.Id'"),
            ("Name IN (SELECT AccountId FROM Contact)", "must be an Id or reference field"),
            ("Id IN (SELECT AccountId FROM Contact LIMIT 1)", "cannot use ORDER BY, LIMIT"),
            ("Id IN (SELECT Id, AccountId FROM Contact)", "exactly one field"),
            (" AND ".join(["Id IN (SELECT AccountId FROM Contact)"] * 3), "Maximum 2 semi join sub-selects"),
        ],
    )
    def test_what_they_may_not(self, refusal: Refusal, condition: str, words: str) -> None:
        error = refusal(f"SELECT Id FROM Account WHERE {condition}")

        assert error.code == "MALFORMED_QUERY"
        assert words in error.message


def test_owner_lookup_reads_the_same_record_for_each_row(ask: Ask) -> None:
    assert ask(f"SELECT Owner.Name FROM Contact WHERE OwnerId = '{ADA}'") == ["Ada Admin"] * 3
