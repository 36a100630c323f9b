"""Composite of Collections: pieces that travel together and fail apart."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import responses

from audiencesync.errors import (
    AnswerLost,
    BudgetSpent,
    RouteRefused,
    SalesforceRefused,
    SalesforceUnavailable,
    SignInRefused,
)
from audiencesync.records import Operation, Row, RowResult, WriteOptions
from audiencesync.salesforce import composite, rows
from audiencesync.salesforce.composite import Piece
from audiencesync.salesforce.session import Session

from .helpers import API, TOKEN_URL, CountingMeter

COMPOSITE = API + "composite"
COLLECTIONS = API + "composite/sobjects"
PLAIN = WriteOptions()
DONE = {"id": "00Q1", "success": True, "errors": []}
FINE = RowResult(accepted=True, salesforce_id="00Q1")


def _part(at: int | None, status: int, body: object) -> dict[str, Any]:
    reference = None if at is None else f"piece{at}"
    return {"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": reference}


def _error(code: str) -> list[Mapping[str, str]]:
    return [{"errorCode": code, "message": "about someone@example.org"}]


def _answer(*parts: Mapping[str, Any]) -> dict[str, Any]:
    return {"compositeResponse": parts}


def _together(session: Session, count: int = 2, options: WriteOptions = PLAIN) -> list[Piece]:
    pieces: list[Sequence[Row]] = [[{"Email": f"{at}@example.org"}] for at in range(count)]
    return composite.write_together(
        session, [rows.request(Operation.UPSERT, "Lead", "Email", piece) for piece in pieces], options
    )


def _sent(web: responses.RequestsMock) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(web.calls[-1].request.body or b"")
    return document


def test_each_piece_is_a_collections_request_and_all_are_one_call(
    org: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    org.post(COMPOSITE, json=_answer(_part(1, 200, [DONE, DONE]), _part(0, 200, [DONE])))
    sent: list[Row] = [{"Email": "a@example.org"}, {"Email": "b@example.org"}]
    requests = [
        rows.request(Operation.UPSERT, "Lead", "Email", sent[:1]),
        rows.request(Operation.DELETE, "Lead", None, [{"Id": "00Q1"}, {"Id": "00Q2"}]),
    ]

    results = composite.write_together(session, requests, WriteOptions(duplicate_allow_save=True))

    headers = {
        "Sforce-Auto-Assign": "FALSE",
        "Sforce-Mru": "updateMru=false",
        "Sforce-Duplicate-Rule-Header": "allowSave=true",
    }
    assert results == [[FINE], [FINE, FINE]]
    assert meter.charged == ["composite"]
    assert _sent(org) == {
        "allOrNone": False,
        "collateSubrequests": False,
        "compositeRequest": [
            {
                "method": "PATCH",
                "url": "/services/data/v66.0/composite/sobjects/Lead/Email",
                "referenceId": "piece0",
                "httpHeaders": headers,
                "body": {
                    "allOrNone": False,
                    "records": [{"attributes": {"type": "Lead"}, "Email": "a@example.org"}],
                },
            },
            {
                "method": "DELETE",
                "url": "/services/data/v66.0/composite/sobjects?ids=00Q1%2C00Q2&allOrNone=false",
                "referenceId": "piece1",
                "httpHeaders": headers,
            },
        ],
    }


@pytest.mark.parametrize(
    ("part", "error", "code"),
    [
        (_part(1, 400, _error("JSON_PARSER_ERROR")), SalesforceRefused, "JSON_PARSER_ERROR"),
        (_part(1, 400, _error("LIMIT_EXCEEDED")), SalesforceRefused, "LIMIT_EXCEEDED"),
        (_part(1, 404, _error("NOT_FOUND")), SalesforceRefused, "NOT_FOUND"),
        (_part(1, 400, _error("PROCESSING_HALTED")), SalesforceUnavailable, None),
        (_part(1, 400, _error("UNABLE_TO_LOCK_ROW")), SalesforceUnavailable, None),
        (_part(1, 403, _error("REQUEST_LIMIT_EXCEEDED")), BudgetSpent, None),
        (_part(1, 400, "no code"), AnswerLost, None),
        (_part(1, 500, _error("UNKNOWN_EXCEPTION")), AnswerLost, None),
        (_part(1, 502, "<html>"), AnswerLost, None),
        (_part(1, 200, []), AnswerLost, None),
        (_part(1, 200, [DONE, DONE]), AnswerLost, None),
        (_part(1, 200, None), AnswerLost, None),
        ({"referenceId": "piece1", "body": [DONE]}, AnswerLost, None),
        (_part(2, 200, [DONE]), AnswerLost, None),
        ("?", AnswerLost, None),
    ],
)
def test_what_befalls_one_piece_leaves_the_others_alone(
    org: responses.RequestsMock, session: Session, part: Any, error: type[Exception], code: str | None
) -> None:
    org.post(COMPOSITE, json=_answer(_part(0, 200, [DONE]), part))

    first, second = _together(session)

    assert first == [FINE]
    assert isinstance(second, Exception)
    assert type(second) is error
    assert getattr(second, "code", None) == code
    assert "someone" not in str(second)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, _answer(_part(None, 400, _error("LIMIT_EXCEEDED")))),
        (400, _answer(_part(None, 400, _error("LIMIT_EXCEEDED")))),
        (200, _answer(_part(0, 400, _error("LIMIT_EXCEEDED")), _part(1, 400, _error("LIMIT_EXCEEDED")))),
        (400, _error("INVALID_INPUT")),
        (403, _error("FUNCTIONALITY_NOT_ENABLED")),
        (404, _error("NOT_FOUND")),
        (405, _error("METHOD_NOT_ALLOWED")),
    ],
)
def test_an_org_that_takes_no_such_composite_is_told_from_a_bad_row(
    org: responses.RequestsMock, session: Session, meter: CountingMeter, status: int, body: object
) -> None:
    org.post(COMPOSITE, json=body, status=status)

    with pytest.raises(RouteRefused):
        _together(session)

    assert meter.charged == ["composite"]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, _error("JSON_PARSER_ERROR"), SalesforceRefused),
        (400, _error("INVALID_FIELD"), SalesforceRefused),
        (403, _error("API_DISABLED_FOR_ORG"), SalesforceRefused),
        (403, _error("REQUEST_LIMIT_EXCEEDED"), BudgetSpent),
        (404, "a proxy's words", AnswerLost),
        (400, _answer(_part(0, 200, [DONE])), AnswerLost),
        (500, _error("UNKNOWN_EXCEPTION"), AnswerLost),
        (200, _answer(_part(None, 500, _error("UNKNOWN_EXCEPTION"))), AnswerLost),
        (200, {"hasErrors": True}, AnswerLost),
        (200, [DONE], AnswerLost),
    ],
)
def test_other_refusals_of_the_whole_call_are_those_of_collections(
    org: responses.RequestsMock, session: Session, status: int, body: object, error: type[Exception]
) -> None:
    org.post(COMPOSITE, json=body, status=status)

    with pytest.raises(error) as caught:
        _together(session)

    assert type(caught.value) is error


def test_a_refused_sign_in_says_nothing_about_the_route(
    web: responses.RequestsMock, session: Session
) -> None:
    web.post(TOKEN_URL, json={"error": "invalid_grant", "error_description": "user is locked"}, status=400)
    with pytest.raises(SignInRefused):
        _together(session)


@pytest.mark.parametrize("row", [{"Email": "x", "LastName": "@{piece0[0].id}"}, {"Email": "x@{"}])
def test_text_that_looks_like_a_reference_travels_alone_and_unchanged(
    org: responses.RequestsMock, session: Session, meter: CountingMeter, row: Row
) -> None:
    """In a Composite it would become another record's Id, or refuse its 199 neighbours."""
    org.post(COMPOSITE, json=_answer(_part(0, 200, [DONE])))
    org.patch(COLLECTIONS + "/Lead/Email", json=[DONE])
    pieces: list[list[Row]] = [[{"Email": "a"}], [row]]

    results = composite.write_together(
        session, [rows.request(Operation.UPSERT, "Lead", "Email", piece) for piece in pieces], PLAIN
    )

    assert results == [[FINE], [FINE]]
    assert meter.charged == ["composite", "collections"]
    assert _sent(org)["records"] == [{"attributes": {"type": "Lead"}, **row}]


def test_its_own_call_failing_is_that_pieces_failure(org: responses.RequestsMock, session: Session) -> None:
    org.post(COMPOSITE, json=_answer(_part(0, 200, [DONE])))
    org.patch(COLLECTIONS + "/Lead/Email", status=502)
    pieces: list[list[Row]] = [[{"Email": "a"}], [{"Email": "@{"}]]

    first, second = composite.write_together(
        session, [rows.request(Operation.UPSERT, "Lead", "Email", piece) for piece in pieces], PLAIN
    )

    assert first == [FINE]
    assert isinstance(second, AnswerLost)


def test_nothing_costs_no_call_and_six_pieces_never_travel(
    web: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    empty = rows.request(Operation.INSERT, "Lead", None, [])
    assert composite.write_together(session, [empty, empty], PLAIN) == [[], []]
    with pytest.raises(ValueError, match="6 requests"):
        _together(session, 6)
    assert meter.charged == []
