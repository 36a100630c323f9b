"""What the literals of a statement mean: strings and their escapes, numbers, dates, Ids, LIKE patterns."""

from __future__ import annotations

import re
import string
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_STRING = 4000

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_WILDCARDS = "_%"
_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_SUFFIX = {char: value for value, char in enumerate(string.ascii_uppercase + "012345")}
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?", re.ASCII)
_SHORT = 15


class IllegalEscapeError(ValueError):
    """A backslash stands before a character that it cannot escape; `args[0]` is that character."""


def _escaped(found: re.Match[str]) -> str:
    code = found[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    if code in _WILDCARDS:
        return code
    plain = _ESCAPES.get(code.lower())
    if plain is None:
        raise IllegalEscapeError(code)
    return plain


def unescape(text: str) -> str:
    r"""The value of a string literal.

    Raises:
        IllegalEscapeError: A character that has no escape.

    Source:
        SOQL and SOSL Reference, "Quoted String Escape Sequences".
    """
    return _ESCAPED.sub(_escaped, text) if "\\" in text else text


def like(text: str, *, case_sensitive: bool) -> Callable[[str], bool]:
    r"""A test for a LIKE pattern, from the literal's source text.

    `%` is any run of characters, `_` any one character, `\%` and `\_` themselves.

    Source:
        SOQL and SOSL Reference, "Comparison Operators" and "Quoted String Escape Sequences".
    """
    pieces: list[str] = []
    at = 0
    for found in re.finditer(r"\\(?:u[0-9a-fA-F]{4}|.)|[%_]", text, re.DOTALL):
        pieces.append(re.escape(text[at : found.start()]))
        token = found[0]
        wild = {"%": ".*", "_": "."}.get(token)
        pieces.append(re.escape(unescape(token)) if wild is None else wild)
        at = found.end()
    pieces.append(re.escape(text[at:]))
    flags = re.DOTALL if case_sensitive else re.DOTALL | re.IGNORECASE
    matches = re.compile("".join(pieces), flags).fullmatch
    return lambda value: matches(value) is not None


def long_id(text: str) -> str | None:
    """The 18-character form of an Id; None when it is not one.

    15 characters are taken as they stand. 18 characters may come in any case: the last three tell which
    letters are capitals.

    Source:
        "What are Salesforce 15-character and 18-character Ids", Salesforce Help article 000385585.
    """
    if _ID.fullmatch(text) is None:
        return None
    short, suffix = text[:_SHORT], text[_SHORT:].upper()
    if not suffix:
        bits = [
            sum(1 << at for at, char in enumerate(short[start : start + 5]) if char in string.ascii_uppercase)
            for start in (0, 5, 10)
        ]
        letters = string.ascii_uppercase + "012345"
        return short + "".join(letters[value] for value in bits)
    restored: list[str] = []
    for start, char in zip((0, 5, 10), suffix, strict=True):
        value = _SUFFIX.get(char)
        if value is None:
            return None
        for at, letter in enumerate(short[start : start + 5]):
            upper = bool(value >> at & 1)
            if upper and letter.isdigit():
                return None
            restored.append(letter.upper() if upper else letter.lower())
    return "".join(restored) + suffix


def as_decimal(text: str) -> Decimal:
    """A number literal."""
    return Decimal(text)


def as_date(value: object) -> date | None:
    """A date field's value, whether the org keeps it as a date or as ISO text."""
    if isinstance(value, str):
        return date.fromisoformat(value) if value else None
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None


def as_datetime(value: object) -> datetime | None:
    """A datetime field's value, whether the org keeps it as a datetime or as ISO text."""
    if isinstance(value, str):
        if not value:
            return None
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
