"""The daemon as a process: it runs what is due, answers other processes, and obeys signals."""

import json
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import requests

from tests.cli.helpers import without_chance
from tests.daemon.helpers import Running, running
from tests.world import World, person

pytestmark = pytest.mark.slow


@pytest.fixture
def watching(world: World) -> World:
    world.people([person(1), person(2)])
    world.sync["watch"] = True
    world.config["daemon"] = {"port": None}
    return world


def asking(daemon: Running, *arguments: str) -> Any:
    done = daemon.command(*arguments, "--json")
    assert done.err == f"the daemon (process {daemon.process.pid}) holds the store and answers\n"
    return done.document


def test_a_change_in_a_watched_file_is_a_change_in_salesforce(watching: World) -> None:
    with running(watching) as daemon:
        daemon.wait_for("sync_ended")
        assert set(watching.leads()) == {"p1@example.com", "p2@example.com"}
        watching.people([person(1), person(2, phone="+1 555 9")])
        daemon.wait_until(lambda: watching.leads()["p2@example.com"]["Phone"] == "+1 555 9")
        assert daemon.stop() == 0
        assert daemon.events("daemon_stopped")


def test_the_other_commands_ask_the_daemon_and_answer_as_ever(watching: World) -> None:
    with running(watching) as daemon:
        daemon.wait_for("sync_ended")
        through = [
            asking(daemon, "status"),
            asking(daemon, "runs"),
            asking(daemon, "history", "p1"),
            asking(daemon, "report", "--format", "json", "-o", "one.json"),
        ]
        plan = asking(daemon, "plan")
        table = daemon.command("status").out
        daemon.stop()
    alone = [
        daemon.command(*arguments, "--json").document
        for arguments in (
            ["status"],
            ["runs"],
            ["history", "p1"],
            ["report", "--format", "json", "-o", "two.json"],
        )
    ]
    alone[3]["path"] = "one.json"
    assert through == alone
    assert (watching.folder / "one.json").read_text() == (watching.folder / "two.json").read_text()
    assert plan["syncs"][0]["unchanged"] == 2
    assert without_chance(table) == without_chance(daemon.command("status").out)


def test_a_run_and_a_retry_are_made_by_the_daemon_with_their_own_exit_codes(watching: World) -> None:
    del watching.sync["watch"]
    watching.people([person(1), person(2, email="broken")])
    with running(watching) as daemon:
        done = daemon.command("run", "--json")
        assert (done.code, done.document["status"]) == (1, "partial")
        assert done.document["syncs"][0]["accepted"] == 1
        told = daemon.command("retry")
        assert told.code == 1
        assert "INVALID_EMAIL" in told.out
        refused = daemon.command("run", "--sync", "nix", "--json")
        assert (refused.code, refused.document["error"]["kind"]) == (2, "UsageError")
        (watching.folder / "profiles.csv").unlink()
        gone = daemon.command("run", "--json")
        assert (gone.code, gone.document["error"]["kind"]) == (3, "SourceError")


def test_a_store_has_one_daemon(watching: World) -> None:
    with running(watching) as daemon:
        second = daemon.command("daemon")
        assert second.code == 4
        assert f"has a daemon already: process {daemon.process.pid}" in second.err


def test_a_bad_config_is_refused_by_a_running_daemon_and_a_good_one_taken(watching: World) -> None:
    with running(watching) as daemon:
        daemon.wait_for("sync_ended")
        path = watching.folder / "audiencesync.yaml"
        good = path.read_text()
        path.write_text(good.replace('"object": "Lead"', '"objekt": "Lead"'))
        daemon.send(signal.SIGHUP)
        (refused,) = daemon.wait_for("config_refused")
        assert "objekt: unknown key; did you mean 'object'?" in refused["message"]
        watching.people([person(1), person(2), person(3)])
        daemon.wait_until(lambda: len(watching.leads()) == 3)

        changed = json.loads(good)
        changed["syncs"][0]["extra_fields"]["Title"] = {"value": "Friend"}
        changed["syncs"][0]["guards"]["max_mapping_change_ratio"] = 1
        path.write_text(json.dumps(changed))
        daemon.send(signal.SIGHUP)
        daemon.wait_for("config_read")
        daemon.wait_until(lambda: {lead["Title"] for lead in watching.leads().values()} == {"Friend"})


def test_sigterm_lets_a_run_in_flight_end(watching: World) -> None:
    watching.org.fault("slow", seconds=2, match={"path": "composite"})
    with running(watching) as daemon:
        daemon.wait_until(lambda: len(watching.leads()) == 2)
        assert daemon.stop() == 0
        assert [one["status"] for one in daemon.events("sync_ended")] == ["succeeded"]


def test_what_was_asked_for_and_has_not_begun_by_sigterm_is_not_begun(watching: World) -> None:
    del watching.sync["watch"]
    watching.config["daemon"]["port"] = 0
    watching.org.fault("slow", seconds=5, match={"path": "composite"})
    with running(watching) as daemon, ThreadPoolExecutor() as pool, requests.Session() as http:
        http.trust_env = False
        metrics = daemon.events("daemon_started")[0]["page"] + "metrics"
        first = pool.submit(daemon.command, "run")
        daemon.wait_until(lambda: len(watching.leads()) == 2)
        others = [pool.submit(daemon.command, asked, "--json") for asked in ("run", "plan")]
        daemon.wait_until(lambda: "audiencesync_queue 2.0" in http.get(metrics, timeout=10).text)
        assert daemon.stop() == 0
        assert first.result().code == 0
        assert [other.result().code for other in others] == [143, 143]
    assert watching.sql("SELECT count(*) FROM run") == [(1,)]


@pytest.mark.parametrize("when", [{"watch": True}, {"every": "1h"}])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_parked_or_killed_is_settled_by_the_next_start(
    watching: World, number: int, when: dict[str, Any]
) -> None:
    del watching.sync["watch"]
    watching.sync.update(when)
    watching.config["daemon"]["stop_within"] = "1s"
    watching.org.fault("slow", seconds=4, match={"path": "composite"})
    with running(watching) as daemon:
        daemon.wait_until(lambda: len(watching.leads()) == 2)
        daemon.send(number)
        assert daemon.process.wait(10) == (0 if number == signal.SIGTERM else -number)
    watching.org.admin("DELETE", "faults")
    with running(watching) as daemon:
        daemon.wait_for("sync_ended")
        daemon.stop()
    assert len(watching.leads()) == 2
    ((unanswered, rejected),) = watching.sql(
        "SELECT count(*) FILTER (outcome IS NULL), count(*) FILTER (outcome = 'rejected') FROM ledger"
    )
    assert (unanswered, rejected) == (0, 0)


def test_a_plan_is_given_up_too_when_its_time_is_over(watching: World) -> None:
    del watching.sync["watch"]
    watching.config["daemon"]["stop_within"] = "1s"
    watching.org.fault("slow", seconds=15, match={"path": "describe"})
    with running(watching) as daemon, ThreadPoolExecutor() as asker:
        before = watching.org.calls()
        planning = asker.submit(daemon.command, "plan")
        daemon.wait_until(lambda: watching.org.calls() > before)
        daemon.send(signal.SIGTERM)
        assert daemon.process.wait(8) == 0
        assert planning.result().code == 143


def test_a_store_with_a_long_path_can_be_asked_too(watching: World) -> None:
    watching.config["store"] = f"{'deep/' * 25}store.duckdb"
    with running(watching) as daemon:
        daemon.wait_for("sync_ended")
        assert asking(daemon, "runs")["runs"][0]["status"] == "succeeded"
        assert daemon.stop() == 0
    assert not list(watching.folder.rglob("*.sock"))


def test_an_asker_who_never_hangs_up_does_not_keep_the_daemon_from_ending(watching: World) -> None:
    with running(watching) as daemon, socket.socket(socket.AF_UNIX) as line:
        daemon.wait_for("sync_ended")
        line.connect(str(watching.folder / "store.duckdb.sock"))
        more = {"run": "latest", "format": "json", "path": None}
        line.sendall(json.dumps({"ask": "report", "with": more}).encode() + b"\n")
        with line.makefile("r") as answers:
            answers.readline()
            assert "run_id" in json.loads(answers.readline())["answer"]
            begun = time.monotonic()
            assert daemon.stop() == 0
    assert time.monotonic() - begun < 5


def test_nobody_else_can_open_the_door(watching: World) -> None:
    with running(watching):
        assert (watching.folder / "store.duckdb.sock").stat().st_mode & 0o777 == 0o600


def test_a_question_that_makes_no_sense_does_no_harm(watching: World) -> None:
    said = [
        b"\n", b"\xff\xfe\n", b"[]\n", b"7\n", b"{}\n", b'{"ask": "nix", "with": {}}\n',
        b'{"ask": "run", "with": {}}\n', b'{"ask": "run", "with": {"options": {"syncs": 7}}}\n',
        b'{"ask": "history", "with": {"nobody": "ann@example.org"}}\n', b"x" * 2_000_000,
    ]  # fmt: skip
    with running(watching) as daemon:
        daemon.wait_for("sync_ended")
        for line in said:
            with socket.socket(socket.AF_UNIX) as asker, suppress(OSError):
                asker.settimeout(10)
                asker.connect(str(watching.folder / "store.duckdb.sock"))
                asker.sendall(line)
                asker.shutdown(socket.SHUT_WR)
                with asker.makefile("rb") as answers:
                    assert b"ann@" not in answers.read()
        assert asking(daemon, "runs")["runs"]
        talk = daemon.talk.read_text()
        assert "Traceback" not in talk
        assert "ann@" not in talk
