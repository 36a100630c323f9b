"""sObject Collections: up to 200 rows for one API call, one result a row."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from audiencesync.records import JsonScalar, Row, RowResult, WriteOptions
from audiencesync.salesforce.answers import row_results
from audiencesync.salesforce.session import Session

ROWS_PER_CALL = 200

_COLLECTIONS = "composite/sobjects"
_PARENT = re.compile(
    r"(?:(?P<type>[A-Za-z][A-Za-z0-9_]*):)?(?P<relation>[A-Za-z][A-Za-z0-9_]*)\.(?P<field>[A-Za-z]\w*)"
)


def upsert(
    session: Session, object_name: str, match_field: str, rows: Sequence[Row], options: WriteOptions
) -> list[RowResult]:
    """Create or update by a match field. No two rows may share a match value.

    Args:
        session: Who writes.
        object_name: API name of the object.
        match_field: `Id`, an External ID or an idLookup field; every row holds it.
        rows: At most 200. A key `Account.Ext__c` names a parent by its external ID, `User:Owner.Username`
            one of several kinds.
        options: What the org's rules do.

    Returns:
        One result per row, in the order of `rows`.

    Raises:
        SalesforceRefused: The whole call was refused; no row was written.
        SalesforceUnavailable: No row was written; the same call may succeed later.
        AnswerLost: Rows may have been written.
        BudgetSpent: The call was not made.

    Source:
        REST API Developer Guide, "Upsert Multiple Records with Fewer Round-Trips (sObject Collections)".
    """
    path = f"{_COLLECTIONS}/{quote(object_name, safe='')}/{quote(match_field, safe='')}"
    return _send(session, "PATCH", path, records(object_name, rows), options, created=None)


def update(session: Session, object_name: str, rows: Sequence[Row], options: WriteOptions) -> list[RowResult]:
    """Update by Id; never creates. Every row holds `Id`. Otherwise as `upsert`."""
    # the guide spells it `id` here, and only here
    sent = [{"id": one.pop("Id"), **one} for one in records(object_name, rows)]
    return _send(session, "PATCH", _COLLECTIONS, sent, options, created=False)


def create(session: Session, object_name: str, rows: Sequence[Row], options: WriteOptions) -> list[RowResult]:
    """Create records. After `AnswerLost` they must be looked for, never sent again. Otherwise as `upsert`."""
    return _send(session, "POST", _COLLECTIONS, records(object_name, rows), options, created=True)


def delete(session: Session, ids: Sequence[str], options: WriteOptions | None = None) -> list[RowResult]:
    """Delete records by Id, into the recycle bin. Returns and raises as `upsert`."""
    _require_size(len(ids))
    if not ids:
        return []
    document = session.write(
        "collections",
        "DELETE",
        _COLLECTIONS,
        params={"ids": ",".join(ids), "allOrNone": "false"},
        headers=headers(options or WriteOptions()),
    )
    return row_results(document, sent=len(ids), created=None)


def headers(options: WriteOptions) -> Mapping[str, str]:
    """Headers of a write: each rule of the org is named, so none runs by default.

    Source:
        REST API Developer Guide, "Headers".
    """
    named = {
        "Sforce-Auto-Assign": "TRUE" if options.assignment_rule else "FALSE",
        "Sforce-Mru": "updateMru=false",
    }
    if options.duplicate_allow_save:
        named["Sforce-Duplicate-Rule-Header"] = "allowSave=true"
    return named


def records(object_name: str, rows: Sequence[Row]) -> list[dict[str, object]]:
    """Rows as Collections takes them: with their type, and with parents nested.

    Source:
        REST API Developer Guide, "Insert or Update (Upsert) a Record Using an External ID".
    """
    return [_record(object_name, row) for row in rows]


def _send(
    session: Session,
    method: str,
    path: str,
    sent: Sequence[Mapping[str, object]],
    options: WriteOptions,
    *,
    created: bool | None,
) -> list[RowResult]:
    _require_size(len(sent))
    if not sent:
        return []
    document = session.write(
        "collections", method, path, document={"allOrNone": False, "records": sent}, headers=headers(options)
    )
    return row_results(document, sent=len(sent), created=created)


def _require_size(rows: int) -> None:
    if rows > ROWS_PER_CALL:
        raise ValueError(f"{rows} rows in a call that takes {ROWS_PER_CALL}")


def _record(object_name: str, row: Row) -> dict[str, object]:
    record: dict[str, object] = {"attributes": {"type": object_name}}
    for name, value in row.items():
        parent = _PARENT.fullmatch(name)
        if parent is None:
            record[name] = value
        elif value is None:
            record[_reference(parent["relation"])] = None
        else:
            record[parent["relation"]] = _parent(parent["type"], parent["field"], value)
    return record


def _parent(type_name: str | None, field: str, value: JsonScalar) -> dict[str, object]:
    """A parent named by its external ID; its type is needed only where the reference has several."""
    return {field: value} if type_name is None else {"attributes": {"type": type_name}, field: value}


def _reference(relation: str) -> str:
    """The field behind a relation: a nested null is refused, so the reference itself is cleared."""
    return f"{relation[:-1]}c" if relation.endswith("__r") else f"{relation}Id"
