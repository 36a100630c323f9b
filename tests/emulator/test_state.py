"""`--state`: what outlives the process, SIGKILL included; and clear words when it cannot start."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Emulator


def fails(*arguments: str) -> str:
    command = [sys.executable, "-m", "audiencesync.emulator", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2, ended
    assert ended.stdout == ""
    return ended.stderr


def test_records_tokens_keys_and_the_meter_survive_a_kill(
    launch: Callable[..., Emulator], tmp_path: Path
) -> None:
    state = str(tmp_path / "state")
    first = launch("--state", state)
    client = first.client()
    kept = client.create("Lead", LastName="Kept", Company="C", External_Id__c="k1")
    gone = client.create("Lead", LastName="Gone", Company="C")
    client("DELETE", f"/sobjects/Lead/{gone}")
    metadata = {"label": "Tier", "type": "Text", "length": 10}
    client("POST", "/tooling/sobjects/CustomField", json={"FullName": "Lead.Tier__c", "Metadata": metadata})
    used = first.admin("GET", "counters")["api_calls_total"]
    first.kill()

    second = launch("--state", state)
    client.emulator = second
    assert second.greeting["consumer_key"] == first.greeting["consumer_key"]
    assert second.greeting["ca_bundle"] == first.greeting["ca_bundle"]
    assert second.admin("GET", "counters")["api_calls_total"] == used
    assert client.read("Lead", kept)["LastName"] == "Kept"
    assert client("GET", f"/sobjects/Lead/{gone}").json()[0]["errorCode"] == "ENTITY_IS_DELETED"
    again = client.collection(
        "PATCH", "Lead", [{"External_Id__c": "K1", "LastName": "Again"}], "External_Id__c"
    ).json()
    assert again[0] == {"id": kept, "success": True, "errors": [], "created": False}
    fresh = client.create("Lead", LastName="New", Company="C")
    assert fresh not in {kept, gone}


@pytest.mark.slow
def test_a_bulk_job_goes_on_after_a_kill_and_no_row_is_lost_or_doubled(
    launch: Callable[..., Emulator], tmp_path: Path
) -> None:
    state = str(tmp_path / "state")
    first = launch("--state", state)
    client = first.client()
    rows = 60_000
    job = client.start_job(
        "Lead", "insert", "LastName,Company\n" + "".join(f"N{at},C\n" for at in range(rows))
    )
    while client("GET", f"/jobs/ingest/{job}").json()["numberRecordsProcessed"] < 15_000:
        time.sleep(0.02)
    first.kill()

    second = launch("--state", state)
    client.emulator = second
    info = client.wait(job)
    assert (info["state"], info["numberRecordsProcessed"]) == ("JobComplete", rows)
    lines = client.results(job, "successfulResults").splitlines()[1:]
    assert len({line.split(",")[2] for line in lines}) == len(lines) == rows
    assert second.admin("GET", "counters")["records"]["Lead"] == rows


def test_it_ends_with_0_and_leaves_nothing_behind(launch: Callable[..., Emulator]) -> None:
    emulator = launch()
    folder = Path(emulator.greeting["ca_bundle"]).parent
    key = Path(emulator.greeting["private_key_file"])

    assert key.stat().st_mode & 0o777 == 0o600
    assert emulator.stop() == 0
    assert not folder.exists()


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} on 127.0.0.1 cannot be used" in fails("--port", str(port))


def test_a_state_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    assert f"state folder {file} cannot be written" in fails("--state", str(file))


def test_a_state_folder_in_use_is_named(launch: Callable[..., Emulator], tmp_path: Path) -> None:
    launch("--state", str(tmp_path))

    assert "is in use by another emulator" in fails("--state", str(tmp_path))
