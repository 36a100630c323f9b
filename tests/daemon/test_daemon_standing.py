"""How one sync stands: jitter, waits that double after trouble, and what a change of the source does."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audiencesync.config.models import Intake, Sync
from audiencesync.daemon.arrivals import Arrivals
from audiencesync.daemon.standing import FIRST_WAIT, LONGEST_WAIT, MENDED_BY_HAND, Standing, Wish
from audiencesync.reports import Trouble

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DOWN = Trouble("SalesforceUnavailable", "down", "wait", 75)
MISMAPPED = Trouble("ConfigError", "Lead has no field", "name one that it has", 2)
LOOKS, OTHERWISE = (("a", "1"),), (("a", "2"),)


def standing(seed: int = 1, *, unfinished: bool = False, **when: Any) -> Standing:
    sync = Sync.model_validate(
        {"name": "leads", "object": "Lead", "audiences": ["news"], **when}, by_alias=True, by_name=False
    )
    chance = random.Random(seed)
    return Standing(sync, chance, now=NOON, last_start=NOON, last_success=None, unfinished=unfinished)


class Clock:
    """Time that is moved by hand."""

    time = NOON

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def rest(one: Standing, now: datetime) -> timedelta:
    assert one.next_at is not None
    return one.next_at - now


def test_the_wait_after_trouble_doubles_up_to_a_quarter_of_an_hour_and_success_ends_it() -> None:
    one = standing(every="1h")
    waits = []
    for number in range(10):
        assert one.failed(DOWN, NOON, NOON, pushed=False) == (number == 0)
        waits.append(rest(one, NOON))
    for number, wait in enumerate(waits):
        least = min(FIRST_WAIT * 2**number, LONGEST_WAIT)
        assert least <= wait <= least * 1.1
    assert one.health.failures == 10
    assert one.wish(NOON + LONGEST_WAIT * 0.9, None) is Wish.NOTHING
    assert one.ran(NOON, NOON, None, pushed=False)
    assert (one.health.trouble, one.health.failures, rest(one, NOON)) == (None, 0, timedelta(hours=1))
    assert one.failed(DOWN, NOON, NOON, pushed=False)
    assert rest(one, NOON) <= FIRST_WAIT * 1.1


def test_what_only_a_change_of_the_config_or_the_org_mends_is_tried_once_an_hour_in_the_end() -> None:
    one = standing(every="1m")
    for _ in range(20):
        one.failed(MISMAPPED, NOON, NOON, pushed=False)

    assert MENDED_BY_HAND <= rest(one, NOON) <= MENDED_BY_HAND * 1.1


def test_trouble_is_tried_again_before_the_next_time_and_holds_up_a_time_that_comes_sooner() -> None:
    daily, often = standing(cron="0 6 * * *"), standing(every="1s")
    for one in (daily, often):
        one.failed(DOWN, NOON, NOON, pushed=False)
        assert one.wish(NOON + FIRST_WAIT * 0.9, None) is Wish.NOTHING
        assert one.wish(NOON + FIRST_WAIT * 1.1, None) is Wish.RUN


@pytest.mark.parametrize("when", [{"every": "1h", "jitter": "5m"}, {"cron": "0 6 * * *"}])
def test_a_run_that_did_not_come_to_its_end_goes_on_at_the_start_and_then_by_its_times(
    when: dict[str, Any],
) -> None:
    assert standing(**when).wish(NOON, None) is Wish.NOTHING

    one = standing(unfinished=True, **when)

    assert one.wish(NOON, None) is Wish.RUN
    one.ran(NOON, NOON, None, pushed=False)
    assert one.wish(NOON + timedelta(minutes=59), None) is Wish.NOTHING


def test_a_sync_that_runs_when_somebody_asks_waits_for_that_at_the_start_too() -> None:
    assert standing(unfinished=True).wish(NOON, None) is Wish.NOTHING


def test_jitter_puts_a_time_off_by_a_part_of_it_that_differs() -> None:
    offs = {rest(standing(seed, every="1h", jitter="5m"), NOON) - timedelta(hours=1) for seed in range(20)}
    assert len(offs) > 10
    assert all(timedelta() <= off <= timedelta(minutes=5) for off in offs)


def test_a_source_that_looks_otherwise_than_at_the_last_good_run_starts_one() -> None:
    one = standing(watch=True)
    assert one.wish(NOON, None) is Wish.NOTHING  # nobody has looked yet
    assert one.wish(NOON, LOOKS) is Wish.RUN
    one.ran(NOON, NOON, LOOKS, pushed=False)
    assert one.wish(NOON, LOOKS) is Wish.NOTHING
    one.failed(DOWN, NOON, NOON, pushed=False)
    one.ran(NOON, NOON, LOOKS, pushed=False)
    assert one.wish(NOON, OTHERWISE) is Wish.RUN
    assert standing(every="1h").wish(NOON, OTHERWISE) is Wish.NOTHING


def test_what_was_failing_is_tried_at_once_under_a_new_config() -> None:
    before, after = standing(every="1h"), standing(every="2h")
    before.failed(DOWN, NOON, NOON, pushed=False)
    after.follow(before.health, NOON)
    assert after.wish(NOON, None) is Wish.RUN
    assert after.health.trouble == DOWN
    assert not after.failed(DOWN, NOON, NOON, pushed=False)  # it is no news


def test_what_was_pushed_is_sent_at_once_and_after_trouble_tried_again_without_reading_the_source() -> None:
    one = standing(every="1h")
    assert one.wish(NOON, None) is Wish.NOTHING

    one.push()
    assert one.wish(NOON, None) is Wish.PUSHED
    one.failed(DOWN, NOON, NOON, pushed=True)
    assert one.wish(NOON, None) is Wish.NOTHING
    assert one.wish(NOON + FIRST_WAIT * 1.1, None) is Wish.PUSHED
    one.ran(NOON, NOON, None, pushed=True)
    assert one.wish(NOON + FIRST_WAIT * 1.1, None) is Wish.NOTHING
    assert one.wish(NOON + timedelta(hours=1), None) is Wish.RUN

    calm = standing(every="1h", push=False)
    calm.push()
    assert calm.wish(NOON, None) is Wish.NOTHING


def test_changes_wait_for_others_but_not_long_and_not_for_many() -> None:
    limits = Intake.model_validate({"token": "${env:TOKEN}", "max_delay": "200ms", "max_rows": 10})
    clock = Clock()
    arrivals = Arrivals(clock)
    assert arrivals.due_in(limits) is None

    arrivals.came(4)
    clock.time += timedelta(milliseconds=150)
    arrivals.came(5)
    assert arrivals.due_in(limits) == timedelta(milliseconds=50)
    arrivals.came(1)
    assert arrivals.due_in(limits) == timedelta()
    arrivals.taken()
    assert arrivals.due_in(limits) is None
