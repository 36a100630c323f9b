"""How one sync stands: jitter, waits that double after trouble, and what a change of the source does."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from audiencesync.config.models import Sync
from audiencesync.daemon.standing import FIRST_WAIT, LONGEST_WAIT, Standing
from audiencesync.reports import Trouble

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DOWN = Trouble("SalesforceUnavailable", "down", "wait", 75)
LOOKS, OTHERWISE = (("a", "1"),), (("a", "2"),)


def standing(seed: int = 1, **when: Any) -> Standing:
    sync = Sync.model_validate(
        {"name": "leads", "object": "Lead", "audiences": ["news"], **when}, by_alias=True, by_name=False
    )
    return Standing(sync, random.Random(seed), now=NOON, last_start=NOON, last_success=None)


def rest(one: Standing, now: datetime) -> timedelta:
    assert one.next_at is not None
    return one.next_at - now


def test_the_wait_after_trouble_doubles_up_to_a_quarter_of_an_hour_and_success_ends_it() -> None:
    one = standing(every="1h")
    waits = []
    for number in range(10):
        assert one.failed(DOWN, NOON, NOON) == (number == 0)
        waits.append(rest(one, NOON))
    for number, wait in enumerate(waits):
        least = min(FIRST_WAIT * 2**number, LONGEST_WAIT)
        assert least <= wait <= least * 1.1
    assert one.health.failures == 10
    assert not one.is_due(NOON + LONGEST_WAIT * 0.9, None)
    assert one.ran(NOON, NOON, None)
    assert (one.health.trouble, one.health.failures, rest(one, NOON)) == (None, 0, timedelta(hours=1))
    assert one.failed(DOWN, NOON, NOON)
    assert rest(one, NOON) <= FIRST_WAIT * 1.1


def test_trouble_is_tried_again_before_the_next_time_and_holds_up_a_time_that_comes_sooner() -> None:
    daily, often = standing(cron="0 6 * * *"), standing(every="1s")
    for one in (daily, often):
        one.failed(DOWN, NOON, NOON)
        assert not one.is_due(NOON + FIRST_WAIT * 0.9, None)
        assert one.is_due(NOON + FIRST_WAIT * 1.1, None)


def test_jitter_puts_a_time_off_by_a_part_of_it_that_differs() -> None:
    offs = {rest(standing(seed, every="1h", jitter="5m"), NOON) - timedelta(hours=1) for seed in range(20)}
    assert len(offs) > 10
    assert all(timedelta() <= off <= timedelta(minutes=5) for off in offs)


def test_a_source_that_looks_otherwise_than_at_the_last_good_run_starts_one() -> None:
    one = standing(watch=True)
    assert not one.is_due(NOON, None)  # nobody has looked yet
    assert one.is_due(NOON, LOOKS)
    one.ran(NOON, NOON, LOOKS)
    assert not one.is_due(NOON, LOOKS)
    one.failed(DOWN, NOON, NOON)
    one.ran(NOON, NOON, LOOKS)
    assert one.is_due(NOON, OTHERWISE)
    assert not standing(every="1h").is_due(NOON, OTHERWISE)


def test_what_was_failing_is_tried_at_once_under_a_new_config() -> None:
    before, after = standing(every="1h"), standing(every="2h")
    before.failed(DOWN, NOON, NOON)
    after.follow(before.health, NOON)
    assert after.is_due(NOON, None)
    assert after.health.trouble == DOWN
    assert not after.failed(DOWN, NOON, NOON)  # it is no news
