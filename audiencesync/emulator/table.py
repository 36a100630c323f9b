"""The records of one object, and the indexes that find them by value."""

from collections.abc import Callable, Iterator

from audiencesync.emulator import ids
from audiencesync.emulator.schema import ObjectType, Record, Value
from audiencesync.emulator.values import match_key


class Table:
    """Records by their 18-character Id; deleted ones stay, marked, until the recycle bin is emptied.

    A record is never changed in place: an update puts a new mapping, so that a reader (a query, an undo)
    may keep the old one.
    """

    def __init__(self, kind: ObjectType) -> None:
        self.kind = kind
        self.records: dict[str, Record] = {}
        self.deleted: set[str] = set()
        self.count = 0
        self._indexes: dict[str, dict[Value, str | set[str]]] = {}
        self._keys: dict[str, Callable[[Value], Value]] = {}
        self.reindex(kind)

    def reindex(self, kind: ObjectType) -> None:
        """Follow a change of the object's fields."""
        self.kind = kind
        self._keys = {item.name: match_key(item) for item in kind.fields if item.indexed}
        self._indexes = {name: {} for name in self._keys}
        for record in self.live():
            self._index(record)

    def next_id(self) -> str:
        """A fresh Id of this object."""
        self.count += 1
        return ids.make(self.kind.prefix, self.count)

    def live(self) -> Iterator[Record]:
        """Records that are not deleted, in creation order."""
        return (record for record in list(self.records.values()) if not record["IsDeleted"])

    @property
    def size(self) -> int:
        """Number of records that are not deleted."""
        return len(self.records) - len(self.deleted)

    def put(self, record: Record) -> Record | None:
        """Store a record under its Id and give back what it replaces."""
        record_id = str(record["Id"])
        before = self.records.get(record_id)
        if before is not None and not before["IsDeleted"]:
            self._unindex(before, record)
        self.records[record_id] = record
        if record["IsDeleted"]:
            self.deleted.add(record_id)
        else:
            self.deleted.discard(record_id)
            self._index(record)
        return before

    def remove(self, record_id: str) -> None:
        """Forget a record altogether."""
        record = self.records.pop(record_id)
        self.deleted.discard(record_id)
        if not record["IsDeleted"]:
            self._unindex(record, None)

    def indexed(self, name: str) -> bool:
        """Whether `find` takes this field."""
        return name in self._indexes

    def find(self, name: str, value: Value) -> list[str]:
        """Ids of live records with this value in an indexed field, oldest first."""
        found = self._indexes[name].get(self._keys[name](value))
        if found is None:
            return []
        return [found] if isinstance(found, str) else sorted(found)

    def key(self, name: str, value: Value) -> Value:
        """The form in which two values of an indexed field are compared."""
        return self._keys[name](value)

    def _index(self, record: Record) -> None:
        record_id = str(record["Id"])
        for name, index in self._indexes.items():
            value = record.get(name)
            if value is None:
                continue
            key = self._keys[name](value)
            found = index.get(key)
            if found is None:
                index[key] = record_id
            elif isinstance(found, set):
                found.add(record_id)
            elif found != record_id:
                index[key] = {found, record_id}

    def _unindex(self, record: Record, after: Record | None) -> None:
        record_id = str(record["Id"])
        for name, index in self._indexes.items():
            value = record.get(name)
            if value is None or (after is not None and not after["IsDeleted"] and after.get(name) == value):
                continue
            key = self._keys[name](value)
            found = index[key]
            if isinstance(found, set):
                found.discard(record_id)
                if len(found) == 1:
                    index[key] = found.pop()
            else:
                del index[key]
