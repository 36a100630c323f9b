"""The bench runs, and holds the answers of those it measures against each other."""

import json
import signal
import sys
from pathlib import Path

import pytest

from scripts.bench import bench
from scripts.bench.__main__ import main
from scripts.bench.bench import side_by_side
from scripts.bench.measure import Sample


@pytest.mark.slow
def test_the_bench_measures_two_thousand_profiles_and_all_find_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = tmp_path / "found.json"
    wanted = ["--profiles", "2k", "--only", "plan,acknowledge", "--runs", "1", "--ours"]
    files = ["--folder", str(tmp_path / "data"), "--json", str(found)]
    monkeypatch.setattr(sys, "argv", ["bench", *wanted, *files])
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # that of the tests stays
    monkeypatch.setattr(bench, "SHARES", (0.0, 0.1))  # each takes three processes

    assert main() == 0

    lines = {(line["suite"], line["case"], line["contender"]): line for line in json.loads(found.read_text())}
    cases = ["0.0%", "10.0%", "backfill"]
    for who in ("audiencesync", "DuckDB EXCEPT"):
        assert [lines["plan", case, who]["samples"][0]["answer"][0] for case in cases] == [0, 206, 2000]
    assert {("plan", case, "scan and hash") for case in cases} <= lines.keys()
    assert lines["acknowledge", "all", "audiencesync"]["more"]["rows a second"] > 0
    assert "times ours" in capsys.readouterr().out


def test_contenders_that_find_other_members_end_the_bench() -> None:
    right, wrong = Sample(1, 1, 1, (2, 77)), Sample(1, 1, 1, (2, 78))
    with pytest.raises(SystemExit, match="the answers differ"):
        list(side_by_side("plan", 2, "1 %", 1, {"one": lambda: right, "other": lambda: wrong}))
