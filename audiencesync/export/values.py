"""Canonical texts to JSON values and back, by the field's type."""

from decimal import Decimal, InvalidOperation

from audiencesync.objects import FieldType
from audiencesync.records import JsonScalar

_DECIMALS = frozenset({"double", "currency", "percent"})
_INTEGERS = frozenset({"int", "long"})
_SECONDS = len("2024-01-31T10:00:00")


def to_json(text: str | None, kind: FieldType | None) -> JsonScalar:
    """A canonical text as the JSON value that Salesforce takes for the type; None clears.

    A text in place of a number or a boolean would fail the whole request of up to 200 rows.
    """
    if text is None or kind is None:
        return text
    if kind.type in _INTEGERS:
        return int(text)
    if kind.type in _DECIMALS:
        number = Decimal(text)
        return int(number) if number == number.to_integral_value() else float(number)
    if kind.type == "boolean":
        return text == "true"
    return text


def from_json(value: object, kind: FieldType | None) -> str | None:
    """A value that Salesforce returned, as the canonical text that would have been sent for it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind is not None and kind.type in _DECIMALS | _INTEGERS:
        return _number(str(value))
    if kind is not None and kind.type == "datetime":
        return f"{str(value)[:_SECONDS]}.000Z"
    text = str(value).replace("\r\n", "\n").replace("\r", "\n").strip()
    if kind is not None and kind.type == "multipicklist":
        text = ";".join(sorted(text.split(";")))
    if kind is not None and kind.type == "email":
        text = text.lower()
    return text or None


def same(found: str | None, sent: str | None, kind: FieldType | None) -> bool:
    """Whether a canonical text that was read back is the one that was sent.

    Salesforce gives numbers back as floating point, which has not all of their eighteen digits.
    """
    if found is None or sent is None or kind is None or kind.type not in _DECIMALS | _INTEGERS:
        return found == sent
    return float(found) == float(sent)


def _number(text: str) -> str:
    try:
        return f"{Decimal(text).normalize():f}"
    except InvalidOperation:
        return text
