"""Answers: plain and aligned in a pipe, coloured on a terminal, and never steering it."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from audiencesync.cli import output
from audiencesync.cli.output import Column, value_text, write_table
from audiencesync.cli.text import shown, width

from .conftest import Cli
from .helpers import ESCAPE, PROGRAM


def on_a_terminal(*arguments: str, cwd: Path, **env: str) -> str:
    """What a command shows on a terminal of its own."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, *arguments],
        cwd=cwd,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
    ) as process:
        os.close(slave)
        seen = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # Linux says so when the other side has gone
                break
            if not part:
                break
            seen += part
        process.wait(60)
    os.close(master)
    return seen.decode()


@pytest.fixture
def ran(cli: Cli, project: Path) -> Path:
    """A project with a run in its store, which failed."""
    cli("run")
    return project


@pytest.mark.parametrize("command", [["run"], ["plan"], ["runs"], ["status"], ["--help"]])
def test_nothing_in_a_pipe_steers_a_terminal(cli: Cli, ran: Path, command: list[str]) -> None:
    done = cli(*command)
    assert ESCAPE not in done.out + done.err
    assert (ran / "audiences.duckdb").exists()


@pytest.mark.slow
def test_a_terminal_sees_colour_unless_it_says_no(ran: Path) -> None:
    assert f"{ESCAPE}[1m" in on_a_terminal("runs", cwd=ran)
    red = f"{ESCAPE}[31m"
    assert red in on_a_terminal("runs", "--sync", "nix", cwd=ran)
    assert red not in on_a_terminal("runs", "--sync", "nix", cwd=ran, NO_COLOR="1")
    assert red not in on_a_terminal("runs", "--sync", "nix", cwd=ran, TERM="dumb")


@pytest.mark.slow
def test_no_colour_means_none_at_all(ran: Path) -> None:
    assert f"{ESCAPE}[3" not in on_a_terminal("run", cwd=ran, NO_COLOR="1")


@pytest.mark.slow
def test_json_on_a_terminal_is_json(ran: Path) -> None:
    seen = on_a_terminal("runs", "--json", cwd=ran)
    assert ESCAPE not in seen
    assert seen.startswith("{\r\n")


def test_columns_line_up_whatever_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(
        [Column("name"), Column("n", right=True), Column("x")],
        [["渡邊", "1", "a"], ["Žluťoučký", "1,000", "b"], ["ไทย", "22", "c"], ["नमस्ते", "3", "d"]],
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "name           n  x"
    assert {width(line) for line in lines} == {width(lines[0])}


def test_a_long_value_in_a_pipe_is_neither_cut_nor_split(capsys: pytest.CaptureFixture[str]) -> None:
    write_table([Column("name", folds=True)], [["x" * 500]])
    assert capsys.readouterr().out.splitlines()[1] == "x" * 500


def test_a_value_cannot_steer_the_terminal() -> None:
    assert shown("a\x1b[31mb\nc\u202ed\x9b") == "a\\u001b[31mb\\nc\\u202ed\\u009b"
    assert shown("Žluťoučký 渡邊 नमस्ते \u200d") == "Žluťoučký 渡邊 नमस्ते \u200d"


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("渡邊", 4), ("e\u0301", 1), ("ไทย", 3), ("\u200d", 0)]
)
def test_width_is_what_a_terminal_takes(text: str, columns: int) -> None:
    assert width(text) == columns


def test_an_empty_value_looks_like_nothing_else() -> None:
    assert [value_text(value) for value in (None, "", "x")] == ["(empty)", "", "x"]


def test_a_moment_is_shown_to_the_second() -> None:
    assert output.moment("2026-01-31T23:59:59.123456Z") == "2026-01-31 23:59:59Z"
    assert output.moment(None) == "-"
