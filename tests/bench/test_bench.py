"""The bench runs, and holds the answers of those it measures against each other."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.bench.bench import side_by_side
from scripts.bench.measure import Sample
from tests.house.pages import ROOT

SHARES = ["0.0%", "0.1%", "1.0%", "10.0%"]


@pytest.mark.slow
def test_the_bench_measures_two_thousand_profiles_and_all_find_the_same(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    wanted = ["--profiles", "2k", "--only", "plan,acknowledge", "--runs", "1", "--ours"]
    command = [
        sys.executable,
        "-m",
        "scripts.bench",
        *wanted,
        "--folder",
        str(tmp_path / "data"),
        "--json",
        str(found),
    ]
    told = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert told.returncode == 0, told.stderr

    lines = {(line["suite"], line["case"], line["contender"]): line for line in json.loads(found.read_text())}
    for who in ("audiencesync", "DuckDB EXCEPT"):
        counts = [lines["plan", case, who]["samples"][0]["answer"][0] for case in [*SHARES, "backfill"]]
        assert counts == [0, 2, 17, 206, 2000]
    assert all(("plan", case, "scan and hash") in lines for case in SHARES)
    assert lines["acknowledge", "all", "audiencesync"]["more"]["rows a second"] > 0
    assert "times ours" in told.stdout


def test_contenders_that_find_other_members_end_the_bench() -> None:
    right, wrong = Sample(1, 1, 1, (2, 77)), Sample(1, 1, 1, (2, 78))
    with pytest.raises(SystemExit, match="the answers differ"):
        list(side_by_side("plan", 2, "1 %", 1, {"one": lambda: right, "other": lambda: wrong}))
