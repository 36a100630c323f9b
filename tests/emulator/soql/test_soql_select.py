"""The field list, sorting and cutting, child subqueries, FIELDS() and TYPEOF."""

import pytest

from audiencesync.emulator.soql import SoqlError, execute, to_json_records

from .conftest import Ask, Refusal
from .org import ACME, ADA, BOB, C1, C2, EMPTY, GLOBEX, LEAD1, Org

BASE = "/services/data/v66.0/sobjects"


def one(org: Org, text: str) -> dict[str, object]:
    return to_json_records(execute(text, org), "66.0")[0]


class TestOrder:
    @pytest.mark.parametrize(
        ("order", "expected"),
        [
            ("FirstName", [None, "amy", "Dan", "Zoë"]),
            ("FirstName DESC", [None, "Zoë", "Dan", "amy"]),
            ("FirstName ASC NULLS LAST", ["amy", "Dan", "Zoë", None]),
            ("FirstName DESC NULLS LAST", ["Zoë", "Dan", "amy", None]),
            ("FirstName NULLS FIRST", [None, "amy", "Dan", "Zoë"]),
            ("Account.Name DESC NULLS LAST, LastName DESC", [None, "amy", "Zoë", "Dan"]),
            ("VIP__c DESC, Score__c", ["Zoë", "Dan", "amy", None]),
            ("CreatedDate DESC", ["Zoë", "amy", None, "Dan"]),
            ("CALENDAR_YEAR(CreatedDate), FirstName", ["Dan", None, "amy", "Zoë"]),
        ],
    )
    def test_sort_keys_nulls_and_directions(self, ask: Ask, order: str, expected: list[object]) -> None:
        assert ask(f"SELECT FirstName FROM Contact ORDER BY {order}") == expected

    def test_limit_and_offset_cut_after_sorting(self, ask: Ask) -> None:
        assert ask("SELECT LastName FROM Contact ORDER BY LastName LIMIT 2 OFFSET 1") == ["baker", "Clark"]
        assert ask("SELECT LastName FROM Contact ORDER BY LastName OFFSET 3") == ["O'Neil_100%"]
        assert ask("SELECT LastName FROM Contact LIMIT 0") == []

    def test_unsorted_rows_keep_the_order_of_the_org(self, ask: Ask) -> None:
        assert ask("SELECT Name FROM Account LIMIT 2") == ["Acme", "Globex"]

    def test_a_multipicklist_cannot_be_sorted_where_describe_says_so(self, refusal: Refusal) -> None:
        assert refusal("SELECT Id FROM Contact ORDER BY Tags__c").code == "MALFORMED_QUERY"


@pytest.mark.parametrize(
    "tail",
    [
        "FOR VIEW",
        "FOR REFERENCE",
        "FOR VIEW FOR REFERENCE",
        "FOR UPDATE",
        "WITH SECURITY_ENFORCED",
        "WITH USER_MODE",
        "UPDATE TRACKING",
        "UPDATE VIEWSTAT, TRACKING",
    ],
)
def test_clauses_for_the_user_interface_change_nothing(ask: Ask, tail: str) -> None:
    assert ask(f"SELECT Name FROM Lead {tail}") == ["Lea Lead"]


def test_a_scope_is_accepted(ask: Ask) -> None:
    assert ask("SELECT Name FROM Lead USING SCOPE mine WHERE Name != null") == ["Lea Lead"]


class TestRecords:
    def test_a_record_names_its_type_and_address_and_keeps_the_asked_order(self, org: Org) -> None:
        record = one(org, "select lastname, ID, vip__c FROM contact WHERE LastName = 'Adams'")

        assert record == {
            "attributes": {"type": "Contact", "url": f"{BASE}/Contact/{C1}"},
            "LastName": "Adams",
            "Id": C1,
            "VIP__c": True,
        }
        assert list(record) == ["attributes", "LastName", "Id", "VIP__c"]

    def test_values_are_written_by_type(self, org: Org) -> None:
        fields = "NumberOfEmployees, AnnualRevenue, Name, BillingAddress, IsDeleted, Description"
        record = one(org, f"SELECT {fields} FROM Account")
        contact = one(
            org, "SELECT Birthdate, CreatedDate, Score__c, Email FROM Contact ORDER BY Score__c NULLS LAST"
        )

        del record["attributes"], contact["attributes"]
        assert record == {
            "NumberOfEmployees": 10,
            "AnnualRevenue": 1000.5,
            "Name": "Acme",
            "BillingAddress": {"city": "Rome"},
            "IsDeleted": False,
            "Description": None,
        }
        assert contact == {
            "Birthdate": "2001-12-01",
            "CreatedDate": "2026-11-20T23:59:59.000+0000",
            "Score__c": -3.0,
            "Email": "AMY@x.org",
        }
        assert isinstance(contact["Score__c"], float)

    def test_an_org_may_keep_dates_as_text(self) -> None:
        row = {
            "Id": C1,
            "LastName": "x",
            "Birthdate": "1990-02-28",
            "CreatedDate": "2026-11-20T10:00:00.000Z",
        }
        org = Org({"Contact": [row]})

        record = one(org, "SELECT Birthdate, CreatedDate FROM Contact WHERE CreatedDate = YESTERDAY")

        assert record["Birthdate"] == "1990-02-28"
        assert record["CreatedDate"] == "2026-11-20T10:00:00.000+0000"
        assert execute("SELECT Id FROM Contact WHERE CALENDAR_YEAR(CreatedDate) = 2026", org).total_size == 1

    def test_parents_nest_and_are_merged_where_first_asked_for(self, org: Org) -> None:
        owner = "Account.Owner"
        record = one(org, f"SELECT Account.Name, Id, {owner}.Name, {owner}.Manager.Name FROM Contact")

        assert list(record) == ["attributes", "Account", "Id"]
        assert record["Account"] == {
            "attributes": {"type": "Account", "url": f"{BASE}/Account/{ACME}"},
            "Name": "Acme",
            "Owner": {
                "attributes": {"type": "User", "url": f"{BASE}/User/{BOB}"},
                "Name": "Bob Boss",
                "Manager": {
                    "attributes": {"type": "User", "url": f"{BASE}/User/{ADA}"},
                    "Name": "Ada Admin",
                },
            },
        }

    def test_a_missing_parent_is_null(self, org: Org) -> None:
        assert one(org, "SELECT Account.Owner.Name FROM Contact WHERE FirstName = 'Dan'")["Account"] is None

    def test_a_polymorphic_parent_is_a_name_at_the_address_of_its_object(self, org: Org) -> None:
        record = one(org, "SELECT Who.Name, Who.Type FROM Task WHERE Subject = 'Write'")

        assert record["Who"] == {
            "attributes": {"type": "Name", "url": f"{BASE}/Lead/{LEAD1}"},
            "Name": "Lea Lead",
            "Type": "Lead",
        }

    def test_labels_and_formats_keep_the_field_name_or_take_an_alias(self, org: Org) -> None:
        record = one(org, "SELECT toLabel(LastName), FORMAT(CreatedDate) made, FORMAT(Score__c) FROM Contact")

        del record["attributes"]
        assert record == {"LastName": "Adams", "made": "11/21/2026, 8:00 AM", "Score__c": "9.5"}

    def test_pages_are_slices_of_the_rows(self, org: Org) -> None:
        result = execute("SELECT Name FROM Account", org)

        assert [each["Name"] for each in to_json_records(result, "v66.0", start=1, stop=2)] == ["Globex"]
        assert result.total_size == 3
        assert result.object_name == "Account"


class TestChildren:
    def test_children_come_as_a_finished_result_or_null(self, org: Org) -> None:
        result = execute(
            "SELECT Name, (SELECT LastName, Owner.Name FROM Contacts WHERE LastName != 'x' "
            "ORDER BY LastName DESC LIMIT 1), (SELECT Id FROM Opportunities) FROM Account",
            org,
        )
        acme, globex, empty = to_json_records(result, "66.0")

        assert acme["Contacts"] == {
            "totalSize": 1,
            "done": True,
            "records": [
                {
                    "attributes": {"type": "Contact", "url": f"{BASE}/Contact/{C2}"},
                    "LastName": "baker",
                    "Owner": {
                        "attributes": {"type": "User", "url": f"{BASE}/User/{ADA}"},
                        "Name": "Ada Admin",
                    },
                }
            ],
        }
        assert acme["Opportunities"]["totalSize"] == 2
        assert globex["Contacts"]["records"][0]["LastName"] == "Clark"
        assert empty["Contacts"] is None
        assert org.scans == 3

    def test_an_index_on_the_reference_spares_the_scan(self, org: Org) -> None:
        org.indexed.add(("Contact", "AccountId"))

        result = execute("SELECT (SELECT LastName FROM Contacts) FROM Account", org)
        acme = to_json_records(result, "66.0")[0]

        assert [each["LastName"] for each in acme["Contacts"]["records"]] == ["Adams", "baker"]
        assert org.scans == 1

    def test_they_nest_and_may_name_the_parent_object(self, org: Org) -> None:
        text = "SELECT (SELECT Id, (SELECT Subject FROM Tasks) FROM Account.Contacts) FROM Account LIMIT 1"
        acme = to_json_records(execute(text, org), "66.0")[0]

        assert acme["Contacts"]["records"][0]["Tasks"]["records"][0]["Subject"] == "Call"

    def test_custom_relationships(self, org: Org) -> None:
        record = one(org, "SELECT (SELECT LastName FROM Mentees__r) FROM Contact")

        assert record["Mentees__r"]["records"][0]["LastName"] == "baker"  # type: ignore[index]

    def test_aggregates_belong_to_the_root(self, refusal: Refusal) -> None:
        assert (
            "Only root queries support aggregate expressions"
            in refusal("SELECT Id, (SELECT COUNT(Id) FROM Contacts) FROM Account").message
        )
        assert refusal("SELECT Id, (SELECT COUNT() FROM Contacts) FROM Account").code == "MALFORMED_QUERY"
        assert refusal("SELECT COUNT(Id), (SELECT Id FROM Contacts) FROM Account").code == "MALFORMED_QUERY"

    def test_five_levels_are_the_limit(self, org: Org, refusal: Refusal) -> None:
        def nested(depth: int) -> str:
            inner = "Id" if depth == 0 else f"Id, ({nested(depth - 1)})"
            return f"SELECT {inner} FROM Mentees__r"

        execute(f"SELECT Id, ({nested(3)}) FROM Contact", org)
        assert "deeper than 5" in refusal(f"SELECT Id, ({nested(4)}) FROM Contact").message


class TestFields:
    def test_all_standard_and_custom_expand_in_describe_order(self, org: Org) -> None:
        def names(group: str) -> list[str]:
            return [
                each.name for each in execute(f"SELECT FIELDS({group}) FROM Contact LIMIT 200", org).columns
            ]

        assert names("custom") == ["VIP__c", "Score__c", "Tags__c", "Key__c", "Mentor__c", "Notes__c"]
        assert names("STANDARD")[:4] == ["Id", "IsDeleted", "FirstName", "LastName"]
        assert sorted(names("ALL")) == sorted(names("CUSTOM") + names("STANDARD"))

    @pytest.mark.parametrize("tail", ["", "LIMIT 201", "WHERE LastName = 'x'", f"WHERE Id != '{C1}'"])
    def test_unbounded_groups_need_a_limit_of_at_most_200(self, refusal: Refusal, tail: str) -> None:
        error = refusal(f"SELECT FIELDS(ALL) FROM Contact {tail}")

        assert (error.code, error.message) == (
            "MALFORMED_QUERY",
            "The SOQL FIELDS function must have a LIMIT of at most 200",
        )

    @pytest.mark.parametrize(
        "tail",
        ["LIMIT 200", f"WHERE Id = '{C1}'", f"WHERE Id IN ('{C1}')", f"WHERE Id = '{C1}' OR Id = '{C2}'"],
    )
    def test_or_a_condition_on_few_ids(self, org: Org, tail: str) -> None:
        execute(f"SELECT FIELDS(ALL) FROM Contact {tail}", org)

    def test_standard_is_bounded(self, org: Org) -> None:
        assert execute("SELECT FIELDS(STANDARD), Key__c FROM Contact", org).total_size == 4

    def test_a_field_named_twice_is_refused(self, refusal: Refusal) -> None:
        error = refusal("SELECT Id, FIELDS(ALL) FROM User LIMIT 200")

        assert (error.code, error.message) == ("INVALID_FIELD", "duplicate field selected: Id")

    def test_an_empty_expansion_is_refused(self, refusal: Refusal) -> None:
        assert refusal("SELECT FIELDS(CUSTOM) FROM User LIMIT 1").message == (
            "'FIELDS(...)' expansion function must result in at least one field being selected."
        )


class TestTypeOf:
    TEXT = (
        "SELECT Subject, TYPEOF What WHEN Account THEN Name, Owner.Name WHEN Opportunity THEN Amount END, "
        "TYPEOF Who WHEN Contact THEN LastName ELSE Name, Type END FROM Task"
    )

    def test_the_fields_follow_the_object_of_the_parent(self, org: Org) -> None:
        call, write, think = to_json_records(execute(self.TEXT, org), "66.0")

        assert call["What"]["attributes"]["type"] == "Account"
        assert call["What"]["Owner"]["Name"] == "Bob Boss"
        assert call["Who"]["LastName"] == "Adams"
        assert write["What"] is None
        assert write["Who"] == {
            "attributes": {"type": "Name", "url": f"{BASE}/Lead/{LEAD1}"},
            "Name": "Lea Lead",
            "Type": "Lead",
        }
        assert think["Who"] is None

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("SELECT TYPEOF Account WHEN Account THEN Name END FROM Contact", "MALFORMED_QUERY"),
            ("SELECT TYPEOF What WHEN Nope THEN Name END FROM Task", "INVALID_TYPE"),
            ("SELECT TYPEOF What WHEN Account THEN Nope END FROM Task", "INVALID_FIELD"),
            ("SELECT TYPEOF What WHEN Account THEN Name ELSE Amount END FROM Task", "INVALID_FIELD"),
            ("SELECT COUNT(Id), TYPEOF What WHEN Account THEN Name END FROM Task", "MALFORMED_QUERY"),
        ],
    )
    def test_what_it_may_not(self, refusal: Refusal, text: str, code: str) -> None:
        assert refusal(text).code == code


class TestCount:
    def test_a_lone_count_has_a_total_and_no_records(self, org: Org) -> None:
        result = execute("SELECT count() FROM Contact WHERE AccountId != null", org)

        assert (result.total_size, result.is_count, list(result.rows)) == (3, True, [])
        assert to_json_records(result, "66.0") == []

    def test_it_stops_at_the_limit(self, org: Org) -> None:
        assert execute("SELECT COUNT() FROM Contact LIMIT 2", org).total_size == 2


class TestBulk:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (
                "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
                "Aggregate Relationships not supported in Bulk V2 Query with CSV content type",
            ),
            ("SELECT BillingAddress FROM Account", "Selecting compound data not supported in Bulk Query"),
            ("SELECT COUNT() FROM Account", "Aggregate functions"),
            ("SELECT MAX(Name) FROM Account", "Aggregate functions"),
            ("SELECT Name FROM Account GROUP BY Name", "GROUP BY"),
            ("SELECT Name FROM Account OFFSET 1", "OFFSET"),
            ("SELECT TYPEOF What WHEN Account THEN Name END FROM Task", "TYPEOF"),
            ("SELECT FIELDS(ALL) FROM Account LIMIT 200", "unbounded set of fields"),
        ],
    )
    def test_jobs_refuse_what_needs_rest(self, org: Org, text: str, words: str) -> None:
        execute(text, org)

        with pytest.raises(SoqlError, match=words):
            execute(text, org, bulk=True)

    def test_jobs_take_the_rest(self, org: Org) -> None:
        text = "SELECT Id, Owner.Name FROM Account WHERE CALENDAR_YEAR(Parent.IsDeleted__c) = 1"
        with pytest.raises(SoqlError, match="No such column"):
            execute(text, org, bulk=True)

        rows = execute("SELECT Id FROM Account ORDER BY Name DESC LIMIT 2", org, bulk=True).rows
        assert [row["Id"] for row in rows] == [GLOBEX, EMPTY]
