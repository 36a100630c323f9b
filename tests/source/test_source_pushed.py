"""What was pushed: taken over in whatever portions, and laid over the rows of the source."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from audiencesync.source import take_over
from audiencesync.store import SqlFailed, Store
from tests.pushes import Change, Pushes

from .conftest import Desk

T0 = datetime(2024, 1, 1)  # noqa: DTZ001  (DuckDB's times carry no zone)
NOW = datetime.now(UTC)
KEYS = ("a", "b", "c", "d")
COLUMNS = ("name", "likes")
AUDIENCES = ("news", "vip")


def at(minute: int) -> datetime:
    return T0 + timedelta(minutes=minute)


def put(desk: Desk, changes: Sequence[Change], start: int = 0) -> None:
    """Accept changes, one a minute."""
    for number, change in enumerate(changes, start):
        attributes = None if change.attributes is None else json.dumps(change.attributes)
        desk.store._connection.execute(
            "INSERT INTO store.inbox VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [number, at(number), change.change, change.key, attributes, *change[3:]],
        )


keys = st.sampled_from(KEYS)
changes = st.one_of(
    st.builds(
        lambda key, attributes: Change("profile", key, attributes),
        keys,
        st.dictionaries(st.sampled_from(COLUMNS), st.one_of(st.none(), st.sampled_from(["x", "y", 'a"b']))),
    ),
    st.builds(
        lambda key, audience, member: Change("membership", key, None, audience, member),
        keys,
        st.sampled_from(AUDIENCES),
        st.booleans(),
    ),
    st.builds(lambda key: Change("removal", key), keys),
    st.builds(lambda key, previous: Change("alias", key, previous=previous), keys, keys),
)


@example(  # what was said of `a` after the removal brings `c` back
    said=[
        (Change("removal", "c"), True),
        (Change("profile", "a", {"name": None}), True),
        (Change("alias", "c", previous="a"), False),
    ],
    source={},
    members={},
)
@example(  # what was said of `b` before `a` was removed counts, since `a` has come back before that
    said=[
        (Change("membership", "b", None, "news", False), False),
        (Change("removal", "a"), True),
        (Change("profile", "a", {"name": None}), False),
        (Change("alias", "a", previous="b"), False),
    ],
    source={},
    members={("a", "news"): (True, 3)},
)
@example(  # that `a` is there was said after the removal, and dates nothing
    said=[
        (Change("removal", "c"), True),
        (Change("profile", "a", {}), False),
        (Change("alias", "c", previous="a"), False),
    ],
    source={},
    members={},
)
@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(st.tuples(changes, st.booleans()), max_size=14),
    source=st.dictionaries(keys, st.tuples(st.sampled_from(["s", None]), st.integers(-1, 14)), max_size=3),
    members=st.dictionaries(
        st.tuples(keys, st.sampled_from(AUDIENCES)), st.tuples(st.booleans(), st.integers(-1, 14)), max_size=4
    ),
)
def test_what_a_plan_sees_is_what_was_said_last(
    desk: Desk,
    said: list[tuple[Change, bool]],
    source: dict[str, tuple[str | None, int]],
    members: dict[tuple[str, str], tuple[bool, int]],
) -> None:
    for table in ("inbox", "pushed_profile", "pushed_membership", "pushed_alias"):
        desk.sql(f"DELETE FROM store.{table}")
    model = Pushes()
    for moment, (change, now) in enumerate(said):
        put(desk, [change], moment)
        model.take(change, moment)
        if now:
            take_over(desk.store, NOW)
    take_over(desk.store, NOW)
    rows = [(key, name, None, at(moment)) for key, (name, moment) in source.items()]
    it = desk.source(
        relation("id VARCHAR, name VARCHAR, likes VARCHAR, changed TIMESTAMP", rows),
        updated_at="changed",
        memberships={
            "from": relation(
                "id VARCHAR, audience VARCHAR, active BOOLEAN, changed TIMESTAMP",
                [(*pair, active, at(moment)) for pair, (active, moment) in sorted(members.items())],
            ),
            "key": "id",
            "audience": "audience",
            "active": "active",
            "updated_at": "changed",
        },
    )
    desk.scope(KEYS)

    it.stage(since=None)
    it.narrow(["id", "name", "likes"])

    expected = {
        key: (values, moment) for key, (name, moment) in source.items() for values in [{"name": name}]
    }
    for prefix in ("stage", "stage_scoped"):
        seen = desk.sql(f"SELECT _profile_key, id, name, likes FROM {prefix}_profile")
        profiles = model.profiles(expected, COLUMNS)
        assert {(key, key, *values.values()) for key, values in profiles.items()} == set(seen)
        assert len(seen) == len(profiles)
        assert model.memberships(members) == set(desk.sql(f"FROM {prefix}_membership"))
    assert desk.sql("FROM store.inbox") == []


def relation(columns: str, rows: Sequence[tuple[Any, ...]]) -> str:
    """Rows as a SELECT."""
    listed = [one.split() for one in columns.split(", ")]
    selected = ", ".join(
        f"CAST(column{place} AS {kind}) AS {name}" for place, (name, kind) in enumerate(listed)
    )
    nothing = ", ".join(["NULL"] * len(listed))
    values = ", ".join("(" + ", ".join(literal(value) for value in row) + ")" for row in rows)
    return (
        f"SELECT {selected} FROM (SELECT unnest([0]), * FROM (VALUES {values or f'({nothing})'}) "
        f"AS t({', '.join(f'column{place}' for place in range(len(listed)))})) "
        f"WHERE {'true' if rows else 'false'}"
    )


def literal(value: Any) -> str:
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


def test_changes_that_come_faster_than_they_are_taken_over_wait_for_the_next_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(desk, [Change("profile", "a", {"name": "x"})])
    come = iter(range(1, 100))
    run = Store.run

    def run_while_more_comes(store: Store, statement: str, *given: Any, **more: Any) -> None:
        run(store, statement, *given, **more)
        if statement == "inbox_out":
            put(desk, [Change("profile", "b", {"name": "y"})], next(come))

    monkeypatch.setattr(Store, "run", run_while_more_comes)
    take_over(desk.store, NOW)

    assert desk.sql("SELECT profile_key FROM store.inbox") == [("b",)]
    assert desk.sql("SELECT profile_key FROM store.pushed_profile") == [("a",)]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("INTEGER", "+1 555"),
        ("UTINYINT", 256),
        ("DECIMAL(4, 2)", 100),
        ("BOOLEAN", 7),
        ("DATE", "2026-02-30"),
        ("TIMESTAMP", 1),
        ("UUID", "x"),
        ("ENUM('red')", "blue"),
        ("INTEGER[]", [1, "x"]),
        ("STRUCT(a INTEGER, b INTEGER)", {"a": 1, "b": "x"}),
        ("MAP(VARCHAR, DOUBLE)", {"a": 1, "b": "x"}),
    ],
)
def test_a_pushed_value_that_does_not_fit_its_column_is_named_and_no_part_of_it_is_taken(
    desk: Desk, kind: str, value: Any
) -> None:
    """A statement over it fails; whoever looks at a few has them named at once."""
    put(desk, [Change("profile", key, {"it": value, "name": "x"}) for key in ("a", "later")])
    put(desk, [Change("profile", "b", {"it": None}), Change("profile", "c", {"name": "y"})], 2)
    take_over(desk.store, NOW)
    it = desk.source(
        f"SELECT 'later' AS id, CAST(NULL AS {kind}) AS it, 's' AS name, TIMESTAMP '2030-01-01' AS changed",
        updated_at="changed",
    )
    desk.scope(KEYS)
    named = [("a", None, "x", ["it"]), ("b", None, None, []), ("c", None, "y", [])]

    tried: list[int] = []

    def look() -> None:
        tried.append(len(tried))
        desk.store.run("stage_table", name="stage_seen", reader="stage_profile", casts={})

    def fail() -> None:
        tried.append(len(tried))
        raise failed.value

    it.stage(since=None)
    with pytest.raises(SqlFailed) as failed:
        look()
    it.forgiving(look)
    assert len(tried) == 3
    seen = "SELECT _profile_key, it, name, _plan_unfit FROM stage_profile ORDER BY 1"
    assert desk.sql(seen) == [*named, ("later", None, "s", [])]
    with pytest.raises(SqlFailed):
        it.forgiving(fail)
    assert len(tried) == 4, "it was tried again already"

    it.stage(since=None)
    it.narrow(["it", "name"])
    assert desk.sql(seen.replace("stage_", "stage_scoped_")) == named
