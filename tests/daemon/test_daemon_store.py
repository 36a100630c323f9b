"""A store that stays open: run after run in it, and readers beside them."""

from pathlib import Path
from typing import Any

import duckdb

from audiencesync import sync
from audiencesync.audit import looking
from audiencesync.progress import Silent
from audiencesync.reports import RunReport
from audiencesync.store import Store
from tests.world import World, person


def run_in(store: Store, world: World, project: Any) -> RunReport:
    with store.another() as connection:
        return sync.run_in(connection, project, sync.RunOptions(), clock=world.clock, progress=Silent())


def test_runs_follow_each_other_in_a_store_that_stays_open(world: World) -> None:
    world.people([person(1), person(2)])
    project = world.project()
    with Store.open(project.store_path, base=project.base) as store:
        first = run_in(store, world, project)
        world.people([person(1), person(2, phone="+1 555 9")])
        second = run_in(store, world, project)

    assert [report.syncs[0].accepted for report in (first, second)] == [2, 1]
    assert world.leads()["p2@example.com"]["Phone"] == "+1 555 9"


def test_between_two_runs_the_owner_of_the_attached_database_writes_it(world: World) -> None:
    def put(statement: str) -> None:
        with duckdb.connect(str(world.folder / "people.duckdb")) as owner:
            owner.execute(statement)

    put(
        "CREATE TABLE profiles AS SELECT 'p1' AS id, 'One' AS name, 'C' AS company, "
        "'p1@example.com' AS email, '1' AS phone, '' AS fax"
    )
    world.config["source"] = {"attach": "people.duckdb", "profiles": {"from": "profiles", "key": "id"}}
    world.config["audiences"] = {"news": {"where": "true"}, "vip": {"where": "false"}}
    project = world.project()
    with Store.open(project.store_path, base=project.base) as store:
        run_in(store, world, project)
        put("UPDATE profiles SET phone = '2'")
        run_in(store, world, project)

    assert world.leads()["p1@example.com"]["Phone"] == "2"


def test_a_reader_beside_a_run_sees_what_is_committed(world: World) -> None:
    world.people([person(1)])
    project = world.project()
    seen: list[Any] = []

    class Looking(Silent):
        def end(self) -> None:
            with store.another() as reader, reader.rehearsal():
                seen.append([run["status"] for run in looking.runs(reader)])

    with Store.open(project.store_path, base=project.base) as store:
        with store.another() as connection:
            sync.run_in(connection, project, sync.RunOptions(), clock=world.clock, progress=Looking())
        with store.another() as reader:
            seen.append([run["status"] for run in looking.runs(reader)])

    assert seen[0] == ["running"]
    assert seen[-1] == ["succeeded"]


def test_what_one_connection_has_staged_no_other_sees(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.duckdb", base=tmp_path) as store, store.another() as one:
        one.run("stage_view", name="stage_profile", relation="(SELECT 1 AS id)")
        assert list(one.columns("stage_profile")) == ["id"]
        with store.another() as other:
            other.run("stage_view", name="stage_profile", relation="(SELECT 2 AS other)")
            assert list(other.columns("stage_profile")) == ["other"]
