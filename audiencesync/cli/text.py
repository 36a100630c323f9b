"""Text as a terminal shows it: how wide it is, and what must not reach it raw."""

import unicodedata

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_NEVER_RAW = frozenset({"Cc", "Zl", "Zp"})
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def shown(text: str) -> str:
    """The text on one line, with nothing in it that steers a terminal.

    Names and messages come from data and from Salesforce; an escape sequence in one must not act.
    """
    if text.isprintable():
        return text
    return "".join(_escaped(char) if _steers(char) else char for char in text)


def width(text: str) -> int:
    """Columns that a text takes on a terminal: ideographs take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _steers(char: str) -> bool:
    return unicodedata.category(char) in _NEVER_RAW or char in _DIRECTION


def _escaped(char: str) -> str:
    return _ESCAPES.get(char) or f"\\u{ord(char):04x}"


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
