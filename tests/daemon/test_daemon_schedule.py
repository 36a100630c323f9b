"""When a sync is due: intervals, the calendar, nights in which clocks change, and times that were missed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiencesync.config.models import Sync
from audiencesync.daemon.schedule import due_after

ROME = {"timezone": "Europe/Rome"}


def sync(**when: Any) -> Sync:
    return Sync.model_validate(
        {"name": "leads", "object": "Lead", "audiences": ["news"], **when}, by_alias=True, by_name=False
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(one: Sync, start: str, count: int) -> list[str]:
    """Each run begins on time."""
    found, now = [], at(start)
    for _ in range(count):
        due = due_after(one, now, now)
        assert due is not None
        found.append(f"{due:%m-%d %H:%M}")
        now = due
    return found


def test_an_interval_counts_from_the_beginning_of_the_last_run() -> None:
    assert times(sync(every="15m"), "2026-06-01T10:07", 2) == ["06-01 10:22", "06-01 10:37"]


def test_a_weekday_morning_follows_the_zone() -> None:
    summer = sync(cron="0 6 * * 1-5", **ROME)
    assert times(summer, "2026-06-05T12:00", 2) == ["06-08 04:00", "06-09 04:00"]
    assert times(summer, "2026-12-04T12:00", 1) == ["12-07 05:00"]


def test_a_time_that_the_spring_night_skips_comes_when_the_gap_ends() -> None:
    nightly = sync(cron="30 2 * * *", **ROME)
    assert times(nightly, "2026-03-27T12:00", 3) == ["03-28 01:30", "03-29 01:00", "03-30 00:30"]


def test_a_time_that_the_autumn_night_has_twice_comes_once() -> None:
    nightly = sync(cron="30 2 * * *", **ROME)
    assert times(nightly, "2026-10-23T12:00", 3) == ["10-24 00:30", "10-25 00:30", "10-26 01:30"]


def test_every_quarter_of_an_hour_goes_on_through_both_nights() -> None:
    quarterly = sync(cron="*/15 * * * *", **ROME)
    assert times(quarterly, "2026-10-25T00:30", 4) == [
        "10-25 00:45",
        "10-25 01:00",
        "10-25 01:15",
        "10-25 01:30",
    ]
    assert times(quarterly, "2026-03-29T00:45", 2) == ["03-29 01:00", "03-29 01:15"]


def test_missed_times_are_one_time() -> None:
    daily = sync(cron="0 6 * * *")
    slept = at("2026-06-10T09:00")
    missed = due_after(daily, at("2026-06-01T06:00"), slept)
    assert missed is not None
    assert missed <= slept
    assert due_after(daily, slept, slept) == at("2026-06-11T06:00")


def test_what_never_ran_begins_at_once_by_interval_and_on_time_by_calendar() -> None:
    now = at("2026-06-10T09:00")
    assert due_after(sync(every="1h"), None, now) == now
    assert due_after(sync(cron="0 6 * * *"), None, now) == at("2026-06-11T06:00")
    assert due_after(sync(every="1d", cron="0 10 * * *"), now, now) == at("2026-06-10T10:00")


def test_a_sync_without_time_is_never_due() -> None:
    assert due_after(sync(watch=True), None, at("2026-06-10T09:00")) is None


@given(
    minutes=st.integers(0, 525_600),
    cron=st.sampled_from(["0 6 * * *", "*/7 * * * *", "30 2 * * 0", "15 1,3 28-31 * *"]),
    zone=st.sampled_from(["UTC", "Europe/Rome", "America/St_Johns", "Australia/Lord_Howe"]),
)
def test_a_time_is_always_after_the_last_run(minutes: int, cron: str, zone: str) -> None:
    last = at("2026-01-01T00:00") + timedelta(minutes=minutes)
    due = due_after(sync(cron=cron, timezone=zone), last, last)
    assert due is not None
    assert last < due


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"every": "soon"}, "such as 90s, 15m, 6h or 1d"),
        ({"every": "0m"}, "such as 90s, 15m, 6h or 1d"),
        ({"cron": "0 6 * *"}, "five fields"),
        ({"cron": "0 25 * * *"}, "no time that ever comes"),
        ({"cron": "0 0 31 2 *"}, "ever comes"),
        ({"cron": "0 6 * * *", "timezone": "Mars/Olympus"}, "name of a time zone"),
    ],
)
def test_a_time_that_cannot_be_is_refused(when: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        sync(**when)
