"""What `--help` says, word by word, and that it says it at once."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from audiencesync import __version__
from audiencesync.cli.main import cli as group

from .conftest import Cli
from .helpers import PROGRAM, check_golden

COMMANDS = (*group.commands, "store info", "store compact")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_is_as_in_its_golden_file(cli: Cli, command: str) -> None:
    done = cli(*command.split(), "--help")
    assert (done.code, done.err) == (0, "")
    check_golden(f"help-{command.replace(' ', '-')}.txt", done.out)


def test_the_help_of_the_program_lists_every_command_and_exit_code(cli: Cli) -> None:
    done = cli("--help")
    assert (done.code, done.err) == (0, "")
    check_golden("help.txt", done.out)


def test_the_commands_alone_are_enough_to_see_the_help(cli: Cli) -> None:
    assert cli() == cli("-h") == cli("--help")


def test_no_summary_in_the_list_of_commands_is_cut_in_a_narrow_terminal(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert "..." not in cli("--help").out.partition("Commands:")[2]


def test_the_version_is_the_packages(cli: Cli) -> None:
    assert cli("--version").out == f"audiencesync, version {__version__}\n"


def test_help_loads_nothing_heavy() -> None:
    """A library that only some commands need must not slow down the others."""
    heavy = {"duckdb", "pandas", "pyarrow", "pydantic", "requests", "rich", "simple_salesforce", "structlog"}
    heavy |= {"cronsim", "prometheus_client", "starlette", "uvicorn"}
    script = (
        "import sys; from audiencesync.cli.main import main; main(['--help']); "
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_costs_little(tmp_path: Path) -> None:
    """Processor time, which a busy machine does not stretch."""

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    times = []
    for _ in range(3):
        before = spent()
        subprocess.run([PROGRAM, "--help"], cwd=tmp_path, capture_output=True, check=True)
        times.append(spent() - before)
    assert min(times) < 0.3
