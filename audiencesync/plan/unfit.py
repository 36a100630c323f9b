"""Members of whom a pushed value does not fit its column: they are held back, and everybody else is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audiencesync.config.columns import folded
from audiencesync.config.models import Sync
from audiencesync.plan.values import Problem
from audiencesync.store import ColumnType, quote_name, quote_text

UNFIT = "_plan_unfit"
"""The column of the profiles that names those without their value; it is there when a value does not fit."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """What a sync makes of such values. The default: there are none.

    Attributes:
        held: SQL condition: something that the sync reads is missing.
        unsure: SQL condition: a rule reads it, so nobody can tell whether she is a member.
        problems: Why she is held back.
    """

    held: str = "false"
    unsure: str = "false"
    problems: Sequence[Problem] = ()

    def row_hash(self, plain: str) -> str:
        """SQL for the hash of a row: one that lacks a value is not alike one whose value is empty."""
        return (
            f"CASE WHEN {self.held} THEN hash({plain}, {UNFIT}) ELSE {plain} END" if self.problems else plain
        )


def unfit_of(sync: Sync, rules: Sequence[str], columns: Mapping[str, ColumnType]) -> Unfit:
    """What a sync reads of these columns.

    Args:
        sync: Its mappings name columns, or say SQL over them.
        rules: The conditions of its audiences by rule.
        columns: The profile columns.
    """
    named = {folded(name) for name in _named(sync)}
    said = [mapping.sql for mapping in sync.mappings.values() if mapping.sql is not None]
    ruled = [name for name in columns if _mentioned(name, rules)]
    read = [name for name in columns if name in ruled or folded(name) in named or _mentioned(name, said)]
    problems = [
        Problem(
            f"list_contains({UNFIT}, {quote_text(name)})",
            "PUSHED_VALUE_UNFIT",
            f"column {name} is of type {_type(columns[name])}, and the value that was pushed for it is none",
        )
        for name in read
    ]
    return Unfit(_any_of(read), _any_of(ruled), problems)


def _named(sync: Sync) -> list[str]:
    names = [mapping.column for mapping in sync.mappings.values() if mapping.column is not None]
    names += sync.trigger_fields or ()
    names += sync.send_scores_to.scores if sync.send_scores_to else ()
    return [*names, sync.send_affinities_to.column] if sync.send_affinities_to else names


def _mentioned(name: str, texts: Sequence[str]) -> bool:
    """SQL that reads a column says its name, or COLUMNS; what says so for another reason is no harm."""
    written = folded(quote_name(name)[1:-1])
    return any(written in text or "columns" in text for text in map(folded, texts))


def _type(kind: ColumnType) -> str:
    return "ENUM" if kind.kind == "enum" else kind.text  # an enum's text lists all that it may be


def _any_of(names: Sequence[str]) -> str:
    listed = ", ".join(quote_text(name) for name in names)
    return f"coalesce(list_has_any({UNFIT}, [{listed}]::VARCHAR[]), false)" if names else "false"
