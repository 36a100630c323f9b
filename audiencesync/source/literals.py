"""Keys and watermarks, which we keep as text, as literals of another database's SQL.

Each function gives None when no value of its type can be that text: a membership may name a key that no
profile could have, and asking for it would be an error.
"""

import math
import re
from collections.abc import Callable
from typing import TypeAlias
from uuid import UUID

from audiencesync.store import quote_text

Literal: TypeAlias = Callable[[str], str | None]

_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_MOMENT = re.compile(r"\d{4,6}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d{1,9})?(\+\d\d(:\d\d)?)?)?", re.ASCII)


def text(value: str) -> str | None:
    """A text; none in a database holds a NUL."""
    return None if "\0" in value else quote_text(value)


def integer(value: str) -> str | None:
    """A whole number of 64 bits."""
    return value if _INTEGER.fullmatch(value) and -(2**63) < int(value) < 2**63 else None


def number(value: str) -> str | None:
    """A number in plain digits."""
    return value if _NUMBER.fullmatch(value) else None


def uuid(value: str) -> str | None:
    """A UUID."""
    try:
        return quote_text(str(UUID(value)))
    except ValueError:
        return None


def at_least(value: str) -> str | None:
    """A floating-point number, one step lower: databases do not all read digits to the last bit."""
    try:
        exact = float(value)
    except ValueError:
        return None
    return repr(math.nextafter(exact, -math.inf)) if math.isfinite(exact) else None


def moment(kind: str) -> Literal:
    """A date or time of a type that the database knows by this name."""

    def literal(value: str) -> str | None:
        return f"CAST({quote_text(value)} AS {kind})" if _MOMENT.fullmatch(value) else None

    return literal
