"""What a user can name is documented, and what the documents name exists."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import audiencesync
from audiencesync.cli.main import cli
from audiencesync.config.schema import json_schema
from audiencesync.errors import AudienceSyncError
from tests.house.pages import ROOT, documents, page, prose, quoted, section, table

README = page("README.md")
DOCUMENTS = pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
EXIT_CODES = table(section(README, "Exit codes"))


def named_keys(schema: Any) -> Iterator[str]:
    """Every key that a config may hold."""
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            yield from properties
        for part in schema.values():
            yield from named_keys(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from named_keys(part)


def errors(kind: type[AudienceSyncError] = AudienceSyncError) -> Iterator[type[AudienceSyncError]]:
    for below in kind.__subclasses__():
        if below.__module__.startswith("audiencesync."):
            yield below
            yield from errors(below)


def test_every_command_is_in_the_readme_in_the_order_of_the_help() -> None:
    rows = table(section(README, "Commands"))
    assert [quoted(row[0])[0].split()[1] for row in rows] == list(cli.commands)


def test_every_config_key_is_documented() -> None:
    documented = {quoted(row[0])[0] for row in table(page("docs/config.md")) if quoted(row[0])}
    assert set(named_keys(json_schema())) - documented == set()


@pytest.mark.slow
def test_every_error_is_documented_with_its_exit_code() -> None:
    for module in pkgutil.walk_packages(audiencesync.__path__, "audiencesync."):
        if not re.search(r"\.(emulator|testing|__main__)\b", module.name):  # their errors are their own
            importlib.import_module(module.name)
    codes = {name: row[0] for row in EXIT_CODES for name in quoted(row[2])}
    assert codes.pop("Interrupted") == "130, 143"
    assert codes == {error.__name__: str(error.exit_code) for error in errors()}


def test_the_readme_has_the_exit_codes_of_the_help() -> None:
    told = re.findall(r"\b(\d+) (?: |by )", cli.epilog or "")
    assert [code for row in EXIT_CODES for code in row[0].split(", ")] == told


@DOCUMENTS
def test_the_commands_that_a_document_names_exist(path: Path) -> None:
    named = re.findall(r"`audiencesync ([a-z]+)", path.read_text(encoding="utf-8"))
    assert set(named) - set(cli.commands) == set()


@DOCUMENTS
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose(path.read_text(encoding="utf-8")))
    missing = [one for one in targets if "://" not in one and not (path.parent / one).exists()]
    assert missing == []


@DOCUMENTS
def test_prose_names_no_line_numbers(path: Path) -> None:
    """They are wrong after the next edit."""
    found = re.findall(
        r"\w\.(?:py|sql|md|toml):\d+|\.(?:py|sql|md|toml),? lines? \d+",
        prose(path.read_text(encoding="utf-8")),
    )
    assert found == []


def test_every_document_can_be_reached_from_the_readme() -> None:
    seen, queue = set(), [ROOT / "README.md"]
    while queue:
        here = queue.pop()
        if here not in seen and here.suffix == ".md" and here.exists():
            seen.add(here)
            links = re.findall(r"\]\(([^)#\s:]+)", here.read_text(encoding="utf-8"))
            queue += [(here.parent / link).resolve() for link in links]
    assert set(documents()) - seen == set()


def test_the_index_of_decisions_lists_each_under_its_own_title() -> None:
    folder = ROOT / "docs" / "adr"
    titles = {}
    for path in folder.glob("[0-9]*.md"):
        number, title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").split(". ", 1)
        assert int(number) == int(path.name[:4])
        titles[path.name] = title
    rows = table(page("docs/adr/README.md"))
    listed = {row[0].split("](")[1].rstrip(")"): row[1] for row in rows}
    assert listed == titles


def test_a_decision_says_what_it_follows_from_and_what_lost() -> None:
    for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"):
        text = path.read_text(encoding="utf-8")
        assert "\nAccepted" in text, path.name
        assert "\n## Context\n" in text, path.name
        assert "\n## Decision" in text, path.name
