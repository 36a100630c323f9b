"""The page under `/` in Chromium: what a person sees, at a desk and on a phone.

`AUDIENCESYNC_PICTURES=DIR` keeps a picture of each page.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .browser import CHROMIUM, DESKTOP, PHONE, Browser, chromium
from .conftest import start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Emulator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed: apt-get install chromium"),
]
LEADS = 120
LONG = "A name that goes on and on, as names of companies do when they have been merged more than once GmbH"


@pytest.fixture(scope="module")
def org() -> Iterator[Emulator]:
    """An org in which something has happened."""
    emulator = start()
    client = emulator.client()
    client.create("Account", Name=LONG, Website="https://example.com/a/very/long/path/that/never/ends")
    client.create("Lead", LastName="<b>Ängström</b> 王", Company="C", Email="first@example.com")
    rows = "".join(f"L{at},{'' if at == 7 else 'C'},l{at}@example.com\n" for at in range(LEADS))
    client.bulk("Lead", "insert", f"LastName,Company,Email\n{rows}")
    client.bulk("Lead", "insert", "LastName,Nope__c\nA,B\n")
    client("GET", "/sobjects/Nope/describe")
    emulator.admin("POST", "limits", used=13_000)
    emulator.fault("status", status=503, match={"path": "/never"})
    yield emulator
    emulator.stop()


@pytest.fixture(scope="module")
def browser(org: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(Path(org.greeting["ca_bundle"]), tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


def keep(browser: Browser, name: str) -> None:
    if "AUDIENCESYNC_PICTURES" in os.environ:
        browser.picture(Path(os.environ["AUDIENCESYNC_PICTURES"]) / f"{name}.png")


def test_objects_jobs_requests_faults_and_the_meter_are_seen(browser: Browser, org: Emulator) -> None:
    browser.open(org.url)
    keep(browser, "home")

    used, limit = (org.admin("GET", "counters")[name] for name in ("api_calls_24h", "daily_limit"))
    assert f"{used:,} of {limit:,}" in browser.text
    assert browser.run("(m => [m.value, m.max])(document.querySelector('meter'))") == [used, limit]
    objects = {row[1]: row for row in browser.rows("Objects")}
    assert objects["Lead"] == ["Leads", "Lead", "00Q", objects["Lead"][3], str(LEADS)]
    assert objects["Account"][4] == "1"
    failed, complete = browser.rows("Bulk jobs")
    assert failed[1:6] == ["Lead", "insert", "Failed", "0", "0"]
    assert complete[1:6] == ["Lead", "insert", "JobComplete", str(LEADS), "1"]
    assert "status on any /never, 1 to come" in browser.text
    assert ["GET /services/data/v66.0/sobjects/Nope/describe", "404"] in [
        row[1:3] for row in browser.rows("Latest requests")
    ]


def test_a_person_goes_from_an_object_to_its_records_and_to_one_of_them(
    browser: Browser, org: Emulator
) -> None:
    browser.open(org.url)
    browser.click("Leads")
    keep(browser, "object")
    first = browser.rows("Leads")[0]
    assert {"<b>Ängström</b> 王", "first@example.com"} <= set(first)
    assert "Page 1 of 3" in browser.text

    browser.click(first[0])
    keep(browser, "record")
    assert ["Email", "Email", "email", "first@example.com"] in browser.rows("<b>Ängström</b> 王")
    browser.click("Leads")
    browser.click("Later")
    assert "Page 2 of 3" in browser.text


def test_a_person_reads_why_a_job_failed(browser: Browser, org: Emulator) -> None:
    browser.open(org.url)
    failed = browser.rows("Bulk jobs")[0]
    browser.click(failed[0])
    keep(browser, "job")

    assert "Failed · 0 processed, 0 failed" in browser.text
    assert ["state", "Failed"] in browser.rows("insert Lead")
    assert "Nope__c" in browser.text


def test_an_edit_is_seen_at_once(browser: Browser, org: Emulator) -> None:
    made = org.admin("POST", "records/Campaign", Name="Spring")["id"]
    browser.open(f"{org.url}/object/Campaign/{made}")
    assert "Spring" in browser.text

    org.admin("PATCH", f"records/Campaign/{made}", Name="Autumn")
    browser.open(f"{org.url}/object/Campaign/{made}")

    assert "Autumn" in browser.text
    assert "Spring" not in browser.text


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(
    "path", ["/", "/object/Lead", "/object/Account", "/object/User/{user}", "/job/{job}"]
)
def test_no_page_is_wider_than_the_window(
    browser: Browser, org: Emulator, path: str, size: tuple[int, int]
) -> None:
    user = org.admin("GET", "records/User")["records"][0]["Id"]
    browser.open(org.url)
    job = browser.rows("Bulk jobs")[0][0]
    browser.open(org.url + path.format(user=user, job=job), size)
    window = "phone" if size == PHONE else "desktop"
    keep(browser, window + path.replace("/", "-"))

    assert browser.overflow() <= 0
    assert browser.run("parseFloat(getComputedStyle(document.body).fontSize)") >= 14


def test_a_phone_shows_what_matters_without_scrolling_sideways(browser: Browser, org: Emulator) -> None:
    browser.open(org.url, PHONE)

    hidden = "[...document.querySelectorAll('.scroll')].map(box => box.scrollWidth - box.clientWidth)"
    assert set(browser.run(hidden)) == {0}
    assert ["Leads", str(LEADS)] == [cell for cell in browser.rows("Objects")[0] if cell]
    assert browser.rows("Bulk jobs")[1][3] == "JobComplete"
    assert browser.rows("Latest requests")[0][1:3] == [
        "GET /services/data/v66.0/sobjects/Nope/describe",
        "404",
    ]


def test_nothing_comes_from_elsewhere_and_nothing_goes_wrong(browser: Browser, org: Emulator) -> None:
    browser.open(org.url)
    elsewhere = [url for url in browser.loaded if not url.startswith((org.url, "data:", "about:"))]
    assert elsewhere == []
    assert browser.problems == []
