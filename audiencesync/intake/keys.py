"""A pushed key as the text that the source's own keys become."""

import re
from decimal import Decimal

from audiencesync.intake.changes import Refused
from audiencesync.intake.fits import check_for
from audiencesync.store import EXACT, WHOLE_NUMBERS, ColumnType

_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_DECIMAL = re.compile(r"0|-?(?:[1-9][0-9]*|0(?=\.))(?:\.[0-9]*[1-9])?")


def key_of(value: object, kind: ColumnType, field: str) -> str:
    """The key's text.

    Args:
        value: Text or a whole number.
        kind: The type of the profiles' key column.
        field: What to call it in a refusal.

    Raises:
        Refused: It cannot be the key of a profile.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Refused(field, "must be text or a whole number")
    text = str(value)
    if not text:
        raise Refused(field, "is empty")
    if "\0" in text:
        raise Refused(field, "holds a NUL character")
    if wrong := _wrong(text, kind):
        raise Refused(field, wrong)
    return text.lower() if kind.kind == "uuid" else text


def _wrong(text: str, kind: ColumnType) -> str | None:
    if kind.kind in WHOLE_NUMBERS or kind.kind in EXACT:
        if not _WHOLE.fullmatch(text) or len(text) > len(str(-(2**128))):
            return "must be a whole number as the source writes it, without leading zeros"
        if kind.kind in WHOLE_NUMBERS:
            return check_for(kind)(int(text))
        return None if abs(int(text)) < EXACT[kind.kind] else "is too large to be exact"
    if kind.kind == "decimal":
        precision, scale = kind.numbers
        places = len(text.partition(".")[2])
        if not _DECIMAL.fullmatch(text) or places > scale or len(text) > precision + 3:
            return "must be a number as the source writes it, without zeros at its ends"
        return None if Decimal(text).copy_abs() < Decimal(10) ** (precision - scale) else "is too large"
    return check_for(kind)(text) if kind.kind in {"uuid", "enum"} else None
