"""Columns of the source, whatever they are called and whatever type they are of."""

import json
import re

import pytest

from tests.world import World, person


def texts_of(world: World) -> list[list[str | None]]:
    """What each lead has in the extra fields that are no checkbox, in the order of their addresses."""
    fields = [name for name in world.sync["extra_fields"] if name != "HasOptedOutOfEmail"]
    return [[lead[name] for name in fields] for _, lead in sorted(world.leads().items())]


@pytest.mark.parametrize("name", ["rowid", "RowId"])
@pytest.mark.parametrize("rowids", [("1", "1", ""), ("", "", "")])
def test_a_column_called_rowid_is_one_like_any_other(
    world: World, name: str, rowids: tuple[str, ...]
) -> None:
    """SQLite's SELECT rowid, * has one, and DuckDB numbers the rows of its tables by that name."""
    world.sync["extra_fields"] = {"Phone": "rowid", "Fax": {"sql": "'no ' || rowid"}}
    people = [person(number, **{name: rowid}) for number, rowid in enumerate(rowids)]
    world.people(people)

    assert world.run_one().created == 3
    sent = {lead["LastName"]: (lead["Phone"], lead["Fax"]) for lead in world.org.records()}
    assert sent == {
        f"Name {number}": (rowid or None, f"no {rowid}" if rowid else None)
        for number, rowid in enumerate(rowids)
    }

    world.people([{**people[0], name: "7"}, *people[1:]])
    assert world.run_one().updated == 1
    assert world.leads()["p0@example.com"]["Phone"] == "7"


def test_of_json_the_string_itself_is_sent_and_its_null_is_no_value(world: World) -> None:
    """A column that holds several kinds of values is JSON to DuckDB."""
    rows = [
        {"id": "1", "name": "Ada", "phone": "A1", "tags": ["b", 1], "score": "gold"},
        {"id": "2", "name": "Bob", "phone": 5, "tags": [], "score": 0.30000000000000004},
        {"id": "3", "name": {"last": "Cy"}, "phone": {"home": [1, "x"]}, "tags": None, "score": None},
        {
            "id": "4",
            "name": '\u201cDee\u201d, "x" \\ y',
            "phone": None,
            "tags": [None, "c"],
            "score": {"a": 1},
        },
    ]
    (world.folder / "profiles.jsonl").write_text("\n".join(map(json.dumps, rows)))
    types = "{'id': 'VARCHAR', 'name': 'JSON', 'phone': 'JSON', 'tags': 'JSON[]', 'score': 'JSON'}"
    null = "SELECT * REPLACE (coalesce(phone, 'null'::JSON) AS phone)"  # as PostgreSQL keeps one
    source = f"{null} FROM read_json('profiles.jsonl', columns = {types})"
    world.config["source"] = {"profiles": {"from": source, "key": "id"}}
    world.config["audiences"] = {"everybody": {"where": "true"}}
    world.sync["audiences"] = ["everybody"]
    del world.sync["match_field"]
    world.sync["required_fields"] = {"LastName": "name", "Company": "id"}
    world.sync["extra_fields"] = {"Phone": {"from": "phone", "default": "none"}, "Description": "tags"}
    world.sync["send_scores_to"] = {"field": "Scores__c", "scores": ["score"]}

    assert world.run_one().created == 4
    fields = ("LastName", "Phone", "Description", "Scores__c")
    sent = {lead["Company"]: tuple(lead[name] for name in fields) for lead in world.org.records()}
    assert sent == {
        "1": ("Ada", "A1", "b;1", "score=gold"),
        "2": ("Bob", "5", None, "score=0.3"),
        "3": ('{"last":"Cy"}', '{"home":[1,"x"]}', None, None),
        "4": ('\u201cDee\u201d, "x" \\ y', "none", "c", 'score={"a":1}'),
    }


def test_a_whole_number_kept_as_floating_point_is_written_as_a_whole_number(world: World) -> None:
    """Where a column of numbers has gaps, pandas makes 100 of it 100.0, and another record in Salesforce."""
    there = world.org.create(LastName="x", Company="x", External_Id__c="100", Email="p1@example.com")["id"]
    columns = {
        "number": "ext::DOUBLE",
        "small": "ext::FLOAT",
        "several": "[ext::DOUBLE, NULL, 2.5]",
        "said": "'100.0'",
        "any": "to_json(ext::DOUBLE)",
        "some": "to_json('100.0')",
        "flag": "phone::DOUBLE",
    }
    listed = ", ".join(f"{source} AS {name}" for name, source in columns.items())
    profiles = f"SELECT * EXCLUDE (id), id::DOUBLE AS id, {listed} FROM read_csv('profiles.csv')"
    world.config["source"]["profiles"]["from"] = profiles
    world.sync["match_field"] = "External_Id__c"
    world.sync["extra_fields"] = {
        "External_Id__c": "number",
        "Description": {"sql": "number + 1"},
        "Phone": "small",
        "Fax": "several",
        "MobilePhone": "said",
        "Title": "any",
        "City": "some",
        "HasOptedOutOfEmail": "flag",
    }
    people = [person(1, id=1, ext=100, phone=1), person(2, id=2, ext=-0.0, phone=0)]
    world.people([*people, person(3, id=3, ext=2.5, phone="")])

    report = world.run_one()

    assert (report.created, report.updated) == (2, 1)
    leads = world.leads()
    assert leads["p1@example.com"]["Id"] == there
    assert texts_of(world) == [
        ["100", "101", "100", "100;2.5", "100.0", "100", "100.0"],
        ["0", "1", "0", "0;2.5", "100.0", "0", "100.0"],
        ["2.5", "3.5", "2.5", "2.5;2.5", "100.0", "2.5", "100.0"],
    ]
    assert leads["p1@example.com"]["HasOptedOutOfEmail"] is True
    assert world.run_one().planned == 0


def test_a_decimal_is_written_without_the_zeros_that_its_scale_adds(world: World) -> None:
    """PostgreSQL's unbounded numeric comes with ten of them, and 100.0000000000 is another record."""
    there = world.org.create(LastName="x", Company="x", External_Id__c="100", Email="p1@example.com")["id"]
    columns = {
        "number": "ext::DECIMAL(38, 10)",
        "money": "ext::DECIMAL(9, 2)",
        "share": "(ext / 1000)::DECIMAL(4, 4)",
        "several": "[ext::DECIMAL(9, 2), NULL]",
        "said": "ext::DECIMAL(9, 2)::VARCHAR",
        "any": "to_json(ext::DECIMAL(9, 2))",
        "flag": "phone::DECIMAL(5, 2)",
    }
    listed = ", ".join(f"{source} AS {name}" for name, source in columns.items())
    world.config["source"]["profiles"]["from"] = f"SELECT *, {listed} FROM read_csv('profiles.csv')"
    world.sync["match_field"] = "External_Id__c"
    world.sync["extra_fields"] = {
        "External_Id__c": "number",
        "Description": {"sql": "money + 0.10"},
        "Phone": {"from": "money", "default": "none"},
        "Fax": "several",
        "MobilePhone": "said",
        "Title": "any",
        "City": "share",
        "HasOptedOutOfEmail": "flag",
    }
    world.people([person(1, ext=100, phone=1), person(2, ext=-0.5, phone=0), person(3, ext=0, phone=0)])

    report = world.run_one()

    assert (report.created, report.updated) == (2, 1)
    leads = world.leads()
    assert leads["p1@example.com"]["Id"] == there
    assert texts_of(world) == [
        ["100", "100.1", "100", "100", "100.00", "100", "0.1"],
        ["-0.5", "-0.4", "-0.5", "-0.5", "-0.50", "-0.5", "-0.0005"],
        ["0", "0.1", "0", "0", "0.00", "0", "0"],
    ]
    assert leads["p1@example.com"]["HasOptedOutOfEmail"] is True
    assert world.run_one().planned == 0


def test_names_kept_as_floating_point_are_those_of_whole_numbers(world: World) -> None:
    world.config["source"]["memberships"]["from"] = (
        "SELECT id, audience::DOUBLE AS audience FROM read_csv('memberships.csv')"
    )
    bought = "(VALUES ('p1', 7::DOUBLE, 2), ('p1', 7.5, 1), ('p1', 'nan', 9)) AS t(id, genre, count)"
    world.config["source"]["affinities"] = {
        "genres": {"from": f"SELECT * FROM {bought}", "key": "id", "affinity": "genre", "weight": "count"}
    }
    liked = "SELECT *, MAP {7::DOUBLE: 2, 7.5: 1} AS likes FROM read_csv('profiles.csv')"
    world.config["source"]["profiles"]["from"] = liked
    world.sync["audiences"] = ["2024", "2025.5"]
    world.sync["send_affinities_to"] = {"field": "Affinities__c", "from": "genres"}
    world.people([person(1, audiences=["2024", "2025.5"])])

    assert world.run_one().created == 1
    lead = world.leads()["p1@example.com"]
    assert (lead["Audiences__c"], lead["Affinities__c"]) == ("2024;2025.5", "7;7.5")

    world.sync["send_affinities_to"] = {"field": "Affinities__c", "from": "likes"}
    again = world.run_one()
    assert (again.planned, again.trouble) == (0, None)


ONE_ROW = [
    "upper(name)",
    "list_aggregate(string_split(name, ' '), 'max')",
    "array_to_string([part FOR part IN string_split(name, ' ')], '-')",
    "(SELECT max(part) FROM unnest(string_split(name, ' ')) AS parts(part))",
    "coalesce(*COLUMNS('fax|phone'))",
]
OTHER_ROWS = ["unnest(string_split(name, ' '))", "row_number() OVER ()", "max(name)", "count(*)"]


@pytest.mark.parametrize("expression", ONE_ROW)
def test_a_mapping_and_a_rule_may_say_anything_about_one_row(world: World, expression: str) -> None:
    world.sync["extra_fields"] = {"Description": {"sql": expression}}
    world.config["audiences"] = {"vip": {"where": f"length({expression}) > 0"}}
    world.people([person(1), person(2)])

    assert world.run_one().created == 2
    assert {lead["Audiences__c"] for lead in world.org.records()} == {"news;vip"}


@pytest.mark.parametrize("expression", OTHER_ROWS)
@pytest.mark.parametrize("place", ["syncs.0.extra_fields.Description.sql", "audiences.vip.where"])
def test_what_looks_at_other_rows_or_makes_some_is_a_mistake_in_the_config(
    world: World, place: str, expression: str
) -> None:
    if place.startswith("audiences"):
        world.config["audiences"] = {"vip": {"where": f"({expression}) IS NOT NULL"}}
    else:
        world.sync["extra_fields"] = {"Description": {"sql": expression}}
    world.people([person(1), person(2)])

    trouble = world.run_one().trouble
    assert trouble is not None
    assert trouble.kind == "ConfigError"
    assert re.search(rf"audiencesync\.yaml:\d+: {re.escape(place)}: ", trouble.message)
    assert world.org.records() == []
