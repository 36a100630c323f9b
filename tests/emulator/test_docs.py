"""The page about the emulator is true where a test can tell."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audiencesync.emulator import admin, faults

from .conftest import start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Emulator

PAGE = Path(__file__).parents[2] / "docs" / "salesforce.md"


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    path = tmp_path_factory.mktemp("docs") / "org.yaml"
    path.write_text(text)
    emulator = start("--org", str(path))
    yield emulator
    emulator.stop()


def test_the_org_file_of_the_page_works(documented: Emulator) -> None:
    assert documented.greeting["username"] == "sync@acme.example"
    assert documented.admin("GET", "counters")["records"]["Contact"] == 1


def test_every_kind_of_fault_and_every_admin_resource_is_named() -> None:
    text = PAGE.read_text()

    assert [kind for kind in sorted(faults.KINDS) if f"`{kind}`" not in text] == []
    resources = {route.pattern.pattern.split("/")[2] for route in admin.ROUTES}
    assert [name for name in sorted(resources) if f"/__admin__/{name}" not in text] == []


def test_the_greeting_has_the_keys_of_the_page(emulator: Emulator) -> None:
    text = PAGE.read_text()

    assert [key for key in emulator.greeting if f"`{key}`" not in text] == []
