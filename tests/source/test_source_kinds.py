"""What holds for every kind of source alike: rows in, rows out."""

import datetime as dt
from typing import Any

import pytest

from audiencesync.errors import SourceError

from .conftest import Desk
from .kinds import DATABASES, KINDS, Kind

T1, T2, T3 = (dt.datetime.fromisoformat(f"2024-01-0{day} 03:04:05.678901") for day in (1, 2, 3))
PEOPLE = {"id": "VARCHAR", "name": "VARCHAR", "score": "BIGINT", "changed": "TIMESTAMP"}

every_kind = pytest.mark.parametrize("kind", KINDS, indirect=True)
every_database = pytest.mark.parametrize("kind", DATABASES, indirect=True)


def people(kind: Kind, *rows: tuple[Any, ...]) -> str:
    return kind.write("people", PEOPLE, rows)


@every_kind
def test_values_arrive_as_they_are(desk: Desk, kind: Kind) -> None:
    names = ["Ægir Þórsson", "محمد الأمين", "李小龍", "Ивáн", 'O\'Brien, "Bob"', "😀 नमस्ते", "two\nlines"]
    rows = [(f"00{index}", name, index, T1) for index, name in enumerate(names)]

    totals = desk.read(people(kind, *rows), attach=kind.attach)

    assert totals.profiles == len(names)
    assert desk.profiles("id", "name", "score") == [row[:3] for row in rows]
    assert desk.profiles("_profile_key") == [(row[0],) for row in rows]


@every_kind
def test_a_missing_value_stays_missing(desk: Desk, kind: Kind) -> None:
    desk.read(people(kind, ("a", None, None, None), ("b", "Bea", 7, T1)), attach=kind.attach)

    assert desk.profiles("name", "score") == [(None, None), ("Bea", 7)]


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "csv"], indirect=True)
def test_an_empty_text_is_a_value(desk: Desk, kind: Kind) -> None:
    desk.read(people(kind, ("a", "", 1, T1), ("b", " x ", 1, T1)), attach=kind.attach)

    assert desk.profiles("name") == [("",), (" x ",)]


@every_kind
def test_no_rows_are_no_mistake_and_leave_the_decision_to_the_guard(desk: Desk, kind: Kind) -> None:
    members = kind.write("members", {"id": "VARCHAR", "audience": "VARCHAR"}, [])
    totals = desk.read(
        people(kind),
        attach=kind.attach,
        updated_at="changed",
        memberships={"from": members, "key": "id", "audience": "audience"},
    )

    assert (totals.profiles, totals.watermark) == (0, None)
    assert [column for column in desk.store.columns("stage_profile") if column in PEOPLE] == list(PEOPLE)


@every_kind
def test_memberships_and_affinities_come_along(desk: Desk, kind: Kind) -> None:
    profiles = people(kind, ("007", "Ann", 1, T1), ("008", "Bob", 2, T1))
    members = kind.write(
        "members",
        {"who": "VARCHAR", "what": "VARCHAR"},
        [("007", "newsletter"), ("007", "newsletter"), ("nobody", "VIP é")],
    )
    likes = kind.write(
        "likes",
        {"who": "VARCHAR", "genre": "VARCHAR", "weight": "DOUBLE"},
        [("007", "Jazz", 0.5), ("007", "Jazz", 1.0), ("007", "Óp;era", 2.0), ("007", None, 9.0)],
    )
    desk.read(
        profiles,
        attach=kind.attach,
        memberships={"from": members, "key": "who", "audience": "what"},
        affinities={"genres": {"from": likes, "key": "who", "affinity": "genre", "weight": "weight"}},
    )

    assert desk.sql("SELECT DISTINCT profile_key, audience FROM stage_membership ORDER BY ALL") == [
        ("007", "newsletter"),
        ("nobody", "VIP é"),
    ]
    assert desk.profiles("genres") == [({"Jazz": 1.5, "Óp;era": 2.0},), (None,)]


@every_kind
@pytest.mark.parametrize("read", [{"since": None, "later": True}, {"since": str(T2)}])
def test_affinities_are_brought_together_for_those_of_whom_a_plan_looks_at(
    desk: Desk, kind: Kind, read: dict[str, Any]
) -> None:
    likes = kind.write(
        "likes",
        {"who": "VARCHAR", "genre": "VARCHAR", "weight": "DOUBLE"},
        [("a", "Jazz", 0.5), ("b", "Rock", 1.0), ("a", "Jazz", 1.0)],
    )
    source = desk.source(
        people(kind, ("a", "Ann", 1, T1), ("b", "Bob", 2, T3)),
        attach=kind.attach,
        updated_at="changed",
        affinities={"genres": {"from": likes, "key": "who", "affinity": "genre", "weight": "weight"}},
    )
    source.stage(**read)
    assert desk.sql("FROM stage_affinity_genres") == []

    for key, weights in (("a", {"Jazz": 1.5}), ("b", {"Rock": 1.0})):
        desk.scope([key, "nobody"])
        source.narrow(["genres"])
        assert desk.sql("FROM stage_affinity_genres") == [(key, weights)]
        assert desk.sql("FROM stage_scoped_profile") == [(key, weights)]
    source.widen("genres")
    assert desk.sql("FROM stage_affinity_genres ORDER BY key") == [("a", {"Jazz": 1.5}), ("b", {"Rock": 1.0})]


@every_kind
def test_only_changed_rows_count_and_those_of_the_same_moment_are_among_them(desk: Desk, kind: Kind) -> None:
    rows = [("a", "old", 1, T1), ("b", "edge", 1, T2), ("c", "edge", 1, T2), ("d", "new", 1, T3)]
    whole = desk.read(people(kind, *rows[:3]), attach=kind.attach, updated_at="changed")
    profiles = people(kind, *rows)

    totals = desk.read(profiles, attach=kind.attach, updated_at="changed", since=whole.watermark)

    assert whole.watermark == str(T2)
    assert (totals.profiles, totals.watermark) == (3, str(T3))


@every_kind
@pytest.mark.parametrize("ahead", [dt.timedelta(hours=1), dt.timedelta(days=1_000)])
def test_a_row_dated_in_the_future_does_not_move_the_watermark(
    desk: Desk, kind: Kind, ahead: dt.timedelta
) -> None:
    future = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=1) + ahead
    profiles = people(kind, ("a", "old", 1, T1), ("b", "latest", 1, T2), ("c", "to come", 1, future))

    totals = desk.read(profiles, attach=kind.attach, updated_at="changed")

    assert totals.watermark == str(T2)
    assert desk.read(profiles, attach=kind.attach, updated_at="changed", since=str(T2)).profiles == 2


@every_kind
def test_times_of_a_zone_ahead_of_utc_move_the_watermark_once_it_is_that_late_here(
    desk: Desk, kind: Kind
) -> None:
    there = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=1) + dt.timedelta(hours=10)
    yesterday, earlier, lately = (there - dt.timedelta(hours=hours) for hours in (24, 11, 1))
    profiles = people(kind, ("a", "x", 1, yesterday), ("b", "x", 1, earlier), ("c", "x", 1, lately))

    totals = desk.read(profiles, attach=kind.attach, updated_at="changed")

    assert totals.watermark == str(earlier)
    assert desk.read(profiles, attach=kind.attach, updated_at="changed", since=str(earlier)).profiles == 2


@every_kind
def test_a_row_that_does_not_say_when_it_changed_is_always_read(desk: Desk, kind: Kind) -> None:
    profiles = people(kind, ("a", "old", 1, T1), ("b", "unknown", 1, None), ("c", "new", 1, T3))

    totals = desk.read(profiles, attach=kind.attach, updated_at="changed", since=str(T2))

    assert (totals.profiles, totals.watermark) == (2, str(T3))


@every_kind
def test_memberships_that_say_when_they_changed_are_read_for_those_whom_a_plan_looks_at(
    desk: Desk, kind: Kind
) -> None:
    members = {"id": "VARCHAR", "audience": "VARCHAR", "at": "TIMESTAMP", "active": "BOOLEAN"}
    rows = [
        ("a", "news", T1, True), ("a", "vip", T3, True), ("b", "news", T1, True), ("c", "news", T2, False),
        ("c", "vip", T1, True), ("d", "news", T1, True), ("d", "vip", None, True),
    ]  # fmt: skip
    relation = kind.write("members", members, rows)
    source = desk.source(
        people(kind, ("a", "Ann", 1, T1)),
        attach=kind.attach,
        updated_at="changed",
        memberships={
            "from": relation,
            "key": "id",
            "audience": "audience",
            "updated_at": "at",
            "active": "active",
        },
    )
    source.stage(since=str(T1), memberships_since=str(T2))
    totals = source.check(since=str(T1))

    changed = desk.sql("SELECT profile_key FROM stage_membership_changed ORDER BY ALL")
    desk.scope([*(key for (key,) in changed), "it's nobody"])
    source.narrow(["id", "name"])

    assert (totals.memberships.watermark, totals.memberships.since) == (str(T3), str(T2))
    assert changed == [("a",), ("c",), ("d",)]
    assert desk.sql("FROM stage_membership SEMI JOIN stage_scope USING (profile_key) ORDER BY ALL") == [
        ("a", "news"), ("a", "vip"), ("c", "vip"), ("d", "news"), ("d", "vip"),
    ]  # fmt: skip


@every_database
def test_a_database_sends_only_what_changed_and_the_others_on_demand(desk: Desk, kind: Kind) -> None:
    source = desk.source(
        people(kind, ("a", "old", 1, T1), ("b", "old", 1, T1), ("c", "old", 1, T1), ("d", "new", 1, T3)),
        attach=kind.attach,
        updated_at="changed",
    )
    source.stage(since=str(T2))
    source.check(since=str(T2))
    assert desk.profiles() == [("d",)]

    desk.scope(["b", "d", "nobody", "it's", "ü" * 300, "\0"])
    source.narrow(["id", "name"])

    assert desk.profiles("_profile_key", "name", "score") == [("b", "old", 1), ("d", "new", 1)]


@every_database
def test_thousands_of_missing_profiles_are_fetched(desk: Desk, kind: Kind) -> None:
    keys = [f"k{number:05}" for number in range(12_000)]
    people(kind)  # so that there is a database
    generated = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 11999) "
        "SELECT printf('k%05d', i) AS id, '2024-01-01 00:00:00' AS changed FROM n",
        "postgresql": "SELECT 'k' || lpad(i::text, 5, '0') AS id, timestamp '2024-01-01' AS changed "
        "FROM generate_series(0, 11999) AS i",
    }[kind.name]
    source = desk.source(generated, attach=kind.attach, updated_at="changed")
    source.stage(since=str(T2))
    assert desk.profiles() == []

    desk.scope(keys)
    source.narrow(["id"])

    assert desk.profiles() == [(key,) for key in keys]


@every_kind
def test_a_repeated_key_is_refused_with_examples(desk: Desk, kind: Kind) -> None:
    rows = [("x7", "a", 1, T1), ("x7", "b", 1, T1), ("ann@example.com", "c", 1, T1)]
    rows += [("ann@example.com", "d", 1, T1), ("y", "e", 1, T1)]

    with pytest.raises(SourceError) as refused:
        desk.read(people(kind, *rows), attach=kind.attach)

    assert refused.value.exit_code == 3
    assert str(refused.value) == (
        "source.profiles: 2 values of id are repeated, among them a***@***com (2 times), x7 (2 times)"
    )


@every_kind
def test_a_changed_row_may_not_repeat_the_key_of_an_old_one(desk: Desk, kind: Kind) -> None:
    profiles = people(kind, ("x", "old", 1, T1), ("y", "old", 1, T1), ("x", "new", 1, T3))
    source = desk.source(profiles, attach=kind.attach, updated_at="changed")
    source.stage(since=str(T2))

    def look_at_what_changed() -> None:
        source.check(since=str(T2))
        source.narrow(["id", "name"])

    desk.scope(["x"])
    with pytest.raises(SourceError, match=r"1 values of id are repeated, among them x \(2 times\)"):
        look_at_what_changed()


@every_kind
def test_two_old_rows_with_one_key_are_refused_once_the_plan_looks_at_them(desk: Desk, kind: Kind) -> None:
    profiles = people(kind, ("x", "old", 1, T1), ("x", "old", 1, T1), ("y", "new", 1, T3))
    source = desk.source(profiles, attach=kind.attach, updated_at="changed")
    source.stage(since=str(T2))
    source.check(since=str(T2))

    desk.scope(["x", "y"])
    with pytest.raises(SourceError, match=r"among them x \(2 times\)"):
        source.narrow(["id", "name"])


@every_kind
def test_a_row_without_key_is_refused(desk: Desk, kind: Kind) -> None:
    profiles = people(kind, ("a", "a", 1, T1), (None, "b", 2, T1), (None, "c", 3, T1))

    with pytest.raises(SourceError, match=r"^source.profiles: 2 rows have no id$"):
        desk.read(profiles, attach=kind.attach)


@every_kind
def test_a_membership_without_key_or_audience_is_refused(desk: Desk, kind: Kind) -> None:
    profiles = people(kind, ("a", "a", 1, T1))
    for rows, words in (
        ([("a", "x"), (None, "x")], "^source.memberships: 1 rows have no id$"),
        ([("a", "x"), ("a", None), ("b", None)], "^source.memberships: 2 rows have no audience$"),
    ):
        members = kind.write("members", {"id": "VARCHAR", "audience": "VARCHAR"}, rows)
        with pytest.raises(SourceError, match=words):
            desk.read(
                profiles,
                attach=kind.attach,
                memberships={"from": members, "key": "id", "audience": "audience"},
            )


@every_kind
def test_columns_may_be_named_in_any_case(desk: Desk, kind: Kind) -> None:
    members = kind.write("members", {"ID": "VARCHAR", "Audience": "VARCHAR"}, [("a", "x")])
    source = desk.source(
        people(kind, ("a", "old", 1, T1), ("b", "new", 2, T3)),
        attach=kind.attach,
        key="Id",
        updated_at="CHANGED",
        memberships={"from": members, "key": "iD", "audience": "AUDIENCE"},
    )

    columns = source.stage(since=str(T2))

    assert source.check(since=str(T2)).profiles == 1
    assert list(columns) == ["Id", "name", "score", "CHANGED"]
    desk.scope(["a", "b"])
    source.narrow(["Id", "name"])
    assert desk.profiles("Id", "Name") == [("a", "old"), ("b", "new")]


@every_kind
def test_odd_column_names_are_no_trouble(desk: Desk, kind: Kind) -> None:
    names = ["value", "fingerprint", "two words", "naïve 名", 'say "hi"', "profile_key", "order", "_profile"]
    columns = {"id": "VARCHAR"} | dict.fromkeys(names, "VARCHAR") | {"its time": "TIMESTAMP"}

    desk.read(kind.write("odd", columns, [("a", *names, T1)]), attach=kind.attach, updated_at="its time")

    assert desk.profiles(*names) == [tuple(names)]


@every_kind
@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"key": "idd"}, "source.profiles: there is no column 'idd'; did you mean 'id'?"),
        ({"updated_at": "modified"}, "source.profiles: there is no column 'modified'"),
        (
            {"memberships": {"from": "?", "key": "id", "audience": "audience"}},
            "source.memberships: there is no column 'audience'",
        ),
        (
            {"affinities": {"likes": {"from": "?", "key": "id", "affinity": "name", "weight": "amount"}}},
            "source.affinities.likes: there is no column 'amount'",
        ),
    ],
    ids=["key", "updated_at", "audience", "weight"],
)
def test_a_column_that_is_not_there_is_named(desk: Desk, kind: Kind, config: Any, words: str) -> None:
    profiles = people(kind, ("a", "Ann", 1, T1))
    for relation in (config.get("memberships"), config.get("affinities", {}).get("likes")):
        if relation:
            relation["from"] = profiles

    with pytest.raises(SourceError) as refused:
        desk.read(profiles, attach=kind.attach, **config)

    assert str(refused.value).startswith(words)
    assert "Ann" not in str(refused.value)


@every_kind
def test_our_own_name_and_a_name_taken_twice_are_refused(desk: Desk, kind: Kind) -> None:
    with pytest.raises(SourceError, match="_profile_key, which is a name of ours"):
        desk.read(
            kind.write("odd", {"id": "VARCHAR", "_Profile_Key": "VARCHAR"}, [("a", "b")]), attach=kind.attach
        )

    likes = {"from": people(kind, ("a", "x", 1, T1)), "key": "id", "affinity": "name", "weight": "score"}
    with pytest.raises(SourceError, match=r"source.affinities.Name: the profiles have a column of that name"):
        desk.read(likes["from"], attach=kind.attach, affinities={"Name": likes})


@every_kind
def test_the_earliest_of_several_watermarks_is_found_by_value(desk: Desk, kind: Kind) -> None:
    profiles = people(kind, ("a", "x", 9, T1), ("b", "x", 10, T2))

    assert desk.source(profiles, attach=kind.attach, updated_at="score").earliest(["10", "9"]) == "9"
    assert desk.source(profiles, attach=kind.attach, updated_at="name").earliest(["10", "9"]) == "10"
    moments = [str(T3), str(T1), str(T2)]
    assert desk.source(profiles, attach=kind.attach, updated_at="changed").earliest(moments) == str(T1)


@pytest.mark.parametrize("kind", KINDS, indirect=True)
@pytest.mark.parametrize(
    ("type_of", "values"),
    [
        ("BIGINT", (99, 100, 9_007_199_254_740_993)),
        ("VARCHAR", ("2024-02-27", "2024-02-28", "2024-02-29")),
        ("DATE", tuple(dt.date(2024, 2, day) for day in (27, 28, 29))),
        ("DOUBLE", (0.1, 0.30000000000000004, 1e22)),
        ("TIMESTAMP", (T1, T2, T3)),
    ],
)
def test_every_type_of_updated_at_makes_a_watermark_that_means_the_same_later(
    desk: Desk, kind: Kind, type_of: str, values: tuple[Any, ...]
) -> None:
    columns = {"id": "VARCHAR", "moved": type_of}
    before = desk.read(
        kind.write("moved", columns, [("a", values[0]), ("b", values[1])]),
        attach=kind.attach,
        updated_at="moved",
    )
    rows = [("a", values[0]), ("b", values[1]), ("c", values[1]), ("d", values[2])]
    later = desk.read(
        kind.write("moved", columns, rows), attach=kind.attach, updated_at="moved", since=before.watermark
    )
    none = desk.read(
        kind.write("moved", columns, rows), attach=kind.attach, updated_at="moved", since=later.watermark
    )

    assert [before.profiles, later.profiles, none.profiles] == [2, 3, 1]
    assert str(values[1]).removesuffix(".0") == str(before.watermark).removesuffix(".0")
