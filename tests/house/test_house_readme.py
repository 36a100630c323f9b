"""The README runs: its session is typed into a shell beside a local Salesforce, and says what it shows.

What the commands print is written anew, when that is wanted, by

    AUDIENCESYNC_REFRESH=1 pytest tests/house/test_house_readme.py
"""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from audiencesync.config.load import load
from tests.house.pages import ROOT, fenced, page, section

README = page("README.md")
_PROMPT = "$ "
_PASSING = (
    (re.compile(r"\d{8}T\d{9}-[0-9a-f]{4}"), "RUN"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"), "TIME"),
    (re.compile(r"seconds +\d+\.\d+"), "seconds S"),
)


def commands(block: str) -> list[tuple[str, str]]:
    """(command, what it prints); a command goes on after a backslash and up to the end of a here-document."""
    found: list[tuple[str, str]] = []
    lines = iter(block.splitlines(keepends=True))
    for line in lines:
        if not line.startswith(_PROMPT):
            command, printed = found[-1]
            found[-1] = (command, printed + line)
            continue
        command = line.removeprefix(_PROMPT)
        here = re.search(r"<<'(\w+)'", command)
        while command.endswith("\\\n") or (here and not command.endswith(f"\n{here[1]}\n")):
            command += next(lines)
        found.append((command, ""))
    return found


def without_chance(text: str) -> str:
    for pattern, name in _PASSING:
        text = pattern.sub(name, text)
    return text


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """The first block: a folder, and what the local Salesforce in it says of itself."""
    ((starting, _),) = commands(fenced(README, "console")[0])
    folder = tmp_path_factory.mktemp("readme")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = starting.replace("8443", port).split()
    words[0] = str(Path(sys.executable).with_name(words[0]))
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield folder, json.loads(process.stdout.readline())
        finally:
            process.terminate()


def typed(command: str, folder: Path, greeting: dict[str, str]) -> str:
    """What a command answers on standard output, as the README would show it."""
    port = greeting["login_url"].rsplit(":", 1)[1]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
        "SF_CONSUMER_KEY": greeting["consumer_key"],
    }
    done = subprocess.run(
        ["bash", "-c", command.replace("8443", port)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,  # what goes to standard error is talk, and bars when it takes long
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return re.sub(r" +$", "", done.stdout, flags=re.MULTILINE).rstrip("\n") + "\n" * bool(done.stdout)


@pytest.mark.slow
def test_the_session_prints_what_it_shows(org: tuple[Path, dict[str, str]]) -> None:
    folder, greeting = org
    assert greeting["username"] in fenced(README, "console")[0]
    written = README
    shown, printed = [], []
    for block in fenced(README, "console")[1:]:
        again = ""
        for command, output in commands(block):
            said = typed(command, folder, greeting)
            again += f"{_PROMPT}{command}{said}"
            shown.append((command, without_chance(output)))
            printed.append((command, without_chance(said)))
        written = written.replace(block, again)

    if os.environ.get("AUDIENCESYNC_REFRESH"):
        (ROOT / "README.md").write_text(written, encoding="utf-8")
    else:
        assert printed == shown


def test_the_first_two_commands_are_the_demo_and_the_tests() -> None:
    lines = fenced(README, "sh")[0].splitlines()
    assert [line.split("#")[0].strip() for line in lines] == ["make demo", "make test"]


def test_the_config_that_is_shown_can_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_CONSUMER_KEY", "key")
    path = tmp_path / "audiencesync.yaml"
    (text,) = fenced(section(README, "A config"), "yaml")
    path.write_text(text, encoding="utf-8")
    assert [sync.name for sync in load(path).config.syncs] == ["leads"]
