"""The requests that docs/intake.md shows are answered as it says."""

import os
import subprocess
from pathlib import Path
from typing import Any

from audiencesync.config.tree import parse
from audiencesync.intake.segment import TYPES
from tests.house.pages import fenced, page, quoted, section, table
from tests.intake.helpers import TOKEN, config, pushing

PAGE = page("docs/intake.md")


def documented() -> dict[str, Any]:
    shown: Any = parse(fenced(PAGE, "yaml")[0]).data
    made = config(**{**shown["daemon"]["intake"], "token": "${file:./token}"})
    made["source"] = shown["source"]
    made["syncs"][0]["audiences"].append("newsletter")
    return made


def test_the_requests_of_the_page_are_taken(tmp_path: Path) -> None:
    script = fenced(section(PAGE, "Requests"), "sh")[0].replace(
        "curl ", "curl --silent --show-error --noproxy '*' "
    )
    with pushing(tmp_path, documented()) as sender:
        environ = {**os.environ, "URL": sender.url, "INTAKE_TOKEN": TOKEN}
        done = subprocess.run(
            ["bash", "-e", "-c", script], env=environ, capture_output=True, text=True, timeout=30, check=True
        )
        assert (done.stdout, done.stderr) == ('{"accepted":1}{"accepted":1}{"accepted":3}', "")
        assert [row["profile_key"] for row in sender.inbox()] == ["u1", "u1", "u2", "u3", "u2"]


def test_the_page_names_every_call_and_status() -> None:
    calls = {name for row in table(section(PAGE, "Segment")) for name in quoted(row[0])}
    assert calls == TYPES
    statuses = {status for row in table(section(PAGE, "Errors")) for status in row[0].split(", ")}
    assert statuses == {"400", "401", "404", "405", "413", "415", "422", "503"}
