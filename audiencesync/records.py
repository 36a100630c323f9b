"""The frozen values that travel between the stages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

JsonScalar = str | int | float | bool | None
"""A field value as Salesforce's JSON takes it."""

Row = Mapping[str, JsonScalar]
"""API field name -> value. A key with None clears the field; an absent key leaves it alone."""


class Mode(StrEnum):
    """How a sync ran."""

    BACKFILL = "backfill"
    INCREMENTAL = "incremental"


class Action(StrEnum):
    """What happens to one record."""

    CREATE = "create"
    UPDATE = "update"
    EXIT = "exit"
    DELETE = "delete"


class Reason(StrEnum):
    """Why one record is touched."""

    BACKFILL = "backfill"
    ENTERED = "entered"
    EXITED = "exited"
    TRIGGER = "trigger"
    MAPPING_CHANGED = "mapping_changed"
    REPAIR = "repair"
    RETRY = "retry"


class OutcomeKind(StrEnum):
    """How one push ended."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class Route(StrEnum):
    """How changes travel to Salesforce."""

    COLLECTIONS = "collections"
    COMPOSITE = "composite"
    BULK = "bulk"


class Operation(StrEnum):
    """What one batch asks Salesforce to do with its rows."""

    INSERT = "insert"
    UPSERT = "upsert"
    UPDATE = "update"
    DELETE = "delete"

    @property
    def may_make(self) -> bool:
        """Whether a row may become a new record."""
        return self in {Operation.INSERT, Operation.UPSERT}


class Way(StrEnum):
    """How the record of a member whose Id is unknown is found."""

    ID = "id"
    NATIVE = "native"
    LOOKUP = "lookup"
    NONE = "none"


class RunStatus(StrEnum):
    """How a run ended."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    PAUSED = "paused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RowResult:
    """What Salesforce answered for one row.

    Attributes:
        accepted: The row was written.
        salesforce_id: 18 characters, when Salesforce named the record.
        created: True for a new record, False for an existing one, None when Salesforce did not say.
        code: Salesforce's status code of a refused row, such as `STRING_TOO_LONG`; empty when accepted.
        message: Salesforce's words, which may hold personal data: for the ledger alone, never for a log.
        fields: API names of the fields that Salesforce blamed.
    """

    accepted: bool
    salesforce_id: str | None = None
    created: bool | None = None
    code: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()


class JobState(StrEnum):
    """States of a Bulk API 2.0 job."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    COMPLETE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"

    @property
    def terminal(self) -> bool:
        """Nothing more will happen to the job."""
        return self in {JobState.COMPLETE, JobState.FAILED, JobState.ABORTED}


@dataclass(frozen=True, slots=True)
class Job:
    """A Bulk API 2.0 ingest job as Salesforce reports it.

    Attributes:
        processed: Rows handled, failed ones included.
        failed: Rows refused.
        error: Why the whole job failed; empty otherwise.
    """

    id: str
    state: JobState
    processed: int = 0
    failed: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class OpenJob:
    """An ingest job that waits for data.

    Attributes:
        operation: Salesforce's word, such as `upsert`.
        created: When, by Salesforce's clock.
        created_by: The user's Id, 18 characters.
    """

    id: str
    object_name: str
    operation: str
    created: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Matching:
    """How a sync tells which record is whose.

    Attributes:
        way: `id`: the source knows Ids. `native`: Salesforce upserts by the field. `lookup`: records are
            asked for before anything is written. `none`: each member is a record of its own.
        fields: API names as describe spells them; empty for `none`.
        exact: Those of them that tell upper from lower case.
    """

    way: Way
    fields: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteChoice:
    """How the rows of one object and operation travel.

    Attributes:
        bulk: Whatever a CSV can carry goes by Bulk jobs.
        request: What carries the others, `request_rows` at most.
    """

    object: str
    operation: Operation
    bulk: bool
    request: Route
    request_rows: int


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """How many rows go which way, and what that costs.

    Attributes:
        rows: Route -> rows.
        calls: Route -> API calls, polls of a running job aside.
    """

    rows: Mapping[Route, int] = field(default_factory=lambda: dict.fromkeys(Route, 0))
    calls: Mapping[Route, int] = field(default_factory=lambda: dict.fromkeys(Route, 0))
    choices: tuple[RouteChoice, ...] = ()


@dataclass(frozen=True, slots=True)
class MembershipTotals:
    """What one reading of the memberships found.

    Attributes:
        watermark: The greatest `updated_at`, as text; None without that column or without rows.
        since: Where an incremental read began; None when everything was read.
    """

    watermark: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class SourceTotals:
    """What one reading of the source found.

    Attributes:
        profiles: Profiles read: all of them, or those changed since the watermark.
        shared_hashes: The hashes of two keys are the same, so keys must meet by their text; None: nobody has
            looked yet.
        watermark: The greatest `updated_at`, as text; None without that column or without rows.
        since: Where an incremental read began; None when everything was read.
        memberships: The same of the memberships.
    """

    profiles: int
    shared_hashes: bool | None
    watermark: str | None
    since: str | None
    memberships: MembershipTotals

    @classmethod
    def of_nothing(cls) -> Self:
        """What is known of a source of which nothing was read yet."""
        return cls(0, shared_hashes=False, watermark=None, since=None, memberships=MembershipTotals())


@dataclass(frozen=True, slots=True)
class Allowances:
    """Guards that the operator lifted for one run."""

    empty_source: bool = False
    exits: bool = False
    clears: bool = False
    creates: bool = False
    mapping_change: bool = False


@dataclass(frozen=True, slots=True)
class SharedRecords:
    """Records of a plan that another sync's members are, too.

    Attributes:
        sync: The other one.
        fields: What both write, each in its own way.
        records: How many.
    """

    sync: str
    fields: tuple[str, ...]
    records: int


@dataclass(frozen=True, slots=True)
class KnownSync:
    """What the store holds of a sync.

    Attributes:
        profiles: Whose records it knows, or has not heard of yet.
        members: Those whom Salesforce acknowledged.
        unknown: Rows that it sent and that have no answer.
    """

    sync_id: int
    name: str
    object: str
    profiles: int
    members: int
    unknown: int


@dataclass(frozen=True, slots=True)
class PlanTotals:
    """The numbers of one plan.

    Attributes:
        acknowledged: Members before the plan.
        members: Members after it: entered + changed + unchanged.
        entered: Members that Salesforce does not know as such yet.
        exited: Members that left their last audience.
        changed: Members with a field or an audience to send.
        candidates: Members that differ in anything, also in what needs no push.
        sends: Rows to send, of all kinds.
        invalid: Rows that we stop ourselves.
        unmatched: Members that have no record and may not be given one, looked up now or lately.
        clears: Filled field values that would become empty.
        parked: Rows that would be refused as before, and wait; they are not among the candidates.
        without_profile: Keys of memberships that no profile has.
    """

    acknowledged: int = 0
    members: int = 0
    entered: int = 0
    exited: int = 0
    changed: int = 0
    unchanged: int = 0
    candidates: int = 0
    sends: int = 0
    invalid: int = 0
    unmatched: int = 0
    clears: int = 0
    parked: int = 0
    without_profile: int = 0

    @property
    def planned(self) -> int:
        """Rows that will have an outcome."""
        return self.sends + self.invalid


@dataclass(frozen=True, slots=True)
class SyncState:
    """What the store knows of a sync before a run.

    Attributes:
        sync_id: Its number in the store.
        basis: What its fingerprints were computed from; None before the first run.
        watermark: How far the source's `updated_at` was acknowledged, as text.
        profiles_basis: Which profiles that is about, and which audiences they were in.
        backfilled: Its first run was completed.
        backfilling: Every member was to be sent again, and not all have been.
        memberships_watermark: The same of the memberships' `updated_at`.
        memberships_basis: Which memberships those were.
    """

    sync_id: int
    basis: str | None
    watermark: str | None
    profiles_basis: str | None
    backfilled: bool
    backfilling: bool = False
    memberships_watermark: str | None = None
    memberships_basis: str | None = None


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What the org's own rules do with what we write.

    Attributes:
        duplicate_allow_save: Save in spite of a duplicate rule that alerts.
        assignment_rule: Let the active assignment rule choose the owner of Leads and Cases that may be made.
            Salesforce does so, on updates too, when it is not told, so it is always told.
    """

    duplicate_allow_save: bool = False
    assignment_rule: bool = False
