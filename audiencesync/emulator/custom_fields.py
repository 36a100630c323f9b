"""Custom fields from their metadata: the Tooling API and org files speak of them alike.

Source:
    Metadata API guide, "CustomField".
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from audiencesync.emulator.schema import Choice, Field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_MAX_LONG, _MIN_LONG, _MAX_TEXT, _MAX_DIGITS = 131_072, 256, 255, 18
_COMMON = frozenset(
    {
        "label",
        "type",
        "description",
        "inlineHelpText",
        "required",
        "unique",
        "externalId",
        "caseSensitive",
        "defaultValue",
        "trackHistory",
        "trackTrending",
        "trackFeedHistory",
    }
)


class FieldRefused(Exception):
    """The metadata describe no field; `key` says where the mistake is."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def build(name: str, metadata: Mapping[str, Any]) -> Field:
    """A custom field.

    Args:
        name: API name, ending in `__c`.
        metadata: As the Metadata API has it.

    Raises:
        FieldRefused: A key is missing, unknown or of a wrong value.
    """
    if not _NAME.fullmatch(name):
        raise FieldRefused("name", f"{name} is not the name of a custom field, such as Tier__c")
    kind = str(metadata.get("type", ""))
    maker = _MAKERS.get(kind)
    if maker is None:
        raise FieldRefused("type", f"type must be one of {', '.join(sorted(_MAKERS))}, not {kind!r}")
    allowed = _COMMON | _EXTRA.get(kind, frozenset())
    for key in metadata:
        if key not in allowed:
            raise FieldRefused(key, f"{key} does not belong to a {kind} field")
    made = maker(name, str(metadata.get("label", name)), metadata)
    return _finish(made, kind, metadata)


def _finish(made: Field, kind: str, metadata: Mapping[str, Any]) -> Field:
    external, unique = bool(metadata.get("externalId")), bool(metadata.get("unique"))
    if (external or unique) and kind not in {"Text", "Number", "Email", "AutoNumber"}:
        raise FieldRefused("externalId" if external else "unique", f"a {kind} field cannot be a key")
    required = bool(metadata.get("required")) or kind == "MasterDetail"
    default = metadata.get("defaultValue")
    if kind == "Checkbox":
        made = replace(made, default=str(default).lower() == "true")
    return replace(
        made,
        custom=True,
        nillable=made.nillable and not required,
        external_id=external,
        unique=unique,
        case_sensitive=bool(metadata.get("caseSensitive")),
        help_text=metadata.get("inlineHelpText"),
    )


def _size(metadata: Mapping[str, Any], key: str, default: int | None, low: int, high: int) -> int:
    value = metadata.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise FieldRefused(key, f"{key} must be a whole number from {low} to {high}")
    return value


def _text(name: str, label: str, metadata: Mapping[str, Any]) -> Field:
    return Field(name, label, "string", length=_size(metadata, "length", None, 1, _MAX_TEXT))


def _long(rich: str) -> Callable[[str, str, Mapping[str, Any]], Field]:
    def make(name: str, label: str, metadata: Mapping[str, Any]) -> Field:
        length = _size(metadata, "length", 32_768, _MIN_LONG, _MAX_LONG)
        return Field(name, label, "textarea", length=length, rich=rich)

    return make


def _plain(kind: str, length: int) -> Callable[[str, str, Mapping[str, Any]], Field]:
    return lambda name, label, _: Field(name, label, kind, length=length)


def _number(kind: str) -> Callable[[str, str, Mapping[str, Any]], Field]:
    def make(name: str, label: str, metadata: Mapping[str, Any]) -> Field:
        precision = _size(metadata, "precision", None, 1, _MAX_DIGITS)
        scale = _size(metadata, "scale", None, 0, precision)
        return Field(name, label, kind, precision=precision, scale=scale)

    return make


def _checkbox(name: str, label: str, metadata: Mapping[str, Any]) -> Field:
    if "defaultValue" not in metadata:
        raise FieldRefused("defaultValue", "a Checkbox needs a defaultValue")
    return Field(name, label, "boolean", nillable=False, defaulted=True)


def _entries(metadata: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The value set and its values; none when they are not of that form."""
    value_set = metadata.get("valueSet")
    definition = value_set.get("valueSetDefinition") if isinstance(value_set, dict) else None
    entries = definition.get("value") if isinstance(definition, dict) else None
    if not isinstance(value_set, dict) or not isinstance(entries, list):
        return {}, []
    if not all(isinstance(item, dict) and "fullName" in item for item in entries):
        return {}, []
    return value_set, entries


def _picklist(kind: str, length: int) -> Callable[[str, str, Mapping[str, Any]], Field]:
    def make(name: str, label: str, metadata: Mapping[str, Any]) -> Field:
        value_set, entries = _entries(metadata)
        if not entries:
            raise FieldRefused("valueSet", f"a {kind} needs a valueSet with a valueSetDefinition")
        choices = tuple(
            Choice(
                str(entry["fullName"]),
                str(entry.get("label", entry["fullName"])),
                bool(entry.get("default")),
            )
            for entry in entries
        )
        default = next((choice.value for choice in choices if choice.default), None)
        return Field(
            name,
            label,
            kind,
            length=length,
            choices=choices,
            restricted=bool(value_set.get("restricted")),
            default=default,
            defaulted=default is not None,
        )

    return make


def _lookup(name: str, label: str, metadata: Mapping[str, Any]) -> Field:
    target = metadata.get("referenceTo")
    if not isinstance(target, str) or not target:
        raise FieldRefused("referenceTo", "a relationship needs the object it refers to")
    return Field(
        name,
        label,
        "reference",
        length=18,
        reference_to=(target,),
        relationship_name=f"{name.removesuffix('__c')}__r",
        child_relationship=f"{metadata['relationshipName']}__r" if metadata.get("relationshipName") else None,
        cascade=metadata["type"] == "MasterDetail" or metadata.get("deleteConstraint") == "Cascade",
    )


def _auto_number(name: str, label: str, metadata: Mapping[str, Any]) -> Field:
    return Field(
        name,
        label,
        "string",
        length=30,
        auto_number=True,
        display_format=str(metadata.get("displayFormat", "{0}")),
        createable=False,
        updateable=False,
        defaulted=True,
    )


_MAKERS: dict[str, Callable[[str, str, Mapping[str, Any]], Field]] = {
    "Text": _text,
    "TextArea": _plain("textarea", 255),
    "LongTextArea": _long("plaintextarea"),
    "Html": _long("richtextarea"),
    "Email": _plain("email", 80),
    "Phone": _plain("phone", 40),
    "Url": _plain("url", 255),
    "Date": _plain("date", 0),
    "DateTime": _plain("datetime", 0),
    "Time": _plain("time", 0),
    "Number": _number("double"),
    "Currency": _number("currency"),
    "Percent": _number("percent"),
    "Checkbox": _checkbox,
    "Picklist": _picklist("picklist", 255),
    "MultiselectPicklist": _picklist("multipicklist", 4099),
    "Lookup": _lookup,
    "MasterDetail": _lookup,
    "AutoNumber": _auto_number,
}
_DECIMAL = frozenset({"precision", "scale"})
_EXTRA: dict[str, frozenset[str]] = {
    "Text": frozenset({"length"}),
    "LongTextArea": frozenset({"length", "visibleLines"}),
    "Html": frozenset({"length", "visibleLines"}),
    "Number": _DECIMAL,
    "Currency": _DECIMAL,
    "Percent": _DECIMAL,
    "Picklist": frozenset({"valueSet"}),
    "MultiselectPicklist": frozenset({"valueSet", "visibleLines"}),
    "Lookup": frozenset({"referenceTo", "relationshipName", "relationshipLabel", "deleteConstraint"}),
    "MasterDetail": frozenset(
        {
            "referenceTo",
            "relationshipName",
            "relationshipLabel",
            "relationshipOrder",
            "reparentableMasterDetail",
            "writeRequiresMasterRead",
        }
    ),
    "AutoNumber": frozenset({"displayFormat", "startingNumber"}),
}
