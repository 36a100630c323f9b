"""A fingerprint that Spark takes: 64 bits that differ whenever a value does."""

from collections.abc import Sequence

import pyarrow as pa

from audiencesync.cluster import quote_name


def fingerprint_there(schema: pa.Schema, columns: Sequence[str], basis: str) -> str:
    """Spark SQL for a fingerprint of 64 bits over some columns of `stage_profile`.

    `xxhash64` passes over NULL, so that a value which moves from one column to the next would not be seen:
    each goes with whether there is one. It refuses MAP columns, whose entries have no order: these go by key.
    """
    parts = [f"'{basis}'"]
    for name in columns:
        value = quote_name(name)
        parts += [f"{value} IS NULL", _canonical(value, schema.field(name).type, 0)]
    return f"xxhash64({', '.join(parts)})"


def _canonical(value: str, kind: pa.DataType, depth: int) -> str:
    """Something hashable that is the same for equal values alone."""
    inner = f"e{depth}"
    if pa.types.is_map(kind):
        key = _canonical(f"{inner}.key", kind.key_type, depth + 1)
        held = _canonical(f"{inner}.value", kind.item_type, depth + 1)
        entry = f"struct({key} AS k, {inner}.value IS NULL AS n, {held} AS v)"
        return f"array_sort(transform(map_entries({value}), {inner} -> {entry}))"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        held = _canonical(inner, kind.value_type, depth + 1)
        return f"transform({value}, {inner} -> struct({inner} IS NULL AS n, {held} AS v))"
    if pa.types.is_struct(kind):
        members = []
        for position in range(kind.num_fields):
            member = kind.field(position)
            held = f"{value}.{quote_name(member.name)}"
            members += [
                f"{held} IS NULL AS n{position}",
                f"{_canonical(held, member.type, depth + 1)} AS v{position}",
            ]
        return f"struct({', '.join(members)})"
    return value
