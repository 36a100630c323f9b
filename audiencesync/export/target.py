"""Where a sync's rows go."""

from collections.abc import Callable
from dataclasses import dataclass

from audiencesync.export.values import to_json
from audiencesync.ledger import Batch, OutboxRow
from audiencesync.objects import FieldType, ObjectType
from audiencesync.records import Operation, Row, WriteOptions


@dataclass(frozen=True, slots=True)
class Target:
    """The Salesforce objects that rows go to.

    A batch of an earlier run says itself where its rows went and what identified them: the config may be
    another since.

    Attributes:
        describe: Tells what an object looks like, by its API name as describe spells it.
        options: What the org's own rules do with what is written.
    """

    describe: Callable[[str], ObjectType]
    options: WriteOptions

    def object_of(self, batch: Batch) -> ObjectType:
        """What describe says of the object of a batch."""
        return self.describe(batch.object)

    def match_field(self, batch: Batch) -> str | None:
        """The field by which Salesforce itself finds a record, for the operation that lets it."""
        if batch.operation is not Operation.UPSERT:
            return None
        kind = self.object_of(batch).field(batch.matched_by[0])
        return kind.name if kind else batch.matched_by[0]

    def key_of(self, batch: Batch) -> str | None:
        """The field that identifies a row of a batch; None when all of it does."""
        return None if batch.operation is Operation.INSERT else self.match_field(batch) or "Id"

    def found_by(self, batch: Batch) -> tuple[FieldType, ...]:
        """The fields by which the records of a batch are found afterwards; none: by all they hold."""
        by_id = batch.operation in {Operation.UPDATE, Operation.DELETE}
        names = ("Id",) if by_id else batch.matched_by
        described = self.object_of(batch)
        kinds = tuple(kind for name in names if (kind := described.field(name)) is not None)
        return kinds if len(kinds) == len(names) else ()

    def row(self, batch: Batch, row: OutboxRow) -> Row:
        """What travels for one intent: its changed fields, and what identifies its record."""
        if batch.operation is Operation.DELETE:
            return {"Id": row.salesforce_id}
        target = self.object_of(batch)
        values = {name: to_json(text, target.field(name)) for name, text in row.values.items()}
        if batch.operation is Operation.INSERT:
            return {name: value for name, value in values.items() if value is not None}
        key = self.key_of(batch) or "Id"
        identity = row.salesforce_id if key == "Id" else to_json(row.match_value, target.field(key))
        return {key: identity, **values}
