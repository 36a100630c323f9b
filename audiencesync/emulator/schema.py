"""Objects and their fields, as Salesforce's describe knows them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Value = str | int | float | bool | None
Record = dict[str, Value]

TEXT_TYPES = frozenset(
    {
        "string",
        "textarea",
        "email",
        "phone",
        "url",
        "picklist",
        "multipicklist",
        "combobox",
        "encryptedstring",
    }
)
NUMBER_TYPES = frozenset({"double", "currency", "percent"})
_UNGROUPABLE = frozenset({"double", "currency", "percent", "datetime", "address", "multipicklist"})
_NOT_AGGREGATABLE = frozenset({"boolean", "address", "multipicklist"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One picklist entry."""

    value: str
    label: str
    default: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True)
class Field:
    """One field; the names follow describe.

    Attributes:
        length: Characters, for text types.
        precision: Digits in all, for decimal types.
        scale: Digits after the point.
        digits: Digits, for `int`.
        restricted: The picklist takes only its active values.
        reference_to: Objects a reference may point to; several make it polymorphic.
        relationship_name: Name of the parent in SOQL and in nested JSON.
        cascade: Deleting the parent deletes this record.
        computed: The value is derived by the platform at each save and never written.
        rich: `plaintextarea`, `richtextarea` or None.
        parts: For compound addresses: the part names by their fields.
    """

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted: bool = False
    default: Value = None
    unique: bool = False
    case_sensitive: bool = False
    external_id: bool = False
    id_lookup: bool = False
    custom: bool = False
    restricted: bool = False
    choices: tuple[Choice, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    child_relationship: str | None = None
    cascade: bool = False
    calculated: bool = False
    auto_number: bool = False
    display_format: str | None = None
    name_field: bool = False
    compound: str | None = None
    rich: str | None = None
    help_text: str | None = None
    parts: tuple[tuple[str, str], ...] = ()

    @property
    def long_text(self) -> bool:
        """Too long to filter, sort or group by."""
        return self.type == "textarea" and self.length > 255  # noqa: PLR2004 - the limit of a plain Text Area

    @property
    def required(self) -> bool:
        """A create without it is refused."""
        return self.createable and not self.nillable and not self.defaulted and self.type != "boolean"

    @property
    def matchable(self) -> bool:
        """May be the field of an upsert."""
        return self.external_id or self.id_lookup or self.type == "id"

    @property
    def indexed(self) -> bool:
        """Looked up by value: upsert keys, parents by external Id, uniqueness, children of a parent."""
        return self.type != "id" and (self.external_id or self.id_lookup or self.unique or self.cascade)

    @property
    def filterable(self) -> bool:
        """May stand in a WHERE clause; long text may not."""
        return not self.long_text

    @property
    def sortable(self) -> bool:
        """May stand in an ORDER BY clause."""
        return not self.long_text and self.type not in {"multipicklist", "address"}

    @property
    def groupable(self) -> bool:
        """May stand in a GROUP BY clause."""
        return not self.long_text and self.type not in _UNGROUPABLE

    @property
    def aggregatable(self) -> bool:
        """May stand in an aggregate function."""
        return not self.long_text and self.type not in _NOT_AGGREGATABLE


@dataclass(frozen=True)
class ObjectType:
    """One object: its fields in describe order, and what may be done with it.

    Attributes:
        derive: Fills the computed fields of a record in place, after each save.
        setup: May not be written together with ordinary data.
    """

    name: str
    label: str
    plural: str
    prefix: str
    fields: tuple[Field, ...]
    custom: bool = False
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    setup: bool = False
    derive: Callable[[Record], None] | None = field(default=None, compare=False, repr=False)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Fields by API name."""
        return {item.name: item for item in self.fields}

    @cached_property
    def _by_lower(self) -> dict[str, Field]:
        return {item.name.lower(): item for item in self.fields}

    @cached_property
    def _by_parent(self) -> dict[str, Field]:
        return {item.relationship_name.lower(): item for item in self.fields if item.relationship_name}

    @cached_property
    def name_field(self) -> Field | None:
        """The field shown as the record's name."""
        return next((item for item in self.fields if item.name_field), None)

    def find(self, name: str) -> Field | None:
        """A field by its API name, in any case."""
        return self._by_lower.get(name.lower())

    def parent(self, relationship: str) -> Field | None:
        """A reference field by its relationship name, in any case."""
        return self._by_parent.get(relationship.lower())

    def with_field(self, added: Field) -> ObjectType:
        """This object with one more field, or with that field changed."""
        kept = tuple(item for item in self.fields if item.name.lower() != added.name.lower())
        return replace(self, fields=(*kept, added))

    def without_field(self, name: str) -> ObjectType:
        """This object without one field."""
        return replace(self, fields=tuple(item for item in self.fields if item.name != name))


class Schema:
    """All objects of an org, found by name in any case or by key prefix."""

    def __init__(self, types: Iterable[ObjectType]) -> None:
        self._by_lower: dict[str, ObjectType] = {}
        self._by_prefix: dict[str, ObjectType] = {}
        for item in types:
            self.put(item)

    def put(self, item: ObjectType) -> None:
        """Add an object, or replace it by a changed one."""
        self._by_lower[item.name.lower()] = item
        self._by_prefix[item.prefix] = item

    def find(self, name: str) -> ObjectType | None:
        """An object by its API name, in any case."""
        return self._by_lower.get(name.lower())

    def of_id(self, record_id: str) -> ObjectType | None:
        """The object whose key prefix starts this Id."""
        return self._by_prefix.get(record_id[:3])

    def __iter__(self) -> Iterator[ObjectType]:
        return iter(sorted(self._by_lower.values(), key=lambda item: item.name))
