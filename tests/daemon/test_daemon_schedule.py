"""When a sync is due: intervals, the calendar, nights in which clocks change, and times that were missed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

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


def test_a_run_in_the_hour_that_the_autumn_night_has_twice_is_the_last_of_the_night() -> None:
    nightly = sync(cron="30 2 * * *", **ROME)
    assert times(nightly, "2026-10-25T01:10", 1) == ["10-26 01:30"]


def test_every_half_of_one_hour_comes_in_both_nights() -> None:
    often = sync(cron="*/30 2 * * *", **ROME)
    assert times(often, "2026-03-28T12:00", 2) == ["03-29 01:00", "03-30 00:00"]
    assert times(often, "2026-10-24T12:00", 3) == ["10-25 00:00", "10-25 00:30", "10-26 01:00"]


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


NIGHTS = [
    ("Europe/Rome", "2026-03-29T01:00"),
    ("Europe/Rome", "2026-10-25T01:00"),
    ("America/St_Johns", "2026-11-01T04:30"),
    ("America/Havana", "2026-11-01T05:00"),
    ("America/Asuncion", "2024-03-24T03:00"),
    ("Africa/Casablanca", "2026-02-15T02:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("UTC", "2026-06-01T00:00"),
]
"""Zones, and when their clocks jump: by an hour or half of one, over midnight, over a whole day, or never."""


@given(
    night=st.sampled_from(NIGHTS),
    seconds=st.floats(-2 * 86_400, 2 * 86_400),
    minutes=st.sampled_from(["0", "30", "*", "*/7", "0,59", "15-45/10"]),
    hours=st.sampled_from(["*", "*/2", "0", "1", "2", "1,3", "0-3", "23", "6"]),
    days=st.sampled_from(["* * *", "28-31 * *", "* * 0", "1 * 1-5"]),
)
def test_a_time_is_always_after_the_last_run(
    night: tuple[str, str], seconds: float, minutes: str, hours: str, days: str
) -> None:
    zone, jump = night
    last = at(jump) + timedelta(seconds=seconds)
    due = due_after(sync(cron=f"{minutes} {hours} {days}", timezone=zone), last, last)
    assert due is not None
    assert last < due


@given(
    night=st.sampled_from(NIGHTS),
    minutes=st.sampled_from(["0", "30", "*/20"]),
    hours=st.sampled_from(["0", "1", "2", "1,3", "23"]),
)
def test_no_time_of_a_named_hour_comes_twice(night: tuple[str, str], minutes: str, hours: str) -> None:
    zone, jump = night
    one = sync(cron=f"{minutes} {hours} * * *", timezone=zone)
    begin, end = at(jump) - timedelta(days=2), at(jump) + timedelta(days=3)
    found, now = [], begin
    while (due := due_after(one, now, now)) is not None and due < end:
        found.append(due.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
        now = due
    assert len(found) == len(set(found))


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
