"""What a person does about an error code: ours here, Salesforce's in its catalogue."""

from types import MappingProxyType

from audiencesync.salesforce import catalogue

_OURS = MappingProxyType(
    {
        "ANSWER_LOST": (
            "Nothing: every run asks Salesforce what became of it before it is sent again. If it stays, see "
            "whether the records are there; `retry --code ANSWER_LOST` sends those that are not found."
        ),
        "CONTROL_CHARACTER": "Remove the NUL character in the source.",
        "DUPLICATE_MATCH_VALUE": (
            "Another profile has the same match value and is sent: make it unique in the source."
        ),
        "DUPLICATE_RECORD": "Another profile holds the same record: let one profile stand for it.",
        "MATCH_VALUE_INEXACT": (
            "The number has more digits than a look-up can tell apart: match by a text field, or make the "
            "field an External ID and match by it alone, which needs no look-up."
        ),
        "MATCH_VALUE_MISSING": "The match field is empty: fill it in the source, or leave the profile out.",
        "PUSHED_VALUE_UNFIT": (
            "The column has become another since the value was pushed: push one of its type, or null; or "
            "CAST the column to what it was, in source.profiles."
        ),
        "NO_RECORD": (
            "Nothing: no record has this match value, and mode: update_only makes none. "
            "It is looked up again when the row changes, and a day later."
        ),
    }
)


def cure(code: str) -> str:
    """One sentence on what a person does about an error code."""
    return _OURS.get(code) or catalogue.cure(code)
