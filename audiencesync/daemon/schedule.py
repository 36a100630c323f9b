"""When a sync is due by `every` and `cron`: a calculation on times, without a clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from audiencesync.config.models import Sync


def due_after(sync: Sync, last: datetime | None, now: datetime) -> datetime | None:
    """The first time after its last run at which a sync is due; it may be past, and then it was missed.

    Times that passed during a run or while no daemon ran are one time: the next comes after `now`, once it
    has run.

    Args:
        sync: Says when it wants to run.
        last: When its last run began; None if it never ran.
        now: The present. A sync of `every` that never ran is due now, one of `cron` at its next time.

    Returns:
        A time in UTC; None when the sync has neither `every` nor `cron`.
    """
    times = []
    if sync.every is not None:
        times.append(now if last is None else last + sync.every)
    if sync.cron is not None:
        times.append(_next_of(sync.cron, ZoneInfo(sync.timezone), now if last is None else last))
    return min(times) if times else None


def _next_of(cron: str, zone: ZoneInfo, last: datetime) -> datetime:
    """The first time of a calendar after `last`.

    In a night when clocks change, a time that is skipped comes when the gap ends, and one that there is twice
    comes once; a calendar without hours goes on through both.
    """
    minutes, others = cron.split(maxsplit=1)
    # to CronSim a star there means that no hour is named, whatever the hours are
    times = CronSim(f"{minutes.replace('*', '0-59')} {others}", last.astimezone(zone))
    # of a time that there is twice CronSim gives the first, also in the hour of the second
    return next(at for time in times if (at := time.astimezone(UTC)) > last)
