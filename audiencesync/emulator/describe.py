"""describe and describeGlobal, with every key that Salesforce sends.

Source:
    REST API guide, "sObject Describe"; keys as in recorded describes of Contact, Lead, Account and Event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audiencesync.emulator.access import View
    from audiencesync.emulator.schema import Choice, Field, ObjectType, Record, Schema

_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    "address": "urn:address",
}


def describe_field(item: Field, *, read_only: bool) -> dict[str, object]:
    """One field; `read_only` when field-level security takes the right to write."""
    return {
        "aggregatable": item.aggregatable,
        "aiPredictionField": False,
        "autoNumber": item.auto_number,
        "byteLength": 18 if item.type in {"id", "reference"} else item.length * 3,
        "calculated": item.calculated,
        "calculatedFormula": None,
        "cascadeDelete": item.cascade,
        "caseSensitive": item.case_sensitive,
        "compoundFieldName": item.compound,
        "controllerName": None,
        "createable": item.createable and not read_only,
        "custom": item.custom,
        "defaultValue": item.default if item.type == "boolean" else None,
        "defaultValueFormula": None,
        "defaultedOnCreate": item.defaulted,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": item.digits,
        "displayLocationInDecimal": item.name.endswith(("Latitude", "Longitude")),
        "encrypted": False,
        "externalId": item.external_id,
        "extraTypeInfo": item.rich,
        "filterable": item.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": item.groupable,
        "highScaleNumber": False,
        "htmlFormatted": item.rich == "richtextarea",
        "idLookup": item.id_lookup or item.external_id,
        "inlineHelpText": item.help_text,
        "label": item.label,
        "length": item.length,
        "mask": None,
        "maskType": None,
        "name": item.name,
        "nameField": item.name_field,
        "namePointing": len(item.reference_to) > 1,
        "nillable": item.nillable,
        "permissionable": (item.nillable and item.type not in {"id", "boolean"}) or item.custom,
        "picklistValues": [_choice(choice) for choice in item.choices],
        "polymorphicForeignKey": len(item.reference_to) > 1,
        "precision": item.precision,
        "queryByDistance": item.type == "address",
        "referenceTargetField": None,
        "referenceTo": list(item.reference_to),
        "relationshipName": item.relationship_name,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": item.restricted,
        "scale": item.scale,
        "searchPrefilterable": item.type == "reference",
        "soapType": _SOAP.get(item.type, "xsd:string"),
        "sortable": item.sortable,
        "type": item.type,
        "unique": item.unique,
        "updateable": item.updateable and not read_only,
        "writeRequiresMasterRead": False,
    }


def _choice(choice: Choice) -> dict[str, object]:
    return {
        "active": choice.active,
        "defaultValue": choice.default,
        "label": choice.label,
        "validFor": None,
        "value": choice.value,
    }


def summary(kind: ObjectType, version: str) -> dict[str, object]:
    """One entry of describeGlobal, and the head of a describe."""
    base = f"/services/data/v{version}/sobjects/{kind.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": kind.createable,
        "custom": kind.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": kind.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": kind.prefix,
        "label": kind.label,
        "labelPlural": kind.plural,
        "layoutable": not kind.setup,
        "mergeable": kind.name in {"Lead", "Contact", "Account", "Case"},
        "mruEnabled": not kind.setup,
        "name": kind.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": not kind.setup,
        "triggerable": not kind.setup,
        "undeletable": kind.deletable,
        "updateable": kind.updateable,
        "urls": {
            "rowTemplate": f"{base}/{{ID}}",
            "describe": f"{base}/describe",
            "sobject": base,
        },
    }


def children(schema: Schema, kind: ObjectType) -> list[dict[str, object]]:
    """Relationships from other objects to this one."""
    return [
        {
            "cascadeDelete": item.cascade,
            "childSObject": other.name,
            "deprecatedAndHidden": False,
            "field": item.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": item.child_relationship,
            "restrictedDelete": False,
        }
        for other in schema
        for item in other.fields
        if kind.name in item.reference_to
    ]


MASTER: Record = {"Id": "012000000000000AAA", "Name": "Master", "DeveloperName": "Master"}


def _record_type(kind: ObjectType, version: str, row: Record, *, master: bool) -> dict[str, object]:
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": master,
        "developerName": row["DeveloperName"],
        "master": master,
        "name": row["Name"],
        "recordTypeId": row["Id"],
        "urls": {"layout": f"/services/data/v{version}/sobjects/{kind.name}/describe/layouts/{row['Id']}"},
    }


def describe(
    schema: Schema, view: View, version: str, record_types: Iterable[Record] = ()
) -> dict[str, object]:
    """A whole object as the user sees it; hidden fields are absent."""
    return {
        "actionOverrides": [],
        **summary(view.kind, version),
        "childRelationships": children(schema, view.kind),
        "compactLayoutable": not view.kind.setup,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [describe_field(item, read_only=item.name in view.read_only) for item in view.kind.fields],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [
            *(_record_type(view.kind, version, row, master=False) for row in record_types),
            _record_type(view.kind, version, MASTER, master=True),
        ],
        "searchLayoutable": not view.kind.setup,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {view.kind.plural}", "name": "everything"}],
    }
