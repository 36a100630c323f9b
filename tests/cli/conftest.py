"""A folder with a small project, and a command line that runs in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audiencesync.cli.main import main
from audiencesync.demo.salesforce import Greeting, local_salesforce

from .helpers import Done

CONFIG = """\
version: 1
connection:
  login_url: {login_url}
  ca_bundle: {ca_bundle}
  auth:
    method: jwt_bearer
    consumer_key: ${{file:key.txt}}
    username: {username}
    private_key: ${{file:{private_key}}}
source:
  profiles:
    from: read_csv('people.csv')
    key: id
audiences:
  everyone: {{where: "true"}}
syncs:
  - name: {sync}
    object: Lead
    match_field: Email
    audiences: [everyone]
    send_audiences_to: Audiences__c
    required_fields:
      LastName: last_name
      Company: {{from: company, default: n/a}}
      Email: email
    guards: {{max_exit_ratio: 0.4}}
"""

PEOPLE = """\
id,last_name,company,email
1,Žluťoučký,,zlutoucky@{host}
2,渡邊,青空,watanabe@{host}
3,O'Neill,,oneill@{host}
4,Broken,,broken@@{host}
5,Twin,,ZLUTOUCKY@{host}
"""

Cli = Callable[..., Done]


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's: no colour wishes, no config, a width of its own, an empty folder."""
    for name in ("NO_COLOR", "FORCE_COLOR", "AUDIENCESYNC_CONFIG", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command line in this process."""

    def run(*arguments: str) -> Done:
        capfd.readouterr()
        code = main(arguments)
        out, err = capfd.readouterr()
        return Done(code, out, err)

    return run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of a project whose Salesforce cannot be reached."""
    nowhere = Greeting("https://localhost:9", Path("ca.pem"), "key", "user@example.com", Path("app.pem"))
    write_project(tmp_path, nowhere)
    return tmp_path


@pytest.fixture(scope="session")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Greeting]:
    """A local Salesforce for all tests that need one."""
    with local_salesforce(tmp_path_factory.mktemp("salesforce")) as greeting:
        yield greeting


def write_project(folder: Path, org: Greeting, *, sync: str = "leads") -> None:
    """Write config, key and data; e-mail addresses are the folder's own, so that tests share an org."""
    config = CONFIG.format(
        login_url=org.login_url,
        ca_bundle=org.ca_bundle,
        username=org.username,
        private_key=org.private_key_file,
        sync=sync,
    )
    (folder / "audiencesync.yaml").write_text(config, encoding="utf-8")
    (folder / "key.txt").write_text(org.consumer_key, encoding="utf-8")
    (folder / "people.csv").write_text(PEOPLE.format(host="example.com"), encoding="utf-8")
