"""The page at `/`: word by word, in Chromium at a desk and on a phone, and with nobody on it.

`AUDIENCESYNC_PICTURES=DIR` keeps pictures, `AUDIENCESYNC_REFRESH=1` writes the golden page anew.
"""

import os
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from audiencesync.daemon.holding import Holding
from audiencesync.daemon.loop import Loop
from audiencesync.daemon.page import Page
from audiencesync.progress import Silent
from tests.cli.helpers import without_chance
from tests.daemon.helpers import Running, running
from tests.emulator.browser import CHROMIUM, DESKTOP, PHONE, Browser, chromium
from tests.world import World, person

pytestmark = pytest.mark.slow
GOLDEN = Path(__file__).with_name("page.html")


@pytest.fixture
def busy(world: World) -> World:
    """A project with a sync that is well, one that fails, and rows that are parked."""
    world.people([person(1), person(2), person(3, email="broken"), person(4, audiences=["vip"])])
    world.sync["watch"] = True
    world.sync["max_daily_api_calls"] = 40
    world.config["connection"]["max_daily_api_calls"] = 100
    world.config["syncs"].append(
        {
            **world.sync,
            "name": "contacts",
            "object": "Contact",
            "required_fields": {"LastName": "name", "Email": "email"},
            "extra_fields": {"Nope__c": {"value": "x"}},
            "watch": False,
            "every": "15m",
        }
    )
    world.config["daemon"] = {"port": 0}
    return world


class Steady:
    """A clock that a busy machine does not hurry: each look at it takes a millisecond."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def test_the_page_is_as_in_its_golden_file(busy: World) -> None:
    project = busy.project()
    clock = Steady()
    holding = Holding(project.store_path, project.base, project.store_settings)
    try:
        loop = Loop(project, holding, clock=clock, progress=Silent(), chance=random.Random(1))
        for _ in range(3):
            loop.turn()
        html = Page(loop, holding, clock, str.lower).html()
    finally:
        holding.close()
    body = html.partition("<body>")[2].partition("<script>")[0]
    body = re.sub(r"\d\d:\d\d:\d\d", "TIME", without_chance(body))
    body = re.sub(r'class="n">(\d+ min )?[\d.]+ s<', 'class="n">LENGTH<', body)
    body = re.sub(r"\d{4}-\d\d-\d\d TIME", "WHEN", body)
    body = re.sub(r"<svg.*?</svg>", "<svg/>", body, flags=re.DOTALL)  # its hours are today's
    body = re.sub(r"audiencesync \d\S+", "audiencesync VERSION", body)
    if os.environ.get("AUDIENCESYNC_REFRESH"):
        GOLDEN.write_text(body, encoding="utf-8")
    assert body == GOLDEN.read_text(encoding="utf-8")


@pytest.fixture
def daemon(busy: World) -> Iterator[Running]:
    with running(busy) as started:
        started.wait_for("sync_ended")
        started.wait_for("sync_failed")
        yield started


def address(daemon: Running) -> str:
    (started,) = daemon.events("daemon_started")
    return str(started["page"])


def test_nobody_is_on_the_page_or_in_the_metrics_and_nothing_comes_from_elsewhere(daemon: Running) -> None:
    with requests.Session() as session:
        session.trust_env = False
        answers = [session.get(address(daemon) + path, timeout=10) for path in ("", "metrics")]
    page, metrics = [answer.text for answer in answers]
    for text in (page, metrics, daemon.talk.read_text()):
        assert "example.com" not in text.replace("integration@example.com", "")
        assert "Name " not in text
        assert "+1 555" not in text
    assert not re.findall(r"(?:src|href)=[\"'](?:https?:)?//", page)
    assert "default-src 'none'" in answers[0].headers["Content-Security-Policy"]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed: apt-get install chromium")
def test_the_page_is_live_and_fits_a_desk_and_a_phone(daemon: Running, tmp_path: Path) -> None:
    world = daemon.world
    with chromium(Path(world.org.greeting["ca_bundle"]), tmp_path) as browser:
        for name, size in (("desk", DESKTOP), ("phone", PHONE)):
            browser.open(address(daemon), size)
            assert browser.overflow() <= 0
            keep(browser, f"daemon-{name}")
        browser.open(address(daemon))
        daemon.wait_until(lambda: "3 accepted" in browser.text)
        assert [row[0].split()[0] for row in browser.rows("Syncs")] == ["leads", "contacts"]
        daemon.wait_until(lambda: "failing" in browser.rows("Syncs")[1][1])  # else it is just tried again
        assert browser.rows("Parked rows by code")[0][:3] == ["INVALID_EMAIL_ADDRESS", "leads", "1"]
        world.people([person(number) for number in range(1, 9)])
        daemon.wait_until(lambda: "8" in browser.rows("Syncs")[0])
        assert browser.problems == []
        assert {url for url in browser.loaded if not url.startswith(("data:", address(daemon)))} == set()
        daemon.stop()


def keep(browser: Browser, name: str) -> None:
    if "AUDIENCESYNC_PICTURES" in os.environ:
        browser.picture(Path(os.environ["AUDIENCESYNC_PICTURES"]) / f"{name}.png")
