"""`updated_at` that is text: it tells who changed only where the order of texts is that of time."""

import re
from typing import Any

import pytest

from audiencesync.errors import SourceError
from tests.world import World, person

from .conftest import Desk

DISORDERED = "moved is text whose order is not that of time"


def texts(desk: Desk, *values: str, since: str | None = None) -> Any:
    """Read profiles with these texts, as a CSV file has them."""
    rows = "".join(f'{number},"{value}"\n' for number, value in enumerate(values))
    desk.file("people.csv", f"id,moved\n{rows}")
    relation = "read_csv('people.csv', types = {'moved': 'VARCHAR'})"
    return desk.read(relation, updated_at="moved", since=since)


@pytest.mark.parametrize(
    "values",
    [
        ["9/1/2026", "10/1/2026"],
        ["31.12.2026", "01.01.2027"],
        ["2026-1-5", "2026-01-06"],
        ["2026-01-05", "n/a"],
        ["2026-01-05 10:00:00", "2026-01-05T09:00:00"],
        ["2026-01-05 10:00:00+01:00", "2026-01-05 10:00:00+02:00"],
        ["2026-01-05T10:00:00Z", "2026-01-05T10:00:00.5Z"],
        ["2026-01-05", "2026-01-05T10:00:00Z"],
        ["9", "10"],
        ["v1", "v2"],
        ["0a", "0B"],
    ],
)
def test_texts_whose_order_is_not_that_of_time_are_refused(desk: Desk, values: list[str]) -> None:
    desk.file("members.csv", "id,audience,moved\n" + "".join(f'1,news,"{value}"\n' for value in values))
    members = {
        "from": "read_csv('members.csv', types = {'moved': 'VARCHAR'})",
        "key": "id",
        "audience": "audience",
        "updated_at": "moved",
    }
    for read in (lambda: texts(desk, *values), lambda: desk.read("SELECT 1 AS id", memberships=members)):
        with pytest.raises(SourceError, match=DISORDERED) as refused:
            read()
        assert refused.value.exit_code == 3
        assert "CAST the column to TIMESTAMP" in refused.value.hint
        assert not any(re.search(rf"\b{re.escape(value)}\b", str(refused.value)) for value in values)


@pytest.mark.parametrize(
    "values",
    [
        ["2026-01-05", "2026-01-06"],
        ["2026-01-05 10:00:00", "2026-01-05 10:00:00.000001"],
        ["2026-01-05T10:00:00.500Z", "2026-01-05T10:00:01.000Z"],
        ["2026-01-05T10:00:00+00:00", "2026-01-05T10:00:00.5+00:00"],
        ["20260105", "20260106"],
        ["1767600000", "1767600001"],
        ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BX5ZZKBKACTAV9WEVGEMMVS0"],
    ],
)
def test_texts_that_are_all_written_in_one_way_tell_who_changed(desk: Desk, values: list[str]) -> None:
    mark = texts(desk, *values).watermark
    assert mark == values[1]
    assert texts(desk, *values, since=mark).profiles == 1


def test_a_mark_is_not_compared_with_texts_of_another_way(desk: Desk) -> None:
    for mark in ("2026-01-05 10:00:00", "2026-01-05T10:00:00+00:00", "17"):
        with pytest.raises(SourceError, match="another type than at the last run, or is written otherwise"):
            texts(desk, "2026-01-05T09:00:00", since=mark)
    assert texts(desk, since="2026-01-05").profiles == 0


def test_a_change_that_a_bad_value_would_hide_is_not_lost(world: World) -> None:
    """One value makes text of the column, and `10/1/2026` comes before `9/1/2026`."""
    profiles = {"from": "read_csv('profiles.csv')", "key": "id", "updated_at": "at"}
    world.config["source"]["profiles"] = profiles
    world.people([person(1, at="2026-09-01 10:00:00"), person(2, at="2026-09-02 10:00:00")])
    world.run_one()
    state = world.sql("FROM sync")

    world.people([person(1, at="10/1/2026", phone="+9"), person(2, at="n/a")])
    with pytest.raises(SourceError, match=r"source\.profiles: at is text whose order is not that of time"):
        world.run()
    assert world.sql("FROM sync") == state

    world.people([person(1, at="2026-10-01 10:00:00", phone="+9"), person(2, at="2026-09-02 10:00:00")])
    assert world.run_one().changed == 1
