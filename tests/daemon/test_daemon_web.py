"""Health checks and metrics over HTTP."""

import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.cli.helpers import execute
from tests.daemon.helpers import Running, running
from tests.house.pages import page, quoted, section, table
from tests.world import World, person

pytestmark = pytest.mark.slow


@pytest.fixture
def daemon(world: World) -> Iterator[Running]:
    world.people([person(1), person(2), person(3, email="broken")])
    world.sync["watch"] = True
    world.config["connection"]["max_daily_api_calls"] = 100
    world.config["daemon"] = {"port": 0}
    with running(world) as started:
        started.wait_for("sync_ended")
        yield started


def get(daemon: Running, path: str) -> requests.Response:
    (started,) = daemon.events("daemon_started")
    with requests.Session() as session:
        session.trust_env = False
        return session.get(started["page"].rstrip("/") + path, timeout=10)


def numbers(daemon: Running) -> dict[str, float]:
    lines = get(daemon, "/metrics").text.splitlines()
    return {name: float(value) for line in lines if line[0] != "#" for name, value in [line.rsplit(" ", 1)]}


def test_health_and_metrics_say_how_it_stands(daemon: Running) -> None:
    assert get(daemon, "/healthz").json() == get(daemon, "/readyz").json() == {"status": "ok"}
    found = numbers(daemon)
    expected: dict[str, Any] = {
        'audiencesync_runs_total{status="partial",sync="leads"}': 1,
        'audiencesync_rows_total{outcome="created",sync="leads"}': 2,
        'audiencesync_rows_total{outcome="invalid",sync="leads"}': 1,
        'audiencesync_sync_healthy{sync="leads"}': 1,
        'audiencesync_members{sync="leads"}': 2,
        'audiencesync_parked_rows{code="INVALID_EMAIL_ADDRESS",sync="leads"}': 1,
        'audiencesync_api_calls_left{sync=""}': 98,
        "audiencesync_queue": 0,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert 0 < found['audiencesync_sync_lag_seconds{sync="leads"}'] < 60


def test_a_sync_that_fails_is_unhealthy_until_it_recovers(daemon: Running) -> None:
    source = daemon.world.folder / "profiles.csv"
    rows = source.read_text()
    source.unlink()
    daemon.wait_for("sync_failed")
    assert numbers(daemon)['audiencesync_sync_healthy{sync="leads"}'] == 0
    source.write_text(rows)
    daemon.wait_for("sync_recovered")
    assert numbers(daemon)['audiencesync_sync_healthy{sync="leads"}'] == 1


def test_every_metric_is_on_the_page_that_lists_them(daemon: Running) -> None:
    said = set(re.findall(r"^# TYPE (audiencesync_\w+) \w+$", get(daemon, "/metrics").text, re.MULTILINE))
    said = {name for name in said if not name.endswith("_created")}
    rows = table(section(page("docs/daemon.md"), "Metrics"))
    assert {quoted(row[0])[0] for row in rows} == said


def test_an_idle_daemon_makes_no_api_call(daemon: Running) -> None:
    before = daemon.world.org.calls()
    profiles = daemon.world.folder / "profiles.csv"
    profiles.write_text(profiles.read_text())  # looks changed, and is not
    daemon.wait_for("sync_ended", times=2)
    assert daemon.world.org.calls() == before


def test_a_port_that_is_taken_ends_the_start_with_a_word(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        world.config["daemon"] = {"port": port}
        world.project()
        done = execute("daemon", cwd=world.folder)
    assert done.code == 2
    assert f"daemon.port: 127.0.0.1:{port} cannot be had" in done.err
    assert not (world.folder / "store.duckdb.sock").exists()
