"""Salesforce objects as describe tells them: fields, record types, references."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

FilterValue = str | int | float | bool | date | datetime
"""A value that a query can compare a field with."""

_NUMBERS = frozenset({"int", "long", "double", "currency", "percent"})


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

    @property
    def is_number(self) -> bool:
        """Its values are numbers, whole or not."""
        return self.type in _NUMBERS

    def filter_value(self, text: str) -> FilterValue:
        """A canonical text of the field as the value that a query compares it with."""
        if self.is_number:
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
