"""Reading back: which rows of a write did Salesforce apply, when it could not say?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta

from audiencesync.errors import BudgetSpent, SalesforceRefused, SalesforceUnavailable
from audiencesync.export.ports import Org
from audiencesync.export.target import Target
from audiencesync.export.values import from_json, same
from audiencesync.ledger import LedgerWriter, OpenBatch, OutboxRow
from audiencesync.objects import ObjectType
from audiencesync.records import Operation, RowResult

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far our clock and Salesforce's may be apart."""


def settle_by_reading(ledger: LedgerWriter, org: Org, target: Target, opened: OpenBatch) -> int:
    """Record as accepted what Salesforce turns out to hold already; the other rows of the batch stay open.

    Returns:
        Rows that are settled.
    """
    rows = ledger.rows(opened.batch)
    applied = dict(_applied(ledger, org, target, opened, rows))
    ledger.settle(opened.batch, applied, transient=())
    return len(applied)


def present(org: Org, described: ObjectType) -> Callable[[Sequence[str]], list[str] | None]:
    """Tells which of some records are there; None when that cannot be asked now."""

    def among(ids: Sequence[str]) -> list[str] | None:
        kind = described.fields["id"]
        try:
            found = org.find(described.name, ["Id"], ["Id"], [[kind.filter_value(one)] for one in ids])
            return [str(record["Id"]) for record in found]
        except (BudgetSpent, SalesforceRefused, SalesforceUnavailable):
            return None

    return among


def _applied(
    ledger: LedgerWriter, org: Org, target: Target, opened: OpenBatch, rows: Sequence[OutboxRow]
) -> Iterator[tuple[int, RowResult]]:
    """Rows whose record already says what was sent."""
    batch = opened.batch
    kinds = target.found_by(batch)
    if not kinds:
        yield from _made(ledger, org, target, opened, rows)
        return
    described = target.object_of(batch)
    by_id = batch.operation in {Operation.UPDATE, Operation.DELETE}
    keys = [kind.name for kind in kinds]
    wanted = {
        tuple(match_key(part) for part in parts): (row, parts)
        for row in rows
        if (parts := _identity(row, keys, by_id=by_id)) is not None
    }
    values = [
        [kind.filter_value(part) for part, kind in zip(parts, kinds, strict=True)]
        for _, parts in wanted.values()
    ]
    found: dict[tuple[str, ...], list[Mapping[str, object]]] = {}
    for record in org.find(batch.object, _asked(rows, keys, described), keys, values):
        key = tuple(
            match_key(from_json(record.get(name), kind)) for name, kind in zip(keys, kinds, strict=True)
        )
        found.setdefault(key, []).append(record)
    for key, (row, _) in wanted.items():
        matches = found.get(key, [])
        if batch.operation is Operation.DELETE:
            if not matches:
                yield row.seq, RowResult(accepted=True, salesforce_id=row.salesforce_id)
            continue
        # somebody may have made another record of this match value meanwhile
        holding = [record for record in matches if _holds(record, row, described)]
        if len(holding) == 1:
            yield row.seq, RowResult(accepted=True, salesforce_id=str(holding[0]["Id"]))


def _made(
    ledger: LedgerWriter, org: Org, target: Target, opened: OpenBatch, rows: Sequence[OutboxRow]
) -> Iterator[tuple[int, RowResult]]:
    """New records without a match value: those that nobody claims and that say just what was sent."""
    described = target.object_of(opened.batch)
    left = unclaimed(ledger, org, opened, _asked(rows, (), described))
    for row in rows:
        mine = next((record for record in left if _holds(record, row, described)), None)
        if mine is not None:
            left.remove(mine)
            yield row.seq, RowResult(accepted=True, salesforce_id=str(mine["Id"]), created=True)


def unclaimed(
    ledger: LedgerWriter, org: Org, opened: OpenBatch, fields: Sequence[str]
) -> list[dict[str, object]]:
    """Records that our user has made since a batch was sent, and that are no profile's yet."""
    records = list(org.made_since(opened.batch.object, fields, opened.batch.sent_there - CLOCKS_DIFFER))
    claimed = ledger.claimed([str(record["Id"]) for record in records])
    return [record for record in records if record["Id"] not in claimed]


def _asked(rows: Sequence[OutboxRow], keys: Sequence[str], described: ObjectType) -> list[str]:
    """Fields to read: those that were sent, as far as they are there still and can be asked for."""
    names = {name for row in rows for name in row.values if described.field(name) is not None}
    sent = {path for path in map(_path, names) if path is not None}
    return sorted({"Id", *keys, *sent})


def _identity(row: OutboxRow, keys: Sequence[str], *, by_id: bool) -> tuple[str, ...] | None:
    """What a row's record is found by, in the order of the key fields."""
    if by_id:
        return (row.salesforce_id,) if row.salesforce_id else None
    if len(keys) == 1:
        return (row.match_value,) if row.match_value else None
    parts = tuple(value for name in keys if (value := row.values.get(name)) is not None)
    return parts if len(parts) == len(keys) else None


def _holds(record: Mapping[str, object], row: OutboxRow, described: ObjectType) -> bool:
    """Every value sent is there."""
    for name, value in row.values.items():
        kind, path = described.field(name), _path(name)
        if kind is None or path is None:
            return False
        found = from_json(_at(record, path), kind)
        if not (match_key(found) == match_key(value) if "." in path else same(found, value, kind)):
            return False
    return True


def _path(name: str) -> str | None:
    """What a field is called in a query; None when it cannot be asked for.

    A parent that may be of several objects shows the fields of the Name object alone, and of those only a
    user name identifies it.
    """
    kind, _, path = name.rpartition(":")
    return None if kind and not path.lower().endswith(".username") else path


def _at(record: Mapping[str, object], path: str) -> object:
    relation, dot, field = path.partition(".")
    parent = record.get(relation)
    return parent.get(field) if dot and isinstance(parent, dict) else None if dot else parent


def match_key(value: object) -> str:
    """Match values compare without case and surrounding space; Ids of 18 characters differ even so."""
    return str(value or "").strip().lower()
