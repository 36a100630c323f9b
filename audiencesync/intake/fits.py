"""Whether a pushed value fits a column: what passes here, DuckDB casts.

A check takes a JSON value as Python reads it and says what is wrong, or None. Null fits everywhere. No check
repeats the value: it may be somebody's.
"""

import re
from collections.abc import Callable, Mapping
from datetime import MINYEAR, date, datetime, time
from decimal import Decimal
from math import copysign
from types import MappingProxyType
from typing import TypeAlias

from audiencesync.store import EXACT, WHOLE_NUMBERS, ColumnType

Check: TypeAlias = Callable[[object], str | None]

_GREATEST = {"float": 3.4028234663852886e38, "double": 1.7976931348623157e308}
_LEAST_WRITTEN_OUT = Decimal("0.001")
"""Smaller ones are written with an exponent; DuckDB reads none into a decimal without whole digits."""

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TIME = r"(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?"
_TIME_OF_DAY = re.compile(_TIME, re.ASCII)
_MOMENT = re.compile(rf"{_DATE.pattern}(?:[T ]{_TIME}(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_UTC = frozenset({None, "Z", "+00", "+00:00", "+0000"})
_NANOSECOND_YEARS = range(1678, 2262)
_MOMENTS = frozenset({"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"})


def check_for(kind: ColumnType) -> Check:
    """The check of a column of this type."""
    check = _checked(kind)
    return lambda value: None if value is None else check(value)


def _checked(kind: ColumnType) -> Check:
    if kind.kind in WHOLE_NUMBERS:
        return _whole(*WHOLE_NUMBERS[kind.kind])
    if kind.kind in _GREATEST:
        return _number(_GREATEST[kind.kind])
    if kind.kind in _MOMENTS:
        return lambda value: _moment(value, years=_years(kind), in_utc=True)
    if kind.kind in _NESTED:
        return _NESTED[kind.kind](kind)
    return _PLAIN.get(
        kind.kind, lambda _: f"a value of type {kind.text} cannot be checked, and so not be pushed"
    )


def _years(kind: ColumnType) -> range:
    return _NANOSECOND_YEARS if kind.kind == "timestamp_ns" else range(MINYEAR, 10_000)


def _text(value: object) -> str | None:
    return None if isinstance(value, str | int | float) else "must be text, a number, true or false"


def _flag(value: object) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _whole(least: int, greatest: int) -> Check:
    def check(value: object) -> str | None:
        signed = isinstance(value, float) and copysign(1, value) < 0
        if isinstance(value, float) and value.is_integer() and abs(value) < EXACT["double"]:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            return "must be a whole number"
        if least <= value <= greatest and not (signed and least == 0):  # there DuckDB takes no -0.0
            return None
        return f"must be a whole number from {least} to {greatest}"

    return check


def _number(greatest: float) -> Check:
    def check(value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "must be a number"
        return None if -greatest <= value <= greatest else "is a number too large for its column"

    return check


def _decimal(kind: ColumnType) -> Check:
    precision, scale = kind.numbers
    greatest = Decimal((0, (9,) * precision, -scale))

    def check(value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "must be a number"
        size = Decimal(repr(value)).copy_abs()
        if size > greatest:  # whichever way it is rounded, it must fit
            return f"is a number too large for {kind.text}"
        if precision == scale and 0 < size < _LEAST_WRITTEN_OUT:
            return f"is a number too small for {kind.text}"
        return None

    return check


def _day(value: object) -> str | None:
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    try:
        if found:
            date(*map(int, found.groups()))
            return None
    except ValueError:
        pass
    return "must be a date such as 2026-01-31"


def _time_of_day(value: object) -> str | None:
    found = _TIME_OF_DAY.fullmatch(value) if isinstance(value, str) else None
    try:
        if found:
            hour, minute, second = (int(part or 0) for part in found.groups())
            time(hour, minute, second)
            return None
    except ValueError:
        pass
    return "must be a time such as 08:30:00"


def _moment(value: object, *, years: range, in_utc: bool) -> str | None:
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    try:
        if found:
            *parts, offset = found.groups()
            moment = datetime(*(int(part or 0) for part in parts))  # type: ignore[arg-type]  # noqa: DTZ001
            if moment.year not in years:
                return f"must be between {years.start} and {years.stop - 1}"
            if in_utc and offset not in _UTC:
                return "must be in UTC: its column has no time zone"
            if offset not in _UTC:
                time(int(offset[1:3]), int(offset[3:].lstrip(":") or 0))
            return None
    except ValueError:
        pass
    return "must be a time such as 2026-01-31T08:30:00Z"


def _uuid(value: object) -> str | None:
    return None if isinstance(value, str) and _UUID.fullmatch(value) else "must be a UUID"


def _one_of(kind: ColumnType) -> Check:
    return lambda value: None if value in kind.choices else f"must be one of {len(kind.choices)} names"


def _list(kind: ColumnType) -> Check:
    of_element = check_for(kind.parts[0])

    def check(value: object) -> str | None:
        if not isinstance(value, list):
            return "must be a list"
        if kind.numbers and len(value) != kind.numbers[0]:
            return f"must be a list of {kind.numbers[0]}"
        return next((f"in its list: {wrong}" for one in value if (wrong := of_element(one))), None)

    return check


def _map(kind: ColumnType) -> Check:
    key, held = kind.parts
    of_value = check_for(held)

    def check(value: object) -> str | None:
        if key.kind != "varchar":
            return f"the keys of a {kind.text} cannot be checked, and so not be pushed"
        if not isinstance(value, dict):
            return "must be an object"
        return next((f"in its object: {wrong}" for one in value.values() if (wrong := of_value(one))), None)

    return check


def _struct(kind: ColumnType) -> Check:
    of_members = {name: check_for(part) for name, part in zip(kind.members, kind.parts, strict=True)}

    def check(value: object) -> str | None:
        if not isinstance(value, dict) or value.keys() != of_members.keys():
            return f"must be an object of exactly {', '.join(of_members)}; null for what is not known"
        return next(
            (f"in its {name}: {wrong}" for name, one in of_members.items() if (wrong := one(value[name]))),
            None,
        )

    return check


_PLAIN: Mapping[str, Check] = MappingProxyType(
    {
        "varchar": _text,
        "null": _text,
        "json": lambda _: None,
        "boolean": _flag,
        "date": _day,
        "time": _time_of_day,
        "timestamp with time zone": lambda value: _moment(value, years=range(MINYEAR, 10_000), in_utc=False),
        "uuid": _uuid,
    }
)
_NESTED: Mapping[str, Callable[[ColumnType], Check]] = MappingProxyType(
    {"decimal": _decimal, "enum": _one_of, "list": _list, "array": _list, "map": _map, "struct": _struct}
)
