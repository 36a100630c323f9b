"""One text for one key, whatever type a relation gives it; and keys as an error may show them."""

from audiencesync.store import EXACT, WHOLE_NUMBERS, ColumnType, plain, quote_name

_AS_TEXT = frozenset({"varchar", "enum", "uuid", "null"}) | WHOLE_NUMBERS.keys()
_SHOWN = 40


def key_text(column: str, kind: ColumnType, *, table: str | None = None) -> str | None:
    """SQL for the text of a key column, or None when its type cannot be a key.

    7, 7.00 and 7.0 are one key: tools that meet a NULL turn whole numbers into floating-point ones. A
    floating-point value that is not whole, or too large to be exact, becomes NULL: it identifies nobody.
    """
    name = quote_name(column) if table is None else f"{table}.{quote_name(column)}"
    if kind.kind in _AS_TEXT:
        return f"CAST({name} AS VARCHAR)"
    if kind.kind == "decimal":
        return plain(name, kind)
    if kind.kind in EXACT:
        whole = f"isfinite({name}) AND {name} = trunc({name}) AND abs({name}) < {EXACT[kind.kind]}"
        return f"CASE WHEN {whole} THEN CAST(CAST({name} AS BIGINT) AS VARCHAR) END"
    return None


def shown_key(key: str) -> str:
    """A profile key as an error may show it: one that is an e-mail address is masked."""
    name, at, host = key.partition("@")
    if at:
        return f"{name[:1]}***@***{host[-3:]}"
    line = "".join(char if char.isprintable() else "?" for char in key)
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "..."
