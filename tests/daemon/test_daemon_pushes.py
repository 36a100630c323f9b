"""From a pushed change to the record, through a daemon in a process of its own."""

import signal
import time
from typing import Any

import pytest
import requests

from tests.daemon.helpers import Running, running
from tests.world import World

TOKEN = "s3cret-of-the-intake"
COLUMNS = ["id", "name", "company", "email", "phone", "fax"]


class Pusher:
    """Somebody who pushes to a daemon."""

    def __init__(self, daemon: Running) -> None:
        (started,) = daemon.events("daemon_started")
        self.page = started["page"]
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Authorization"] = f"Bearer {TOKEN}"

    def ask(self, method: str, path: str, body: Any = None) -> None:
        answer = self.http.request(method, self.page + path, json=body, timeout=30)
        assert answer.ok, answer.text


@pytest.fixture
def pushed(world: World) -> World:
    """No source but what is pushed."""
    (world.folder / "token").write_text(TOKEN)
    world.config["source"] = {"profiles": {"columns": dict.fromkeys(COLUMNS, "VARCHAR"), "key": "id"}}
    world.config["daemon"] = {"port": 0, "intake": {"token": "${file:./token}", "max_delay": "50ms"}}
    return world


def held(world: World) -> dict[str, tuple[Any, Any]]:
    return {email: (lead["Phone"], lead["Audiences__c"]) for email, lead in world.leads().items()}


@pytest.mark.slow
def test_pushes_become_records_in_few_calls_and_an_idle_daemon_makes_none(pushed: World) -> None:
    with running(pushed) as daemon:
        sender = Pusher(daemon)
        sender.ask("PATCH", "profiles/p1", {"name": "Ann", "email": "ann@example.com", "phone": "+1"})
        sender.ask("PUT", "memberships/vip/p1")
        daemon.wait_until(lambda: held(pushed) == {"ann@example.com": ("+1", "vip")})

        before = pushed.org.calls()
        for number in range(30):
            sender.ask("PATCH", "profiles/p1", {"phone": f"+{number}"})
        daemon.wait_until(lambda: held(pushed) == {"ann@example.com": ("+29", "vip")})
        time.sleep(1)
        calls = pushed.org.calls()
        assert calls - before < 30
        time.sleep(2)
        assert pushed.org.calls() == calls

        sender.ask("DELETE", "profiles/p1")
        daemon.wait_until(lambda: held(pushed) == {"ann@example.com": ("+29", None)})
        assert daemon.stop() == 0


@pytest.mark.slow
def test_what_was_accepted_before_a_kill_is_sent_by_the_next_daemon(pushed: World) -> None:
    pushed.org.fault("status", status=503, times=10_000, match={"path": "/services/data"})
    with running(pushed) as daemon:
        sender = Pusher(daemon)
        for number in range(20):
            sender.ask("PATCH", f"profiles/p{number}", {"name": "N", "email": f"p{number}@example.com"})
            sender.ask("PUT", f"memberships/news/p{number}")
        daemon.wait_for("sync_failed")
        daemon.send(signal.SIGKILL)
        daemon.process.wait()
    pushed.org.admin("DELETE", "faults")

    with running(pushed) as daemon:
        daemon.wait_until(lambda: len(held(pushed)) == 20)
        assert daemon.stop() == 0
    assert pushed.sql("SELECT count(*) FROM acknowledged") == [(20,)]
