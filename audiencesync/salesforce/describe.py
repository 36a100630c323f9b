"""What an object's fields are, from the org or from a cache."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from audiencesync.errors import SalesforceUnavailable, UsageError
from audiencesync.objects import FieldType, ObjectType, RecordType
from audiencesync.salesforce.ids import long_id
from audiencesync.salesforce.session import Session
from audiencesync.salesforce.simple import describing

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_FORMAT = 2


def describe(session: Session, object_name: str) -> ObjectType:
    """Ask the org about one object. Fields that the user may not see are absent.

    Args:
        session: Who asks.
        object_name: API name, in any case.

    Raises:
        SalesforceRefused: There is no such object for this user, or the call is not allowed.
        SalesforceUnavailable: No usable answer came.

    Source:
        REST API Developer Guide, "sObject Describe".
    """
    if not _NAME.fullmatch(object_name):
        raise UsageError(
            "the object's name holds characters that no API name has",
            hint="use the API name, such as Lead or Membership__c",
        )
    document = describing(session, object_name).describe()
    try:
        return _object_type(document)
    except (KeyError, TypeError, AttributeError):
        unreadable = SalesforceUnavailable(
            f"the description of {object_name} cannot be read", hint="run again; check connection.api_version"
        )
    raise unreadable


def dump(described: ObjectType) -> str:
    """JSON of a description, for a cache."""
    document = {
        "format": _FORMAT,
        "name": described.name,
        "label": described.label,
        "createable": described.createable,
        "updateable": described.updateable,
        "deletable": described.deletable,
        "fields": [asdict(field) for field in described.fields.values()],
        "record_types": [asdict(one) for one in described.record_types],
        "key_prefix": described.key_prefix,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=64)
def load(text: str) -> ObjectType:
    """The description that `dump` wrote.

    Raises:
        ValueError: Another version wrote it; describe again.
    """
    document = json.loads(text)
    if not isinstance(document, dict) or document.pop("format", None) != _FORMAT:
        raise ValueError("a description in another format")
    entries = document.pop("fields")
    fields = [FieldType(**{name: _frozen(value) for name, value in entry.items()}) for entry in entries]
    record_types = tuple(RecordType(**entry) for entry in document.pop("record_types"))
    return ObjectType(**document, fields=_by_name(fields), record_types=record_types)


def _frozen(value: object) -> Any:  # noqa: ANN401 - what JSON holds
    return tuple(value) if isinstance(value, list) else value


def _by_name(fields: Iterable[FieldType]) -> Mapping[str, FieldType]:
    return MappingProxyType({field.name.lower(): field for field in fields})


def _object_type(document: Mapping[str, Any]) -> ObjectType:
    return ObjectType(
        name=str(document["name"]),
        label=str(document.get("label") or document["name"]),
        createable=document.get("createable") is True,
        updateable=document.get("updateable") is True,
        deletable=document.get("deletable") is True,
        fields=_by_name(_field_type(entry) for entry in document["fields"]),
        record_types=tuple(_record_type(entry) for entry in document.get("recordTypeInfos") or ()),
        key_prefix=str(document.get("keyPrefix") or ""),
    )


def _record_type(entry: Mapping[str, Any]) -> RecordType:
    return RecordType(
        id=long_id(str(entry["recordTypeId"])),
        name=str(entry["name"]),
        developer_name=str(entry.get("developerName") or entry["name"]),
        active=entry.get("active") is not False,
        available=entry.get("available") is True,
        master=entry.get("master") is True,
        default=entry.get("defaultRecordTypeMapping") is True,
    )


def _field_type(entry: Mapping[str, Any]) -> FieldType:
    return FieldType(
        name=str(entry["name"]),
        label=str(entry.get("label") or entry["name"]),
        type=str(entry["type"]),
        length=_number(entry.get("length")),
        precision=_number(entry.get("precision")) or _number(entry.get("digits")),
        scale=_number(entry.get("scale")),
        createable=entry.get("createable") is True,
        updateable=entry.get("updateable") is True,
        nillable=entry.get("nillable") is True,
        defaulted_on_create=entry.get("defaultedOnCreate") is True,
        id_lookup=entry.get("idLookup") is True,
        external_id=entry.get("externalId") is True,
        unique=entry.get("unique") is True,
        case_sensitive=entry.get("caseSensitive") is True,
        filterable=entry.get("filterable") is True,
        restricted_picklist=entry.get("restrictedPicklist") is True,
        picklist_values=tuple(
            str(choice["value"])
            for choice in entry.get("picklistValues") or ()
            if choice.get("active") is not False
        ),
        reference_to=tuple(str(name) for name in entry.get("referenceTo") or ()),
        relationship_name=entry.get("relationshipName") or None,
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
