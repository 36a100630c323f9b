"""What an HTTP answer means: fine, refused, come back later, or nobody knows."""

from typing import NoReturn

import requests

from audiencesync.errors import BudgetSpent, SalesforceRefused, SalesforceUnavailable
from audiencesync.salesforce.answers import UNKNOWN_CODE, ApiError, answer_lost, api_errors, json_or_none
from audiencesync.salesforce.catalogue import cure, kind

UNAUTHORIZED = 401

_OK = 200
_REDIRECTION = 300
_BAD_REQUEST = 400
_REQUEST_TIMEOUT = 408
_SERVER_ERROR = 500
_TURNED_AWAY = frozenset({420, 429})
_BUDGET_PAUSE_S = 3600.0
_LATER = "run again later; see trust.salesforce.com for the state of the service"
_NOT_RENEWABLE = ("not valid for use with the REST API", "Connected app is not attached")
_HINT_BY_STATUS = {
    404: (
        "the object, record, job or API version does not exist, or the integration user may not see it: "
        "check the names, connection.api_version and the user's permissions"
    ),
    405: "the object or address does not allow this operation",
    410: "set connection.api_version to one the org offers: this one is retired",
    414: "report this: the request's address was too long",
    431: "report this: the request's address was too long",
}


def require_success(answer: requests.Response, *, what: str, write: bool) -> None:
    """Return for a 2xx answer, raise for every other.

    An error with a code that Salesforce wrote means that nothing was applied. Without one, somebody between
    us and Salesforce may have spoken, and a write may have gone through.

    Args:
        answer: With its body read.
        what: Names the request, without data.
        write: It asked for a change.

    Raises:
        BudgetSpent: The org has no API calls left.
        SalesforceUnavailable: Not applied; the same request may succeed later.
        AnswerLost: A write that may or may not have been applied.
        SalesforceRefused: Trying again would not help.

    Source:
        REST API Developer Guide, "Status Codes and Error Responses"; "API Request Limits and Allocations".
    """
    if not _OK <= answer.status_code < _REDIRECTION:
        refuse(answer.status_code, json_or_none(answer.content), what=what, write=write)


def refuse(status: int, document: object, *, what: str, write: bool) -> NoReturn:
    """Raise what a status other than 2xx means, given the parsed body that came with it.

    Raises:
        As `require_success`.
    """
    errors = api_errors(document)
    if status in _TURNED_AWAY:
        raise SalesforceUnavailable(f"Salesforce turned {what} away with HTTP {status}", hint=_LATER)
    if status >= _SERVER_ERROR or status == _REQUEST_TIMEOUT:
        _raise_unknown(f"HTTP {status}", what=what, write=write)
    if status < _BAD_REQUEST:
        raise SalesforceRefused(
            f"Salesforce redirected {what} (HTTP {status})",
            hint="check login_url: the org may have moved to another My Domain address",
            code=f"HTTP_{status}",
            status=status,
        )
    if write and status != UNAUTHORIZED and not (errors and errors[0].code != UNKNOWN_CODE):
        _raise_unknown(f"HTTP {status} without an error code", what=what, write=write)
    _raise_refusal(errors, status=status, what=what)


def parsed(answer: requests.Response, *, what: str, write: bool) -> object:
    """The JSON of a successful answer; None for an empty body, which only a write may have.

    Raises:
        SalesforceUnavailable: A read answered with something else, such as a page of HTML.
        AnswerLost: So did a write.
    """
    if write and not answer.content:
        return None
    document = json_or_none(answer.content)
    if document is None:
        _raise_unknown("something other than JSON", what=what, write=write)
    return document


def quota_spent(code: str) -> BudgetSpent:
    """What a code of the kind `quota` means, wherever Salesforce says it: a pause."""
    return BudgetSpent(
        f"a quota of the org is used up: {code}",
        hint=f"run again later: the state is kept. {cure(code)}",
        seconds_left=_BUDGET_PAUSE_S,
    )


def may_renew(answer: requests.Response) -> bool:
    """A 401 that a new token may mend."""
    if answer.status_code != UNAUTHORIZED:
        return False
    errors = api_errors(json_or_none(answer.content))
    return not any(text in error.message for error in errors for text in _NOT_RENEWABLE)


def _raise_unknown(got: str, *, what: str, write: bool) -> NoReturn:
    if write:
        raise answer_lost(f"{what} was answered with {got}; it may have been applied")
    raise SalesforceUnavailable(f"{what} was answered with {got}", hint=_LATER)


def _raise_refusal(errors: tuple[ApiError, ...], *, status: int, what: str) -> NoReturn:
    code = errors[0].code if errors else f"HTTP_{status}"
    message = errors[0].message if errors else ""
    fields = tuple(dict.fromkeys(name for error in errors for name in error.fields))
    if code == "REQUEST_LIMIT_EXCEEDED" and "concurrent" not in message.lower():
        raise BudgetSpent(
            "the org has no API calls left in its rolling 24 hours",
            hint="run again later: the state is kept; or ask Salesforce for more calls",
            seconds_left=_BUDGET_PAUSE_S,
        )
    if kind(code, message) == "quota":
        raise quota_spent(code)
    if kind(code, message) == "transient":
        raise SalesforceUnavailable(f"Salesforce turned {what} away: {code}", hint=cure(code))
    about = f" (field {', '.join(fields)})" if fields else ""
    raise SalesforceRefused(
        f"Salesforce refused {what}: {code}{about}, HTTP {status}",
        hint=_HINT_BY_STATUS[status] if status in _HINT_BY_STATUS else cure(code),
        code=code,
        status=status,
    )
