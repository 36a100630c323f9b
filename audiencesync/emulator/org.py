"""The org: its objects, records, users, clock and meter, behind one lock."""

from __future__ import annotations

import datetime as dt
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audiencesync.emulator import ids
from audiencesync.emulator.clock import Clock
from audiencesync.emulator.meter import Meter
from audiencesync.emulator.objects import standard_objects
from audiencesync.emulator.schema import Schema
from audiencesync.emulator.table import Table
from audiencesync.emulator.values import iso

if TYPE_CHECKING:
    from audiencesync.emulator.locks import RowLock
    from audiencesync.emulator.rules import DuplicateRule, RecordTypeRule, ValidationRule
    from audiencesync.emulator.schema import Field, ObjectType, Record, Value

RECYCLE_BIN_DAYS = 15
SYSTEM_FIELDS = ("CreatedById", "LastModifiedById", "CreatedDate", "LastModifiedDate", "SystemModstamp")

ADMIN_PERMISSIONS = (
    "PermissionsApiEnabled",
    "PermissionsBulkApiHardDelete",
    "PermissionsViewSetup",
    "PermissionsViewAllData",
    "PermissionsModifyAllData",
)


@dataclass
class Settings:
    """What an org file or the admin API may change.

    Attributes:
        bulk_pace_s: Seconds a Bulk job stays in each state before the next.
        session_s: Seconds of idle time after which an access token dies.
        username: Login name of the integration user.
        sandbox: A sandbox takes test.salesforce.com as the JWT's audience, production takes login.
        password_flow: The username-password flow is blocked in new orgs.
        refresh_rotation: A refresh token dies when used, and a new one is given.
        composite_collections: Queries and Collections that one Composite may hold.
    """

    organization: str = "Local Emulator"
    edition: str = "Developer Edition"
    username: str = "integration@example.com"
    password: str = "local-password"  # noqa: S105 - of an org that exists on this machine alone
    sandbox: bool = False
    bulk_pace_s: float = 0.2
    session_s: int = 7200
    password_flow: bool = False
    refresh_rotation: bool = False
    composite_collections: int = 5


@dataclass
class Org:
    """Everything that one Salesforce org knows. Hold `lock` while reading or writing.

    Attributes:
        revision: Counts changes of metadata and permissions; caches are keyed by it.
        hidden: Fields nobody sees until a permission set grants them.
        record_types: By the record type's Id, what it leaves of its object's picklists.
        assignment_owners: For each object with an active assignment rule, who it gives new records to.
        made_fields: Fields created through the API, with the objects they belong to.
    """

    settings: Settings = field(default_factory=Settings)
    clock: Clock = field(default_factory=Clock)
    lock: threading.RLock = field(default_factory=threading.RLock)
    schema: Schema = field(default_factory=lambda: Schema(standard_objects()))
    tables: dict[str, Table] = field(default_factory=dict)
    hidden: set[tuple[str, str]] = field(default_factory=set)
    record_types: dict[str, RecordTypeRule] = field(default_factory=dict)
    assignment_owners: dict[str, str] = field(default_factory=dict)
    made_fields: list[tuple[str, Field]] = field(default_factory=list)
    locks: list[RowLock] = field(default_factory=list)
    validation_rules: list[ValidationRule] = field(default_factory=list)
    duplicate_rules: list[DuplicateRule] = field(default_factory=list)
    revision: int = 0
    id: str = ""
    user_id: str = ""

    def __post_init__(self) -> None:
        self.meter = Meter(self.clock)
        self.changed_at = self.clock.now()
        for kind in self.schema:
            self.tables[kind.name] = Table(kind)

    def table(self, name: str) -> Table:
        """The records of an object, by its exact API name."""
        return self.tables[name]

    def put_type(self, kind: ObjectType) -> None:
        """Add an object, or follow a change of its fields."""
        self.schema.put(kind)
        if kind.name in self.tables:
            self.tables[kind.name].reindex(kind)
        else:
            self.tables[kind.name] = Table(kind)
        self.metadata_changed()

    def add_field(self, owner: str, item: Field) -> None:
        """Add, or change, a field that was made through the API."""
        kept = [(name, old) for name, old in self.made_fields if (name, old.name) != (owner, item.name)]
        self.made_fields = [*kept, (owner, item)]
        self.put_type(self.tables[owner].kind.with_field(item))

    def purge(self) -> None:
        """Empty the recycle bin of what has lain there for 15 days."""
        oldest = iso(self.clock.now() - dt.timedelta(days=RECYCLE_BIN_DAYS))
        for table in self.tables.values():
            for record_id in [
                key for key in table.deleted if str(table.records[key]["SystemModstamp"]) < oldest
            ]:
                table.remove(record_id)

    def metadata_changed(self) -> None:
        """Forget what was derived from metadata and permissions."""
        self.revision += 1
        self.changed_at = self.clock.now()

    def record(self, record_id: str) -> Record | None:
        """A record, deleted or not, by its 18-character Id."""
        kind = self.schema.of_id(record_id)
        return self.tables[kind.name].records.get(record_id) if kind else None

    def now(self) -> str:
        """The org's clock, as Salesforce prints it."""
        return iso(self.clock.now())

    def seed(self) -> None:
        """Create what every org starts with: itself, a profile with its permission set, and a user."""
        self.id = self.id or ids.make(self.tables["Organization"].kind.prefix, secrets.randbelow(ids.MOST))
        self.add(
            "Organization",
            {
                "Id": self.id,
                "Name": self.settings.organization,
                "OrganizationType": self.settings.edition,
                "InstanceName": "EMU1",
                "IsSandbox": self.settings.sandbox,
            },
        )
        profile = self.add("Profile", {"Name": "System Administrator"})
        self.user_id = self.add_user(self.settings.username, profile)
        granted: dict[str, Value] = {
            "Name": "X00eadmin",
            "Label": "X00eadmin",
            "ProfileId": profile,
            "IsOwnedByProfile": True,
            "IsCustom": False,
        }
        granted |= dict.fromkeys(ADMIN_PERMISSIONS, True)
        owned = self.add("PermissionSet", granted)
        self.add("PermissionSetAssignment", {"PermissionSetId": owned, "AssigneeId": self.user_id})

    def add_user(self, username: str, profile_id: str, *, active: bool = True) -> str:
        """Create a user."""
        return self.add(
            "User",
            {
                "Username": username,
                "Email": username,
                "FirstName": "Integration",
                "LastName": "User",
                "Alias": "integ",
                "IsActive": active,
                "ProfileId": profile_id,
                "UserType": "Standard",
            },
        )

    def add(self, name: str, values: dict[str, Value]) -> str:
        """Create a record without any rule, as the platform itself does."""
        table = self.tables[name]
        record: Record = {"Id": table.next_id(), "IsDeleted": False}
        record |= {item.name: item.default for item in table.kind.fields if item.default is not None}
        record |= values
        now, user = self.now(), self.user_id or str(record["Id"])
        record |= {item: user if item.endswith("ById") else now for item in SYSTEM_FIELDS}
        if table.kind.find("OwnerId"):
            record.setdefault("OwnerId", user)
        if table.kind.derive is not None:
            table.kind.derive(record)
        table.put(record)
        return str(record["Id"])
