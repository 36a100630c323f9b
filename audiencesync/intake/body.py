"""The body of a request as JSON values that any part of ours can keep: text is text, numbers are finite."""

import json
import math
from collections.abc import Iterator
from typing import Any, NoReturn

from audiencesync.intake.changes import Refused

_DEEPEST = 64
_MALFORMED = 400


def read_json(body: bytes) -> object:
    """Read a body; whether its values can be kept, `check_values` says.

    Raises:
        Refused: It is not JSON, or an object names a key twice.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("", "the body is not UTF-8", status=_MALFORMED) from None
    try:
        return json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_object, parse_constant=_no_number)
    except RecursionError:
        raise Refused("", "the body is nested too deeply", status=_MALFORMED) from None
    except ValueError as error:
        place = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Refused("", f"the body is not JSON{place}", status=_MALFORMED) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Refused("", "the body names a key twice in one object", status=_MALFORMED)
    return made


def _no_number(word: str) -> NoReturn:
    raise Refused("", f"the body is not JSON: {word} is no number", status=_MALFORMED)


def check_values(value: object, field: str = "") -> None:
    """Refuse what cannot be kept.

    Args:
        value: What was read.
        field: What to call it in a refusal.

    Raises:
        Refused: A number is too large, a character is none, or the values are nested too deeply.
    """
    level: list[tuple[str, object]] = [(field, value)]
    for _ in range(_DEEPEST):
        level = [inner for field, one in level for inner in _inside(field, one)]
        if not level:
            return
    raise Refused(field, "is nested too deeply", status=_MALFORMED)


def _inside(field: str, value: object) -> Iterator[tuple[str, object]]:
    """What a value holds, once it is looked at itself."""
    if isinstance(value, str):
        _check_text(field, value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Refused(field, "is a number too large")
    elif isinstance(value, list):
        yield from ((f"{field}[{number}]", one) for number, one in enumerate(value))
    elif isinstance(value, dict):
        for name, one in value.items():
            _check_text(field, name)
            yield f"{field}.{name}" if field else name, one


def _check_text(field: str, text: str) -> None:
    if "\0" in text:
        raise Refused(field, "holds a NUL character")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise Refused(field, "holds half a character (a lone surrogate)")
