"""Values of every type on both routes: what Salesforce stores is what we believe; nothing is sent twice."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audiencesync.export.recovery import LONGEST_REQUEST
from audiencesync.export.values import from_json
from audiencesync.records import Route
from audiencesync.salesforce.describe import load
from tests.world import Org, World, person, running_org, send_by_bulk

if TYPE_CHECKING:
    from audiencesync.objects import FieldType

LONG = [f"Long{number}__c" for number in range(1, 14)]
"""Enough of them to hold more than a line of a Bulk file may."""

KINDS: dict[str, dict[str, Any]] = {
    "Key__c": {"type": "Text", "length": 80, "externalId": True, "unique": True},
    "Text__c": {"type": "Text", "length": 20},
    "Area__c": {"type": "TextArea"},
    **{name: {"type": "LongTextArea", "length": 131_072} for name in LONG},
    "Email__c": {"type": "Email"},
    "Phone__c": {"type": "Phone"},
    "Url__c": {"type": "Url"},
    "Number__c": {"type": "Number", "precision": 8, "scale": 2},
    "Whole__c": {"type": "Number", "precision": 15, "scale": 0},
    "Long__c": {"type": "Number", "precision": 18, "scale": 0},
    "Money__c": {"type": "Currency", "precision": 15, "scale": 2},
    "Share__c": {"type": "Percent", "precision": 5, "scale": 1},
    "Flag__c": {"type": "Checkbox", "defaultValue": False},
    "Date__c": {"type": "Date"},
    "Moment__c": {"type": "DateTime"},
    "Time__c": {"type": "Time"},
    "Level__c": {"type": "Picklist", "values": ["Gold", "Silver"]},
    "Tags__c": {"type": "MultiselectPicklist", "values": ["a", "B", "c d"]},
    "Lead__c": {"type": "Lookup", "referenceTo": "Lead"},
}

SPACE = ["\t{} ", "\u00a0{}\u3000", "\r\n{}\n"]
"""What a text loses, and a value of another type as well."""

ODD: dict[str, list[str]] = {
    "Text__c": [
        " \u00a0 ",
        "\u2003em space\u3000",
        "🦜" * 10,
        "#N/A",
        'say "hi", twice',
        "two\r\nlines",
        "\x0b",
        "0",
    ],
    "Area__c": ["trailing \n\n", "a\r\nb\rc", "\u00a0x", "\tx"],
    "Long1__c": ["x" * 32_001, "é" * 131_072, "🦜" * 65_536, ","],
    "Email__c": [" ADA@Example.COM ", "żółć@example.com"],
    "Phone__c": ["+1 555", "00 49", "5" * 40],
    "Url__c": ["https://example.com/?q=a b", "HTTP://EXAMPLE.COM"],
    "Number__c": ["1e3", "0.005", "-0.005", "-0.001", "999999.994", "1.10", "+5", ".5", "  7 ", "1e-20"],
    "Whole__c": ["123456789012345", "-0.5", "0.49", "1.0"],
    "Money__c": ["1234567890123.45", "0.30000000000000004", "2.675"],
    "Share__c": ["55", "99.95", "-0.04"],
    "Flag__c": ["yes", "F", "1", "TRUE"],
    "Date__c": ["2024-02-01T00:30:00+02:00", "2024-1-5", "1700-01-01", "4000-12-31"],
    "Moment__c": [
        "2024-01-31 10:00:00.999999",
        "1969-12-31T23:59:59.5Z",
        "4000-12-31",
        "2024-06-01 10:00+05:30",
    ],
    "Time__c": ["9:05", "23:59:59.9999", "10:00:00Z"],
    "Level__c": ["GOLD", " silver ", "Gold"],
    "Tags__c": ["b;a; A", "C D", ";;a;"],
}

WRONG = {
    "Text__c": [
        ("x" * 21, "STRING_TOO_LONG"),
        ("a\x01b", "CONTROL_CHARACTER"),
        ("a\ufffeb", "CONTROL_CHARACTER"),
    ],
    "Email__c": [("nobody", "INVALID_EMAIL_ADDRESS"), ("a b@example.com", "INVALID_EMAIL_ADDRESS")],
    "Url__c": [("https://" + "x" * 250, "STRING_TOO_LONG")],
    "Number__c": [
        ("1,000", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("nan", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("999999.995", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("1e30", "NUMBER_OUTSIDE_VALID_RANGE"),
    ],
    "Date__c": [
        ("1699-12-31", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("infinity", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("40000-01-01", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
    ],
    "Moment__c": [("4001-01-01", "INVALID_TYPE_ON_FIELD_IN_RECORD")],
    "Time__c": [
        ("24:00:00", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("10:00+02", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
    ],
    "Level__c": [("Bronze", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")],
    "Tags__c": [
        ("a;z", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    ],
    "Lead__c": [
        ("00QEm000000006", "MALFORMED_ID"),
        ("00QEm0000000065AAA", "MALFORMED_ID"),
    ],
}


OF_OTHER_TYPES = {
    "['b', NULL, 'a']": "b;a",
    "['b', 'a']::VARCHAR[2]": "b;a",
    "[100::DOUBLE, 2.5]": "100;2.5",
    "[DATE '2024-01-31', 'infinity']": "2024-01-31",
    "[[1, 2], [3]]": "[1,2];[3]",
    "[['a b'], NULL]": '["a b"]',
    """['"x"'::JSON, '2'::JSON]""": "x;2",
    """'{"a": "x"}'::JSON -> 'a'""": "x",
    """'{"a": {"b": [1]}}'::JSON -> 'a'""": '{"b":[1]}',
    "{'a': 'x', 'b': NULL}": '{"a":"x","b":null}',
    "MAP {'a': 1}": '{"a":1}',
    "TIMESTAMP '-infinity'": None,
    "'a'::ENUM ('a', 'b')": "a",
    f"{2**127 - 1}::HUGEINT": str(2**127 - 1),
    "encode('Zo\u00eb')": "Zo\u00eb",
    "true": "true",
    "NULL": None,
}


@pytest.fixture(scope="module")
def odd_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    path = tmp_path_factory.mktemp("org") / "org.json"
    path.write_text(json.dumps({"objects": {"Odd__c": {"fields": KINDS}}}))
    with running_org("--org", str(path)) as org:
        yield org


@pytest.fixture
def odd(odd_org: Org, tmp_path: Path) -> World:
    for record in odd_org.records("Odd__c"):
        odd_org.remove(record["Id"], "Odd__c")
    odd_org.clean()
    world = World(tmp_path, odd_org)
    world.sync.update(
        object="Odd__c",
        match_field="Key__c",
        required_fields={"Key__c": "id"},
        extra_fields={name: name for name in KINDS if name != "Key__c"},
    )
    del world.sync["send_audiences_to"]
    return world


def one(number: int, **values: str) -> dict[str, Any]:
    return person(number, **(dict.fromkeys(KINDS, "") | values))


def compare(world: World) -> int:
    """Records whose every field is what the store holds for it; the number of them."""
    ((document,),) = world.sql("SELECT document FROM described WHERE object = 'Odd__c'")
    kinds: dict[str, FieldType] = {kind.name: kind for kind in load(document).fields.values()}
    stored = {record["Key__c"]: record for record in world.org.records("Odd__c")}
    believed = world.sql("SELECT profile_key, fields FROM payload")
    for key, kept in believed:
        fields, record = json.loads(kept), stored[key]
        assert fields == {name: from_json(record[name], kinds[name]) for name in fields}, key
    return len(believed)


@pytest.mark.parametrize("route", [Route.COLLECTIONS, Route.BULK])
def test_what_is_stored_is_what_was_sent_and_a_second_run_sends_nothing(
    odd: World, route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    if route is Route.BULK:
        send_by_bulk(monkeypatch)
    lead = odd.org.create(LastName="x", Company="x")["id"]
    rows = [{"Lead__c": lead[:15]}, {"Lead__c": lead}]
    rows += [{name: value} for name, values in ODD.items() for value in values]
    rows += [{name: values[number % len(values)] for name, values in ODD.items()} for number in range(10)]
    people = [one(number, **row) for number, row in enumerate(rows)]
    odd.people(people)

    report = odd.run_one()

    assert (report.accepted, report.rejected, report.invalid) == (len(rows), 0, 0)
    assert (report.routes[Route.BULK] > 50) is (route is Route.BULK)
    assert compare(odd) == len(rows)
    assert odd.run_one().planned == 0

    for number, row in enumerate(people):
        row["Lead__c"] = lead if number == 0 else row["Lead__c"]
        row["Text__c"] = "changed"
    odd.people(people)
    assert odd.run_one().rejected == 0
    assert {record["Text__c"] for record in odd.org.records("Odd__c")} == {"changed"}
    assert compare(odd) == len(rows)


def test_what_a_field_cannot_hold_is_stopped_with_its_reason_and_never_shown(odd: World) -> None:
    wrong = [(name, value, code) for name, values in WRONG.items() for value, code in values]
    odd.people([one(number, **{name: value}) for number, (name, value, _) in enumerate(wrong)])

    report = odd.run_one()

    assert (report.invalid, report.accepted) == (len(wrong), 0)
    pushes = odd.last_pushes()
    assert {f"p{number}": code for number, (_, _, code) in enumerate(wrong)} == {
        key: push[3] for key, push in pushes.items()
    }
    messages = dict(odd.sql("SELECT profile_key, error_message FROM ledger"))
    assert all(name in messages[f"p{number}"] for number, (name, _, _) in enumerate(wrong))
    assert not any(value in messages[f"p{number}"] for number, (_, value, _) in enumerate(wrong))


def test_one_moment_has_one_utc_date_whatever_type_it_comes_in(odd: World) -> None:
    odd.people([one(1, Date__c="2024-02-01T00:30:00+02:00")])
    odd.run_one()
    odd.sync["extra_fields"]["Date__c"] = {"sql": '"Date__c"::TIMESTAMPTZ'}

    assert odd.run_one().planned == 0
    assert odd.org.records("Odd__c")[0]["Date__c"] == "2024-01-31"


def test_a_value_of_any_type_is_one_text_whether_a_column_has_it_or_an_expression_makes_it(
    odd: World,
) -> None:
    fields = [*LONG, "Area__c", "Text__c", "Phone__c", "Url__c"]
    columns = ", ".join(f"{value} AS v{number}" for number, value in enumerate(OF_OTHER_TYPES))
    odd.config["source"]["profiles"]["from"] = f"SELECT *, {columns} FROM read_csv('profiles.csv')"
    odd.sync["extra_fields"] = {name: f"v{number}" for number, name in enumerate(fields)}
    odd.people([one(1)])
    odd.run_one()

    (record,) = odd.org.records("Odd__c")
    assert [record[name] for name in fields] == list(OF_OTHER_TYPES.values())

    odd.sync["extra_fields"] = {
        name: {"sql": value} for name, value in zip(fields, OF_OTHER_TYPES, strict=True)
    }
    again = odd.run_one()
    assert (again.planned, again.trouble) == (0, None)


@pytest.mark.parametrize("kind", ["BIGINT", "DECIMAL(38, 0)", "VARCHAR"])
def test_numbers_that_differ_in_the_last_of_eighteen_digits_are_a_change(odd: World, kind: str) -> None:
    odd.config["source"]["profiles"]["from"] = (
        f"SELECT * REPLACE (CAST(Long__c AS {kind}) AS Long__c) "
        "FROM read_csv('profiles.csv', all_varchar = true)"
    )
    odd.people([one(1, Long__c="123456789012345678")])
    odd.run_one()
    odd.people([one(1, Long__c="123456789012345679")])

    assert odd.run_one().accepted == 1
    sent = odd.sql("SELECT json_extract_string(ledger.after, 'Long__c') FROM ledger ORDER BY seq")
    assert sent == [("123456789012345678",), ("123456789012345679",)]
    assert odd.run_one().planned == 0


def test_a_long_number_is_known_again_after_a_lost_answer(odd: World) -> None:
    """Salesforce gives it back as floating point, 1.2345678901234568E17."""
    odd.sync.update({"match_field": None, "required_fields": {}, "assignment_rule": True})
    odd.sync["extra_fields"] = {"Text__c": "name", "Long__c": "Long__c", "Number__c": "Number__c"}
    odd.people([one(1, Long__c="123456789012345678", Number__c="0.1")])
    odd.org.fault("drop_after", match={"path": "composite/sobjects"})

    odd.run_one()
    odd.clock.ahead = LONGEST_REQUEST + timedelta(minutes=1)

    assert odd.run_one().unknown_earlier == 0
    assert odd.sql("SELECT salesforce_id FROM record") == [(odd.org.records("Odd__c")[0]["Id"],)]


def test_white_space_around_a_value_is_no_part_of_it_whatever_its_type(odd: World) -> None:
    lead = odd.org.create(LastName="x", Company="x")["id"]
    values = {
        "Number__c": "1.5",
        "Whole__c": "12",
        "Money__c": "1e3",
        "Share__c": "55",
        "Flag__c": "yes",
        "Date__c": "2024-01-31",
        "Moment__c": "2024-01-31 10:00+05:30",
        "Time__c": "9:05",
        "Level__c": "Gold",
        "Tags__c": "a",
        "Lead__c": lead,
        "Email__c": "ada@example.com",
    }
    odd.people([one(0, **values)])
    odd.run_one()
    rows = [{name: space.format(value) for name, value in values.items()} for space in SPACE]
    odd.people([one(number, **row) for number, row in enumerate([values, *rows])])

    assert odd.run_one().accepted == len(SPACE)
    stored = [{name: record[name] for name in values} for record in odd.org.records("Odd__c")]
    assert stored == [stored[0]] * (1 + len(SPACE))


@pytest.mark.usefixtures("by_bulk")
def test_a_record_too_long_for_a_file_goes_by_collections(odd: World) -> None:
    people = [one(number) for number in range(13)]
    people[7] |= dict.fromkeys(LONG, "x" * 32_000)
    people[8] |= {"Long1__c": "x" * 32_001}
    odd.people(people)

    report = odd.run_one()

    assert (report.routes[Route.COLLECTIONS], report.routes[Route.BULK], report.accepted) == (2, 11, 13)


def test_texts_alone_are_cut(odd: World) -> None:
    odd.sync["on_too_long"] = "truncate"
    odd.people(
        [
            one(1, Text__c="x" * 19 + "🦜"),
            one(2, Url__c="https://" + "x" * 250),
            one(3, Email__c="x" * 80 + "@example.com"),
        ]
    )

    report = odd.run_one()

    assert (report.accepted, report.invalid) == (1, 2)
    assert odd.org.records("Odd__c")[0]["Text__c"] == "x" * 19
