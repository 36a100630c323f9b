"""Aggregates, GROUP BY, ROLLUP and CUBE, HAVING."""

from decimal import Decimal

import pytest

from audiencesync.emulator.soql import execute, to_json_records

from .conftest import Refusal
from .org import C1, Org, Record, make_id


def groups(org: Org, text: str) -> list[dict[str, object]]:
    records = to_json_records(execute(text, org), "66.0")
    for record in records:
        assert record.pop("attributes") == {"type": "AggregateResult"}
    return records


def test_each_group_is_a_row_and_unnamed_aggregates_are_counted(org: Org) -> None:
    text = (
        "SELECT StageName, COUNT(Id), SUM(Amount) total, MAX(CloseDate) FROM Opportunity GROUP BY StageName"
    )

    assert groups(org, text) == [
        {"StageName": "Won", "expr0": 2, "total": 520.25, "expr1": "2026-11-30"},
        {"StageName": "Lost", "expr0": 1, "total": None, "expr1": "2025-06-01"},
    ]


def test_totals_need_no_group(org: Org) -> None:
    fields = "COUNT(Id) all, COUNT(Amount), COUNT_DISTINCT(StageName), AVG(Amount), MIN(Name) end"
    text = f"SELECT {fields} FROM Opportunity"

    assert groups(org, text) == [{"all": 3, "expr0": 2, "expr1": 2, "expr2": 260.125, "end": "Big"}]


def test_a_total_of_nothing_is_still_one_row(org: Org) -> None:
    text = "SELECT COUNT(Id), SUM(Amount) FROM Opportunity WHERE Name = 'none'"

    assert groups(org, text) == [{"expr0": 0, "expr1": None}]
    assert groups(org, text + " GROUP BY Name") == []


def test_integers_stay_integers_and_decimals_add_exactly() -> None:
    rows: list[Record] = [
        {"Id": make_id("001", 1), "NumberOfEmployees": 2, "AnnualRevenue": 0.1},
        {"Id": make_id("001", 2), "NumberOfEmployees": 3, "AnnualRevenue": Decimal("0.2")},
    ]

    found = groups(Org({"Account": rows}), "SELECT SUM(NumberOfEmployees), SUM(AnnualRevenue) FROM Account")

    assert found == [{"expr0": 5, "expr1": 0.3}]
    assert isinstance(found[0]["expr0"], int)


def test_fields_of_parents_and_date_functions_group(org: Org) -> None:
    assert groups(org, "SELECT Account.Name, COUNT(Id) n FROM Contact GROUP BY Account.Name") == [
        {"Name": "Acme", "n": 2},
        {"Name": "Globex", "n": 1},
        {"Name": None, "n": 1},
    ]
    assert groups(
        org,
        "SELECT CALENDAR_YEAR(CloseDate), CALENDAR_QUARTER(CloseDate) q, COUNT(Id) FROM Opportunity "
        "GROUP BY CALENDAR_YEAR(CloseDate), CALENDAR_QUARTER(CloseDate)",
    ) == [
        {"expr0": 2026, "q": 4, "expr1": 1},
        {"expr0": 2026, "q": 1, "expr1": 1},
        {"expr0": 2025, "q": 2, "expr1": 1},
    ]


def test_a_group_without_aggregates_lists_distinct_values(org: Org) -> None:
    assert groups(org, "SELECT VIP__c v FROM Contact GROUP BY VIP__c") == [{"v": True}, {"v": False}]


def test_having_filters_groups_and_order_sorts_them(org: Org) -> None:
    text = "SELECT StageName, COUNT(Id) FROM Opportunity GROUP BY StageName"

    assert [each["StageName"] for each in groups(org, f"{text} HAVING COUNT(Id) > 1")] == ["Won"]
    assert [
        each["StageName"] for each in groups(org, f"{text} HAVING StageName LIKE 'L%' OR SUM(Amount) > 1e6")
    ] == ["Lost"]
    assert [each["StageName"] for each in groups(org, f"{text} ORDER BY COUNT(Id)")] == ["Lost", "Won"]
    assert [
        each["StageName"] for each in groups(org, f"{text} ORDER BY SUM(Amount) DESC NULLS LAST LIMIT 1")
    ] == ["Won"]


def test_rollup_and_cube_add_subtotals(org: Org) -> None:
    start = (
        "SELECT StageName, Account.Name a, GROUPING(Account.Name) g, COUNT(Id) n FROM Opportunity GROUP BY"
    )

    rolled = groups(org, f"{start} ROLLUP(StageName, Account.Name)")
    cubed = groups(org, f"{start} CUBE(StageName, Account.Name)")

    assert rolled == [
        {"StageName": "Won", "a": "Acme", "g": 0, "n": 2},
        {"StageName": "Lost", "a": "Globex", "g": 0, "n": 1},
        {"StageName": "Won", "a": None, "g": 1, "n": 2},
        {"StageName": "Lost", "a": None, "g": 1, "n": 1},
        {"StageName": None, "a": None, "g": 1, "n": 3},
    ]
    assert len(cubed) == 7
    assert {"StageName": None, "a": "Acme", "g": 0, "n": 2} in cubed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT Name, COUNT(Id) FROM Account", "Field must be grouped or aggregated: Name"),
        ("SELECT Name, COUNT(Id) FROM Account GROUP BY OwnerId", "Field must be grouped or aggregated: Name"),
        (
            "SELECT FIELDS(STANDARD), COUNT(Id) FROM Account GROUP BY Id",
            "Field must be grouped or aggregated",
        ),
        ("SELECT COUNT(Id) FROM Account GROUP BY Name ORDER BY OwnerId", "Ordered field must be grouped or"),
        ("SELECT COUNT(Id) FROM Account GROUP BY Name HAVING OwnerId != null", "Field must be grouped or"),
        ("SELECT COUNT(Id), GROUPING(Name) FROM Account GROUP BY OwnerId", "Field must be grouped or"),
        (
            "SELECT MAX(Name) FROM Account LIMIT 1",
            "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
        ),
        ("SELECT COUNT(Id) n, MAX(Id) N FROM Account", "duplicate alias: N"),
        ("SELECT MAX(Id, Name) FROM Account", "arguments for MAX"),
        (
            "SELECT Name FROM Account GROUP BY ROLLUP(Name), OwnerId",
            "takes at most 3 fields and stands alone",
        ),
        ("SELECT Name FROM Account GROUP BY ROLLUP('x')", "unexpected token: 'x'"),
        (
            "SELECT COUNT(Id) FROM Account GROUP BY Name HAVING Id IN (SELECT AccountId FROM Contact)",
            "semi join",
        ),
    ],
)
def test_what_groups_refuse(refusal: Refusal, text: str, words: str) -> None:
    error = refusal(text)

    assert error.code == "MALFORMED_QUERY"
    assert words in error.message


def test_more_groups_than_one_answer_holds_are_refused(refusal: Refusal) -> None:
    rows: list[Record] = [{"Id": make_id("001", number), "Name": str(number)} for number in range(2001)]
    many = Org({"Account": rows})

    assert execute("SELECT Name FROM Account GROUP BY Name LIMIT 2000", many).total_size == 2000
    with pytest.raises(Exception, match=r"Aggregate query does not support queryMore") as caught:
        execute("SELECT Name FROM Account GROUP BY Name", many)
    assert getattr(caught.value, "code", None) == "EXCEEDED_ID_LIMIT"


def test_the_columns_tell_the_function(org: Org) -> None:
    result = execute(f"SELECT Name n, COUNT(Id) FROM Account WHERE Id != '{C1}' GROUP BY Name", org)

    assert [(each.name, each.function, each.aggregate, each.display_name) for each in result.columns] == [
        ("n", None, True, "Name"),
        ("expr0", "COUNT", True, "COUNT(Id)"),
    ]
