"""Alerts: one when a sync begins to fail, one when it is well again, and no secret in the log."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from audiencesync.config.load import load
from audiencesync.daemon.alerts import Alerts
from audiencesync.daemon.log import Log
from audiencesync.errors import ConfigError
from tests.daemon.helpers import running
from tests.world import World, person

pytestmark = pytest.mark.slow
TOKEN = "s3cr3t-token"


class Webhook(ThreadingHTTPServer):
    """Somebody who is told."""

    told: list[dict[str, Any]]


class Answering(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append(json.loads(body))
        self.send_response(204 if self.path.startswith("/well") else 500)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook(("127.0.0.1", 0), Answering) as server:
        server.told = []
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def address(webhook: Webhook, path: str) -> str:
    return f"json://127.0.0.1:{webhook.server_port}/{path}/{TOKEN}"


def test_a_sync_that_fails_again_and_again_is_told_once_and_its_recovery_once(
    world: World, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_URL", address(webhook, "well"))
    (world.folder / "alert").write_text(address(webhook, "broken"))
    world.people([person(1)])
    world.sync["watch"] = True
    alerts = [{"url": "${env:ALERT_URL}"}, {"url": "${file:./alert}"}]
    world.config["daemon"] = {"port": None, "alerts": alerts}
    profiles = world.folder / "profiles.csv"
    away = profiles.rename(world.folder / "away.csv")
    with running(world) as daemon:
        daemon.wait_for("sync_failed", times=2)
        away.rename(profiles)
        daemon.wait_for("sync_recovered")
        assert daemon.stop() == 0
        assert {one["alert"] for one in daemon.events("alert_failed")} == {1}
        assert TOKEN not in daemon.talk.read_text()
    titles = [one["title"] for one in webhook.told]
    assert (
        titles[::2]
        == titles[1::2]
        == ["audiencesync.yaml: leads is failing", "audiencesync.yaml: leads is well again"]
    )
    assert webhook.told[0]["message"].startswith("SourceError: ")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("json://localhost/x", "a secret must not stand in the file; write url: "),
        ("${env:NOT_THERE}", "the environment variable NOT_THERE is not set"),
        ("${env:NO_ADDRESS}", "daemon.alerts.0.url: what it stands for is no address of apprise"),
    ],
)
def test_an_address_that_cannot_be_is_refused_without_being_shown(
    world: World, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.setenv("NO_ADDRESS", TOKEN)
    world.config["daemon"] = {"alerts": [{"url": url}]}
    path = world.folder / "audiencesync.yaml"
    path.write_text(json.dumps(world.config))
    with pytest.raises(ConfigError) as refused:
        Alerts(load(path), Log())
    assert said in str(refused.value)
    assert TOKEN not in str(refused.value)
