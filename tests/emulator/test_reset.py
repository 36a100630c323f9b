"""`POST /__admin__/reset`: an org as new, at the same address and for the same clients."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Emulator


def disturb(emulator: Emulator) -> str:
    """Leave a trace of every kind; the token that was used."""
    client = emulator.client()
    client.create("Lead", LastName="Gone", Company="C")
    metadata = {"label": "Made", "type": "Text", "length": 10}
    client("POST", "/tooling/sobjects/CustomField", json={"FullName": "Lead.Made__c", "Metadata": metadata})
    client.bulk("Lead", "insert", "LastName,Company\nA,B\n")
    emulator.admin("POST", "clock", advance_s=86_400)
    emulator.admin("POST", "limits", used=200)
    emulator.admin("POST", "settings", session_s=5)
    emulator.admin("POST", "app", approved=False)
    emulator.fault("status", status=503)
    return client.token


def test_nothing_is_left_but_the_address_and_the_credentials(launch: Callable[..., Emulator]) -> None:
    emulator = launch()
    before = emulator.admin("GET", "counters")
    token = disturb(emulator)
    moved = emulator.admin("GET", "counters")["now"]

    emulator.admin("POST", "reset")

    after = emulator.admin("GET", "counters")
    passing = {"now": "", "requests": 0}
    assert after | passing == before | passing
    assert before["now"] <= after["now"] < moved
    assert emulator.admin("GET", "settings")["session_s"] == 7200
    assert emulator.admin("GET", "faults")["faults"] == []
    client = emulator.client()
    assert client("GET", "/query?q=SELECT+COUNT()+FROM+Lead").json()["totalSize"] == 0
    assert client("GET", "/query?q=SELECT+Made__c+FROM+Lead").status_code == 400
    assert dataclasses.replace(client, token=token)("GET", "/limits").status_code == 401


def test_an_org_file_is_carried_out_anew_and_a_state_folder_forgets(
    launch: Callable[..., Emulator], tmp_path: Path
) -> None:
    org = tmp_path / "org.yaml"
    org.write_text("records: {Lead: [{LastName: First, Company: C}]}")
    arguments = ("--org", str(org), "--state", str(tmp_path / "state"))
    emulator = launch(*arguments)
    disturb(emulator)
    emulator.admin("POST", "reset")
    kept = emulator.client().create("Lead", LastName="Later", Company="C")
    emulator.kill()

    again = launch(*arguments)

    leads = again.admin("GET", "records/Lead")["records"]
    assert [lead["LastName"] for lead in leads] == ["First", "Later"]
    assert again.client().read("Lead", kept)["LastName"] == "Later"


def test_a_job_at_work_does_not_reach_the_new_org(launch: Callable[..., Emulator]) -> None:
    emulator = launch()
    rows = "LastName,Company\n" + "".join(f"L{at},C\n" for at in range(30_000))
    emulator.client().start_job("Lead", "insert", rows)

    emulator.admin("POST", "reset")

    client = emulator.client()
    info = client.bulk("Lead", "insert", "LastName,Company\nNew,C\n")
    assert info["numberRecordsProcessed"] == 1
    assert [lead["LastName"] for lead in emulator.admin("GET", "records/Lead")["records"]] == ["New"]
