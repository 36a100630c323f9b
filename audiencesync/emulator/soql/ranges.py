"""Date literals: `TODAY`, `LAST_N_DAYS:n`, `NEXT_FISCAL_QUARTER` and the others, as ranges of days.

Weeks begin on Sunday, as in the English (United States) locale; fiscal years are calendar years, as in an
org that has not set up others; days are days in UTC.

Source:
    SOQL and SOSL Reference, "Date Formats and Date Literals in WHERE".
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_SPAN = re.compile(r"(LAST|THIS|NEXT)_(?:FISCAL_)?(WEEK|MONTH|QUARTER|YEAR)")
_MANY = re.compile(r"(LAST|NEXT)_N_(?:FISCAL_)?(DAY|WEEK|MONTH|QUARTER|YEAR)S")
_AGO = re.compile(r"N_(?:FISCAL_)?(DAY|WEEK|MONTH|QUARTER|YEAR)S_AGO")
_FISCAL = re.compile(r"FISCAL_(WEEK|MONTH|DAY)")
_DAYS = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
_NINETY = 90


class DateRange(NamedTuple):
    """Days from `start` up to, not including, `end`."""

    start: date
    end: date


def _months(day: date, count: int) -> date:
    month = day.year * 12 + day.month - 1 + count
    return date(month // 12, month % 12 + 1, 1)


def _week(today: date, count: int) -> date:
    return today - timedelta(days=(today.weekday() + 1) % 7 - 7 * count)


def _month(today: date, count: int) -> date:
    return _months(today, count)


def _quarter(today: date, count: int) -> date:
    return _months(today.replace(day=1), 3 * count - (today.month - 1) % 3)


def _year(today: date, count: int) -> date:
    return date(today.year + count, 1, 1)


def _day(today: date, count: int) -> date:
    return today + timedelta(days=count)


_STARTS: dict[str, Callable[[date, int], date]] = {
    "DAY": _day,
    "WEEK": _week,
    "MONTH": _month,
    "QUARTER": _quarter,
    "YEAR": _year,
}


def _with_count(name: str, count: int, today: date) -> DateRange | None:
    if found := _MANY.fullmatch(name):
        start = _STARTS[found[2]]
        if found[1] == "NEXT":
            return DateRange(start(today, 1), start(today, count + 1))
        # Of all LAST_N ranges only days reach into the current unit: they end with today.
        return DateRange(start(today, -count), start(today, 1 if found[2] == "DAY" else 0))
    if found := _AGO.fullmatch(name):
        start = _STARTS[found[1]]
        return DateRange(start(today, -count), start(today, 1 - count))
    return None


def _without_count(name: str, today: date) -> DateRange | None:
    if name in _DAYS:
        return DateRange(_day(today, _DAYS[name]), _day(today, _DAYS[name] + 1))
    if name == "LAST_90_DAYS":
        return DateRange(_day(today, -_NINETY), _day(today, 1))
    if name == "NEXT_90_DAYS":
        return DateRange(_day(today, 1), _day(today, _NINETY + 1))
    if found := _SPAN.fullmatch(name):
        offset = {"LAST": -1, "THIS": 0, "NEXT": 1}[found[1]]
        start = _STARTS[found[2]]
        return DateRange(start(today, offset), start(today, offset + 1))
    return None


def date_range(name: str, count: int | None, today: date) -> DateRange | None:
    """The days of a date literal, seen from `today`; None when there is no such literal.

    Raises:
        ValueError: The range leaves the calendar.
        OverflowError: The count is far too large.
    """
    upper = name.upper()
    if _FISCAL.search(upper):
        return None
    return _without_count(upper, today) if count is None else _with_count(upper, count, today)
