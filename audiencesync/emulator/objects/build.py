"""Short constructors for fields and objects, so that an object reads like its describe."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audiencesync.emulator.schema import Choice, Field, ObjectType, Record

if TYPE_CHECKING:
    from collections.abc import Callable


def text(name: str, label: str, length: int, *, required: bool = False, id_lookup: bool = False) -> Field:
    """A single-line text."""
    return Field(name, label, "string", length=length, nillable=not required, id_lookup=id_lookup)


def named(name: str, label: str, length: int, *, required: bool = True, id_lookup: bool = False) -> Field:
    """The writable name of an object."""
    return replace(text(name, label, length, required=required, id_lookup=id_lookup), name_field=True)


def area(name: str, label: str, length: int) -> Field:
    """A text area; beyond 255 characters a long one."""
    return Field(name, label, "textarea", length=length, rich="plaintextarea" if length > 255 else None)  # noqa: PLR2004


def email(name: str, label: str, *, id_lookup: bool = False) -> Field:
    """An e-mail address: 80 characters, checked."""
    return Field(name, label, "email", length=80, id_lookup=id_lookup)


def phone(name: str, label: str) -> Field:
    """A phone number: 40 characters, never checked."""
    return Field(name, label, "phone", length=40)


def url(name: str, label: str) -> Field:
    """A web address."""
    return Field(name, label, "url", length=255)


def pick(name: str, label: str, choices: str, *, default: str | None = None, required: bool = False) -> Field:
    """A standard picklist: unrestricted, 255 characters; `choices` are separated by `|`."""
    entries = tuple(Choice(item, item, item == default) for item in choices.split("|") if item)
    return Field(
        name,
        label,
        "picklist",
        length=255,
        choices=entries,
        default=default,
        defaulted=default is not None,
        nillable=not required,
    )


def money(name: str, label: str) -> Field:
    """A currency with 18 digits, two of them decimals."""
    return Field(name, label, "currency", precision=18, scale=2)


def whole(name: str, label: str, digits: int = 8) -> Field:
    """An integer."""
    return Field(name, label, "int", digits=digits)


def decimal(name: str, label: str, precision: int, scale: int) -> Field:
    """A decimal number."""
    return Field(name, label, "double", precision=precision, scale=scale)


def percent(name: str, label: str, precision: int = 3, scale: int = 0) -> Field:
    """A percentage; 55 means 55 %."""
    return Field(name, label, "percent", precision=precision, scale=scale)


def flag(name: str, label: str, *, default: bool = False) -> Field:
    """A checkbox: never null."""
    return Field(name, label, "boolean", nillable=False, defaulted=True, default=default)


def date(name: str, label: str, *, required: bool = False) -> Field:
    """A date."""
    return Field(name, label, "date", nillable=not required)


def moment(name: str, label: str) -> Field:
    """A date with time."""
    return Field(name, label, "datetime")


def ref(
    name: str,
    label: str,
    to: str,
    relationship: str | None = None,
    *,
    required: bool = False,
    cascade: bool = False,
    children: str | None = None,
) -> Field:
    """A reference; several targets, separated by `|`, make it polymorphic."""
    return Field(
        name,
        label,
        "reference",
        length=18,
        reference_to=tuple(to.split("|")),
        relationship_name=relationship or name.removesuffix("Id"),
        nillable=not required,
        cascade=cascade,
        child_relationship=children,
    )


def fixed(item: Field) -> Field:
    """The same field, written by the platform alone."""
    return replace(item, createable=False, updateable=False)


def create_only(item: Field) -> Field:
    """The same field, settable on create and never again."""
    return replace(item, updateable=False)


def person_name(length: int) -> tuple[Field, ...]:
    """First, last and full name of a person."""
    full = Field("Name", "Full Name", "string", length=length, nillable=False, name_field=True)
    return (
        replace(text("LastName", "Last Name", 80, required=True), compound="Name"),
        replace(text("FirstName", "First Name", 40), compound="Name"),
        replace(pick("Salutation", "Salutation", "Mr.|Ms.|Mrs.|Dr.|Prof.|Mx."), length=40, compound="Name"),
        replace(fixed(full), rich="personname"),
    )


def address(prefix: str, compound: str, label: str) -> tuple[Field, ...]:
    """The parts of an address, and the compound that only reads them."""
    title = f"{label} " if label else ""
    parts = (
        ("street", replace(area(f"{prefix}Street", f"{title}Street", 255), rich="plaintextarea")),
        ("city", text(f"{prefix}City", f"{title}City", 40)),
        ("state", text(f"{prefix}State", f"{title}State/Province", 80)),
        ("postalCode", text(f"{prefix}PostalCode", f"{title}Zip/Postal Code", 20)),
        ("country", text(f"{prefix}Country", f"{title}Country", 80)),
        ("latitude", decimal(f"{prefix}Latitude", f"{title}Latitude", 18, 15)),
        ("longitude", decimal(f"{prefix}Longitude", f"{title}Longitude", 18, 15)),
        (
            "geocodeAccuracy",
            pick(
                f"{prefix}GeocodeAccuracy",
                f"{title}Geocode Accuracy",
                "Address|Street|Zip|City|State|Unknown",
            ),
        ),
    )
    whole_address = Field(
        compound,
        f"{title}Address",
        "address",
        parts=tuple((part, item.name) for part, item in parts),
        createable=False,
        updateable=False,
    )
    return (*(replace(item, compound=compound) for _, item in parts), whole_address)


def full_name(record: Record) -> None:
    """Fill `Name` from salutation-free first and last name."""
    first, last = record.get("FirstName"), record.get("LastName")
    record["Name"] = f"{first} {last}" if first else last


def standard(
    name: str,
    label: str,
    plural: str,
    prefix: str,
    *fields: Field,
    owner: str | None = "User|Group",
    derive: Callable[[Record], None] | None = None,
    createable: bool = True,
    updateable: bool = True,
    deletable: bool = True,
    setup: bool = False,
    custom: bool = False,
) -> ObjectType:
    """An object with the system fields that every object has."""
    owned = (
        (replace(ref("OwnerId", "Owner ID", owner, "Owner", required=True), defaulted=True),) if owner else ()
    )
    head = Field(
        "Id",
        f"{label} ID",
        "id",
        length=18,
        nillable=False,
        createable=False,
        updateable=False,
        defaulted=True,
        id_lookup=True,
    )
    system = (
        _stamp("CreatedDate", "Created Date"),
        _by("CreatedById", "Created By ID", "CreatedBy"),
        _stamp("LastModifiedDate", "Last Modified Date"),
        _by("LastModifiedById", "Last Modified By ID", "LastModifiedBy"),
        _stamp("SystemModstamp", "System Modstamp"),
    )
    deleted = fixed(flag("IsDeleted", "Deleted"))
    return ObjectType(
        name=name,
        label=label,
        plural=plural,
        prefix=prefix,
        fields=(head, deleted, *fields, *owned, *system),
        custom=custom,
        createable=createable,
        updateable=updateable,
        deletable=deletable,
        setup=setup,
        derive=derive,
    )


def _stamp(name: str, label: str) -> Field:
    return Field(name, label, "datetime", nillable=False, defaulted=True, createable=False, updateable=False)


def _by(name: str, label: str, relationship: str) -> Field:
    return Field(
        name,
        label,
        "reference",
        length=18,
        nillable=False,
        defaulted=True,
        reference_to=("User",),
        relationship_name=relationship,
        createable=False,
        updateable=False,
    )


def custom_long_text(name: str, label: str) -> Field:
    """A custom long text area of the default size."""
    return replace(area(name, label, 32768), custom=True)


AUDIENCE_FIELDS = (
    custom_long_text("Audiences__c", "Audiences"),
    custom_long_text("Scores__c", "Scores"),
    custom_long_text("Affinities__c", "Affinities"),
    replace(text("External_Id__c", "External Id", 255), custom=True, external_id=True, unique=True),
)
