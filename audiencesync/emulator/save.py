"""The one save pipeline: every API that writes a record comes through here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audiencesync.emulator import ids
from audiencesync.emulator.errors import RowError, RowRefused
from audiencesync.emulator.references import Parent, check_reference, only, resolve
from audiencesync.emulator.rules import check_record_type
from audiencesync.emulator.values import cleaner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audiencesync.emulator.access import View
    from audiencesync.emulator.changes import Changes
    from audiencesync.emulator.org import Org
    from audiencesync.emulator.schema import Field, Record, Value
    from audiencesync.emulator.values import Cleaner

_NOT_WRITABLE = (
    "Unable to create/update fields: {}. Please check the security settings of this field and verify that "
    "it is read/write for your profile or permission set."
)
_NO_ACCESS = ("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


@dataclass(slots=True)
class Row:
    """One record as an API read it.

    Attributes:
        values: Read but not yet cleaned, by API name. A name that is absent is left alone.
        parents: Parents named by an external Id, by the API name of the reference field.
        id: The Id as the caller wrote it, for update and delete.
        error: Set when the row could not even be read.
    """

    values: Record
    parents: dict[str, Parent] = field(default_factory=dict)
    id: str | None = None
    error: RowError | None = None


@dataclass(slots=True)
class Outcome:
    """What became of one row; exactly one of `created` and `error` says more.

    Attributes:
        id: 18-character Id; None when no record was found or made.
        created: True when the row made a record.
    """

    id: str | None
    created: bool = False
    error: RowError | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who saves, and what their headers ask for.

    Attributes:
        allow_duplicates: `Sforce-Duplicate-Rule-Header: allowSave=true`.
        assign: Run the assignment rule on records that are created; REST's default.
        reassign: Run it on records that are updated, too; REST's default.
    """

    user_id: str
    allow_duplicates: bool = False
    assign: bool = False
    reassign: bool = False


class Writer:
    """Saves rows of one object for one caller."""

    def __init__(self, org: Org, view: View, caller: Caller, changes: Changes) -> None:
        self._org = org
        self._kind = org.table(view.kind.name).kind
        self._view = view
        self._caller = caller
        self._changes = changes
        self._table = org.table(view.kind.name)
        self._plan: dict[str, tuple[Field, Cleaner]] = {}
        self._solid = [
            item for item in self._kind.fields if not item.nillable and (item.createable or item.updateable)
        ]
        self._unique = [item for item in self._kind.fields if item.unique]
        self._insert_ok = (
            frozenset(item.name for item in view.kind.fields if item.createable) - view.read_only
        )
        self._update_ok = (
            frozenset(item.name for item in view.kind.fields if item.updateable) - view.read_only
        )
        self._template: Record = {"Id": None, "IsDeleted": False}
        self._template |= {item.name: item.default for item in self._kind.fields if item.default is not None}
        self._numbered = [item for item in self._kind.fields if item.auto_number]
        self._owned = "OwnerId" in self._kind.by_name
        self._assigned_owner = org.assignment_owners.get(self._kind.name)
        self._locks = [item for item in org.locks if item.object_name.lower() == self._kind.name.lower()]
        self._validation = [item for item in org.validation_rules if item.object_name == self._kind.name]
        self._duplicates = [item for item in org.duplicate_rules if item.object_name == self._kind.name]

    @property
    def sees_all(self) -> bool:
        """The caller sees every record of the object, so that none is made twice for being out of sight."""
        return self._view.sees_all

    def insert(self, row: Row) -> Outcome:
        """Create a record."""
        try:
            return self._insert(row)
        except RowRefused as refusal:
            return Outcome(None, error=refusal.error)

    def update(self, row: Row) -> Outcome:
        """Change the record whose Id the row carries."""
        record_id = None
        try:
            _check_read(row)
            existing = self._existing(row.id)
            record_id = str(existing["Id"])
            return self._update(row, existing)
        except RowRefused as refusal:
            return Outcome(record_id, error=refusal.error)

    def upsert(self, row: Row, matched: list[str], match: Field) -> Outcome:
        """Create or change, by the records found for the match value."""
        try:
            _check_read(row)
            _check_no_id(row, "upsert")
            one = only(matched, match)
            return self._update(row, self._table.records[one]) if one else self._insert(row)
        except RowRefused as refusal:
            return Outcome(matched[0] if len(matched) == 1 else None, error=refusal.error)

    def delete(self, value: str) -> Outcome:
        """Move a record, and what hangs on it, to the recycle bin."""
        try:
            record = self._existing(value)
            self._check_deletable()
            self._check_locks(record)
        except RowRefused as refusal:
            return Outcome(None, error=refusal.error)
        self._bin(self._kind.name, record)
        return Outcome(str(record["Id"]))

    def _insert(self, row: Row) -> Outcome:
        _check_read(row)
        _check_no_id(row, "insert")
        if self._kind.createable and not self._view.kind.createable:
            message = f"entity type cannot be inserted: {self._kind.label}"
            raise RowRefused("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
        record = self._template.copy()
        if self._owned:
            record["OwnerId"] = self._caller.user_id
        self._apply(row, record, self._insert_ok)
        if self._assigned_owner and self._caller.assign:
            record["OwnerId"] = self._assigned_owner
        self._check_required(
            [
                item.name
                for item in self._solid
                if item.name not in record and (item.required or item.name in row.values)
            ]
        )
        for item in self._numbered:
            digits = len((item.display_format or "{0}").partition("{")[2].partition("}")[0])
            record[item.name] = str(self._table.count + 1).rjust(digits, "0")
        now = self._org.now()
        user = self._caller.user_id
        record["CreatedDate"] = record["LastModifiedDate"] = record["SystemModstamp"] = now
        record["CreatedById"] = record["LastModifiedById"] = user
        self._finish(record)
        record["Id"] = record_id = self._table.next_id()
        self._changes.put(self._table, record)
        return Outcome(record_id, created=True)

    def _update(self, row: Row, existing: Record) -> Outcome:
        if self._kind.updateable and not self._view.kind.updateable:
            raise RowRefused(*_NO_ACCESS)
        if existing.get("IsConverted") is True:
            raise RowRefused("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        record = existing.copy()
        self._apply(row, record, self._update_ok)
        if self._assigned_owner and self._caller.reassign:
            record["OwnerId"] = self._assigned_owner
        self._check_required(
            [item.name for item in self._solid if item.name not in record and item.name in row.values]
        )
        record["LastModifiedDate"] = record["SystemModstamp"] = self._org.now()
        record["LastModifiedById"] = self._caller.user_id
        self._finish(record)
        self._changes.put(self._table, record)
        return Outcome(str(record["Id"]))

    def _apply(self, row: Row, record: Record, writable: frozenset[str]) -> None:
        """Clean the row's values into the record."""
        values = row.values
        if not writable.issuperset(values) or (row.parents and not writable.issuperset(row.parents)):
            names = [name for name in (*values, *row.parents) if name not in writable]
            raise RowRefused(
                "INVALID_FIELD_FOR_INSERT_UPDATE", _NOT_WRITABLE.format(", ".join(names)), *names
            )
        for name, parent in row.parents.items():
            record[name] = resolve(self._org, parent)
        for name, value in values.items():
            item, clean = self._plan.get(name) or self._planned(name)
            cleaned = clean(value)
            if cleaned is None:
                record.pop(name, None)
            else:
                if item.reference_to:
                    check_reference(self._org, item, str(cleaned), self._kind)
                record[name] = cleaned

    def _planned(self, name: str) -> tuple[Field, Cleaner]:
        item = self._kind.by_name[name]
        self._plan[name] = (item, cleaner(item))
        return self._plan[name]

    def _check_required(self, missing: Sequence[str]) -> None:
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise RowRefused("REQUIRED_FIELD_MISSING", message, *missing)

    def _finish(self, record: Record) -> None:
        """Derived fields, then locks, the administrator's rules and uniqueness."""
        if self._kind.derive is not None:
            self._kind.derive(record)
        self._check_locks(record)
        check_record_type(self._org.record_types, self._kind, record)
        for rule in self._validation:
            rule.check(record)
        for duplicate in self._duplicates:
            duplicate.check(record, self._table, insist=self._caller.allow_duplicates)
        for item in self._unique:
            self._check_unique(item, record)

    def _check_deletable(self) -> None:
        if self._kind.deletable and not self._view.kind.deletable:
            raise RowRefused(*_NO_ACCESS)

    def _check_locks(self, record: Record) -> None:
        for lock in self._locks:
            lock.check(record)

    def _check_unique(self, item: Field, record: Record) -> None:
        value: Value = record.get(item.name)
        if value is None:
            return
        for other in self._table.find(item.name, value):
            if other != record["Id"]:
                message = (
                    f"duplicate value found: {item.name} duplicates value on record "
                    f"with id: {other[: ids.SHORT]}"
                )
                raise RowRefused("DUPLICATE_VALUE", message)

    def _existing(self, value: str | None) -> Record:
        """The live record of an Id as a caller wrote it."""
        if not value:
            raise RowRefused("MISSING_ARGUMENT", "Id not specified in an update call", "Id")
        record_id = ids.to_long(value.strip())
        if record_id is None or not record_id.startswith(self._kind.prefix):
            message = f"{self._kind.label} ID: id value of incorrect type: {value}"
            raise RowRefused("MALFORMED_ID", message, "Id")
        record = self._table.records.get(record_id)
        if record is None:
            raise RowRefused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if record["IsDeleted"]:
            raise RowRefused("ENTITY_IS_DELETED", "entity is deleted")
        return record

    def _bin(self, name: str, record: Record) -> None:
        table = self._org.table(name)
        now = self._org.now()
        self._changes.put(table, record | {"IsDeleted": True, "LastModifiedDate": now, "SystemModstamp": now})
        for kind in self._org.schema:
            for item in kind.fields:
                if item.cascade and name in item.reference_to:
                    children = self._org.table(kind.name)
                    for child in children.find(item.name, record["Id"]):
                        self._bin(kind.name, children.records[child])


def _check_read(row: Row) -> None:
    if row.error is not None:
        raise RowRefused(row.error.code, row.error.message, *row.error.fields)


def _check_no_id(row: Row, operation: str) -> None:
    """A record to make, or to find by another key, has no Id; an empty column of that name is nothing.

    Source:
        Widely reported of inserts; for an upsert by an external Id the strict reading.
    """
    if row.id:
        raise RowRefused("INVALID_FIELD_FOR_INSERT_UPDATE", f"cannot specify Id in an {operation} call", "Id")
