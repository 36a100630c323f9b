"""With `updated_at` a run reads what changed, and misses nothing all the same."""

from datetime import timedelta
from typing import Any

import duckdb
import pytest

from audiencesync.errors import SourceError
from audiencesync.records import Allowances
from audiencesync.source import reader
from tests.world import World, opened, person

MONDAY, TUESDAY = "2026-01-05 10:00:00", "2026-01-06 10:00:00"


LOCKED: dict[str, Any] = {
    "kind": "lock_rows",
    "object": "Lead",
    "field": "Email",
    "values": ["p2@example.com"],
    "times": 8,
}
"""Every attempt of one run at p2, and none of the next run's."""

DOWN: dict[str, Any] = {
    "kind": "status",
    "status": 503,
    "match": {"path": "composite/sobjects|/query"},
    "times": 99,
}
"""No run comes to its end."""


@pytest.fixture
def dated(world: World) -> World:
    """Profiles say when they changed; two members, both acknowledged on Monday."""
    world.date_profiles()
    world.people([person(1, changed_at=MONDAY), person(2, changed_at=MONDAY)])
    world.run_one()
    return world


def test_a_change_with_a_new_date_is_sent_and_one_without_waits_for_a_full_read(dated: World) -> None:
    dated.people(
        [person(1, phone="+9", changed_at=TUESDAY), person(2, phone="+9", changed_at="2026-01-01 00:00:00")]
    )

    report = dated.run_one()
    assert (report.changed, report.unchanged) == (1, 1)
    assert set(dated.last_pushes()) == {"p1"}

    assert dated.run_one(full=True).changed == 1
    assert set(dated.last_pushes()) == {"p2"}


def test_a_change_at_the_very_moment_of_the_last_one_is_not_missed(dated: World) -> None:
    dated.people([person(1, changed_at=MONDAY), person(2, phone="+9", changed_at=MONDAY)])

    assert dated.run_one().changed == 1


def test_memberships_are_whole_whatever_the_dates_say(dated: World) -> None:
    dated.people(
        [
            person(1, changed_at=MONDAY, audiences=["news", "vip"]),
            person(2, changed_at=MONDAY, audiences=[]),
            person(3, changed_at=MONDAY),
        ]
    )

    report = dated.run_one()

    assert (report.entered, report.changed, report.exited) == (1, 1, 1)
    assert dated.leads()["p1@example.com"]["Audiences__c"] == "news;vip"
    assert dated.leads()["p2@example.com"]["Audiences__c"] is None
    assert dated.leads()["p3@example.com"]["Audiences__c"] == "news"


def test_a_row_that_met_a_passing_error_comes_round_again_though_the_watermark_is_past_it(
    dated: World,
) -> None:
    locked = person(2, phone="+9", changed_at=TUESDAY)
    later = "2026-01-07 10:00:00"
    dated.org.fault(**LOCKED)
    dated.people([person(1, changed_at=MONDAY), locked])
    assert dated.run_one().rejected == 1
    dated.people([person(1, phone="+9", changed_at=later), locked])
    report = dated.run_one()
    assert (report.accepted, report.rejected) == (1, 1)

    assert dated.run_one().accepted == 1
    assert dated.sql("SELECT watermark FROM sync") == [(later,)]


def test_a_changed_mapping_reads_everything_again(dated: World) -> None:
    dated.sync["extra_fields"]["City"] = {"value": "Oslo"}

    assert dated.run_one(allowed=Allowances(mapping_change=True)).accepted == 2
    assert dated.run_one().planned == 0


def test_a_rule_audience_follows_the_rows_that_changed(dated: World) -> None:
    dated.config["audiences"] = {"vip": {"where": "phone LIKE '+9%'"}}
    dated.people([person(1, changed_at=MONDAY), person(2, phone="+9", changed_at=TUESDAY)])
    dated.run_one()
    assert dated.leads()["p2@example.com"]["Audiences__c"] == "news;vip"
    dated.people([person(1, changed_at=MONDAY), person(2, phone="+9", changed_at=TUESDAY, audiences=[])])

    dated.run_one()

    assert dated.leads()["p2@example.com"]["Audiences__c"] == "vip"


def test_the_watermark_stays_when_a_run_does_not_come_to_its_end(dated: World) -> None:
    dated.people([person(1, phone="+9", changed_at=TUESDAY), person(2, changed_at=MONDAY)])
    dated.org.fault(**DOWN)
    assert dated.run_one().trouble is not None
    assert dated.sql("SELECT watermark FROM sync") == [(MONDAY,)]
    dated.org.admin("DELETE", "faults")

    dated.run_one()

    assert dated.leads()["p1@example.com"]["Phone"] == "+9"


def test_a_row_that_is_dated_tomorrow_hides_nothing_that_changes_today(dated: World) -> None:
    now = dated.clock.now()
    today, tomorrow = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (now, now + timedelta(hours=30)))
    dated.people([person(1, phone="+9", changed_at=tomorrow), person(2, changed_at=MONDAY)])
    assert dated.run_one().changed == 1
    dated.people([person(1, phone="+9", changed_at=tomorrow), person(2, phone="+9", changed_at=today)])

    assert dated.run_one().changed == 1
    assert dated.leads()["p2@example.com"]["Phone"] == "+9"


def test_a_vanished_profile_is_found_by_its_membership_or_by_a_full_read(dated: World) -> None:
    dated.people([person(1, changed_at=MONDAY)])

    report = dated.run_one(allowed=Allowances(exits=True))

    assert report.exited == 1


def test_each_sync_of_a_run_fetches_its_own_members_from_a_large_file(
    dated: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_LARGE", 0)
    dated.config["source"]["profiles"]["from"] = "'profiles.parquet'"
    vips = dated.sync | {"name": "vips", "audiences": ["vip"]}
    vips["required_fields"] = dated.sync["required_fields"] | {"Email": "second"}
    dated.config["syncs"] = [dated.sync, vips]

    def people(*changed: int) -> None:
        dated.people(
            [
                person(
                    number,
                    phone="+9" if number in changed else "+1",
                    second=f"second.{number}@example.com",
                    changed_at=TUESDAY if number in changed else MONDAY,
                    audiences=["news", "vip"][: 1 + number % 2],
                )
                for number in range(1, 9)
            ]
        )
        with duckdb.connect() as connection:
            connection.execute(
                f"COPY (FROM '{dated.folder}/profiles.csv') TO '{dated.folder}/profiles.parquet'"
            )

    people()
    dated.run()
    people(1, 2)

    reports = dated.run().syncs

    assert [report.changed for report in reports] == [2, 1]
    phones = {address: lead["Phone"] for address, lead in dated.leads().items()}
    assert {address for address, phone in phones.items() if phone == "+9"} == {
        "p1@example.com",
        "p2@example.com",
        "second.1@example.com",
    }


SUNDAY, WEDNESDAY = "2026-01-04 10:00:00", "2026-01-07 10:00:00"

LATEST = person(3, changed_at=MONDAY)
LIKES = {"key": "id", "affinity": "name", "weight": "weight"}


@pytest.fixture
def ruled(dated: World) -> World:
    """A rule makes the first of two members a vip; the row of a third one is the latest."""
    dated.config["audiences"] = {"vip": {"where": "fax = 'x'"}}
    dated.people([person(1, fax="x", changed_at=SUNDAY), person(2, fax="y", changed_at=SUNDAY), LATEST])
    dated.run_one(full=True)
    assert audiences(dated) == {"p1": "news;vip", "p2": "news"}
    return dated


def test_members_follow_a_rule_that_was_edited_though_their_rows_did_not_change(ruled: World) -> None:
    ruled.config["audiences"] = {"vip": {"where": "fax = 'y'"}}
    assert ruled.run_one().changed == 2
    assert audiences(ruled) == {"p1": "news", "p2": "news;vip"}

    ruled.people([person(1, fax="x", changed_at=SUNDAY), person(2, fax="z", changed_at=SUNDAY), LATEST])
    assert ruled.run_one().changed == 0, "everybody is looked at once, not for ever"


@pytest.mark.parametrize(
    ("names", "found", "third"),
    [
        (["news", "vip", "gold"], {"p1": "gold;news;vip", "p2": "news"}, "news"),
        (["vip"], {"p1": "vip", "p2": None}, None),
        (["news"], {"p1": "news", "p2": "news"}, "news"),
    ],
    ids=["one more by a rule", "one less that is listed", "one less by a rule"],
)
def test_members_follow_the_audiences_of_their_sync_though_their_rows_did_not_change(
    ruled: World, names: list[str], found: dict[str, str | None], third: str | None
) -> None:
    ruled.config["audiences"]["gold"] = {"where": "fax = 'x'"}
    ruled.sync["audiences"] = names

    ruled.run_one(allowed=Allowances(exits=True))

    assert audiences(ruled, third) == found


@pytest.mark.parametrize("what", ["profiles", "attach", "affinities"])
def test_other_profiles_are_compared_whole_whatever_their_dates_say(ruled: World, what: str) -> None:
    source = ruled.config["source"]
    if what == "affinities":
        source["affinities"] = {"likes": LIKES | {"from": "SELECT 'p1' AS id, 'x' AS name, 1 AS weight"}}
        ruled.config["audiences"] = {"vip": {"where": "map_contains(likes, 'x')"}}
        ruled.run_one()
        source["affinities"]["likes"]["from"] = "SELECT 'p2' AS id, 'x' AS name, 1 AS weight"
    elif what == "attach":
        for name, whose in (("one", "p1"), ("other", "p2")):
            with duckdb.connect(ruled.folder / f"{name}.duckdb") as database:
                columns = (
                    f"REPLACE (if(id = '{whose}', 'x', 'y') AS fax, changed_at::TIMESTAMP AS changed_at)"
                )
                rows = f"SELECT * {columns} FROM read_csv('{ruled.folder}/profiles.csv', all_varchar = true)"
                database.execute(f"CREATE TABLE people AS {rows}")
        source["profiles"]["from"] = "people"
        source["attach"] = "one.duckdb"
        ruled.run_one()
        source["attach"] = "other.duckdb"
    else:
        relation = source["profiles"]["from"]
        source["profiles"]["from"] = f"SELECT * REPLACE (if(id = 'p2', 'x', 'y') AS fax) FROM {relation}"

    ruled.run_one()

    assert audiences(ruled) == {"p1": "news", "p2": "news;vip"}


def test_other_profiles_without_a_date_leave_no_mark_of_those_before(dated: World) -> None:
    relation = dated.config["source"]["profiles"]["from"]
    other = f"SELECT * REPLACE (CAST(NULL AS TIMESTAMP) AS changed_at) FROM {relation}"
    dated.config["source"]["profiles"]["from"] = other

    dated.run_one()

    assert dated.sql("SELECT watermark FROM sync") == [(None,)]


def test_an_edited_rule_is_followed_by_the_next_run_that_comes_to_its_end(ruled: World) -> None:
    ruled.config["audiences"] = {"vip": {"where": "fax = 'y'"}}
    ruled.org.fault(**DOWN)
    assert ruled.run_one().trouble is not None
    ruled.org.admin("DELETE", "faults")

    ruled.run_one()

    assert audiences(ruled) == {"p1": "news", "p2": "news;vip"}


def test_a_run_for_what_was_pushed_looks_at_everybody_after_a_rule_was_edited(ruled: World) -> None:
    ruled.config["audiences"] = {"vip": {"where": "fax = 'y'"}}
    ruled.push({"profile_key": "p3", "attributes": {"phone": "+9"}})

    ruled.run_one(pushed=True)

    assert audiences(ruled) == {"p1": "news", "p2": "news;vip"}


def test_a_store_that_does_not_know_what_was_compared_has_everything_compared_once(ruled: World) -> None:
    """One of an older program: nobody noticed the rules that were edited before."""
    with opened(ruled.folder / "store.duckdb") as store:
        store.execute("UPDATE sync SET profiles_basis = NULL")
    ruled.people([person(1, fax="y", changed_at=SUNDAY), person(2, fax="x", changed_at=SUNDAY), LATEST])
    assert ruled.run_one().changed == 2
    assert audiences(ruled) == {"p1": "news", "p2": "news;vip"}

    ruled.people([person(1, fax="x", changed_at=SUNDAY), person(2, fax="x", changed_at=SUNDAY), LATEST])
    assert ruled.run_one().changed == 0


@pytest.fixture
def listed(dated: World) -> World:
    """Memberships say when they changed, and whether they are any; one of a third member is the latest."""
    dated.people([person(1, changed_at=SUNDAY), person(2, changed_at=SUNDAY), person(3, changed_at=MONDAY)])
    dated.config["source"]["memberships"] |= {
        "from": "read_csv('dated.csv', all_varchar = true, types = {'at': 'TIMESTAMP', 'active': 'BOOLEAN'})",
        "updated_at": "at",
        "active": "active",
    }
    memberships(dated, ("p1", "news", SUNDAY, True), ("p2", "news", SUNDAY, True))
    dated.run_one()
    assert dated.run_one().planned == 0
    return dated


def memberships(world: World, *rows: tuple[str, str, str | None, bool | None]) -> None:
    latest = ("p3", "news", MONDAY, True)
    lines = [",".join("" if value is None else str(value) for value in row) for row in (*rows, latest)]
    (world.folder / "dated.csv").write_text("\n".join(["id,audience,at,active", *lines]))


def audiences(world: World, third: str | None = "news") -> dict[str, str | None]:
    found = {address[:2]: record["Audiences__c"] for address, record in world.leads().items()}
    assert found.pop("p3") == third
    return found


def test_memberships_with_a_new_date_are_read_and_the_others_of_their_profiles_stay(listed: World) -> None:
    memberships(
        listed,
        ("p1", "news", SUNDAY, True),
        ("p1", "vip", TUESDAY, True),
        ("p2", "news", TUESDAY, False),
        ("p2", "vip", TUESDAY, None),
    )

    report = listed.run_one(allowed=Allowances(exits=True))

    assert (report.changed, report.exited, report.unchanged) == (1, 1, 1)
    assert audiences(listed) == {"p1": "news;vip", "p2": None}
    assert listed.run_one().planned == 0


def test_a_membership_that_is_gone_or_changed_without_a_date_waits_for_a_full_read(listed: World) -> None:
    memberships(listed, ("p1", "news", SUNDAY, True), ("p1", "vip", "2026-01-01 00:00:00", True))
    assert listed.run_one().planned == 0

    report = listed.run_one(full=True, allowed=Allowances(exits=True))

    assert (report.changed, report.exited) == (1, 1)
    assert audiences(listed) == {"p1": "news;vip", "p2": None}


def test_a_membership_without_a_date_is_always_read(listed: World) -> None:
    memberships(listed, ("p1", "news", SUNDAY, True), ("p2", "news", SUNDAY, True), ("p2", "vip", None, True))

    assert listed.run_one().changed == 1
    assert audiences(listed)["p2"] == "news;vip"


def test_a_sync_that_lists_another_audience_reads_all_memberships_once(listed: World) -> None:
    memberships(
        listed, ("p1", "news", SUNDAY, True), ("p2", "news", SUNDAY, True), ("p2", "old", SUNDAY, True)
    )
    assert listed.run_one().planned == 0
    listed.sync["audiences"] = ["news", "vip", "old"]

    assert listed.run_one().changed == 1
    assert audiences(listed)["p2"] == "news;old"


def test_other_memberships_are_read_whole_whatever_their_dates_say(listed: World) -> None:
    memberships(
        listed, ("p1", "news", SUNDAY, True), ("p2", "news", SUNDAY, True), ("p2", "vip", SUNDAY, True)
    )
    (listed.folder / "dated.csv").rename(listed.folder / "other.csv")
    relation = listed.config["source"]["memberships"]["from"]
    listed.config["source"]["memberships"]["from"] = relation.replace("dated", "other")

    assert listed.run_one().changed == 1


def test_the_watermark_of_memberships_moves_on_its_own_and_only_with_a_run_that_ends(listed: World) -> None:
    memberships(
        listed, ("p1", "news", SUNDAY, True), ("p1", "vip", WEDNESDAY, True), ("p2", "news", SUNDAY, True)
    )
    listed.org.fault(**DOWN)
    assert listed.run_one().trouble is not None
    marks = "SELECT watermark, memberships_watermark FROM sync"
    assert listed.sql(marks) == [(MONDAY, MONDAY)]
    listed.org.admin("DELETE", "faults")

    assert listed.run_one().changed == 1
    assert listed.sql(marks) == [(MONDAY, WEDNESDAY)]


def test_a_member_that_met_a_passing_error_keeps_her_new_audience_in_mind(listed: World) -> None:
    listed.org.fault(**LOCKED)
    memberships(
        listed, ("p1", "news", SUNDAY, True), ("p2", "news", SUNDAY, True), ("p2", "vip", TUESDAY, True)
    )
    assert listed.run_one().rejected == 1
    memberships(
        listed,
        ("p1", "news", SUNDAY, True),
        ("p1", "vip", WEDNESDAY, True),
        ("p2", "news", SUNDAY, True),
        ("p2", "vip", TUESDAY, True),
    )

    report = listed.run_one()
    assert (report.accepted, report.rejected) == (1, 1)

    assert listed.run_one().accepted == 1
    assert audiences(listed) == {"p1": "news;vip", "p2": "news;vip"}


def test_a_column_that_does_not_say_true_or_false_is_refused(listed: World) -> None:
    listed.config["source"]["memberships"]["active"] = "audience"

    with pytest.raises(SourceError, match=r"source\.memberships: audience is a VARCHAR, which is neither"):
        listed.run()
