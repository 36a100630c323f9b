"""The frozen values that travel between the stages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

JsonScalar = str | int | float | bool | None
"""A field value as Salesforce's JSON takes it."""

Row = Mapping[str, JsonScalar]
"""API field name -> value. A key with None clears the field; an absent key leaves it alone."""


FilterValue = str | int | float | bool | date | datetime
"""A value that a query can compare a field with."""

_NUMBERS = frozenset({"int", "long", "double", "currency", "percent"})


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


@dataclass(frozen=True, slots=True)
class FieldType:
    """One field of a Salesforce object, as describe tells it.

    Attributes:
        name: API name.
        label: What people see, and what some row errors name the field by.
        type: Salesforce's type: string, textarea, email, phone, double, int, boolean, date, ...
        length: Characters a text field holds; 0 where that has no meaning.
        scale: Digits right of the decimal point.
        reference_to: Objects a reference may point to.
    """

    name: str
    label: str
    type: str
    length: int
    precision: int
    scale: int
    createable: bool
    updateable: bool
    nillable: bool
    defaulted_on_create: bool
    id_lookup: bool
    external_id: bool
    unique: bool
    case_sensitive: bool
    filterable: bool
    restricted_picklist: bool
    picklist_values: tuple[str, ...]
    reference_to: tuple[str, ...]
    relationship_name: str | None

    @property
    def required_on_create(self) -> bool:
        """A new record without this field is refused."""
        needed = self.createable and not self.nillable and not self.defaulted_on_create
        return needed and self.type != "boolean"

    def filter_value(self, text: str) -> FilterValue:
        """A canonical text of the field as the value that a query compares it with."""
        if self.type in _NUMBERS:
            number = Decimal(text)
            return int(number) if number == number.to_integral_value() else float(number)
        if self.type == "boolean":
            return text == "true"
        if self.type == "date":
            return date.fromisoformat(text)
        return datetime.fromisoformat(text) if self.type == "datetime" else text

    @property
    def may_match(self) -> bool:
        """Salesforce upserts by this field natively."""
        return self.id_lookup or self.external_id or self.name == "Id"


@dataclass(frozen=True, slots=True)
class RecordType:
    """One record type of an object, as describe tells it.

    Attributes:
        id: 18 characters.
        name: What people see.
        developer_name: API name.
        active: It may be used at all.
        available: The integration user may give it to a record.
        master: The one of records that have none; every object has it.
        default: What a record gets when it names none.
    """

    id: str
    name: str
    developer_name: str
    active: bool
    available: bool
    master: bool
    default: bool


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A Salesforce object, as describe tells it.

    Attributes:
        name: API name, in Salesforce's spelling.
        fields: By lower-cased API name, since Salesforce ignores case.
        record_types: The master one too.
        parents: Fields of parents that a sync writes, by lower-cased path such as `account.ext__c`. Their
            name is the path; whether they may be written or empty is what the reference says.
        key_prefix: The first three characters of its records' Ids; empty where it has none.
    """

    name: str
    label: str
    createable: bool
    updateable: bool
    deletable: bool
    fields: Mapping[str, FieldType] = field(repr=False)
    record_types: tuple[RecordType, ...] = field(default=(), repr=False)
    parents: Mapping[str, FieldType] = field(default_factory=dict, repr=False)
    key_prefix: str = ""

    def field(self, name: str) -> FieldType | None:
        """The field, or the parent's field, of that API name in any case; None when there is none."""
        return self.fields.get(name.lower()) or self.parents.get(name.lower())

    def reference(self, relation: str) -> FieldType | None:
        """The reference field behind a relationship name in any case, or None."""
        for one in self.fields.values():
            if one.relationship_name is not None and one.relationship_name.lower() == relation.lower():
                return one
        return None


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
class Allowances:
    """Guards that the operator lifted for one run."""

    empty_source: bool = False
    exits: bool = False
    clears: bool = False
    creates: bool = False
    mapping_change: bool = False


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
        unmatched: Members that have no record and may not be given one.
        clears: Filled field values that would become empty.
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
        backfilled: Its first run was completed.
    """

    sync_id: int
    basis: str | None
    watermark: str | None
    backfilled: bool


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What the org's own rules do with what we write.

    Attributes:
        duplicate_allow_save: Save in spite of a duplicate rule that alerts.
        assignment_rule: Let the active assignment rule choose the owner of Leads and Cases. Salesforce does
            so when it is not told, so it is always told.
    """

    duplicate_allow_save: bool = False
    assignment_rule: bool = False
