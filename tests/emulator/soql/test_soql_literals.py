"""Strings and their escapes, LIKE, Ids and date literals, for every input."""

from __future__ import annotations

import string
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiencesync.emulator.soql.literals import like, long_id, unescape
from audiencesync.emulator.soql.ranges import date_range


def naive_like(pattern: str, value: str) -> bool:
    if not pattern:
        return not value
    if pattern[0] == "%":
        return any(naive_like(pattern[1:], value[at:]) for at in range(len(value) + 1))
    return bool(value) and (pattern[0] in ("_", value[0])) and naive_like(pattern[1:], value[1:])


@given(st.text("ab%_.*", max_size=6), st.text("ab%_.*\n", max_size=6))
def test_like_agrees_with_its_definition(pattern: str, value: str) -> None:
    assert like(pattern, case_sensitive=True)(value) == naive_like(pattern, value)


@given(st.text(max_size=8))
def test_an_escaped_text_is_itself_in_equality_and_in_like(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("%", "\\%").replace("_", "\\_")

    assert unescape(escaped) == text
    assert like(escaped, case_sensitive=True)(text)


@given(st.text(string.ascii_letters + string.digits, min_size=15, max_size=15))
def test_an_id_of_18_characters_survives_any_case(short: str) -> None:
    full = long_id(short)

    assert full is not None
    assert full[:15] == short
    assert long_id(full) == long_id(full.lower()) == long_id(full.upper()) == full


@pytest.mark.parametrize(
    "text", ["", "001", "x" * 16, "001Em0000000001AA!", "001Em000000000é", "0" * 15 + "BAA"]
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert long_id(text) is None


days = st.dates(date(1700, 1, 1), date(4000, 12, 31))


@given(
    days,
    st.sampled_from(["WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR"]),
    st.integers(1, 40),
)
def test_ranges_of_a_unit_join_without_gaps(today: date, unit: str, count: int) -> None:
    def found(name: str, number: int | None = None) -> tuple[date, date]:
        result = date_range(name, number, today)
        assert result is not None
        return result

    this = found(f"THIS_{unit}")
    assert this[0] <= today < this[1]
    assert found(f"LAST_{unit}")[1] == this[0]
    assert found(f"NEXT_{unit}")[0] == this[1]
    assert found(f"LAST_N_{unit}S", count) == (found(f"N_{unit}S_AGO", count)[0], this[0])
    assert found(f"N_{unit}S_AGO", 1) == found(f"LAST_{unit}")
    assert found(f"NEXT_N_{unit}S", 1) == found(f"NEXT_{unit}")
    assert found(f"NEXT_N_{unit}S", count)[0] == this[1]


@given(days, st.integers(0, 400))
def test_ranges_of_days(today: date, count: int) -> None:
    one = timedelta(days=1)

    assert date_range("LAST_N_DAYS", count, today) == (today - count * one, today + one)
    assert date_range("NEXT_N_DAYS", count, today) == (today + one, today + (count + 1) * one)
    assert date_range("N_DAYS_AGO", count, today) == (today - count * one, today - (count - 1) * one)
    assert date_range("LAST_90_DAYS", None, today) == date_range("LAST_N_DAYS", 90, today)
    assert date_range("NEXT_90_DAYS", None, today) == date_range("NEXT_N_DAYS", 90, today)


def test_weeks_begin_on_sunday() -> None:
    assert date_range("THIS_WEEK", None, date(2026, 11, 21)) == (date(2026, 11, 15), date(2026, 11, 22))
    assert date_range("THIS_WEEK", None, date(2026, 11, 22)) == (date(2026, 11, 22), date(2026, 11, 29))


@pytest.mark.parametrize(
    "name", ["NEVER", "LAST_DAY", "LAST_N_DAYS", "FISCAL_WEEK", "THIS_FISCAL_MONTH", "N_DAY_AGO"]
)
def test_other_names_are_no_ranges(name: str) -> None:
    assert date_range(name, None, date(2026, 1, 1)) is None
