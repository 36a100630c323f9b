"""Reading what Salesforce answers: error bodies of every shape, row results, usage.

Nothing here trusts a body: a proxy, an edge server or a login page may have written it.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from audiencesync.errors import AnswerLost
from audiencesync.records import RowResult

UNKNOWN_CODE = "UNKNOWN_ERROR"
"""The code given to an error that carries none we can read."""

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[.:][A-Za-z][A-Za-z0-9_]*)*")
_FIELD_LENGTH = 120
_FIELD_IN_MESSAGE = re.compile(
    r"(?:No such column '|Field name provided, |Field name not found : |not found for field )"
    r"([A-Za-z][A-Za-z0-9_.:]*)"
)
_USAGE = re.compile(r"(?:^|[\s;,])api-usage\s*=\s*(\d+)\s*/\s*(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ApiError:
    """One entry of an error body.

    Attributes:
        code: `INVALID_FIELD` and the like; `UNKNOWN_ERROR` where none can be read.
        message: Salesforce's words, which may hold personal data: never for a log or an exception.
        fields: API names of the fields that are blamed.
    """

    code: str
    message: str = field(default="", repr=False)
    fields: tuple[str, ...] = ()


def answer_lost(message: str) -> AnswerLost:
    """A write was sent, and what came of it is not known."""
    return AnswerLost(
        message, hint="run again: what was sent is looked up in Salesforce before anything is sent again"
    )


def json_or_none(body: bytes | str) -> object:
    """The parsed body, or None when it is not JSON (or is `null`)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def api_errors(document: object) -> tuple[ApiError, ...]:
    """The errors of a refusal, from its parsed body: an array or a single object. None from anything else.

    A Composite that is refused as a whole answers with one part that answers no request.

    Source:
        REST API Developer Guide, "Status Codes and Error Responses"; recorded refusals of Composite requests.
    """
    if isinstance(document, dict) and isinstance(parts := document.get("compositeResponse"), list):
        nobodys = [part for part in parts if isinstance(part, dict) and part.get("referenceId") is None]
        document = nobodys[0].get("body") if nobodys else None
    entries = document if isinstance(document, list) else [document]
    return tuple(
        _api_error(entry) for entry in entries if isinstance(entry, dict) and _looks_like_error(entry)
    )


def row_results(document: object, *, sent: int, created: bool | None) -> list[RowResult]:
    """One result per row, by position, the only link between the two.

    Args:
        document: The parsed answer of a Collections call.
        sent: How many rows the call held.
        created: What an accepted row's `created` is when Salesforce does not say.

    Raises:
        AnswerLost: The answer cannot be paired with the rows; some of them may have been written.

    Source:
        REST API Developer Guide, "Upsert Multiple Records with Fewer Round-Trips (sObject Collections)".
    """
    entries = document if isinstance(document, list) else None
    if entries is None or len(entries) != sent or not all(_is_row_result(entry) for entry in entries):
        got = "an unreadable answer" if entries is None else f"{len(entries)} results"
        raise answer_lost(f"sent {sent} rows, got {got}; none of them is acknowledged")
    return [_row_result(entry, created=created) for entry in entries]


def org_usage(header: str | None) -> tuple[int, int] | None:
    """Calls used and allowed in 24 hours, of the whole org, from `Sforce-Limit-Info`.

    The header may also hold `per-app-api-usage`, which is not meant here.
    """
    match = _USAGE.search(header or "")
    if match is None or int(match[2]) == 0:
        return None
    return int(match[1]), int(match[2])


def _looks_like_error(entry: dict[str, object]) -> bool:
    return any(isinstance(entry.get(name), str) for name in ("errorCode", "statusCode", "message"))


def _api_error(entry: dict[str, object]) -> ApiError:
    """Row errors say `statusCode`, whole refusals `errorCode`."""
    texts = (entry.get("statusCode"), entry.get("errorCode"))
    code = next((text for text in texts if isinstance(text, str) and _CODE.fullmatch(text)), UNKNOWN_CODE)
    words = entry.get("message")
    said = words if isinstance(words, str) else ""
    blamed = entry.get("fields")
    names = _field_names(blamed if isinstance(blamed, list) else [])
    return ApiError(code, said, names or tuple(dict.fromkeys(_FIELD_IN_MESSAGE.findall(said))))


def _field_names(candidates: Sequence[object]) -> tuple[str, ...]:
    """Those that can be API names; anything else may be data."""
    names = [
        name
        for name in candidates
        if isinstance(name, str) and len(name) <= _FIELD_LENGTH and _FIELD.fullmatch(name)
    ]
    return tuple(dict.fromkeys(names)) if len(names) == len(candidates) else ()


def _is_row_result(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("success"), bool)


def _row_result(entry: dict[str, object], *, created: bool | None) -> RowResult:
    record_id = entry.get("id")
    salesforce_id = record_id if isinstance(record_id, str) and record_id else None
    if entry["success"] is True:
        said = entry.get("created")
        return RowResult(
            accepted=True, salesforce_id=salesforce_id, created=said if isinstance(said, bool) else created
        )
    raw = entry.get("errors")
    errors = [_api_error(error) for error in raw if isinstance(error, dict)] if isinstance(raw, list) else []
    return RowResult(
        accepted=False,
        salesforce_id=salesforce_id,
        code=errors[0].code if errors else UNKNOWN_CODE,
        message="; ".join(error.message for error in errors if error.message),
        fields=tuple(dict.fromkeys(name for error in errors for name in error.fields)),
    )
