"""sObject Collections: up to 200 rows for one API call, one result a row."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from audiencesync.records import JsonScalar, Operation, Row, RowResult, WriteOptions
from audiencesync.salesforce.answers import row_results
from audiencesync.salesforce.session import Session

ROWS_PER_CALL = 200

_COLLECTIONS = "composite/sobjects"
_PARENT = re.compile(
    r"(?:(?P<type>[A-Za-z][A-Za-z0-9_]*):)?(?P<relation>[A-Za-z][A-Za-z0-9_]*)\.(?P<field>[A-Za-z]\w*)"
)


@dataclass(frozen=True, slots=True)
class Request:
    """One Collections request, to be sent alone or as a part of a Composite.

    Attributes:
        path: Below the REST API.
        rows: How many rows it holds.
        created: What an accepted row's `created` is when Salesforce does not say.
        document: The body; None for a delete.
        params: The query, unencoded.
    """

    method: str
    path: str
    rows: int
    created: bool | None = None
    document: Mapping[str, object] | None = field(default=None, repr=False)
    params: Mapping[str, str] | None = None


def request(operation: Operation, object_name: str, match_field: str | None, rows: Sequence[Row]) -> Request:
    """The request that writes up to 200 rows. No two may share a match value.

    Args:
        operation: Insert, upsert by the match field, or update and delete by `Id`, which each row then holds.
        object_name: API name of the object.
        match_field: `Id`, an External ID or an idLookup field, which every row holds; for an upsert.
        rows: A key `Account.Ext__c` names a parent by its external ID, `User:Owner.Username` one of several
            kinds.

    Raises:
        ValueError: There are more rows, or an upsert has no match field.

    Source:
        REST API Developer Guide, "Upsert Multiple Records with Fewer Round-Trips (sObject Collections)" and
        its siblings.
    """
    if len(rows) > ROWS_PER_CALL:
        raise ValueError(f"{len(rows)} rows in a call that takes {ROWS_PER_CALL}")
    if operation is Operation.DELETE:
        params = {"ids": ",".join(str(row["Id"]) for row in rows), "allOrNone": "false"}
        return Request("DELETE", _COLLECTIONS, len(rows), params=params)
    sent = records(object_name, rows)
    if operation is Operation.INSERT:
        return Request("POST", _COLLECTIONS, len(rows), created=True, document=_document(sent))
    if operation is Operation.UPDATE:
        # the guide spells it `id` here, and only here
        sent = [{"id": one.pop("Id"), **one} for one in sent]
        return Request("PATCH", _COLLECTIONS, len(rows), created=False, document=_document(sent))
    if not match_field:
        raise ValueError("an upsert needs a match field")
    path = f"{_COLLECTIONS}/{quote(object_name, safe='')}/{quote(match_field, safe='')}"
    return Request("PATCH", path, len(rows), document=_document(sent))


def write(session: Session, one: Request, options: WriteOptions) -> list[RowResult]:
    """Send a request.

    Args:
        session: Who writes.
        one: What `request` made; without rows it costs no call.
        options: What the org's rules do.

    Returns:
        One result per row, in the order of the rows.

    Raises:
        SalesforceRefused: The whole call was refused; no row was written.
        SalesforceUnavailable: No row was written; the same call may succeed later.
        AnswerLost: Rows may have been written; inserted ones must be looked for, never sent again.
        BudgetSpent: The call was not made.
    """
    if not one.rows:
        return []
    document = session.write(
        "collections",
        one.method,
        one.path,
        document=one.document,
        params=one.params,
        headers=headers(one, options),
    )
    return row_results(document, sent=one.rows, created=one.created)


def upsert(
    session: Session, object_name: str, match_field: str, rows: Sequence[Row], options: WriteOptions
) -> list[RowResult]:
    """Create or update by a match field, as `request` and `write`."""
    return write(session, request(Operation.UPSERT, object_name, match_field, rows), options)


def update(session: Session, object_name: str, rows: Sequence[Row], options: WriteOptions) -> list[RowResult]:
    """Update by Id, as `request` and `write`; never creates."""
    return write(session, request(Operation.UPDATE, object_name, None, rows), options)


def create(session: Session, object_name: str, rows: Sequence[Row], options: WriteOptions) -> list[RowResult]:
    """Create records, as `request` and `write`."""
    return write(session, request(Operation.INSERT, object_name, None, rows), options)


def delete(session: Session, ids: Sequence[str], options: WriteOptions | None = None) -> list[RowResult]:
    """Delete records by Id, into the recycle bin, as `request` and `write`."""
    rows = [{"Id": one} for one in ids]
    return write(session, request(Operation.DELETE, "", None, rows), options or WriteOptions())


def headers(one: Request, options: WriteOptions) -> Mapping[str, str]:
    """Headers of a write: each rule of the org is named, so none runs by default.

    An assignment rule would give a record that is updated to another owner each time, so it runs only where
    one may be made.

    Source:
        REST API Developer Guide, "Headers".
    """
    named = {
        "Sforce-Auto-Assign": "TRUE" if options.assignment_rule and one.created is not False else "FALSE",
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


def _document(sent: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    return {"allOrNone": False, "records": sent}


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


def _parent(type_name: str | None, field_name: str, value: JsonScalar) -> dict[str, object]:
    """A parent named by its external ID; its type is needed only where the reference has several."""
    return (
        {field_name: value} if type_name is None else {"attributes": {"type": type_name}, field_name: value}
    )


def _reference(relation: str) -> str:
    """The field behind a relation: a nested null is refused, so the reference itself is cleared."""
    return f"{relation[:-1]}c" if relation.endswith("__r") else f"{relation}Id"
