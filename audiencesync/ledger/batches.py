"""What travels together, and how far it has come."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from audiencesync.records import Operation, Route


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One intent.

    Attributes:
        values: Field -> canonical text to send; None clears.
    """

    seq: int
    attempt: int
    match_value: str | None
    salesforce_id: str | None
    values: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Lot:
    """Rows that travel together: one request, or one job.

    Attributes:
        pack: Its number among those that were planned; None when it was not.
    """

    object: str
    route: Route
    pack: int | None
    rows: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that travel together: one request, or one job.

    Attributes:
        object: Where their records are.
        matched_by: The match fields that they were planned with; none: each new record is one of its own.
        sent_at: When the intent was written, just before it was sent.
        sent_there: The same by Salesforce's clock, as far as it was known.
    """

    batch_id: int
    object: str
    operation: Operation
    route: Route
    rows: int
    matched_by: tuple[str, ...]
    sent_at: datetime
    sent_there: datetime


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch of which rows have no outcome yet.

    Attributes:
        job_id: The Bulk job that carries it, once there is one.
        left: How many rows, when it was found in the store.
    """

    batch: Batch
    job_id: str | None = None
    left: int = 0
