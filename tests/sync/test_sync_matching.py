"""Which record a row is, by any field: natively, or by asking Salesforce before anything is written."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from audiencesync.plan import lookup
from audiencesync.records import Allowances, Route
from audiencesync.salesforce import query
from tests.world import Org, World, person, running_org, send_by_bulk

TEXT: dict[str, Any] = {"type": "Text", "length": 80}
FIELDS = {
    "Code__c": TEXT,
    "Shop__c": TEXT,
    "Exact__c": {**TEXT, "externalId": True, "unique": True, "caseSensitive": True},
    "Plain__c": {**TEXT, "externalId": True, "unique": True},
    "Number__c": {"type": "Number", "precision": 12, "scale": 2},
    "Big__c": {"type": "Number", "precision": 18, "scale": 0},
    "Born__c": {"type": "Date"},
    "At__c": {"type": "DateTime"},
    "Flag__c": {"type": "Checkbox", "defaultValue": False},
    "Note__c": TEXT,
    "Long__c": {"type": "LongTextArea", "length": 1000, "visibleLines": 3},
}

RULE = {
    "name": "Frozen",
    "object": "Guest__c",
    "when": "Number__c = 99 AND Note__c != NULL",
    "message": "frozen",
}


@pytest.fixture(scope="module")
def guest_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    path = tmp_path_factory.mktemp("org") / "org.json"
    path.write_text(json.dumps({"objects": {"Guest__c": {"fields": FIELDS}}, "validation_rules": [RULE]}))
    with running_org("--org", str(path)) as org:
        yield org


@pytest.fixture
def guests(guest_org: Org, tmp_path: Path) -> World:
    """A sync to an object that has a field of every type to match by."""
    for record in guest_org.records("Guest__c"):
        guest_org.remove(record["Id"], "Guest__c")
    guest_org.clean()
    world = World(tmp_path, guest_org)
    world.sync.update(object="Guest__c", required_fields={"Name": "name"}, extra_fields={"Note__c": "note"})
    del world.sync["send_audiences_to"]
    return world


def match_by(world: World, *fields: str, **mapped: str) -> None:
    """Match by these fields, each mapped from the column of its own name unless said otherwise."""
    world.sync["match_field"] = list(fields) if len(fields) > 1 else fields[0]
    world.sync["extra_fields"] |= {name: mapped.get(name, name) for name in fields}


def guest(number: int, **values: Any) -> dict[str, Any]:
    return person(number, note=f"note {number}", **values)


def names(world: World) -> dict[str, str]:
    """Name -> note of every record."""
    return {one["Name"]: one["Note__c"] for one in world.org.records("Guest__c")}


def queries(world: World) -> int:
    """Look-ups that Salesforce was asked since the log was cleared."""
    return sum("query" in one["path"] for one in world.org.requests())


VALUES: dict[str, tuple[Sequence[Any], Sequence[str]]] = {
    # field: what the org holds, what the source says; checkboxes first, since every record has one
    "Flag__c": ([True, False], ["yes", "0"]),
    "Code__c": (
        ["plain", 'O\'Brien \\ "x"', "100%_*?", "Żółć 王😀", "line\nbreak", "a&b=c+d #%27", "null"],
        [" PLAIN ", 'O\'Brien \\ "x"', "100%_*?", "żÓŁĆ 王😀", "line\r\nbreak", "a&b=c+d #%27", "null"],
    ),
    "Number__c": ([1, 2.5, -3, 1200000, 0], ["1.00", "2.50", "-3.0", "1200000", "-0"]),
    "Born__c": (["2000-02-29", "1999-12-31"], ["2000-02-29", "1999-12-31T23:00:00+00:00"]),
    "At__c": (
        ["2024-01-31T10:00:00.000Z", "2024-07-01T00:00:01.000Z"],
        ["2024-01-31 11:00:00+01:00", "2024-07-01T00:00:01.700Z"],
    ),
    "Plain__c": (["abc", "it's"], ["ABC", "IT'S"]),
    "Exact__c": (["abc", "ABC"], ["abc", "ABC"]),
    "Name": (["Ada", "Grace"], ["ADA", "grace"]),
}


@pytest.mark.parametrize("by_bulk_query", [False, True], ids=["soql", "bulk query"])
def test_records_are_found_by_a_field_of_any_type_and_their_ids_are_kept(
    guests: World, by_bulk_query: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by_bulk_query:
        monkeypatch.setattr(lookup, "QUERY_VALUES", 1)
    people = []
    guests.config["audiences"] = {field: {"where": f"id LIKE '{field}%'"} for field in VALUES}
    guests.config["syncs"] = [
        guests.sync
        | {
            "name": f"by_{field.lower().removesuffix('__c')}",
            "audiences": [field],
            "match_field": field,
            "on_multiple": "oldest",  # even where Salesforce could match natively
            "extra_fields": {"Note__c": "note", field: "name" if field == "Name" else field},
            "required_fields": {},
        }
        for field in VALUES
    ]
    for field, (there, wanted) in VALUES.items():
        for number, value in enumerate(there):
            guests.org.create("Guest__c", **{"Name": f"old {number}", field: value, "Note__c": field})
        column = "name" if field == "Name" else field
        people += [
            guest(number, **{column: value}) | {"id": f"{field}{number}"}
            for number, value in enumerate(wanted)
        ]
    before = {one["Id"]: one["Note__c"] for one in guests.org.records("Guest__c")}
    guests.people(people)

    reports = {report.name: report for report in guests.run().syncs}

    for field, (_, wanted) in VALUES.items():
        report = reports[f"by_{field.lower().removesuffix('__c')}"]
        assert (field, report.trouble, report.created, report.updated) == (field, None, 0, len(wanted))
    after = {one["Id"]: one["Note__c"] for one in guests.org.records("Guest__c")}
    assert after.keys() == before.keys()
    for field, (there, _) in VALUES.items():
        written = sorted(str(after[one]) for one, name in before.items() if name == field)
        assert (field, written) == (field, [f"note {number}" for number in range(len(there))])

    guests.org.admin("DELETE", "requests")
    guests.people([{**one, "note": "new"} for one in people])
    assert sum(report.updated for report in guests.run().syncs) == len(people)
    assert queries(guests) == 0


@pytest.mark.parametrize("by_bulk_query", [False, True], ids=["soql", "bulk query"])
def test_a_number_that_an_answer_cannot_tell_from_its_neighbour_finds_nobody_and_makes_nobody(
    guests: World, by_bulk_query: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Salesforce answers 1.2345678901234568E17 for each of three numbers."""
    if by_bulk_query:
        monkeypatch.setattr(lookup, "QUERY_VALUES", 1)
    for number in (123456789012345678, 123456789012345679, 9007199254740991):
        guests.org.create("Guest__c", Name=str(number), Big__c=number, Note__c="old")
    match_by(guests, "Big__c")
    people = [
        guest(1, Big__c="123456789012345678"),
        guest(2, Big__c="123456789012345680"),
        guest(3, Big__c="9007199254740991"),
    ]
    guests.people(people)

    report = guests.run_one()

    assert (report.created, report.updated, report.invalid) == (0, 1, 2)
    assert [guests.last_pushes()[key][3] for key in ("p1", "p2")] == ["MATCH_VALUE_INEXACT"] * 2
    assert sorted(names(guests).values()) == ["note 3", "old", "old"]


def test_whose_record_is_known_is_not_looked_up_by_her_number(guests: World) -> None:
    match_by(guests, "Code__c")
    guests.people([guest(1, Code__c="a", Big__c="123456789012345678")])
    guests.run_one()
    match_by(guests, "Big__c")
    guests.people([guest(1, Code__c="a", Big__c="123456789012345679")])

    assert guests.run_one(allowed=Allowances(mapping_change=True)).updated == 1


def test_a_look_up_respects_the_limits_of_a_query_and_the_plan_foretells_its_calls(
    guests: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    match_by(guests, "Code__c")
    codes = [f"{n:03}" + "é" * 60 for n in range(150)]  # each takes 360 bytes and more of an address
    for code in codes[::10]:
        guests.org.create("Guest__c", Name="old", Code__c=code.upper())
    guests.people([guest(n, Code__c=code) for n, code in enumerate(codes)])
    guests.plan()
    guests.org.admin("DELETE", "requests")

    (planned,) = guests.plan().syncs
    asked = [one for one in guests.org.requests() if "query" in one["path"]]
    report = guests.run_one()

    assert len(asked) > 3
    assert planned.calls["look_ups"] == len(asked)
    assert planned.api_calls == report.api_calls
    assert (report.created, report.updated) == (135, 15)
    assert query.ENCODED_BYTES < 16_384 - 2_000
    monkeypatch.setattr(lookup, "QUERY_VALUES", 100)
    assert guests.run_one(backfill=True).api_calls == 1  # everybody's Id is known


@pytest.mark.parametrize("by_bulk_query", [False, True], ids=["soql", "bulk query"])
def test_several_fields_together_are_one_key(
    guests: World, by_bulk_query: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by_bulk_query:
        monkeypatch.setattr(lookup, "QUERY_VALUES", 1)
    match_by(guests, "Shop__c", "Number__c", "Flag__c")
    known = {"Shop__c": "Oslo", "Number__c": 7, "Flag__c": True}
    guests.org.create("Guest__c", Name="a", **known)
    guests.org.create("Guest__c", Name="b", **known | {"Flag__c": False})
    guests.org.create("Guest__c", Name="c", Shop__c="Oslo", Flag__c=True)  # one field is empty: no key
    rows = [("oslo", "7.0", "true"), ("Rome", "7", "true"), ("Oslo", "", "true"), ("OSLO", "7.00", "no")]
    guests.people(
        [
            guest(n, Shop__c=shop, Number__c=number, Flag__c=flag)
            for n, (shop, number, flag) in enumerate(rows)
        ]
    )

    report = guests.run_one()

    assert (report.created, report.updated, report.invalid) == (1, 2, 1)
    assert guests.last_pushes()["p2"][3] == "MATCH_VALUE_MISSING"
    ((message, value),) = guests.sql(
        "SELECT error_message, (SELECT match_value FROM ledger WHERE profile_key = 'p0') FROM ledger "
        "WHERE profile_key = 'p2'"
    )
    assert message.startswith("Number__c is empty")
    assert value == "oslo | 7 | true"
    assert names(guests) == {"Name 0": "note 0", "Name 3": "note 3", "Name 1": "note 1", "c": None}
    assert guests.run_one().planned == 0


@pytest.mark.parametrize(("field", "records"), [("Code__c", 1), ("Plain__c", 1), ("Exact__c", 2)])
def test_values_that_differ_in_case_are_one_record_unless_the_field_tells_them_apart(
    guests: World, field: str, records: int
) -> None:
    match_by(guests, field)
    guests.people([guest(1, **{field: "key a"}), guest(2, **{field: " KEY A"})])

    report = guests.run_one()

    assert (report.created, report.invalid) == (records, 2 - records)
    assert len(guests.org.records("Guest__c")) == records
    assert guests.run_one().planned == 0


def test_ids_of_15_and_18_characters_are_one_record_and_an_id_that_is_gone_is_told_once(
    guests: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    match_by(guests, "Id", Id="record")
    ids = [guests.org.create("Guest__c", Name=f"old {n}")["id"] for n in range(4)]
    guests.org.remove(ids[3], "Guest__c")
    guests.people(
        [
            guest(1, record=ids[0][:15]),
            guest(2, record=ids[0]),
            guest(3, record=ids[1]),
            guest(4, record=""),
            guest(5, record=ids[3]),
            guest(6, record="00QEm0000000"),
        ]
    )

    report = guests.run_one()

    assert (report.created, report.updated, report.invalid, report.rejected) == (0, 2, 3, 1)
    codes = {key: push[3] for key, push in guests.last_pushes().items() if push[3]}
    assert codes == {
        "p2": "DUPLICATE_MATCH_VALUE",
        "p4": "MATCH_VALUE_MISSING",
        "p5": "ENTITY_IS_DELETED",
        "p6": "MALFORMED_ID",
    }
    assert guests.run_one().planned == 0  # no Id that the source gave is tried again before it changes
    assert len(guests.org.records("Guest__c")) == 3


def test_a_member_whose_id_the_source_corrects_is_written_whole_to_the_other_record(guests: World) -> None:
    match_by(guests, "Id", Id="record")
    wrong, right = (guests.org.create("Guest__c", Name=f"old {n}")["id"] for n in range(2))
    guests.people([guest(1, record=wrong)])
    guests.run_one()
    told = {one["Id"]: one["Note__c"] for one in guests.org.records("Guest__c")}[wrong]
    guests.people([guest(1, record=right)])

    assert guests.run_one().updated == 1

    first, second = ({**one, "Id": ""} for one in guests.org.records("Guest__c"))
    assert (first["Name"], first["Note__c"]) == (second["Name"], second["Note__c"]) == ("Name 1", told)
    assert guests.sql("SELECT before FROM ledger ORDER BY seq, answered_at")[-1] == (None,)
    assert guests.sql("SELECT salesforce_id FROM record") == [(right,)]
    assert guests.run_one().planned == 0


def test_after_another_match_field_who_has_a_value_by_it_keeps_her_record(world: World) -> None:
    world.sync["extra_fields"]["External_Id__c"] = "key"
    world.people([person(1, key="E1"), person(2, key="E2")])
    world.run_one()
    world.sync["match_field"] = "External_Id__c"
    world.run_one(allowed=Allowances(mapping_change=True))
    world.people([person(1, key="E1"), person(2, key="E2"), person(0, key="E2"), person(3, key="E1")])

    assert world.run_one().invalid == 2

    assert {key: push[3] for key, push in world.last_pushes().items()} == {
        "p0": "DUPLICATE_MATCH_VALUE",
        "p3": "DUPLICATE_MATCH_VALUE",
    }
    assert {one["External_Id__c"]: one["LastName"] for one in world.org.records()} == {
        "E1": "Name 1",
        "E2": "Name 2",
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (["Long__c"], "Guest__c.Long__c cannot be searched by (it is a long text)"),
        (["Code__c", "Long__c"], "Guest__c.Long__c cannot be searched by (it is a long text)"),
    ],
)
def test_a_field_that_cannot_be_searched_by_is_refused_at_plan_with_its_place(
    guests: World, fields: list[str], words: str
) -> None:
    match_by(guests, *fields)
    guests.people([guest(1, Long__c="x", Code__c="y")])

    for report in (guests.plan().syncs[0], guests.run().syncs[0]):
        assert report.trouble is not None
        assert report.trouble.exit_code == 2
        assert "syncs.0.match_field" in report.trouble.message
        assert words in report.trouble.message
        assert "Exact__c, Id, Name, Plain__c" in report.trouble.hint or "Exact__c" in report.trouble.hint
    assert guests.org.records("Guest__c") == []


def three(world: World) -> list[str]:
    """Three records of one code, the oldest first, and a fourth of another; their Ids."""
    made = []
    for name, code in (("first", "same"), ("second", "SAME"), ("third", "same"), ("other", "other")):
        world.org.admin("POST", "clock", {"advance_s": 2})
        made.append(world.org.create("Guest__c", Name=name, Code__c=code)["id"])
    return made


def noted(world: World) -> dict[str, str | None]:
    return {one["Id"]: one["Note__c"] for one in world.org.records("Guest__c")}


@pytest.mark.parametrize("by_bulk_query", [False, True], ids=["soql", "bulk query"])
@pytest.mark.parametrize(
    ("choice", "written"), [("oldest", {0}), ("newest", {2}), ("all", {0, 1, 2}), ("reject", set())]
)
def test_of_several_records_those_are_written_that_the_config_means(
    guests: World, choice: str, written: set[int], by_bulk_query: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by_bulk_query:
        monkeypatch.setattr(lookup, "QUERY_VALUES", 1)
    match_by(guests, "Code__c")
    guests.sync["on_multiple"] = choice
    ids = three(guests)
    people = [guest(1, Code__c="same"), guest(2, Code__c="other"), guest(3, Code__c="nobody")]
    guests.people(people)

    report = guests.run_one()

    assert (report.created, report.updated, report.invalid) == (1, 1 + len(written), 0 if written else 1)
    assert {number for number in range(3) if noted(guests)[ids[number]] == "note 1"} == written
    if not written:
        assert guests.last_pushes()["p1"][3] == "DUPLICATE_EXTERNAL_ID"
    assert guests.run_one().planned == 0
    told = guests.sql("SELECT salesforce_id FROM ledger WHERE profile_key = 'p1' AND outcome = 'accepted'")
    assert sorted(told) == sorted((ids[number],) for number in written)


def test_rows_refused_for_several_records_are_sent_by_retry_once_these_are_merged(guests: World) -> None:
    match_by(guests, "Code__c")
    ids = three(guests)
    guests.people([guest(1, Code__c="same")])
    assert guests.run_one().invalid == 1
    for one in ids[1:3]:
        guests.org.remove(one, "Guest__c")
    assert guests.run_one().planned == 0

    assert guests.run_one(retry=("DUPLICATE_EXTERNAL_ID",)).updated == 1
    assert noted(guests)[ids[0]] == "note 1"


@pytest.mark.parametrize("passing", [True, False])
@pytest.mark.parametrize("route", [Route.COLLECTIONS, Route.BULK])
def test_a_member_of_several_records_is_acknowledged_when_all_of_them_are_written(
    guests: World, route: Route, passing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is locked for a while, or refused for what is in it: it is not forgotten, nor are the others."""
    if route is Route.BULK:
        send_by_bulk(monkeypatch)
    match_by(guests, "Code__c")
    guests.sync["on_multiple"] = "all"
    ids = three(guests)
    guests.people([guest(1, Code__c="same")])
    if passing:
        guests.org.fault("lock_rows", object="Guest__c", field="Id", values=[ids[1]], times=9)
    else:
        guests.org.edit(ids[1], "Guest__c", Number__c=99)

    first = guests.run_one()
    assert (first.accepted, first.rejected, first.members) == (2, 1, 1)
    assert guests.sql("SELECT count(*) FROM acknowledged") == [(0,)]
    guests.org.admin("DELETE", "faults")
    if not passing:
        assert guests.run_one().planned == 0
        guests.org.edit(ids[1], "Guest__c", Number__c=1)
    second = guests.run_one(retry=None if passing else ())

    assert (second.rejected, second.api_calls) == (0, 6 if route is Route.BULK else 1)
    assert {noted(guests)[one] for one in ids[:3]} == {"note 1"}
    assert guests.run_one().planned == 0
    guests.people([guest(1, Code__c="same") | {"note": "new"}])
    assert guests.run_one().updated == 3
    assert {noted(guests)[one] for one in ids[:3]} == {"new"}


def test_of_several_records_one_that_is_gone_is_forgotten_and_the_others_go_on(guests: World) -> None:
    match_by(guests, "Code__c")
    guests.sync["on_multiple"] = "all"
    ids = three(guests)
    guests.people([guest(1, Code__c="same")])
    guests.run_one()
    guests.org.remove(ids[1], "Guest__c")
    guests.people([guest(1, Code__c="same") | {"note": "new"}])

    assert guests.run_one().rejected == 1
    assert guests.run_one().rejected == 0

    assert {noted(guests)[one] for one in (ids[0], ids[2])} == {"new"}
    assert guests.run_one().planned == 0
    guests.sync["on_exit"] = "delete"
    guests.people([guest(1, Code__c="same", audiences=[])])
    assert guests.run_one().accepted == 2
    assert {one["Name"] for one in guests.org.records("Guest__c")} == {"other"}
