"""Which way changes travel, by what it costs in API calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audiencesync.config.models import DuplicateRule, Prefer, Sync
from audiencesync.records import Matching, Operation, Route, RouteChoice, RoutePlan, Way
from audiencesync.store import Store

COLLECTION_ROWS = 200
"""Rows of one sObject Collections call. Source: REST API guide, "sObject Collections"."""

COMPOSITE_ROWS = 5 * COLLECTION_ROWS
"""Rows of one Composite, which takes five Collections. Source: REST API guide, "Composite"."""

REQUEST_BYTES = 8_000_000
"""Most bytes of values in one request, escapes included and names not: well below what a load balancer or a
trigger's heap takes."""

BULK_CALLS = 6
"""Calls of one Bulk 2.0 job: create, upload, close, one poll, successful and failed results.

More polls follow while the job runs; they are counted when they are made.
"""

JOB_ROWS = 1_000_000
"""Rows of one job: a job that Salesforce gives up costs no more than these."""

JOB_BYTES = 90_000_000
"""Most bytes of one upload, which takes 100 MB. Not counted are the header, what the last row has beyond
them, and the commas of fields that are mapped no more and that exits clear.

Source: Bulk API 2.0 guide, "Upload Job Data".
"""

PACKING = {
    "collection_rows": COLLECTION_ROWS,
    "request_bytes": REQUEST_BYTES,
    "job_rows": JOB_ROWS,
    "job_bytes": JOB_BYTES,
}
"""Where requests and jobs are cut, besides the rows of a Composite."""

SORTED_ROWS = 122_880
"""So many rows are sent in the order of their keys; more as they lie, in blocks of DuckDB of this size."""

FAST_ROWS = 10 * COMPOSITE_ROWS
"""A sync that prefers speed sends this many rows by requests, which are answered at once; a job is not."""

FAST_SHARE = 0.1
"""... as long as that takes no more than this share of the calls the budget has left."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one object and operation has to send.

    Attributes:
        unfit: Rows that a Bulk CSV cannot carry.
        apart: Rows that a Composite cannot carry, and Collections can; `unfit_apart` those of the unfit ones.
        collections: Requests for all rows by Collections; `unfit_collections` for the unfit ones alone.
        composite: Requests for all rows by Composite, and `apart_collections` for those that go apart;
            `unfit_composite` for the unfit ones alone, when none of them goes apart.
        jobs: Bulk jobs for the others.
    """

    object: str
    operation: Operation
    rows: int
    unfit: int
    apart: int
    unfit_apart: int
    collections: int
    composite: int
    apart_collections: int
    unfit_collections: int
    unfit_composite: int
    jobs: int

    def requests(self, *, composite: bool, unfit: bool) -> tuple[Route, Mapping[Route, int], int]:
        """How rows travel that do not go by a job.

        Args:
            composite: The org takes Composite.
            unfit: Only the unfit rows.

        Returns:
            What carries them in general, calls by route, and the rows that go by Collections all the same.
        """
        rows, apart = (self.unfit, self.unfit_apart) if unfit else (self.rows, self.apart)
        # up to 200 rows cost one call either way, and then the plain one is the better known;
        # few rows are unfit, and fewer go apart: they are not packed once more
        if not composite or rows <= COLLECTION_ROWS or (unfit and apart):
            calls = self.unfit_collections if unfit else self.collections
            return Route.COLLECTIONS, {Route.COLLECTIONS: calls}, 0
        if unfit:
            return Route.COMPOSITE, {Route.COMPOSITE: self.unfit_composite}, 0
        calls_by_route = {Route.COMPOSITE: self.composite, Route.COLLECTIONS: self.apart_collections}
        return Route.COMPOSITE, calls_by_route, apart


@dataclass(frozen=True, slots=True)
class Room:
    """What a plan may spend.

    Attributes:
        calls_left: What the budget has room for; None for no limit.
        composite: The org takes Composite.
    """

    calls_left: int | None = None
    composite: bool = True


def weigh(store: Store, sends: int) -> tuple[Load, ...]:
    """What `plan_change` has to send, cut into requests and jobs.

    Args:
        store: Holds it.
        sends: How many rows that are.
    """
    store.run("plan_packing", many=sends > SORTED_ROWS)
    limits = {"composite_rows": COMPOSITE_ROWS, **PACKING}
    return tuple(
        Load(**{**row, "operation": Operation(row["operation"])})
        for row in store.rows("plan_operations", limits)
    )


def choose_routes(sync: Sync, matching: Matching, loads: Sequence[Load], room: Room) -> RoutePlan:
    """Pick the route of each object and operation that costs the fewest calls.

    Args:
        sync: Says whether a header is needed that Bulk API 2.0 does not take, and whether it prefers speed.
        matching: A new record without a match value goes by a job, whose results tell for seven days which
            rows it made; an unanswered request would tell nothing.
        loads: What there is to send.
        room: What may be spent.

    Returns:
        The routes with their cost.
    """
    rows = dict.fromkeys(Route, 0)
    calls = dict.fromkeys(Route, 0)
    choices = []
    for load in loads:
        bulk = _goes_by_job(sync, matching, load, room)
        rest = load.unfit if bulk else load.rows
        request, needed, apart = load.requests(composite=room.composite, unfit=bulk)
        size = COMPOSITE_ROWS if request is Route.COMPOSITE else COLLECTION_ROWS
        for route, count in needed.items():
            calls[route] += count
        rows[request] += rest - apart
        rows[Route.COLLECTIONS] += apart
        if bulk:
            calls[Route.BULK] += BULK_CALLS * load.jobs
            rows[Route.BULK] += load.rows - rest
        choices.append(RouteChoice(load.object, load.operation, bulk, request, size))
    return RoutePlan(rows, calls, tuple(choices))


def _goes_by_job(sync: Sync, matching: Matching, load: Load, room: Room) -> bool:
    # Bulk 2.0 documents neither the duplicate-rule header nor "run the active assignment rule", which is for
    # records that may be made
    assigned = sync.assignment_rule and load.operation.may_make
    if sync.duplicate_rule is DuplicateRule.ALLOW_SAVE or assigned or load.rows == load.unfit:
        return False
    if load.operation is Operation.INSERT and matching.way is Way.NONE:
        return True
    by_request, rest = (
        sum(load.requests(composite=room.composite, unfit=unfit)[1].values()) for unfit in (False, True)
    )
    by_job = BULK_CALLS * load.jobs + rest
    if sync.prefer is Prefer.SPEED and load.rows <= FAST_ROWS:
        return room.calls_left is not None and by_request > max(room.calls_left * FAST_SHARE, by_job)
    return by_request > by_job
