"""The org as the SOQL engine sees it: the fields one user may read, and the records behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.json_rows import address
from audiencesync.emulator.schema import TEXT_TYPES
from audiencesync.emulator.soql import SoqlError, prepare

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping

    from audiencesync.emulator.access import Access
    from audiencesync.emulator.org import Org
    from audiencesync.emulator.schema import Field, ObjectType, Schema
    from audiencesync.emulator.soql import Plan

    Fields = Mapping[str, object]


class SoqlObject:
    """One object, with the fields the user may see."""

    def __init__(self, schema: Schema, kind: ObjectType) -> None:
        self.kind = kind
        self.name = kind.name
        self.label = kind.label
        self.key_prefix = kind.prefix
        self.fields: Mapping[str, Field] = {item.name.lower(): item for item in kind.fields}
        self.child_relationships: Mapping[str, tuple[str, ...]] = {
            item.child_relationship.lower(): (other.name, item.name, item.child_relationship)
            for other in schema
            for item in other.fields
            if item.child_relationship and kind.name in item.reference_to
        }


class SoqlOrg:
    """What one statement may read."""

    def __init__(self, org: Org, access: Access, user_id: str, text: str) -> None:
        self._org = org
        self._access = access
        self._user_id = user_id
        self._text = text.lower()
        self._objects: dict[str, SoqlObject | None] = {}

    def object(self, name: str) -> SoqlObject | None:
        """An object by its name in any case."""
        key = name.lower()
        if key not in self._objects:
            view = self._access.view(self._user_id, name)
            self._objects[key] = SoqlObject(self._org.schema, view.kind) if view else None
        return self._objects[key]

    def records(
        self,
        object_name: str,
        include_deleted: bool,  # noqa: FBT001 - the engine's interface
    ) -> Iterable[Fields]:
        """All records of an object, in creation order."""
        table = self._org.table(object_name)
        found = list(table.records.values()) if include_deleted else table.live()
        return self._whole(object_name, found)

    def record(self, object_name: str, id18: str) -> Fields | None:
        """One record by its 18-character Id."""
        found = self._org.table(object_name).records.get(id18)
        return None if found is None else next(iter(self._whole(object_name, [found])))

    def find(self, object_name: str, field: str, values: Collection[str]) -> Iterable[Fields] | None:
        """Records by an indexed text field; every deleted one too, since the index holds only the living.

        None where the index compares with case and SOQL does not.
        """
        table = self._org.table(object_name)
        item = table.kind.by_name[field]
        exact = item.custom and item.external_id and not item.unique
        if not table.indexed(field) or exact or item.type not in TEXT_TYPES | {"reference"}:
            return None
        ids = {found: None for value in values for found in table.find(field, value)}
        ids |= dict.fromkeys(table.deleted)
        return self._whole(object_name, [table.records[found] for found in ids])

    def now(self) -> dt.datetime:
        """The org's clock."""
        return self._org.clock.now()

    def _whole(self, object_name: str, records: Iterable[Fields]) -> Iterable[Fields]:
        """Join compound addresses to the records, if the statement speaks of one."""
        compounds = [
            item
            for item in self._org.table(object_name).kind.fields
            if item.parts and item.name.lower() in self._text
        ]
        if not compounds:
            return records
        return ({**record, **{item.name: address(item, record) for item in compounds}} for record in records)


def compile_query(
    org: Org, access: Access, user_id: str, text: str, *, include_deleted: bool = False, bulk: bool = False
) -> Plan:
    """A statement, ready to run for one user.

    Raises:
        ApiError: 400 with SOQL's code and message.
    """
    view = SoqlOrg(org, access, user_id, text)
    try:
        return prepare(text, view, include_deleted=include_deleted, bulk=bulk)
    except SoqlError as error:
        raise ApiError(400, error.code, error.message) from error
