"""A value by the type of its field: SQL for what Salesforce would store, and what may be wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audiencesync.records import FieldType
from audiencesync.store import quote_text

MAX_LONG_TEXT = 32_768
"""Characters that audiences, scores and affinities are cut to, if their field holds as many."""

_NUMBERS = frozenset({"double", "currency", "percent"})


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason to stop a row: `test` is the SQL condition; the message holds no value."""

    test: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Rendering:
    """How a raw text becomes a field's value.

    Attributes:
        value: SQL over the raw text: the canonical text, NULL for an empty field.
        problems: What makes a row invalid.
        cut: SQL condition: something was left out to make the value fit; None when nothing ever is.
    """

    value: str
    problems: Sequence[Problem] = ()
    cut: str | None = None


def rendering(kind: FieldType, shown: str, raw: str, value: str, *, may_cut: bool) -> Rendering:
    """How a mapped field is rendered.

    Args:
        kind: Its type.
        shown: What messages call the field.
        raw: SQL for its raw text.
        value: SQL for its canonical text, which problems look at too.
        may_cut: A text that is too long is cut, not refused.
    """
    problems = [
        Problem(
            f"contains({raw}, chr(0))",
            "CONTROL_CHARACTER",
            f"{shown} contains a NUL character, which no route can carry",
        )
    ]
    text, extra = _typed(kind, raw, value)
    problems += extra
    if not (text.startswith(("sf_text", "sf_email")) and kind.length):
        return Rendering(text, problems)
    too_long = f"sf_length(sf_text({raw})) > {kind.length}"
    if may_cut:
        return Rendering(f"sf_text(sf_left(sf_text({raw}), {kind.length}))", problems, too_long)
    message = f"{shown} holds {kind.length} characters and the value is longer"
    return Rendering(text, [*problems, Problem(too_long, "STRING_TOO_LONG", message)])


def joined(kind: FieldType, entries: str) -> Rendering:
    """How a list of entries is rendered: as many whole ones as fit."""
    size = min(kind.length or MAX_LONG_TEXT, MAX_LONG_TEXT)
    return Rendering(
        f"sf_joined({entries}, {size})", cut=f"sf_length(array_to_string({entries}, ';')) > {size}"
    )


def lookup(entries: Mapping[str, str], key: str) -> str:
    """SQL for the entry of a key; NULL without one."""
    keys, values = (", ".join(map(quote_text, side)) for side in (entries, entries.values()))
    return f"map([{keys}]::VARCHAR[], [{values}]::VARCHAR[])[{key}]"


def _typed(kind: FieldType, raw: str, value: str) -> tuple[str, list[Problem]]:
    """The canonical text of a field's type, and how a value may fail to be of it."""
    wants = {"boolean": "true or false", "date": "a date", "datetime": "a date and time"}
    if kind.type in _NUMBERS:
        limit = "1" + "0" * max(kind.precision - kind.scale, 1)
        over = f"abs(TRY_CAST({value} AS DECIMAL(38, 18))) >= {limit}"
        return f"sf_number({raw}, {kind.scale})", [
            _mistyped(kind, raw, value, "a number"),
            Problem(over, "NUMBER_OUTSIDE_VALID_RANGE", f"{kind.name} holds numbers below {limit}"),
        ]
    if kind.type in {"int", "long"}:
        return f"sf_integer({raw})", [_mistyped(kind, raw, value, "a whole number")]
    if kind.type in wants:
        return f"sf_{kind.type}({raw})", [_mistyped(kind, raw, value, wants[kind.type])]
    if kind.type == "multipicklist":
        return f"sf_choices({raw})", []
    if kind.type == "email":
        return f"sf_email({raw})", []
    return f"sf_text({raw})", []


def _mistyped(kind: FieldType, raw: str, value: str, wanted: str) -> Problem:
    return Problem(
        f"{raw} IS NOT NULL AND {value} IS NULL",
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        f"{kind.name} takes {wanted}, and the value is none",
    )
