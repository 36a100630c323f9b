"""The pytest plugin, in projects that know nothing of this one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from audiencesync.testing import SalesforceOrg, SalesforceOrgError, start_org
from tests.house.pages import fenced, page, quoted, section, table

if TYPE_CHECKING:
    from pathlib import Path

HEADING = "A Salesforce for your own tests"
pytestmark = pytest.mark.slow


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A run of pytest as another project would start it: with this package installed, nothing else said."""
    keep = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments]
    return subprocess.run(command, cwd=folder, env=keep, capture_output=True, text=True, check=False)


def passed(folder: Path, *arguments: str) -> int:
    ended = pytest_in(folder, "-W", "error", *arguments)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (count,) = re.findall(r"(\d+) passed", ended.stdout)
    return int(count)


@pytest.mark.parametrize("document", ["README.md", "docs/testing.md"])
def test_the_example_runs_in_a_project_of_its_own(document: str, tmp_path: Path) -> None:
    text = page(document)
    if document == "README.md":
        text = section(text, HEADING)
    (example,) = fenced(text, "python")
    (tmp_path / "test_example.py").write_text(example)

    assert passed(tmp_path) == example.count("def test_")


def test_the_org_file_is_named_in_the_settings(tmp_path: Path) -> None:
    (setting,) = fenced(page("docs/testing.md"), "toml")
    (tmp_path / "pyproject.toml").write_text(setting)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "org.yaml").write_text("records: {Account: [{Name: Acme}]}")
    (tmp_path / "tests" / "test_it.py").write_text(
        "def test_acme(clean_salesforce_org):\n"
        "    assert [one['Name'] for one in clean_salesforce_org.records('Account')] == ['Acme']\n"
    )
    assert passed(tmp_path) == 1

    (tmp_path / "tests" / "org.yaml").write_text("recordz: {}")
    ended = pytest_in(tmp_path)
    assert ended.returncode == 1
    assert "SalesforceOrgError: the local Salesforce did not start" in ended.stdout
    assert "recordz" in ended.stdout


def test_a_run_that_does_not_use_it_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_nothing(): pass\n")
    (tmp_path / "conftest.py").write_text(
        "import subprocess\n\ndef never(*_, **__):\n    raise AssertionError\n\nsubprocess.Popen = never\n"
    )
    assert passed(tmp_path) == 1
    assert passed(tmp_path, "-p", "no:audiencesync") == 1


def test_loading_the_plugin_imports_nothing_that_costs_time() -> None:
    code = (
        "import pytest, sys; before = set(sys.modules); import audiencesync.testing; "
        "print(*sorted(set(sys.modules) - before))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stdout.split() == ["audiencesync", "audiencesync.testing"]


def test_pytest_finds_the_plugin_by_its_entry_point(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.get_plugin("audiencesync").__name__ == "audiencesync.testing"  # type: ignore[union-attr]


def test_every_name_of_the_org_is_documented(salesforce_org: SalesforceOrg) -> None:
    rows = table(section(page("docs/testing.md"), "Fixtures"))
    documented = {name.split("(")[0] for row in rows for name in quoted(row[0])}
    public = {name for name in {*vars(SalesforceOrg), *vars(salesforce_org)} if not name.startswith("_")}

    assert documented == (public - {"close"}) | {"salesforce_org", "clean_salesforce_org"}


def test_records_are_made_changed_and_deleted_as_by_a_person(clean_salesforce_org: SalesforceOrg) -> None:
    org = clean_salesforce_org
    made = org.create("Account", Name="First")
    org.update("Account", made, Name="Second")
    assert [one["Name"] for one in org.records("Account")] == ["Second"]
    org.delete("Account", made)

    assert org.records("Account") == []
    assert org.api_calls == 0
    with pytest.raises(SalesforceOrgError, match="REQUIRED_FIELD_MISSING"):
        org.create("Account")


def test_sessions_are_signed_in_and_end_with_a_reset(clean_salesforce_org: SalesforceOrg) -> None:
    org = clean_salesforce_org
    limits = f"{org.instance_url}/services/data/v66.0/limits"
    session = org.session()
    assert session.get(limits).status_code == 200

    org.reset()

    assert session.get(limits).status_code == 401
    assert org.client().limits()["DailyApiRequests"]["Max"] == 15_000


def test_the_org_ends_with_its_block(tmp_path: Path) -> None:
    with start_org(tmp_path / "new" / "folder") as org:
        assert org.records("Lead") == []
    with pytest.raises((ConnectionRefusedError, FileNotFoundError)):
        org.records("Lead")
