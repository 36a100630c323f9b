"""With `updated_at` a run reads what changed, and misses nothing all the same."""

import pytest

from audiencesync.records import Allowances
from tests.world import World, person

MONDAY, TUESDAY = "2026-01-05 10:00:00", "2026-01-06 10:00:00"


@pytest.fixture
def dated(world: World) -> World:
    """Profiles say when they changed; two members, both acknowledged on Monday."""
    world.config["source"]["profiles"] |= {
        "from": "read_csv('profiles.csv', all_varchar = true, types = {'changed_at': 'TIMESTAMP'})",
        "updated_at": "changed_at",
    }
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
    dated.org.fault("lock_rows", object="Lead", field="Email", values=["p2@example.com"], times=8)
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
    dated.org.fault("status", status=503, match={"path": "composite/sobjects|/query"}, times=99)
    assert dated.run_one().trouble is not None
    assert dated.sql("SELECT watermark FROM sync") == [(MONDAY,)]
    dated.org.admin("DELETE", "faults")

    dated.run_one()

    assert dated.leads()["p1@example.com"]["Phone"] == "+9"


def test_a_vanished_profile_is_found_by_its_membership_or_by_a_full_read(dated: World) -> None:
    dated.people([person(1, changed_at=MONDAY)])

    report = dated.run_one(allowed=Allowances(exits=True))

    assert report.exited == 1
