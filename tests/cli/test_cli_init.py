"""`init` writes what `load` reads, asks only people, and never writes a secret."""

from pathlib import Path

import pytest

from audiencesync.cli.commands import init as command
from audiencesync.config.load import load

from .conftest import Cli


def test_the_config_that_init_writes_is_read_as_it_is(cli: Cli, tmp_path: Path) -> None:
    done = cli("init")
    assert (done.code, done.out) == (0, "wrote audiencesync.yaml\n")
    config = load(tmp_path / "audiencesync.yaml").config
    assert [sync.name for sync in config.syncs] == ["leads"]
    assert "audiencesync plan`" in done.err


def test_every_flag_arrives_in_the_config(cli: Cli) -> None:
    done = cli(
        "init", "-o", "mine.yaml", "--login-url", "https://test.salesforce.com",
        "--username", "me@example.com", "--consumer-key", "${env:KEY}",
        "--private-key", "${file:key.pem}", "--ca-bundle", "ca.pem",
        "--store", "state.duckdb", "--attach", "shop.sqlite", "--profiles", "people", "--key", "no",
        "--updated-at", "changed", "--memberships", "members.parquet", "--audience", "news",
        "--audience", "sale", "--rule", "vip=value >= 100 AND tier = 'a=b'", "--object", "Contact",
        "--match-field", "Email", "--audiences-field", "none",
    )  # fmt: skip
    assert done.code == 0, done.err
    project = load(Path("mine.yaml"))
    config, sync = project.config, project.config.syncs[0]
    assert config.connection.login_url == "https://test.salesforce.com"
    assert str(config.source.attach) == "shop.sqlite"
    assert (config.source.profiles.relation, config.source.profiles.key) == ("people", "no")
    assert config.source.profiles.updated_at == "changed"
    assert config.source.memberships is not None
    assert config.source.memberships.relation == "read_parquet('members.parquet')"
    assert config.audiences["vip"].where == "value >= 100 AND tier = 'a=b'"
    assert (sync.object, sync.match_field, sync.audiences) == ("Contact", "Email", ("vip", "news", "sale"))
    assert sync.send_audiences_to is None
    assert "plan -c mine.yaml`" in done.err


def test_a_config_that_cannot_be_read_is_not_written(cli: Cli, tmp_path: Path) -> None:
    assert cli("init").code == 0
    good = (tmp_path / "audiencesync.yaml").read_text()

    for flags in (["--force"], ["-o", "other.yaml"]):
        done = cli("init", "--rule", "a;b=true", *flags)
        assert (done.code, done.out) == (2, "")
        assert "a;b" in done.err

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"audiencesync.yaml": good}


def test_a_file_that_is_there_is_replaced_only_by_force(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "audiencesync.yaml"
    path.write_text("precious")
    done = cli("init")
    assert done.code == 2
    assert "--force" in done.err
    assert path.read_text() == "precious"
    assert cli("init", "--force").code == 0
    assert path.read_text() != "precious"


@pytest.mark.parametrize(
    "flags",
    [
        ["--consumer-key", "s3cret"],
        ["--private-key", "s3cret"],
        ["--attach", "postgres://me:s3cret@host/db"],
    ],
)
def test_a_secret_in_a_flag_is_neither_written_nor_shown(cli: Cli, tmp_path: Path, flags: list[str]) -> None:
    done = cli("init", *flags)
    assert done.code == 2
    assert "s3cret" not in done.out + done.err
    assert not (tmp_path / "audiencesync.yaml").exists()


@pytest.mark.parametrize(
    "flags", [["--rule", "vip"], ["--rule", "=true"], ["--audience", "news"], ["-o", "no/such/folder.yaml"]]
)
def test_flags_that_make_no_config_are_2(cli: Cli, flags: list[str]) -> None:
    assert cli("init", *flags).code == 2


def test_a_value_that_no_config_may_hold_is_named_with_its_line(cli: Cli) -> None:
    done = cli("init", "--object", "Bad Name")
    assert done.code == 2
    assert "audiencesync.yaml:" in done.err
    assert "syncs.0.object" in done.err


def test_a_person_is_asked_and_a_flag_is_an_answer(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    def prompt(question: str, *, default: str, err: bool) -> str:
        assert err
        asked.append(question)
        return {"user_id": "customer_no"}.get(default, default)

    monkeypatch.setattr("click.prompt", prompt)
    monkeypatch.setattr(command, "_is_person_there", lambda: True)
    assert cli("init", "--object", "Contact").code == 0
    config = load(tmp_path / "audiencesync.yaml").config
    assert config.source.profiles.key == "customer_no"
    assert config.syncs[0].object == "Contact"
    assert len(asked) == 6
    assert not any("object" in question for question in asked)
