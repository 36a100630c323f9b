"""The same random days, compared by DuckDB and on Spark: the same members differ, with the same masks."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiencesync.cluster import Cluster, open_cluster
from audiencesync.config.load import load
from audiencesync.ledger import RunLog
from audiencesync.plan import find_candidates
from audiencesync.source import Source, SparkSource
from audiencesync.store import Store
from tests.world import QuickClock

Row = Mapping[str, Any]

COLUMNS = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("other", pa.string()),
        ("whole", pa.int64()),
        ("small", pa.int16()),
        ("double", pa.float64()),
        ("flag", pa.bool_()),
        ("day", pa.date32()),
        ("moment", pa.timestamp("us", tz="UTC")),
        ("exact", pa.decimal128(18, 4)),
        ("likes", pa.map_(pa.string(), pa.float64())),
        ("tags", pa.list_(pa.string())),
    ]
)
READ = [name for name in COLUMNS.names if name not in {"id", "likes"}]

_text = st.one_of(
    st.none(), st.sampled_from(["", "Łukasz", "王", "a'b", "\\", "🙂"]), st.text(max_size=4)
).filter(lambda text: text is None or "\0" not in text)
_doubles = st.sampled_from([0.0, -0.0, 1e7, 1e-5, math.nan, math.inf, 0.1, 1.0, None])
_values: dict[str, st.SearchStrategy[Any]] = {
    "text": _text,
    "other": _text,
    "whole": st.one_of(st.none(), st.sampled_from([0, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)])),
    "small": st.one_of(st.none(), st.integers(-3, 3)),
    "double": _doubles,
    "flag": st.sampled_from([None, True, False]),
    "day": st.sampled_from([None, date(1969, 12, 31), date(2026, 2, 28)]),
    "moment": st.sampled_from(
        [None, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 1, 7, UTC)]
    ),
    "exact": st.sampled_from([None, Decimal("0.0001"), Decimal("1.0000"), Decimal("-99999999999999.9999")]),
    "likes": st.one_of(
        st.none(),
        st.dictionaries(st.sampled_from("abc"), st.sampled_from([1.0, 2.0, 0.5])).map(
            lambda likes: sorted(likes.items())
        ),
    ),
    "tags": st.one_of(st.none(), st.lists(st.sampled_from([None, "x", "y"]), max_size=3)),
}
_row = st.fixed_dictionaries(_values)


@st.composite
def two_days(draw: st.DrawFn) -> tuple[int, list[tuple[list[Row], list[tuple[str, str]]]]]:
    """Some audiences, and two days of a source: profiles, and memberships that may repeat or name nobody."""
    audiences = draw(st.sampled_from([3, 64, 130]))
    keys = [f"k{number}" for number in range(draw(st.integers(1, 14)))]
    first: list[Row] = [{"id": key, **draw(_row)} for key in keys]
    second: list[Row] = []
    for row in first:
        what = draw(st.sampled_from(["same", "same", "gone", "swap", "one", "all"]))
        if what == "swap":
            second.append({**row, "text": row["other"], "other": row["text"]})
        elif what == "one":
            name = draw(st.sampled_from(sorted(_values)))
            second.append({**row, name: draw(_values[name])})
        elif what == "all":
            second.append({"id": row["id"], **draw(_row)})
        elif what == "same":
            second.append(row)
    second += [{"id": f"new{number}", **draw(_row)} for number in range(draw(st.integers(0, 2)))]
    member = st.tuples(
        st.sampled_from([*keys, "new0", "nobody"]), st.integers(0, audiences).map(lambda n: f"a{n}")
    )
    one = draw(st.lists(member, max_size=30))
    kept = [each for each in one if draw(st.booleans())]
    return audiences, [(first, one), (second, kept + draw(st.lists(member, max_size=8)))]


def write(folder: Path, rows: Sequence[Row], members: Sequence[tuple[str, str]]) -> None:
    pq.write_table(pa.Table.from_pylist(list(rows), schema=COLUMNS), folder / "profiles.parquet")
    pairs = {"id": [key for key, _ in members], "audience": [name for _, name in members]}
    schema = pa.schema([("id", pa.string()), ("audience", pa.string())])
    pq.write_table(pa.table(pairs, schema=schema), folder / "memberships.parquet")


def config(folder: Path, engine: str, audiences: int) -> str:
    where = {"duckdb": "read_parquet('{}')", "spark": "parquet.`{}`"}[
        "duckdb" if engine == "duckdb" else "spark"
    ]
    listed = ", ".join(f"a{number}" for number in range(audiences))
    fields = "\n".join(f"      F{position}__c: {name}" for position, name in enumerate(READ))
    return f"""
version: 1
engine: {engine if engine == "duckdb" else f'{{spark: "{engine}"}}'}
connection: {{auth: {{method: access_token, access_token: "${{env:T}}", instance_url: "https://x.example"}}}}
source:
  profiles: {{from: "{where.format(folder / "profiles.parquet")}", key: id}}
  memberships: {{from: "{where.format(folder / "memberships.parquet")}", key: id, audience: audience}}
audiences:
  ruled: {{where: "small > 1"}}
syncs:
  - name: leads
    object: Lead
    audiences: [ruled, {listed}]
    send_affinities_to: {{field: Likes__c, from: likes, top: 2}}
    extra_fields:
{fields}
"""


class Engine:
    """A project whose source is compared by one engine, and acknowledged as it is."""

    def __init__(
        self, folder: Path, store: Store, engine: str, cluster: Cluster | None, audiences: int
    ) -> None:
        path = folder / f"{'duckdb' if cluster is None else 'spark'}.yaml"
        path.write_text(config(folder, engine, audiences))
        self.store, self.cluster, self.project = store, cluster, load(path, {"T": "t"})

    def differing(self) -> list[dict[str, Any]]:
        config = self.project.config.source
        source: Source | SparkSource
        if self.cluster is None:
            source = Source(self.store, config, base=self.project.base, attach=None)
            columns, totals = source.stage(since=None), source.check(since=None)
        else:
            source = SparkSource(self.store, self.cluster, config)
            columns, totals = source.stage(), source.check()
        clock = QuickClock()
        (sync,) = self.project.config.syncs
        found = find_candidates(
            self.store,
            self.project,
            sync,
            RunLog(self.store, clock).sync_state("leads", "Lead"),
            columns,
            totals=totals,
            reader=source,
            cluster=self.cluster,
            backfill=False,
            retry=None,
            pushed=False,
            now=clock.now(),
        )
        masks = ", ".join(f"mask_{word}, old_mask_{word}" for word in found.words)
        rows: list[dict[str, Any]] = (
            self.store._connection.sql(
                f"SELECT profile_key, desired, known, {masks} FROM plan_candidate ORDER BY profile_key"
            )
            .to_arrow_table()
            .to_pylist()
        )
        return rows

    def acknowledge(self) -> None:
        words = self.store.row("mask_words")["words"]
        new = ", ".join(f"_plan_mask_{word} AS mask_{word}" for word in range(words))
        execute = self.store._connection.execute
        execute("DELETE FROM store.acknowledged WHERE rowid IN (SELECT _plan_state FROM plan_touched)")
        execute(
            "INSERT INTO store.acknowledged BY NAME SELECT 1 AS sync_id, _profile_key AS profile_key, "
            f"sf_key_hash(_profile_key) AS key_hash, _plan_fingerprint AS fingerprint, {new} "
            "FROM plan_touched WHERE _profile_key IS NOT NULL"
        )
        execute("INSERT INTO store.audience_bit SELECT 1, audience, ordinal FROM plan_bit WHERE is_new")


@contextmanager
def both(folder: Path, spark: str, cluster: Cluster, audiences: int) -> Iterator[tuple[Engine, Engine]]:
    with ExitStack() as stack:
        here, there = (
            stack.enter_context(Store.open(folder / f"{name}.duckdb", base=folder))
            for name in ("here", "there")
        )
        yield (
            Engine(folder, here, "duckdb", None, audiences),
            Engine(folder, there, spark, cluster, audiences),
        )


@pytest.fixture(scope="module")
def cluster(spark: str) -> Iterator[Cluster]:
    with open_cluster(spark) as opened:
        yield opened


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=two_days())
def test_two_engines_find_the_same_members_and_masks(spark: str, cluster: Cluster, source: Any) -> None:
    audiences, days = source
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, *days[0])
        with both(folder, spark, cluster, audiences) as engines:
            for rows, members in [*days, days[1]]:
                write(folder, rows, members)
                here, there = (engine.differing() for engine in engines)
                assert here == there
                for engine in engines:
                    engine.acknowledge()
            assert here == []


def changed(spark: str, cluster: Cluster, folder: Path, before: Row, after: Row) -> list[list[str]]:
    """Whom DuckDB, and whom Spark finds different on the second day."""
    empty: dict[str, Any] = dict.fromkeys(COLUMNS.names)
    write(folder, [{**empty, "id": "k", **before}], [("k", "a0")])
    with both(folder, spark, cluster, 3) as engines:
        for engine in engines:
            assert [row["profile_key"] for row in engine.differing()] == ["k"]
            engine.acknowledge()
        write(folder, [{**empty, "id": "k", **after}], [("k", "a0")])
        return [[row["profile_key"] for row in engine.differing()] for engine in engines]


def test_a_value_that_moves_to_the_next_column_is_a_change(
    spark: str, cluster: Cluster, tmp_path: Path
) -> None:
    """xxhash64 passes over NULL."""
    assert changed(spark, cluster, tmp_path, {"text": "x"}, {"other": "x"}) == [["k"], ["k"]]


def test_a_null_that_moves_in_a_list_is_a_change(spark: str, cluster: Cluster, tmp_path: Path) -> None:
    before, after = {"tags": ["x", None]}, {"tags": [None, "x"]}
    assert changed(spark, cluster, tmp_path, before, after) == [["k"], ["k"]]


def test_entries_of_a_map_in_another_order_are_no_change(
    spark: str, cluster: Cluster, tmp_path: Path
) -> None:
    before, after = {"likes": [("a", 1.0), ("b", 2.0)]}, {"likes": [("b", 2.0), ("a", 1.0)]}
    assert changed(spark, cluster, tmp_path, before, after)[1] == []
    swapped = {"likes": [("a", 2.0), ("b", 1.0)]}
    assert changed(spark, cluster, tmp_path / "..", before, swapped)[1] == ["k"]
