"""Every way to end has its exit code, a message and a hint; and a bug tells nothing of the data."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import click
import duckdb
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from audiencesync import errors, sync
from audiencesync.demo.salesforce import Greeting
from audiencesync.errors import AudienceSyncError
from audiencesync.records import Mode
from audiencesync.reports import RunReport, SyncReport, Trouble

from .conftest import Cli, write_project
from .helpers import PROGRAM, execute

PROMISED = {
    "UsageError": 2,
    "ConfigError": 2,
    "OtherOrg": 2,
    "SourceError": 3,
    "StoreError": 4,
    "GuardHeld": 5,
    "SalesforceRefused": 6,
    "SignInRefused": 6,
    "RouteRefused": 6,
    "SalesforceUnavailable": 75,
    "AnswerLost": 75,
    "BudgetSpent": 75,
    "OutputFailed": 75,
}


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def run(*_: object, **__: object) -> RunReport:
        raise error

    monkeypatch.setattr(sync, "run", run)


def reporting(monkeypatch: pytest.MonkeyPatch, report: RunReport) -> None:
    monkeypatch.setattr(sync, "run", lambda *_, **__: report)


def made(kind: str) -> AudienceSyncError:
    more = {"seconds_left": 60.0} if kind == "BudgetSpent" else {}
    error: AudienceSyncError = getattr(errors, kind)("what happened", hint="what to do", **more)
    return error


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("kind", "code"), PROMISED.items())
def test_each_error_class_has_its_exit_code(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, kind: str, code: int
) -> None:
    raising(monkeypatch, made(kind))
    done = cli("run")
    assert (done.code, done.out) == (code, "")
    assert done.err == "error: what happened\nhint: what to do\n"


def test_no_error_class_is_left_out() -> None:
    known = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, AudienceSyncError) and value is not AudienceSyncError
    }
    assert known == set(PROMISED)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("kind", "status"), [("SourceError", "failed"), ("BudgetSpent", "paused")])
def test_with_json_an_error_is_a_document_too(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, kind: str, status: str
) -> None:
    raising(monkeypatch, made(kind))
    done = cli("run", "--json")
    assert done.document == {
        "schema_version": 1,
        "status": status,
        "error": {"kind": kind, "message": "what happened", "hint": "what to do"},
    }
    assert done.err.startswith("error: what happened\n")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("report", "code"),
    [
        (SyncReport("leads", Mode.INCREMENTAL), 0),
        (SyncReport("leads", Mode.INCREMENTAL, members=2, planned=1, rejected=1), 1),
        (SyncReport("leads", Mode.INCREMENTAL, members=2, planned=1, invalid=1), 1),
        (SyncReport("leads", Mode.INCREMENTAL, members=2, planned=1, unknown=1), 1),
        (SyncReport("leads", Mode.INCREMENTAL, trouble=Trouble("GuardHeld", "held", "look", 5)), 5),
        (SyncReport("leads", Mode.INCREMENTAL, trouble=Trouble("BudgetSpent", "spent", "wait", 75)), 75),
    ],
)
def test_a_run_that_came_to_its_end_says_how(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, report: SyncReport, code: int
) -> None:
    reporting(monkeypatch, RunReport("20260101T000000-abcd", (report,)))
    done = cli("run")
    assert done.code == code
    if report.trouble:
        assert done.err == f"error: leads: {report.trouble.message}\nhint: {report.trouble.hint}\n"


@pytest.mark.usefixtures("project")
def test_a_bug_says_where_but_shows_no_data(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, KeyError("ann@example.com"))
    done = cli("run")
    assert done.code == 70
    assert done.err.startswith("error: a bug of audiencesync: KeyError at working.py:")
    assert "--debug" in done.err
    assert "ann@" not in done.err


@pytest.mark.usefixtures("project")
def test_debug_shows_the_traceback(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, KeyError("the key"))
    done = cli("run", "--debug")
    assert done.code == 70
    assert "Traceback (most recent call last)" in done.err
    assert "the key" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["run", "--nonsense"],
        ["run", "extra"],
        ["history"],
        ["report", "--format", "pdf"],
        ["emulator", "--port", "70000"],
        ["runs", "-n", "0"],
        ["runs", "-n", "99999999999999999999"],
        ["run", "--wait", "nan"],
        ["demo", "--customers", "few"],
    ],
)
def test_a_command_line_that_cannot_be_understood_is_2(cli: Cli, arguments: list[str]) -> None:
    done = cli(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert "--help` shows how it is used" in done.err


def test_a_usage_error_is_a_document_with_json(cli: Cli) -> None:
    done = cli("run", "--nonsense", "--json")
    assert done.code == 2
    assert done.document["error"]["kind"] == "UsageError"


@pytest.mark.parametrize("command", ["plan", "run", "status", "runs", "report"])
def test_a_missing_config_is_2_and_says_how_to_get_one(cli: Cli, command: str) -> None:
    done = cli(command)
    assert done.code == 2
    assert done.err == (
        "error: audiencesync.yaml: there is no such file\n"
        "hint: run `audiencesync init` to write one, or name it with -c FILE\n"
    )


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", ["plan", "run", "status", "runs"])
def test_a_sync_that_is_not_in_the_config_is_2(cli: Cli, command: str) -> None:
    cli("run")
    done = cli(command, "--sync", "nix")
    assert done.code == 2
    assert "there is no sync 'nix'" in done.err
    assert "the syncs are leads" in done.err


def test_a_source_that_cannot_be_read_is_3(cli: Cli, project: Path) -> None:
    (project / "people.csv").unlink()
    assert cli("run").code == 3


@pytest.mark.parametrize("command", [["status"], ["runs"], ["report"], ["history", "1"]])
def test_looking_back_before_the_first_run_is_4_and_makes_no_store(
    cli: Cli, project: Path, command: list[str]
) -> None:
    done = cli(*command)
    assert done.code == 4
    assert "run `audiencesync run` first" in done.err
    assert not (project / "audiences.duckdb").exists()


def test_a_store_that_is_none_is_4(cli: Cli, project: Path) -> None:
    (project / "audiences.duckdb").write_text("not a database")
    assert cli("run").code == 4


@pytest.mark.slow
def test_a_store_that_another_process_holds_is_4_and_says_which(cli: Cli, project: Path) -> None:
    cli("run")
    script = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    command = [str(Path(PROGRAM).with_name("python")), "-c", script, str(project / "audiences.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        done = cli("run")
        waited = [cli(command, "--wait", "1") for command in ("run", "retry")]
        assert holder.stdin is not None
        holder.stdin.write("\n")
    assert done.code == 4
    assert f"held by process {holder.pid}" in done.err
    assert [one.code for one in waited] == [4, 4]
    for one in waited:
        assert f"waiting for the store, held by process {holder.pid}" in one.err


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_whose_state_is_kept(project: Path, number: int, code: int) -> None:
    """The signal comes while the run waits to try again to reach Salesforce."""
    config = project / "audiencesync.yaml"
    config.write_text(config.read_text().replace("ca_bundle: ca.pem", "ca_bundle: null"))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (project / "app.pem").write_bytes(pem)
    with subprocess.Popen(
        [PROGRAM, "run", "--json", "-v"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        while "comparing" not in process.stderr.readline():
            pass
        time.sleep(1)
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=10)
    assert process.returncode == code
    assert json.loads(out)["error"]["kind"] == "Interrupted"
    assert "error: interrupted; state is kept\n" in err
    with duckdb.connect(str(project / "audiences.duckdb")) as store:
        assert store.execute("SELECT status, finished_at IS NULL FROM run").fetchall() == [("failed", False)]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["schema", "--help", "run --help", "store info --help"])
def test_a_reader_that_left_is_no_reason_to_complain(tmp_path: Path, command: str) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [PROGRAM, *command.split()], cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_questions_left_open_are_130(cli: Cli, monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    raising(monkeypatch, click.Abort())
    assert cli("run").code == 130


@pytest.mark.slow
@pytest.mark.parametrize("option", [["--org", "missing.yaml"], ["--state", "a-file/x"]])
def test_an_emulator_that_cannot_start_is_2(tmp_path: Path, option: list[str]) -> None:
    (tmp_path / "a-file").touch()
    done = execute("emulator", *option, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")


def in_shell(command: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[bytes]:
    """The installed program as `program`, with the shell's own redirections."""
    return subprocess.run(
        ["sh", "-c", command.replace("program", PROGRAM)],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        *("--help", "--version", "run --help", "store --help", "store info --help"),
        *("schema", "run", "run --json", "run --json -c nowhere.yaml"),
    ],
)
def test_an_answer_that_cannot_be_written_is_said_where_it_can_be(
    tmp_path: Path, org: Greeting, command: str
) -> None:
    write_project(tmp_path, org)

    done = in_shell(f"program {command} >/dev/full", tmp_path)

    told = done.stderr.decode()
    if "nowhere" in command:  # what went wrong first is what counts
        assert (done.returncode, "nowhere.yaml" in told) == (2, True)
    else:
        assert done.returncode == 75
        assert (
            "error: the answer cannot be written: No space left on device\nhint: what was done is kept"
            in told
        )
    assert "Traceback" not in told
    assert "Exception" not in told


@pytest.mark.slow
def test_a_run_whose_answer_could_not_be_written_is_done_all_the_same(tmp_path: Path, org: Greeting) -> None:
    write_project(tmp_path, org)
    in_shell("program run --json >/dev/full 2>&1", tmp_path)
    runs = json.loads(in_shell("program runs --json", tmp_path).stdout)["runs"]
    assert [sync["planned"] for sync in runs[0]["syncs"]] == [5]


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_a_closed_stream_and_talk_without_room_are_as_if_nobody_listened(tmp_path: Path, closed: str) -> None:
    done = in_shell(f"program init {closed}", tmp_path)
    assert done.returncode == 0
    assert len(list(tmp_path.glob("*.yaml"))) == 1


@pytest.mark.slow
def test_letters_that_a_stream_does_not_have_are_escaped(tmp_path: Path) -> None:
    for option, code in (("", 0), ("--json -c עברית.yaml", 2)):
        done = in_shell(
            f"program {'init -o עברית-é.yaml' if code == 0 else f'status {option}'}",
            tmp_path,
            PYTHONIOENCODING="latin-1",
        )
        assert done.returncode == code, done.stderr
        text = done.stdout.decode("latin-1")
        assert "\\u05e2" in text
        if code:
            assert "עברית" in json.loads(text)["error"]["message"]
