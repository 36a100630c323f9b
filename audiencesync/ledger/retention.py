"""What the ledger need not tell any more: pushes, runs and calls older than the config lets them become."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from audiencesync.clock import Clock
from audiencesync.ledger.meter import stored_time
from audiencesync.store import Store

_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the ledger holds.

    Attributes:
        since: Since when it is whole, in UTC without a zone; None: nothing was ever dropped.
        dropped: Pushes that were dropped just now.
    """

    since: datetime | None
    dropped: int = 0


def drop_old(store: Store, clock: Clock, keep: timedelta | None, *, at_once: bool = False) -> Kept:
    """Drop what is older than `keep`; the acknowledged state and what is on its way stay.

    Args:
        store: Holds the ledger.
        clock: Says what is old.
        keep: How old things may become; None: for ever.
        at_once: Look now, though it was done within the last day.
    """
    now = clock.now()
    found = store.row("retention", {"limit": None if keep is None else stored_time(now - keep)})
    since, looked, cutoff = found["kept_since"], found["looked_at"], found["cutoff"]
    lately = looked is not None and stored_time(now) - looked < _EVERY
    if keep is None or (lately and not at_once):
        return Kept(since)
    where = {"cutoff": cutoff}
    with store.transaction():
        dropped = int(store.row("retention_ledger", where)["Count"])
        for table in ("batches", "calls", "runs"):
            store.run(f"retention_{table}", where)
        store.run("retention_run_syncs")
        if dropped:
            since = cutoff if since is None else max(since, cutoff)
        store.run("retention_set", {"kept_since": since, "now": stored_time(now)})
    return Kept(since, dropped)
