"""Where a sync's rows go."""

from dataclasses import dataclass

from audiencesync.export.values import to_json
from audiencesync.ledger import OutboxRow
from audiencesync.records import ObjectType, Operation, Row, WriteOptions


@dataclass(frozen=True, slots=True)
class Target:
    """A Salesforce object and how its records are found.

    Attributes:
        match_field: As describe spells it.
        options: What the org's own rules do with what is written.
    """

    object: ObjectType
    match_field: str
    options: WriteOptions

    def key_of(self, operation: Operation) -> str:
        """The field that identifies a row of an operation."""
        return self.match_field if operation is Operation.UPSERT else "Id"

    def row(self, operation: Operation, row: OutboxRow) -> Row:
        """What travels for one intent: its changed fields, and what identifies its record."""
        if operation is Operation.DELETE:
            return {"Id": row.salesforce_id}
        values = {name: to_json(text, self.object.field(name)) for name, text in row.values.items()}
        if operation is Operation.UPSERT:
            kind = self.object.field(self.match_field)
            return {self.match_field: to_json(row.match_value, kind), **values}
        return {"Id": row.salesforce_id, **values}
