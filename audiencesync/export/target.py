"""Where a sync's rows go."""

from collections.abc import Mapping
from dataclasses import dataclass

from audiencesync.export.values import to_json
from audiencesync.ledger import Batch, OutboxRow
from audiencesync.objects import ObjectType
from audiencesync.records import Matching, Operation, Row, Way, WriteOptions


@dataclass(frozen=True, slots=True)
class Target:
    """The Salesforce objects of a sync and how their records are found.

    Attributes:
        objects: By API name as describe spells it.
        matching: How records are found.
        options: What the org's own rules do with what is written.
    """

    objects: Mapping[str, ObjectType]
    matching: Matching
    options: WriteOptions

    def object_of(self, batch: Batch) -> ObjectType:
        """What describe says of the object of a batch."""
        return self.objects[batch.object]

    def match_field(self, operation: Operation) -> str | None:
        """The field by which Salesforce itself finds a record, for the operation that lets it."""
        return self.matching.fields[0] if operation is Operation.UPSERT else None

    def key_of(self, operation: Operation) -> str | None:
        """The field that identifies a row of an operation; None when all of it does."""
        return None if operation is Operation.INSERT else self.match_field(operation) or "Id"

    @property
    def traceable(self) -> bool:
        """A record that was made can be found by its match values."""
        return self.matching.way in {Way.NATIVE, Way.LOOKUP}

    def row(self, batch: Batch, row: OutboxRow) -> Row:
        """What travels for one intent: its changed fields, and what identifies its record."""
        if batch.operation is Operation.DELETE:
            return {"Id": row.salesforce_id}
        target = self.object_of(batch)
        values = {name: to_json(text, target.field(name)) for name, text in row.values.items()}
        if batch.operation is Operation.INSERT:
            return {name: value for name, value in values.items() if value is not None}
        key = self.key_of(batch.operation) or "Id"
        identity = row.salesforce_id if key == "Id" else to_json(row.match_value, target.field(key))
        return {key: identity, **values}
