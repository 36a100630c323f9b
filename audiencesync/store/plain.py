"""A value of any type as the text that is meant by it, whichever type a source happens to keep it in."""

from audiencesync.store.column_types import EXACT, ColumnType

_MOMENTS = frozenset(
    {"date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"}
)
UNBOUNDED = EXACT.keys() | _MOMENTS
"""Kinds with infinities: what is not finite is no value."""

_LISTS = frozenset({"list", "array"})
_MEMBERS = frozenset({"struct", "map"})


def plain(source: str, kind: ColumnType) -> str:
    """SQL for a value that VARCHAR is cast from; NULL where there is none.

    Args:
        source: SQL for the value.
        kind: Its type.
    """
    if kind.kind in EXACT:
        return f"sf_float({source}, {EXACT[kind.kind]})"
    if kind.kind in _MOMENTS:
        return f"CASE WHEN isfinite({source}) THEN {source} END"
    if kind.kind == "json":
        return f"(sf_json_number({source}) ->> '$')"
    if kind.kind in _LISTS:
        (inner,) = kind.parts
        one = "CAST(to_json(one) AS VARCHAR)" if inner.kind in _LISTS else plain("one", inner)
        return f"array_to_string({source if one == 'one' else f'[{one} FOR one IN {source}]'}, ';')"
    if kind.kind in _MEMBERS:
        return f"CAST(to_json({source}) AS VARCHAR)"
    # tools that know no text write it as bytes into Parquet files
    return f"coalesce(TRY(decode({source})), CAST({source} AS VARCHAR))" if kind.kind == "blob" else source
