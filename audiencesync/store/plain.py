"""A value of any type as the text that is meant by it, whichever type a source happens to keep it in."""

from audiencesync.store.column_types import EXACT, ColumnType

_MOMENTS = frozenset(
    {"date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"}
)
NEVER_BLANK = EXACT.keys() | _MOMENTS | {"decimal"}
"""Kinds whose plain value is NULL or a text that is not blank; of some, what is not finite is no value."""

_LISTS = frozenset({"list", "array"})
_WAYS = {
    **{kind: f"sf_float({{0}}, {exact})" for kind, exact in EXACT.items()},
    "decimal": "sf_decimal({0})",
    **dict.fromkeys(_MOMENTS, "CASE WHEN isfinite({0}) THEN {0} END"),
    "json": "(sf_json_number({0}) ->> '$')",
    **dict.fromkeys(("struct", "map"), "CAST(to_json({0}) AS VARCHAR)"),
    # tools that know no text write it as bytes into Parquet files
    "blob": "coalesce(TRY(decode({0})), CAST({0} AS VARCHAR))",
}


def plain(source: str, kind: ColumnType) -> str:
    """SQL for a value that VARCHAR is cast from; NULL where there is none.

    Args:
        source: SQL for the value.
        kind: Its type.
    """
    if kind.kind not in _LISTS:
        return _WAYS.get(kind.kind, "{0}").format(source)
    (inner,) = kind.parts
    one = "CAST(to_json(one) AS VARCHAR)" if inner.kind in _LISTS else plain("one", inner)
    return f"array_to_string({source if one == 'one' else f'[{one} FOR one IN {source}]'}, ';')"
