"""Runs whose diff is done on Spark, against an org: what is sent, what is not, and what is refused."""

import sys
from typing import Any

import duckdb
import pytest

from audiencesync import cluster
from audiencesync.errors import ConfigError, SourceError
from tests.world import World

ADA = {"id": "1", "name": "Lovelace", "email": "ada@example.com", "phone": "1", "audiences": ["news", "vip"]}
BEA = {"id": "2", "name": "王", "email": "bea@example.com", "score": "1e7", "since": "2026-02-28"}
CYD = {"id": "3", "name": "D'Arcy \\", "email": "cyd@example.com", "score": "0.00001"}


@pytest.fixture
def there(world: World, spark: str) -> World:
    world.config["engine"] = {"spark": spark}
    source = world.config["source"]
    for name in ("profiles", "memberships"):
        source[name]["from"] = f"parquet.`{world.folder / name}.parquet`"
    world.sync["send_scores_to"] = {"field": "Scores__c", "scores": ["score"]}
    return world


def write(world: World, *people: dict[str, Any]) -> None:
    """The source as Parquet files with types."""
    world.people([{"score": "", "since": "", **one} for one in people])
    profiles, members = (world.folder / f"{name}.csv" for name in ("profiles", "memberships"))
    duckdb.sql(
        f"COPY (SELECT * REPLACE (CAST(score AS DOUBLE) AS score, CAST(since AS DATE) AS since) "
        f"FROM read_csv('{profiles}', all_varchar = true)) TO '{profiles.with_suffix('.parquet')}'"
    )
    duckdb.sql(
        f"COPY (FROM read_csv('{members}', all_varchar = true)) TO '{members.with_suffix('.parquet')}'"
    )


def sent(world: World) -> dict[str, tuple[Any, ...]]:
    fields = ("LastName", "Phone", "Audiences__c", "Scores__c")
    return {one["Email"]: tuple(one[name] for name in fields) for one in world.org.records()}


def test_a_backfill_a_changed_day_and_a_quiet_one(there: World) -> None:
    write(there, ADA, BEA, CYD)
    assert there.run_one().created == 3
    assert sent(there) == {
        "ada@example.com": ("Lovelace", "1", "news;vip", None),
        "bea@example.com": ("王", None, "news", "score=10000000"),
        "cyd@example.com": ("D'Arcy \\", None, "news", "score=0.00001"),
    }

    write(there, {**ADA, "audiences": ["news"], "phone": "2"}, {**BEA, "audiences": []}, CYD)
    report = there.run_one()
    assert (report.exited, report.changed, report.unchanged, report.updated) == (1, 1, 1, 2)
    assert sent(there)["ada@example.com"] == ("Lovelace", "2", "news", None)
    assert sent(there)["bea@example.com"] == ("王", None, None, "score=10000000")

    before = there.org.calls()
    assert there.run_one().planned == 0
    assert there.org.calls() == before


def test_another_engine_looks_at_everybody_once_and_sends_nothing(there: World) -> None:
    write(there, ADA, BEA, CYD)
    spark, source = there.config.pop("engine"), there.config["source"]
    froms = {name: source[name]["from"] for name in ("profiles", "memberships")}
    for name in froms:
        source[name]["from"] = f"read_parquet('{there.folder / name}.parquet')"
    assert there.run_one().created == 3

    there.config["engine"] = spark
    for name, text in froms.items():
        source[name]["from"] = text
    report = there.run_one()

    assert (report.planned, report.unchanged) == (0, 3)


def test_memberships_of_which_none_is_a_profiles_take_nobody_out(there: World) -> None:
    write(there, ADA, BEA)
    there.run_one()
    members, file = (there.folder / f"memberships.{kind}" for kind in ("csv", "parquet"))
    rows = f"FROM read_csv('{members}', all_varchar = true)"
    duckdb.sql(f"COPY (SELECT * REPLACE (if(id = '1', '01', id) AS id) {rows}) TO '{file}'")
    assert there.plan().syncs[0].without_profile == 1

    duckdb.sql(f"COPY (SELECT * REPLACE ('0' || id AS id) {rows}) TO '{file}'")
    held = there.run_one()

    assert held.trouble is not None
    assert held.trouble.message.startswith("none of the 2 keys in source.memberships is that of a profile")
    assert sent(there)["bea@example.com"][2] == "news"


def test_a_parked_row_is_retried(there: World) -> None:
    write(there, ADA, {**BEA, "name": "x" * 90}, CYD)
    report = there.run_one()
    assert (report.created, report.invalid + report.rejected) == (2, 1)

    assert there.run_one().planned == 0
    assert there.run_one(retry=()).planned == 1


def test_a_rule_and_sql_of_a_mapping_decide_together(there: World) -> None:
    """A rule is Spark's SQL; a mapping is rendered in the store, by DuckDB's."""
    there.config["audiences"] = {"vip": {"where": "`score` > 1 AND size(array(1)) = 1"}}
    there.sync["extra_fields"]["Phone"] = {"sql": "strftime(since, '%d.%m.%Y')"}
    write(there, {**ADA, "audiences": ["news"]}, BEA)
    there.run_one()
    assert sent(there)["bea@example.com"][1:3] == ("28.02.2026", "news;vip")

    write(there, {**ADA, "audiences": ["news"]}, {**BEA, "since": "2026-03-01"})
    assert there.run_one().updated == 1
    assert sent(there)["bea@example.com"][1] == "01.03.2026"


def test_a_rule_that_is_no_spark_sql_is_refused_with_its_place(there: World) -> None:
    there.config["audiences"] = {"vip": {"where": "no_such_column = 1"}}
    write(there, ADA)
    (report,) = there.run().syncs

    assert report.trouble is not None
    assert report.trouble.kind == "ConfigError"
    assert "audiences.vip.where" in report.trouble.message
    assert "no_such_column" in report.trouble.message


@pytest.mark.parametrize(
    ("people", "what"),
    [
        ([ADA, ADA], r"1 values of id are repeated, among them 1 \(2 times\)"),
        ([ADA, {**BEA, "id": ""}], "source.profiles: 1 rows have no id"),
    ],
)
def test_keys_that_identify_nobody_are_refused(there: World, people: list[dict[str, Any]], what: str) -> None:
    write(there, *people)
    with pytest.raises(SourceError, match=what):
        there.run()
    assert there.org.records() == []


@pytest.mark.parametrize(
    ("key", "text"), [("DOUBLE", "1"), ("DECIMAL(10, 2)", "1"), ("BIGINT", "1"), ("VARCHAR", "1")]
)
def test_a_key_has_one_text_whatever_its_type(there: World, key: str, text: str) -> None:
    write(there, ADA, BEA)
    there.config["source"]["profiles"]["from"] = (
        f"SELECT CAST(id AS {key.replace('VARCHAR', 'STRING')}) AS id, name, company, email, phone, fax, "
        f"score, since FROM parquet.`{there.folder / 'profiles.parquet'}`"
    )
    assert there.run_one().created == 2
    assert there.run_one().planned == 0


@pytest.mark.parametrize("kind", ["DOUBLE", "DECIMAL(9, 2)", "DECIMAL(9, 0)"])
def test_an_audience_kept_as_a_number_of_any_type_is_that_of_the_whole_number(
    there: World, kind: str
) -> None:
    write(there, {**ADA, "audiences": ["2024"]})
    there.sync["audiences"] = ["2024"]
    members = there.config["source"]["memberships"]
    members["from"] = f"SELECT id, CAST(audience AS {kind}) AS audience FROM {members['from']}"

    assert there.run_one().created == 1


def test_a_value_that_spark_cannot_read_is_not_shown(there: World) -> None:
    write(there, {**ADA, "phone": "verysecret"})
    there.config["source"]["profiles"]["from"] = (
        f"SELECT * FROM parquet.`{there.folder / 'profiles.parquet'}` WHERE CAST(phone AS INT) > 0"
    )
    with pytest.raises(SourceError, match=r"source.profiles cannot be read through Spark") as refused:
        there.run()
    assert "verysecret" not in str(refused.value) + refused.value.hint


def test_a_column_that_is_not_there_is_named(there: World) -> None:
    write(there, ADA)
    there.config["source"]["memberships"]["audience"] = "audienc"
    with pytest.raises(SourceError, match="there is no column 'audienc'; did you mean 'audience'"):
        there.run()


def test_a_server_that_does_not_answer_ends_the_run_soon(
    there: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    there.config["engine"] = {"spark": "sc://127.0.0.1:9"}
    with pytest.raises(SourceError, match=r"engine.spark: nobody answers there"):
        there.run()


def test_without_the_packages_the_message_says_which(there: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql.connect.client", None)
    with pytest.raises(ConfigError, match="not installed") as refused:
        there.run()
    assert refused.value.hint == "pip install 'audiencesync[spark]'"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"engine": {"spark": "sc://host:1/;token=abc"}}, "engine.spark: a token must not stand in the file"),
        ({"engine": {"spark": "https://host"}}, "engine.spark: must be a URL of Spark Connect"),
        ({"source": {"attach": "x.duckdb"}}, "source.attach: Spark reads the source itself"),
        (
            {"source": {"affinities": {"a": {"from": "t", "key": "k", "affinity": "a", "weight": "w"}}}},
            "source.affinities: is not read through Spark yet",
        ),
    ],
)
def test_what_makes_no_sense_with_spark_is_refused(there: World, change: Any, what: str) -> None:
    there.config["source"] |= change.get("source", {})
    there.config |= {name: value for name, value in change.items() if name != "source"}
    with pytest.raises(ConfigError, match=what) as refused:
        there.project()
    assert "abc" not in str(refused.value)


def test_a_token_is_a_secret(there: World, monkeypatch: pytest.MonkeyPatch, spark: str) -> None:
    monkeypatch.setenv("SPARK_TOKEN", "abc")
    there.config["engine"] = {"spark": "sc://h:1/;token=${env:SPARK_TOKEN}"}
    project = there.project()

    assert "abc" not in repr(project)
    assert project.spark_url() == "sc://h:1/;token=abc"
