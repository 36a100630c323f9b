"""DuckDB's column types, as far as those who read and those who push need to know them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64, "hugeint": 128}

WHOLE_NUMBERS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {name: (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for name, bits in _BITS.items()}
    | {f"u{name}": (0, 2**bits - 1) for name, bits in _BITS.items()}
)
"""Kind -> the least and the greatest of its numbers."""

EXACT: Mapping[str, int] = MappingProxyType({"double": 2**53, "float": 2**24})
"""Kind -> up to here every whole number has a floating-point number of its own."""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A DuckDB column's type.

    Attributes:
        text: As SQL writes it, such as `MAP(VARCHAR, DOUBLE)`.
        kind: Its family: varchar, double, list, map, struct, json ...
        members: Names of a struct's members.
        parts: Types inside: of a list's elements, of a map's keys and values, of a struct's members.
        numbers: Precision and scale of a decimal, length of an array.
        choices: What an enum may be.
    """

    text: str
    kind: str
    members: tuple[str, ...] = ()
    parts: tuple["ColumnType", ...] = ()
    numbers: tuple[int, ...] = ()
    choices: tuple[str, ...] = ()


def column_type(kind: Any) -> ColumnType:  # noqa: ANN401  (DuckDB's own type object)
    """What DuckDB's type object says."""
    if kind.id not in {"struct", "list", "map", "array", "decimal", "enum"}:
        return ColumnType(str(kind), "json" if str(kind) == "JSON" else kind.id)
    children = [(name, held) for name, held in kind.children if not isinstance(held, int | list)]
    return ColumnType(
        str(kind),
        kind.id,
        members=tuple(name for name, _ in children) if kind.id == "struct" else (),
        parts=tuple(column_type(held) for _, held in children),
        numbers=tuple(held for _, held in kind.children if isinstance(held, int)),
        choices=tuple(held for _, values in kind.children if isinstance(values, list) for held in values),
    )
