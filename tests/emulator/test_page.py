"""The page under `/`: what a person sees, and that it needs nothing from elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .conftest import Client, Emulator


def page(emulator: Emulator, path: str = "/") -> str:
    answer = emulator.http.get(emulator.url + path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    return answer.text


def test_objects_records_jobs_and_the_meter_are_shown(client: Client, emulator: Emulator) -> None:
    lead = client.create("Lead", LastName="<b>Page</b>", Company="C", Email="page@example.com")
    job = client.bulk("Lead", "insert", "LastName,Company\nA,B\n")["id"]
    home, listed = page(emulator), page(emulator, "/object/Lead?page=1")
    one, job_page = page(emulator, f"/object/Lead/{lead}"), page(emulator, f"/job/{job}")

    assert "API calls, 24 hours" in home
    assert job in home
    assert "<h1>Leads</h1>" in listed
    assert "&lt;b&gt;Page&lt;/b&gt;" in one
    assert "page@example.com" in one
    assert "JobComplete" in job_page


def test_it_loads_nothing_from_another_host(emulator: Emulator) -> None:
    assert not re.findall(r"(?:src|href)=[\"'](?:https?:)?//", page(emulator))


def test_what_is_not_there_is_404(emulator: Emulator) -> None:
    for path in ("/object/Nope", "/object/Lead/00QEm000000zzzzAAA", "/job/x"):
        assert emulator.http.get(emulator.url + path).status_code == 404
