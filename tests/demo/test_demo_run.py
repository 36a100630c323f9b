"""The demo from start to end, as a newcomer runs it, and that it leaves nothing running."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audiencesync.demo import salesforce
from audiencesync.demo.project import Folder
from audiencesync.errors import SalesforceUnavailable, UsageError

PROGRAM = str(Path(sys.executable).with_name("audiencesync"))


def execute(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a demo with 600 customers, and what it printed."""
    folder = tmp_path_factory.mktemp("newcomer")
    done = execute("demo", "--output", "it works", "--customers", "600", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.mark.slow
def test_the_demo_shows_both_runs_and_says_what_was_planted(shown: tuple[Path, str]) -> None:
    _, out = shown
    first, second = out.partition("Day 2")[::2]
    assert "leads: backfill, partial" in first
    assert "leads: incremental, succeeded" in second
    for part in (first, second):
        assert re.search(r"API calls +\d+", part)
        assert re.search(r"\d+ parked until they change", part)
    for code in ("INVALID_EMAIL_ADDRESS", "DUPLICATE_MATCH_VALUE"):
        assert (code in first, code in second) == (True, False)
    assert "3 customers have a broken e-mail address: Salesforce rejects them" in out
    assert "parked until it changes; on day 2, 1 of them was put right and accepted" in out
    assert "\x1b" not in out


@pytest.mark.slow
def test_what_the_demo_tells_to_try_next_works_without_an_org(shown: tuple[Path, str]) -> None:
    folder, out = shown
    looks = [
        line.split() for line in out.splitlines() if re.match(r"  \S*audiencesync (history|runs|plan) ", line)
    ]
    assert [words[1] for words in looks] == ["history", "history", "runs", "plan"]
    for line in out.splitlines():
        if re.match(r"  \S*audiencesync (history|runs|plan) ", line):
            done = execute(*shlex.split(line)[1:], cwd=folder)
            assert done.returncode in {0, 1}, done.stderr
            assert done.stdout


@pytest.mark.slow
def test_the_emulator_can_be_started_again_to_send_a_change(shown: tuple[Path, str]) -> None:
    folder, out = shown
    (line,) = [line for line in out.splitlines() if " emulator --port " in line]
    customers = folder / "it works" / "data" / "customers.csv"
    rows = customers.read_text(encoding="utf-8").splitlines(keepends=True)
    key = re.search(r"history (\w+) ", out)
    assert key
    changed = [row.replace(f"{key[1]},", f"{key[1]},Zoé-", 1) for row in rows]
    customers.write_text("".join(changed), encoding="utf-8")
    with subprocess.Popen(
        [PROGRAM, *shlex.split(line.partition("#")[0])[1:]], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as emulator:
        assert emulator.stdout is not None
        assert json.loads(emulator.stdout.readline())
        done = execute("run", "--json", "-c", "it works/audiencesync.yaml", cwd=folder)
        emulator.terminate()
    (sync,) = json.loads(done.stdout)["syncs"]
    assert (sync["changed"], sync["accepted"], sync["updated"]) == (1, 1, 1)


@pytest.mark.slow
def test_the_demo_leaves_config_data_store_and_reports(shown: tuple[Path, str]) -> None:
    folder = shown[0] / "it works"
    names = {path.name for path in folder.iterdir()}
    assert names >= {"audiencesync.yaml", "audiences.duckdb", "data", "salesforce", "consumer_key.txt"}
    pages = list(folder.glob("audit-*.html"))
    assert len(pages) == 2
    for page in pages:
        assert str(page.relative_to(shown[0])) in shown[1]
        assert page.read_text(encoding="utf-8").startswith("<!")
    config = (folder / "audiencesync.yaml").read_text()
    assert (folder / "consumer_key.txt").read_text().strip() not in config
    assert (folder / "consumer_key.txt").stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_the_numbers_of_both_runs_are_what_was_planted(tmp_path: Path) -> None:
    done = execute("demo", "-o", "out", "--customers", "300", "--seed", "11", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    (first,), (second,) = (run["syncs"] for run in document["runs"])
    assert first["mode"] == "backfill"
    assert (first["rejected"], first["invalid"]) == (3, 3)
    assert first["created"] == first["accepted"] == first["members"] - 6
    assert second["mode"] == "incremental"
    assert (second["rejected"], second["invalid"], second["parked"]) == (0, 0, 2 + 3)
    assert second["created"] == 4 + 1  # new customers, and one whose address was mended
    assert second["changed"] == 6 + 3  # a trigger field, or one audience more; no title
    assert second["planned"] < first["planned"] / 5
    # again in the same folder: what an earlier demo left makes place
    again = execute("demo", "-o", "out", "--customers", "300", "--seed", "11", "--json", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert len(list((tmp_path / "out").glob("audit-*.html"))) == 2


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_demo_stops_its_salesforce(tmp_path: Path, number: int, code: int) -> None:
    with subprocess.Popen(
        [PROGRAM, "demo", "-v"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while "reading the source" not in process.stderr.readline():
            pass
        (emulator,) = children(process.pid)
        os.kill(process.pid, number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "interrupted; state is kept" in err
    for _ in range(100):
        if not Path(f"/proc/{emulator}").exists():
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{emulator}").exists()


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="is not empty, and no demo made it"):
        Folder(tmp_path).clear()
    assert (tmp_path / "thesis.txt").exists()


def test_a_project_of_ones_own_is_no_demo(tmp_path: Path) -> None:
    (tmp_path / "audiencesync.yaml").write_text("version: 1\n")
    with pytest.raises(UsageError):
        Folder(tmp_path).clear()


def test_a_demo_that_could_not_start_makes_place_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path / "out")
    folder.clear()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(SalesforceUnavailable), salesforce.local_salesforce(folder.salesforce):
            pass

    Folder(tmp_path / "out").clear()

    assert not folder.salesforce.exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is not a folder"):
        Folder(tmp_path / "file").clear()


def test_a_salesforce_that_does_not_start_says_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with (
        pytest.raises(SalesforceUnavailable, match="did not start") as refused,
        salesforce.local_salesforce(tmp_path),
    ):
        pass
    assert "emulator.log" in refused.value.hint
