"""What was answered with 200 is there, whatever happens; what cannot be kept is answered with 503."""

import errno
import os
import resource
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from audiencesync.daemon.words import Word
from audiencesync.intake import inbox
from audiencesync.source import Source, take_out, take_over
from audiencesync.store import Store
from tests.daemon.helpers import Running, running
from tests.intake.helpers import COLUMNS, TOKEN, config, pushing
from tests.world import World

UNAVAILABLE = 503


def pushed_to(world: World) -> None:
    """Let its daemon take changes in; no run looks at them."""
    (world.folder / "token").write_text(TOKEN)
    world.config["source"] = {"profiles": {"columns": COLUMNS, "key": "user_id"}}
    world.sync["required_fields"] = {"LastName": "email", "Email": "email"}
    world.sync["extra_fields"] = {}
    world.sync["push"] = False
    world.config["daemon"] = {"port": 0, "intake": {"token": "${file:./token}"}}


@pytest.fixture
def daemon(world: World) -> Iterator[Running]:
    pushed_to(world)
    with running(world) as started:
        yield started


def send(daemon: Running, method: str, path: str, body: Any = None) -> int:
    """The status that a request is answered with."""
    (started,) = daemon.events("daemon_started")
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = session.request(method, started["page"] + path, json=body, headers=headers, timeout=30)
    return answer.status_code


def push(daemon: Running, number: int, size: int = 10) -> int:
    return send(daemon, "PATCH", f"profiles/u{number}", {"email": "x" * size})


def kept(world: World) -> set[str]:
    with Store.open(world.folder / "store.duckdb", base=world.folder) as store:
        take_out(store)
    return {key for (key,) in world.sql("SELECT profile_key FROM inbox")}


@pytest.mark.slow
def test_what_was_answered_survives_a_kill(daemon: Running) -> None:
    answered = {f"u{number}" for number in range(50) if push(daemon, number) == 200}
    daemon.send(signal.SIGKILL)
    daemon.process.wait()

    assert len(answered) == 50
    assert kept(daemon.world) >= answered


@pytest.mark.slow
def test_a_full_disk_is_said_and_pushes_go_on_once_there_is_room(daemon: Running) -> None:
    assert push(daemon, 0) == 200
    store = daemon.world.folder / "store.duckdb"
    room = max(store.stat().st_size, store.with_suffix(".duckdb.wal").stat().st_size)
    unlimited = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (room, unlimited[1]))
    codes = {number: push(daemon, number, size=200_000) for number in range(1, 40)}
    assert UNAVAILABLE in codes.values()
    assert set(codes.values()) <= {200, UNAVAILABLE}

    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, unlimited)
    daemon.wait_until(lambda: push(daemon, 100) == 200)
    codes |= {number: push(daemon, number) for number in range(101, 110)}
    assert daemon.stop() == 0
    assert kept(daemon.world) >= {f"u{number}" for number, code in codes.items() if code == 200}
    assert "x" * 10 not in daemon.talk.read_text()
    assert "Traceback" not in daemon.talk.read_text()


@pytest.mark.slow
def test_a_daemon_whose_disk_is_full_is_alive_and_not_ready_until_there_is_room(daemon: Running) -> None:
    assert (send(daemon, "GET", "healthz"), send(daemon, "GET", "readyz")) == (200, 200)
    unlimited = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (100_000, unlimited[1]))
    assert push(daemon, 1, size=200_000) == UNAVAILABLE
    assert (send(daemon, "GET", "healthz"), send(daemon, "GET", "readyz")) == (200, UNAVAILABLE)

    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, unlimited)
    assert send(daemon, "GET", "readyz") == 200, "also when nobody has pushed since"


def test_a_source_that_cannot_be_read_is_waited_for(tmp_path: Path) -> None:
    made = config()
    made["source"]["profiles"] = {"from": "read_csv('people.csv')", "key": "id", "updated_at": "changed_at"}
    made["syncs"][0]["required_fields"] = {"LastName": "name"}
    with pushing(tmp_path, made) as sender:
        answer = sender.send("PATCH", "/profiles/7", {"name": "x"})
        assert answer.status_code == UNAVAILABLE
        assert int(answer.headers["Retry-After"]) > 0
        assert sender.words() == [Word.PUSHED], "the thread that works has something to learn"

        (tmp_path / "people.csv").write_text("id,name,changed_at\n1,Ada,2026-01-01\n")
        sender.intake.learn_if_needed()
        assert sender.send("PATCH", "/profiles/7", {"name": "x"}).status_code == UNAVAILABLE, (
            "it was just tried"
        )
        sender.clock.sleep(5)
        sender.intake.learn_if_needed()
        assert sender.send("PATCH", "/profiles/7", {"name": "x"}).status_code == 200
        for path, body, field in (
            ("/profiles/07", {"name": "x"}, "key"),
            ("/profiles/7", {"changed_at": "2026-01-02"}, "changed_at"),
            ("/profiles/7", {"ID": 8}, "ID"),
        ):
            answer = sender.send("PATCH", path, body)
            assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)


@pytest.mark.slow
def test_columns_and_audiences_are_learned_anew_on_sighup(daemon: Running) -> None:
    assert send(daemon, "PATCH", "profiles/u1", {"city": "x"}) == 422
    assert send(daemon, "PUT", "memberships/gold/u1") == 422
    daemon.world.config["source"]["profiles"]["columns"] = {**COLUMNS, "city": "VARCHAR"}
    daemon.world.sync["audiences"].append("gold")
    daemon.world.project()
    daemon.send(signal.SIGHUP)
    daemon.wait_until(lambda: send(daemon, "PATCH", "profiles/u1", {"city": "x"}) == 200)
    assert send(daemon, "PUT", "memberships/gold/u1") == 200


@pytest.mark.slow
def test_a_daemon_whose_source_comes_later_takes_changes_from_then_on(world: World) -> None:
    pushed_to(world)
    world.config["source"] = {"profiles": {"from": "read_csv('people.csv')", "key": "id"}}
    with running(world) as daemon:
        daemon.wait_for("intake_unready")
        assert send(daemon, "PATCH", "profiles/7", {"email": "x"}) == UNAVAILABLE
        (world.folder / "people.csv").write_text("id,email\n1,a\n")
        daemon.wait_until(lambda: send(daemon, "PATCH", "profiles/7", {"email": "x"}) == 200)


def test_changes_that_cannot_be_kept_are_sent_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pushing(tmp_path, config()) as sender:
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", broken)
            answer = sender.send("PATCH", "/profiles/u1", {})
        assert (answer.status_code, answer.headers["Retry-After"]) == (UNAVAILABLE, "5")
        assert sender.words() == []
        assert sender.send("PATCH", "/profiles/u2", {}).status_code == 200
        assert [row["profile_key"] for row in sender.inbox()] == ["u2"]


def test_changes_are_taken_while_the_store_is_let_go_of(tmp_path: Path) -> None:
    """After a full disk it is opened anew, and while it cannot be they wait in the journal."""
    with pushing(tmp_path, config()) as sender:
        sender.holding.close()
        assert sender.send("PATCH", "/profiles/u1", {}).status_code == 200
        sender.loop.renew()
        assert [row["profile_key"] for row in sender.inbox()] == ["u1"]


def test_what_a_daemon_took_waits_for_the_next_one(tmp_path: Path) -> None:
    with pushing(tmp_path, config()) as sender:
        sender.send("PATCH", "/profiles/u1", {})
    with pushing(tmp_path, config()) as sender:
        assert sender.loop.arrivals.due_in(sender.intake.config) is not None
        sender.send("PATCH", "/profiles/u2", {})
        assert [row["profile_key"] for row in sender.inbox()] == ["u1", "u2"]


@pytest.mark.parametrize("meanwhile", ["left in the journal", "taken out", "taken over"])
def test_what_is_said_last_counts_though_the_clock_was_put_back_before_a_restart(
    tmp_path: Path, meanwhile: str
) -> None:
    with pushing(tmp_path, config()) as sender:
        sender.clock.sleep(3600)
        sender.send("PATCH", "/profiles/u1", {"email": "first"})
        sender.send("PATCH", "/profiles/u2", {"email": "first"})
    with pushing(tmp_path, config()) as sender:
        with sender.holding.working() as store:
            if meanwhile == "taken out":
                take_out(store)
            elif meanwhile == "taken over":
                take_over(store, sender.clock.now())
        sender.send("PATCH", "/profiles/u1", {"email": "second"})
        sender.send("DELETE", "/profiles/u2")

    with Store.open(tmp_path / "store.duckdb", base=tmp_path) as store:
        take_over(store, sender.clock.now())
        found = store._connection.execute(
            "SELECT profile_key, json_extract_string(attributes, '$.email[0]'), removed_at IS NOT NULL "
            "FROM store.pushed_profile ORDER BY ALL"
        )
        assert found.fetchall() == [("u1", "second", False), ("u2", None, True)]


def test_more_than_the_disk_can_follow_is_sent_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MOST_WAITING", -1)
    with pushing(tmp_path, config()) as sender:
        answer = sender.send("PATCH", "/profiles/u1", {})
        assert answer.status_code == UNAVAILABLE
        assert answer.json()["error"]["message"] == "too many changes wait for the disk"


def test_a_bug_of_ours_is_said_without_a_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr("audiencesync.intake.native.profile_change", broken)
    with pushing(tmp_path, config()) as sender:
        answer = sender.send("PATCH", "/profiles/u1", {})
    assert answer.status_code == 500
    assert answer.json()["error"]["message"] == "a bug of audiencesync; see the daemon's log"
    said = "".join(capfd.readouterr())
    assert "intake_failed" in said
    assert "hunter2" not in said


def test_profiles_may_be_pushed_beside_memberships_in_a_database(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "crm.sqlite") as database:
        database.execute("CREATE TABLE members (id TEXT, audience TEXT)")
        database.execute("INSERT INTO members VALUES ('u1', 'buyers')")
    database.close()
    made = config()
    made["source"]["attach"] = "crm.sqlite"
    made["source"]["memberships"] = {"from": "members", "key": "id", "audience": "audience"}
    with pushing(tmp_path, made) as sender:
        assert sender.send("PATCH", "/profiles/u1", {"email": "a"}).status_code == 200
        project = sender.loop.project
        with sender.holding.working() as store:
            source = Source(store, project.config.source, base=tmp_path, attach=project.attach_target())
            assert list(source.stage(since=None)) == list(COLUMNS)
            assert store.columns("stage_membership")
