"""Duplicate rules, validation rules and record types: what an administrator put in the way of a save."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audiencesync.emulator.errors import RowRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from audiencesync.emulator.schema import ObjectType, Record
    from audiencesync.emulator.table import Table


@dataclass(frozen=True)
class ValidationRule:
    """Refuses a record for which the condition holds.

    Attributes:
        condition: True for a record that must not be saved.
        field: API name of the field the message is shown at; None is the top of the page.
    """

    object_name: str
    condition: Callable[[Record], bool]
    message: str
    field: str | None = None

    def check(self, record: Record) -> None:
        """Refuse the record when the rule's condition holds.

        Raises:
            RowRefused: FIELD_CUSTOM_VALIDATION_EXCEPTION with the administrator's words.
        """
        if self.condition(record):
            raise RowRefused(
                "FIELD_CUSTOM_VALIDATION_EXCEPTION", self.message, *([self.field] if self.field else [])
            )


@dataclass(frozen=True)
class DuplicateRule:
    """Refuses, or lets pass when the caller insists, a record that looks like another.

    Attributes:
        fields: All of these must be equal, without case, and not null.
        allow_save: The rule alerts: `allowSave=true` in the header lets the record pass. Otherwise it blocks.
    """

    object_name: str
    name: str
    fields: tuple[str, ...]
    allow_save: bool

    def check(self, record: Record, table: Table, *, insist: bool) -> None:
        """Refuse the record when another one looks the same.

        Raises:
            RowRefused: DUPLICATES_DETECTED.

        Source:
            REST API guide, "Duplicate Rule Header"; recorded single-record replies (`duplicateResut`, with
            Salesforce's own spelling).
        """
        if insist and self.allow_save:
            return
        wanted = [_fold(record.get(name)) for name in self.fields]
        if None in wanted:
            return
        twins = [
            str(other["Id"])
            for other in table.live()
            if other["Id"] != record.get("Id") and [_fold(other.get(name)) for name in self.fields] == wanted
        ]
        if twins:
            raise RowRefused(
                "DUPLICATES_DETECTED",
                "Use one of these records?",
                extra={"duplicateResut": self._result(twins)},
            )

    def _result(self, twins: list[str]) -> dict[str, object]:
        found = [
            {
                "additionalInformation": [],
                "fieldDiffs": [],
                "matchConfidence": 100.0,
                "record": {"attributes": {"type": self.object_name}, "Id": twin},
            }
            for twin in twins
        ]
        return {
            "allowSave": self.allow_save,
            "duplicateRule": self.name,
            "duplicateRuleEntityType": self.object_name,
            "errorMessage": "Use one of these records?",
            "matchResults": [
                {
                    "entityType": self.object_name,
                    "errors": [],
                    "matchEngine": "ExactMatchEngine",
                    "matchRecords": found,
                    "rule": f"Matching_{self.name}",
                    "size": len(found),
                    "success": True,
                }
            ],
        }


@dataclass(frozen=True)
class RecordTypeRule:
    """What a record type leaves of its object's picklists.

    Attributes:
        picklists: By field, the values that remain.
    """

    object_name: str
    picklists: dict[str, frozenset[str]]


def check_record_type(rules: dict[str, RecordTypeRule], kind: ObjectType, record: Record) -> None:
    """Refuse a record type of another object, and values that the record type took away.

    Raises:
        RowRefused: INVALID_CROSS_REFERENCE_KEY or INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST.
    """
    chosen = record.get("RecordTypeId")
    if chosen is None:
        return
    rule = rules.get(str(chosen))
    if rule is None or rule.object_name != kind.name:
        message = f"Record Type ID: this ID value isn't valid for the user: {chosen}"
        raise RowRefused("INVALID_CROSS_REFERENCE_KEY", message, "RecordTypeId")
    for name, allowed in rule.picklists.items():
        value = record.get(name)
        if value is not None and not allowed.issuperset(str(value).split(";")):
            message = f"{kind.by_name[name].label}: bad value for restricted picklist field: {value}"
            raise RowRefused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, name)


def _fold(value: object) -> object:
    return value.lower() if isinstance(value, str) else value
