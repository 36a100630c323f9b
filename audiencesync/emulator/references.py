"""Parents of a record: by Id, or by a value of their external Id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audiencesync.emulator import ids
from audiencesync.emulator.errors import RowRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audiencesync.emulator.org import Org
    from audiencesync.emulator.schema import Field, ObjectType, Record, Value


@dataclass(frozen=True, slots=True)
class Parent:
    """A parent named by one of its match fields.

    Attributes:
        reference: The field that will hold the parent's Id.
        kind: The parent's object.
        match: The parent's field that holds `value`.
    """

    reference: Field
    kind: ObjectType
    match: Field
    value: Value


def resolve(org: Org, parent: Parent) -> str:
    """The Id of the one record the parent names.

    Raises:
        RowRefused: There is none, or more than one.

    Source:
        Recorded `sf__Error`: "Foreign key external ID: 0000031236 not found for field X in entity Contact".
    """
    table = org.table(parent.kind.name)
    if parent.match.type == "id":
        found = [
            item for item in [ids.to_long(str(parent.value))] if item and _alive(table.records.get(item))
        ]
    else:
        value = parent.value.strip() if isinstance(parent.value, str) else parent.value
        found = table.find(parent.match.name, value)
    if not found:
        message = (
            f"Foreign key external ID: {parent.value} not found for field {parent.match.name} "
            f"in entity {parent.kind.name}"
        )
        raise RowRefused("INVALID_FIELD", message)
    return str(only(found, parent.match))


def only(found: Sequence[str], match: Field) -> str | None:
    """The one record found for a match value; None for none.

    Raises:
        RowRefused: More than one was found.

    Source:
        Recorded: "CIS Account Number: more than one record found for external id field:".
    """
    if len(found) > 1:
        message = f"{match.label}: more than one record found for external id field: [{', '.join(found)}]"
        raise RowRefused("DUPLICATE_EXTERNAL_ID", message, match.name)
    return found[0] if found else None


def check_reference(org: Org, item: Field, record_id: str, owner: ObjectType) -> None:
    """Refuse an Id that is of the wrong object, or whose record is not there.

    Raises:
        RowRefused: MALFORMED_ID, INVALID_CROSS_REFERENCE_KEY, ENTITY_IS_DELETED or INACTIVE_OWNER_OR_USER.
    """
    kind = org.schema.of_id(record_id)
    if kind is None or kind.name not in item.reference_to:
        raise RowRefused("MALFORMED_ID", f"{item.label}: id value of incorrect type: {record_id}", item.name)
    record = org.table(kind.name).records.get(record_id)
    if record is None:
        raise RowRefused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if record["IsDeleted"]:
        raise RowRefused("ENTITY_IS_DELETED", "entity is deleted")
    if item.name == "OwnerId" and record.get("IsActive") is False:
        message = f"operation performed with inactive user [{record_id}] as owner of {owner.label.lower()}"
        raise RowRefused("INACTIVE_OWNER_OR_USER", message, item.name)


def _alive(record: Record | None) -> bool:
    return record is not None and not record["IsDeleted"]
