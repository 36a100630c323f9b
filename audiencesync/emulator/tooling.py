"""Tooling API: custom fields.

Source:
    Tooling API guide, "CustomField". A new field is invisible until field-level security grants it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audiencesync.emulator import custom_fields, ids
from audiencesync.emulator.custom_fields import FieldRefused
from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.http import Call, Reply, Route, route

if TYPE_CHECKING:
    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.schema import Field, ObjectType

_PREFIX = "00N"
_ACTIVITY = ("Task", "Event")


def create(instance: Instance, call: Call) -> Reply:
    """`POST /tooling/sobjects/CustomField`."""
    body = call.json_object()
    full_name, metadata = str(body.get("FullName", "")), body.get("Metadata")
    owner, _, name = full_name.partition(".")
    if not isinstance(metadata, dict):
        raise ApiError(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]", "Metadata")
    kinds = _owners(instance, owner)
    for kind in kinds:
        if kind.find(name) is not None:
            message = f"There is already a field named {name.removesuffix('__c')} on {kind.label}."
            raise ApiError(400, "DUPLICATE_DEVELOPER_NAME", message)
    item = _build(name, metadata)
    for target in item.reference_to:
        if instance.org.schema.find(target) is None:
            raise ApiError(400, "INVALID_FIELD", f"referenceTo: no object named {target}", "referenceTo")
    for kind in kinds:
        instance.org.add_field(kind.name, item)
        if item.nillable or item.type == "boolean":
            instance.org.hidden.add((kind.name, item.name))
    instance.org.metadata_changed()
    number = len(instance.org.made_fields)
    body = {"id": ids.make(_PREFIX, number), "success": True, "errors": [], "warnings": [], "infos": []}
    return Reply(201, body)


def _owners(instance: Instance, name: str) -> list[ObjectType]:
    """The object of a field; fields of `Activity` belong to Task and Event alike."""
    names = _ACTIVITY if name.lower() == "activity" else (name,)
    found = [kind for item in names if (kind := instance.org.schema.find(item)) is not None]
    if not found or (name in _ACTIVITY):
        raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", f"Entity Enumeration Or ID: bad value: {name}")
    return found


def _build(name: str, metadata: dict[str, object]) -> Field:
    try:
        return custom_fields.build(name, metadata)
    except FieldRefused as refusal:
        raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", str(refusal), refusal.key) from refusal


ROUTES: list[Route] = [route("POST", "/services/data/v{version}/tooling/sobjects/CustomField", create)]
