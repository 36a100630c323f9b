"""Composite of Collections: up to five requests of 200 rows for one API call."""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from audiencesync.errors import (
    AudienceSyncError,
    RouteRefused,
    SalesforceRefused,
    SalesforceUnavailable,
    SignInRefused,
)
from audiencesync.records import RowResult, WriteOptions
from audiencesync.salesforce import rows
from audiencesync.salesforce.answers import answer_lost, api_errors, row_results
from audiencesync.salesforce.session import Session
from audiencesync.salesforce.verdict import refuse

PIECES_PER_CALL = 5
"""Collections requests in one Composite.

Source:
    REST API Developer Guide, "Send Multiple Requests Using Composite".
"""

Piece = list[RowResult] | AudienceSyncError
"""The results of one request's rows in their order, or what became of it as a whole."""

_COMPOSITE = "composite"
_WHAT = f"POST {_COMPOSITE}"
_OK = 200
_REDIRECTION = 300
_LIMIT = "LIMIT_EXCEEDED"
_HALTED = "PROCESSING_HALTED"
_ABOUT_THE_ROUTE = frozenset({400, 403, 404, 405})
_ABOUT_SOMETHING_ELSE = frozenset(
    {
        "API_CURRENTLY_DISABLED",
        "API_DISABLED_FOR_ORG",
        "INVALID_FIELD",
        "INVALID_SESSION_ID",
        "INVALID_TYPE",
        "JSON_PARSER_ERROR",
    }
)


def write_together(session: Session, requests: Sequence[rows.Request], options: WriteOptions) -> list[Piece]:
    """Send up to five Collections requests. What happens to one of them leaves the others alone.

    Salesforce reads `@{` in a Composite as the start of a reference to another answer, and knows no way to
    write it as text. A request that holds it goes by a call of its own.

    Args:
        session: Who writes.
        requests: They are carried out in this order. No two of all their rows may share a match value.
        options: What the org's rules do.

    Returns:
        For each request the results of its rows, or the error that `rows.write` would have raised for it.

    Raises:
        RouteRefused: The org does not take this Composite; no row was written, Collections may do.
        SalesforceRefused, SalesforceUnavailable, AnswerLost, BudgetSpent: As `rows.write`, for all requests.

    Source:
        REST API Developer Guide, "Send Multiple Requests Using Composite", "Composite Request Body".
    """
    if len(requests) > PIECES_PER_CALL:
        raise ValueError(f"{len(requests)} requests in a call that takes {PIECES_PER_CALL}")
    together = {f"piece{at}": one for at, one in enumerate(requests) if one.rows and not _has_reference(one)}
    done = _send(session, together, options) if together else {}
    return [
        done[name] if (name := f"piece{at}") in done else _alone(session, one, options)
        for at, one in enumerate(requests)
    ]


def _send(session: Session, requests: Mapping[str, rows.Request], options: WriteOptions) -> dict[str, Piece]:
    document = {
        "allOrNone": False,
        "collateSubrequests": False,
        "compositeRequest": [
            {
                "method": request.method,
                "url": session.base_path + request.path + _query(request),
                "referenceId": reference,
                "httpHeaders": rows.headers(request, options),
                **({} if request.document is None else {"body": request.document}),
            }
            for reference, request in requests.items()
        ],
    }
    try:
        return _pieces(session.write("composite", "POST", _COMPOSITE, document=document), requests)
    except SignInRefused:
        raise
    except SalesforceRefused as refusal:
        if refusal.status not in _ABOUT_THE_ROUTE or refusal.code in _ABOUT_SOMETHING_ELSE:
            raise
        code, status = refusal.code, refusal.status
    raise RouteRefused(
        f"Salesforce refused {_WHAT} as such: {code}, HTTP {status}",
        hint="the same rows may go by Collections; check that nothing between us and Salesforce blocks it",
        code=code,
        status=status,
    )


def _query(request: rows.Request) -> str:
    return f"?{urlencode(request.params)}" if request.params else ""


def _pieces(answer: object, requests: Mapping[str, rows.Request]) -> dict[str, Piece]:
    """What each part of the answer means, by the name of its request.

    Raises:
        SalesforceRefused: The parts say that the whole was refused.
    """
    parts = answer.get("compositeResponse") if isinstance(answer, dict) else None
    if not isinstance(parts, list):
        raise answer_lost(f"{_WHAT} got an unreadable answer; none of its rows is acknowledged")
    named = {part.get("referenceId"): part for part in parts if isinstance(part, dict)}
    status = named[None].get("httpStatusCode") if named.keys() == {None} else None
    if isinstance(status, int) and status >= _REDIRECTION:
        refuse(status, answer, what=_WHAT, write=True)
    done = {name: _piece(named.get(name, {}), request) for name, request in requests.items()}
    limits = [one for one in done.values() if isinstance(one, SalesforceRefused) and one.code == _LIMIT]
    if len(limits) == len(done):
        raise limits[0]
    return done


def _piece(part: Mapping[str, object], request: rows.Request) -> Piece:
    status, body = part.get("httpStatusCode"), part.get("body")
    what = f"{request.method} {request.path} in {_WHAT}"
    try:
        if not isinstance(status, int):
            raise answer_lost(f"{what} was not answered")
        if _OK <= status < _REDIRECTION:
            return row_results(body, sent=request.rows, created=request.created)
        if any(error.code == _HALTED for error in api_errors(body)):
            raise SalesforceUnavailable(f"Salesforce left out {what}", hint="run again")
        refuse(status, body, what=what, write=True)
    except AudienceSyncError as error:
        return error


def _has_reference(request: rows.Request) -> bool:
    return "@{" in json.dumps(request.document, ensure_ascii=False)


def _alone(session: Session, request: rows.Request, options: WriteOptions) -> Piece:
    try:
        return rows.write(session, request, options)
    except AudienceSyncError as error:
        return error
