"""Members of whom a pushed value does not fit its column: they are held back, and everybody else is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audiencesync.config.models import Sync
from audiencesync.plan.reads import columns_read, mentioned
from audiencesync.plan.values import Problem
from audiencesync.store import ColumnType, quote_text

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
    ruled = [name for name in columns if mentioned(name, rules)]
    read = columns_read(sync, rules, columns)
    problems = [
        Problem(
            f"list_contains({UNFIT}, {quote_text(name)})",
            "PUSHED_VALUE_UNFIT",
            f"column {name} is of type {_type(columns[name])}, and the value that was pushed for it is none",
        )
        for name in read
    ]
    return Unfit(_any_of(read), _any_of(ruled), problems)


def _type(kind: ColumnType) -> str:
    return "ENUM" if kind.kind == "enum" else kind.text  # an enum's text lists all that it may be


def _any_of(names: Sequence[str]) -> str:
    listed = ", ".join(quote_text(name) for name in names)
    return f"coalesce(list_has_any({UNFIT}, [{listed}]::VARCHAR[]), false)" if names else "false"
