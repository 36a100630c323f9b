"""Asking Salesforce for records: results page by page, and look-ups of many values in few statements."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from audiencesync.errors import SalesforceUnavailable
from audiencesync.objects import FilterValue
from audiencesync.salesforce.session import Session
from audiencesync.salesforce.simple import querying, soql

VALUES_PER_STATEMENT = 200
ENCODED_BYTES = 12_000
"""Room for one encoded statement: address and headers share 16,384 bytes, a token may take 2,000."""

_PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*")
_LONGEST_LITERAL = 4000


def query(session: Session, statement: str) -> Iterator[dict[str, object]]:
    """The records of a query; each page is asked for when the one before it is used up.

    Args:
        session: Who asks.
        statement: SOQL; made by `select_matching`, or free of data.

    Yields:
        Field -> value, parents as nested dicts; without Salesforce's `attributes`.

    Raises:
        SalesforceRefused: The statement is wrong, or touches what the user may not see.
        SalesforceUnavailable: No usable answer came.

    Source:
        REST API Developer Guide, "Query".
    """
    client = querying(session)
    page = _page(client.query(statement))
    while True:
        yield from (_plain(record) for record in page["records"])
        if page.get("done") is not False:
            return
        page = _page(client.query_more(page["nextRecordsUrl"], identifier_is_url=True))


def select_matching(
    object_name: str,
    fields: Sequence[str],
    by: Sequence[str],
    values: Sequence[Sequence[FilterValue]],
    where: str = "",
) -> Iterator[str]:
    """Statements that together look up every value, each within Salesforce's limits.

    A value whose literal is longer than SOQL allows is left out: no field that can be filtered by holds it.

    Args:
        object_name: API name.
        fields: API names or paths to select.
        by: The fields that are compared, all of them together.
        values: What they are compared with, one value for each field; repeated ones are asked for once.
        where: A further condition, free of data.

    Raises:
        ValueError: A name holds characters that no API name has, or a value has not one part for each field.

    Source:
        REST API Developer Guide, "Status Codes" (414, 431); SOQL and SOSL Reference, "SOQL and SOSL Limits".
    """
    _require_names(object_name, *by, *fields)
    head = f"SELECT {', '.join(fields)} FROM {object_name} WHERE "  # noqa: S608 - checked names
    also = f" AND ({where})" if where else ""
    start, between, end = (f"{by[0]} IN (", ",", ")") if len(by) == 1 else ("(", " OR ", ")")
    room = ENCODED_BYTES - len(quote_plus(head + start + end + also))
    batch: list[str] = []
    used = 0
    for wanted in dict.fromkeys(_wanted(by, value) for value in values):
        size = len(quote_plus(wanted + between))
        if not wanted or size > room:
            continue
        if batch and (len(batch) == VALUES_PER_STATEMENT or used + size > room):
            yield head + start + between.join(batch) + end + also
            batch, used = [], 0
        batch.append(wanted)
        used += size
    if batch:
        yield head + start + between.join(batch) + end + also


def select_all(object_name: str, fields: Sequence[str], present: str | None) -> str:
    """The statement for every record; with `present`, for those in which this field has a value.

    Raises:
        ValueError: A name holds characters that no API name has.
    """
    _require_names(object_name, *fields, *([present] if present else []))
    statement = f"SELECT {', '.join(fields)} FROM {object_name}"  # noqa: S608 - checked names
    return statement + (f" WHERE {present} != null" if present else "")


def _require_names(*names: str) -> None:
    """Only what can be an API name, or a path of them, goes into a statement."""
    if not all(_PATH.fullmatch(name) for name in names):
        raise ValueError("a name in a query holds characters that no API name has")


def _wanted(by: Sequence[str], value: Sequence[FilterValue]) -> str:
    """What one value adds to a statement; nothing when it is too long for any field."""
    literals = [soql("{value}", value=part) for part in value]
    if any(len(literal) > _LONGEST_LITERAL for literal in literals):
        return ""
    pairs = zip(by, literals, strict=True)
    return literals[0] if len(by) == 1 else f"({' AND '.join(f'{name} = {one}' for name, one in pairs)})"


def select_made(object_name: str, fields: Sequence[str], user_id: str, moment: datetime) -> str:
    """The statement that finds what one user has made since a moment.

    Raises:
        ValueError: A name holds characters that no API name has.
    """
    for name in (object_name, *fields):
        if not _PATH.fullmatch(name):
            raise ValueError("a name in a look-up holds characters that no API name has")
    condition = soql("CreatedById = {user} AND CreatedDate >= {moment}", user=user_id, moment=moment)
    return f"SELECT {', '.join(fields)} FROM {object_name} WHERE {condition}"  # noqa: S608 - checked names


def _page(answer: object) -> Mapping[str, Any]:
    """An answer that is a page of records, with a way to the next one when there is one."""
    if isinstance(answer, dict) and isinstance(answer.get("records"), list):
        more = answer.get("nextRecordsUrl")
        if answer.get("done") is not False or (isinstance(more, str) and more.startswith("/")):
            return answer
    raise SalesforceUnavailable(
        "the answer to a query is not a page of records", hint="run again; check connection.api_version"
    )


def _plain(record: Mapping[str, Any]) -> dict[str, object]:
    return {
        name: _plain(value) if isinstance(value, dict) else value
        for name, value in record.items()
        if name != "attributes"
    }
