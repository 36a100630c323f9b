"""Record Ids: 15 case-sensitive characters, plus three that make them safe to compare without case.

Source:
    Salesforce Help article 000385585, "What are Salesforce 15-character and 18-character Ids".
"""

import string

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECK = string.ascii_uppercase + "012345"
_UPPER = frozenset(string.ascii_uppercase)
_ALLOWED = frozenset(_BASE62)
_INSTANCE = "Em00"
SHORT, LONG = 15, 18
MOST = len(_BASE62) ** (SHORT - 3 - len(_INSTANCE))
"""Records that an object may have."""


def checksum(short: str) -> str:
    """The three characters after a 15-character Id: a bit for each upper-case letter, five at a time."""
    return "".join(
        _CHECK[sum(1 << bit for bit, char in enumerate(short[at : at + 5]) if char in _UPPER)]
        for at in (0, 5, 10)
    )


def to_long(value: str) -> str | None:
    """The 18-character form of a well-formed Id; None when it is not one."""
    if len(value) == LONG:
        return value if _ALLOWED.issuperset(value) and checksum(value[:SHORT]) == value[SHORT:] else None
    if len(value) == SHORT and _ALLOWED.issuperset(value):
        return value + checksum(value)
    return None


def make(prefix: str, number: int) -> str:
    """The Id of the n-th record of one object."""
    tail = ""
    while number:
        number, digit = divmod(number, 62)
        tail = _BASE62[digit] + tail
    short = prefix + _INSTANCE + tail.rjust(SHORT - len(prefix) - len(_INSTANCE), "0")
    return short + checksum(short)


def number_of(record_id: str) -> int:
    """Which record of its object an Id belongs to; the inverse of `make`."""
    number = 0
    for char in record_id[3 + len(_INSTANCE) : SHORT]:
        number = number * 62 + _BASE62.index(char)
    return number
