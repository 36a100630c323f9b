"""Which way changes travel, by what it costs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from audiencesync.config.models import DuplicateRule, Sync
from audiencesync.records import Operation, Route

COLLECTION_ROWS = 200
"""Rows of one sObject Collections call. Source: REST API guide, "sObject Collections"."""

BULK_CALLS = 6
"""Calls of one Bulk 2.0 job: create, upload, close, one poll, successful and failed results.

More polls follow while the job runs; they are counted when they are made.
"""

BULK_JOB_BYTES = 90_000_000
"""Most bytes of one upload; the platform takes 100 MB and our writer may overshoot a little.

Source: Bulk API 2.0 guide, "Upload Job Data".
"""


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """How many rows go which way, and what that costs.

    Attributes:
        rows: Route -> rows.
        calls: API calls of the writes, polls aside.
        chosen: Operation -> the route of all its rows that may go by Bulk.
    """

    rows: Mapping[Route, int]
    calls: int
    chosen: Mapping[Operation, Route] = field(default_factory=dict)


def choose_routes(sync: Sync, rows: Mapping[Operation, int], unfit: Mapping[Operation, int]) -> RoutePlan:
    """Pick the cheaper route for each operation.

    Args:
        sync: Says whether a header is needed that Bulk API 2.0 does not take.
        rows: Operation -> rows in all.
        unfit: Operation -> rows that a CSV file cannot carry.

    Returns:
        The routes with their cost.
    """
    # Bulk 2.0 documents neither the duplicate-rule header nor "run the active assignment rule"
    rest_only = sync.duplicate_rule is DuplicateRule.ALLOW_SAVE or sync.assignment_rule
    totals = dict.fromkeys(Route, 0)
    calls = 0
    chosen = {}
    for operation, count in rows.items():
        by_file = count - unfit.get(operation, 0)
        bulk = not rest_only and math.ceil(by_file / COLLECTION_ROWS) > BULK_CALLS
        chosen[operation] = Route.BULK if bulk else Route.COLLECTIONS
        single = unfit.get(operation, 0) if bulk else count
        totals[Route.COLLECTIONS] += single
        totals[Route.BULK] += count - single
        calls += math.ceil(single / COLLECTION_ROWS) + (BULK_CALLS if bulk else 0)
    return RoutePlan(totals, calls, chosen)
