"""A value by the type of its field: SQL for what Salesforce would store, and what may be wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from audiencesync.objects import FieldType
from audiencesync.store import quote_text

MAX_LONG_TEXT = 32_768
"""Characters that audiences, scores and affinities are cut to, if their field holds as many."""

MAX_CHOICES = 100
"""Most choices of a multi-select picklist in one record. Source: Salesforce Help, "Custom Field Types"."""

CHOICES = frozenset({"picklist", "multipicklist"})

_NUMBERS = frozenset({"double", "currency", "percent"})
_INTEGERS = frozenset({"int", "long"})
_WANTED = {
    "boolean": "true or false",
    "date": "a date",
    "datetime": "a date and time",
    "time": "a time of day",
}
_NOT_TEXT = _NUMBERS | _INTEGERS | _WANTED.keys()
_IDS = frozenset({"reference", "id"})
_CUT = frozenset({"string", "textarea", "phone", "encryptedstring", "combobox"})
_ANY_TEXT = _CUT | {"url", "multipicklist"}


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
        text: SQL for the raw text, where one look may tell that it is plain: no white space around it, no
            control character in it; else it goes through sf_text. None where nothing is won by that.
        plain: SQL for the value when its text is plain; None where `value` says it all.
        fits: SQL condition: a plain value is not too long; None when that does not matter.
        fitted: SQL for as much of the text as fits, as `fitted_<n>`; None where `value` says it all.
        cleaned: The value by a text that went through sf_text already, which stands for `{}`; None where
            `value` says it all, and its raw text is that text. A column `<raw text>_uncarried` then tells
            whether no route can carry it.
        longest: Characters that a value may have; a column `<value>_longer` tells whether it has more.
    """

    value: str
    problems: Sequence[Problem] = ()
    cut: str | None = None
    text: str | None = None
    plain: str | None = None
    fits: str | None = None
    fitted: str | None = None
    cleaned: str | None = None
    longest: int | None = None


def rendering(kind: FieldType, shown: str, raw: str, value: str, *, may_cut: bool) -> Rendering:
    """How a mapped field is rendered.

    Args:
        kind: Its type.
        shown: What messages call the field.
        raw: Column with its raw text.
        value: Column with its canonical text, which problems look at too.
        may_cut: A text that is too long is cut, not refused; what would then mean something else never is.
    """
    text, problems = _typed(kind, raw, value)
    if kind.type in _IDS:
        return Rendering(text, problems)
    if kind.type in _NOT_TEXT:
        return Rendering(text, problems, text=raw)
    if kind.type in CHOICES:
        problems = [_control_character(shown, f"sf_uncarried({raw})"), *problems]
        return _not_too_long(kind, shown, Rendering(text, problems), value)
    plain = f"lower({raw})" if kind.type == "email" else raw
    problems = [_control_character(shown, f"{raw}_uncarried"), *problems]
    if kind.length and may_cut and kind.type in _CUT:
        cut = f"sf_text(sf_left({text}, {kind.length}))"
        fits = f"strlen({raw}) <= {kind.length}"
        over = f"sf_longer({raw}, {kind.length})"
        return Rendering(
            cut, problems, over, raw, plain, fits, cleaned=f"sf_text(sf_left({{}}, {kind.length}))"
        )
    cleaned = "lower({})" if kind.type == "email" else "{}"
    return _not_too_long(
        kind, shown, Rendering(text, problems, text=raw, plain=plain, cleaned=cleaned), value
    )


def holds_entries(kind: FieldType) -> bool:
    """Whether audiences, scores or affinities can stand in a field; its choices Salesforce checks."""
    return kind.type in _ANY_TEXT or (kind.type == "picklist" and not kind.restricted_picklist)


def joined(kind: FieldType, text: str, fitted: str) -> Rendering:
    """How a list of entries is rendered: as many whole ones as fit.

    Args:
        kind: Its type.
        text: Column with all of them, joined; `fitted` with as many as fit.
        fitted: See `text`.
    """
    size = min(kind.length or MAX_LONG_TEXT, MAX_LONG_TEXT)
    return Rendering(
        f"sf_text({fitted})",
        (_control_character(kind.name, f"{text}_uncarried"),),
        f"sf_longer({text}, {size})",
        f"nullif({text}, '')",
        f"nullif({text}, '')",
        f"strlen({text}) <= {size}",
        f"CASE WHEN sf_longer({text}, {size}) THEN sf_joined({text}, {size}) ELSE {text} END",
        cleaned="{}",
    )


def lookup(entries: Mapping[str, str], key: str) -> str:
    """SQL for the entry of a key; NULL without one."""
    keys, values = (", ".join(map(quote_text, side)) for side in (entries, entries.values()))
    return f"map([{keys}]::VARCHAR[], [{values}]::VARCHAR[])[{key}]"


def _not_too_long(kind: FieldType, shown: str, rendered: Rendering, value: str) -> Rendering:
    if not kind.length:
        return rendered
    message = f"{shown} holds {kind.length} characters and the value is longer"
    problem = Problem(f"{value}_longer", "STRING_TOO_LONG", message)
    return replace(rendered, problems=(*rendered.problems, problem), longest=kind.length)


def _typed(kind: FieldType, raw: str, value: str) -> tuple[str, list[Problem]]:
    """The canonical text of a field's type, and how a value may fail to be of it."""
    if kind.type in _NUMBERS or kind.type in _INTEGERS:
        return _number(kind, raw, value)
    if kind.type in _WANTED:
        return f"sf_{kind.type}({raw})", [
            _mistyped(kind, raw, value, _WANTED[kind.type]),
            *_outside(kind, value),
        ]
    if kind.type in _IDS:
        message = f"{kind.name} takes the Id of a record, 15 or 18 characters in their own case"
        return f"sf_id({raw})", [Problem(f"{raw} IS NOT NULL AND {value} IS NULL", "MALFORMED_ID", message)]
    if kind.type in CHOICES:
        return _choice(kind, raw, value)
    if kind.type == "email":
        # no more than what surely is none: Salesforce knows its own rules best
        none = f"NOT regexp_full_match({value}, '[^\\s@][^\\s]*@[^\\s]*[^\\s@]')"
        message = f"{kind.name} takes an e-mail address, and the value is none"
        return f"sf_email({raw})", [Problem(none, "INVALID_EMAIL_ADDRESS", message)]
    return f"sf_text({raw})", []


def _number(kind: FieldType, raw: str, value: str) -> tuple[str, list[Problem]]:
    digits = kind.precision - kind.scale if kind.type in _NUMBERS else kind.precision
    limit = "1" + "0" * max(digits, 1)
    # by its digits, as 999999999999999999 is 10^18 in floating point; that reads only what is far too large
    huge = f"isfinite(TRY_CAST({raw} AS DOUBLE)) AND abs(TRY_CAST({raw} AS DOUBLE)) >= {limit}"
    over = f"strlen(split_part(ltrim({value}, '-'), '.', 1)) >= {len(limit)}"
    outside = Problem(
        f"CASE WHEN {value} IS NULL THEN {huge} ELSE {over} END",
        "NUMBER_OUTSIDE_VALID_RANGE",
        f"{kind.name} holds numbers below {limit}",
    )
    if kind.type in _NUMBERS:
        return f"sf_number({raw}, {kind.scale})", [outside, _mistyped(kind, raw, value, "a number")]
    whole = _mistyped(kind, raw, value, "a whole number")
    return f"sf_integer({raw})", [outside, whole] if digits else [whole]


def _outside(kind: FieldType, value: str) -> list[Problem]:
    """Source: SOQL and SOSL Reference, "Date Formats and Date Literals": the years 1700 to 4000."""
    if kind.type not in {"date", "datetime"}:
        return []
    length = len("2024-01-31") if kind.type == "date" else len("2024-01-31T10:00:00.000Z")
    return [
        Problem(
            f"length({value}) <> {length} OR {value} NOT BETWEEN '1700' AND '4001'",
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            f"{kind.name} takes dates of the years 1700 to 4000",
        )
    ]


def _choice(kind: FieldType, raw: str, value: str) -> tuple[str, list[Problem]]:
    """Choices in the spelling of the picklist, since Salesforce takes values that differ in case for equal.

    Source: Object Reference, "Picklist Field Type": "This check is case-insensitive".
    """
    several = kind.type == "multipicklist"
    text = f"sf_choices({raw})" if several else f"sf_text({raw})"
    spelt = {choice.lower(): choice for choice in kind.picklist_values}
    if spelt and several:
        choice = f"coalesce({lookup(spelt, 'lower(choice)')}, choice)"
        text = f"sf_choices(array_to_string([{choice} FOR choice IN string_split({text}, ';')], ';'))"
    elif spelt:
        text = f"coalesce({lookup(spelt, f'lower({text})')}, {text})"
    problems = []
    if kind.restricted_picklist:
        problems.append(outside_list(kind, value, kind.picklist_values, "of the picklist"))
    if several:
        message = f"{kind.name} takes {MAX_CHOICES} choices, and there are more"
        problems.append(
            Problem(f"len(string_split({value}, ';')) > {MAX_CHOICES}", "TOO_MANY_ENUM_VALUE", message)
        )
    return text, problems


def outside_list(kind: FieldType, value: str, allowed: Sequence[str], whose: str) -> Problem:
    """A value that is not among the choices, or has one that is not."""
    known = ", ".join(map(quote_text, allowed))
    chosen = f"string_split({value}, ';')" if kind.type == "multipicklist" else f"[{value}]"
    return Problem(
        f"{value} IS NOT NULL AND NOT list_has_all([{known}]::VARCHAR[], {chosen})",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"{kind.name} takes the {len(allowed)} values {whose}, and the value is none of them",
    )


def _control_character(shown: str, test: str) -> Problem:
    message = f"{shown} contains a control character, such as NUL, which no route can carry"
    return Problem(test, "CONTROL_CHARACTER", message)


def _mistyped(kind: FieldType, raw: str, value: str, wanted: str) -> Problem:
    return Problem(
        f"{raw} IS NOT NULL AND {value} IS NULL",
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        f"{kind.name} takes {wanted}, and the value is none",
    )
