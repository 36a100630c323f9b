"""The files in configs/deploy/ name commands, options, paths and ports that there are."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from audiencesync.cli.main import cli
from audiencesync.config.daemon import Daemon
from audiencesync.config.load import load
from tests.cli.helpers import PROGRAM
from tests.house.pages import ROOT, page

DEPLOY = ROOT / "configs" / "deploy"
PORT = str(Daemon().port)


class Repeats(dict[str, Any]):
    """systemd lets a key come again."""

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(f"{key}.again" if key in self and isinstance(value, list) else key, value)


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(dict_type=Repeats, strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(page("configs/deploy/audiencesync.service"))
    return parser


def check_command(words: list[str]) -> None:
    """The words after the program are a command of ours and its options."""
    # a command keeps the help option of the first context it meets
    parent = click.Context(cli, **cli.context_settings)
    context = cli.commands[words[0]].make_context(words[0], words[1:], parent=parent, resilient_parsing=False)
    assert context.command.name == words[0]


def dockerfile() -> dict[str, str]:
    """The last of each instruction, its lines joined."""
    text = page("configs/deploy/Dockerfile").replace("\\\n", "")
    return dict(re.findall(r"^([A-Z]+) +(.+)$", text, re.MULTILINE))


def test_the_unit_runs_our_command_as_nobody_special() -> None:
    service = unit()["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert Path(program).name == Path(PROGRAM).name
    check_command(words)
    assert service["DynamicUser"] == "yes"
    assert service["ExecReload"].split()[1:] == ["-HUP", "$MAINPID"]
    assert int(service["TimeoutStopSec"].rstrip("s")) > Daemon().stop_within.total_seconds()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_systemd_finds_no_fault_with_the_unit(tmp_path: Path) -> None:
    text = page("configs/deploy/audiencesync.service").replace("/opt/audiencesync/bin/audiencesync", PROGRAM)
    (tmp_path / "audiencesync.service").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "audiencesync.service")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    complaints = [line for line in done.stderr.splitlines() if "audiencesync.service" in line]
    assert complaints == []


def test_the_image_runs_our_command_as_an_ordinary_user_and_asks_for_its_health() -> None:
    said = dockerfile()
    assert said["USER"] not in {"root", "0"}
    assert json.loads(said["ENTRYPOINT"]) == [Path(PROGRAM).name]
    check_command(json.loads(said["CMD"]))
    assert said["EXPOSE"] == PORT
    assert f":{PORT}/healthz" in said["HEALTHCHECK"]
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", page("configs/deploy/Dockerfile"), re.MULTILINE)
    assert all((ROOT / name).exists() for names in copied for name in names.split())


def test_the_container_gets_the_config_and_the_key_where_they_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = YAML(typ="safe").load(DEPLOY / "compose.yaml")
    service = compose["services"]["audiencesync"]
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).resolve().exists()
    assert service["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]

    (tmp_path / "sf_private_key.pem").write_text("key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("SF_CONSUMER_KEY", "consumer")
    project = load(DEPLOY / "audiencesync.yaml")
    auth: Any = project.config.connection.auth
    assert auth.private_key.reveal(project.base) == "key"
    mounted = {volume.split(":")[1] for volume in service["volumes"]}
    assert str(project.store_path.parent) in mounted
    assert f"AUDIENCESYNC_CONFIG={next(name for name in mounted if name.endswith('.yaml'))}" in page(
        "configs/deploy/Dockerfile"
    )
    assert list(compose["secrets"]) == ["sf_private_key.pem"]
    assert unit()["Service"]["LoadCredential"].startswith("sf_private_key.pem:")
