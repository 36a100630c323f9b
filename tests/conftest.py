"""One emulator a worker; each test finds its org empty."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import Org, World, running_org, send_by_bulk


@pytest.fixture(scope="session")
def shared_org() -> Iterator[Org]:
    with running_org() as org:
        yield org


@pytest.fixture
def world(shared_org: Org, tmp_path: Path) -> World:
    shared_org.clean()
    return World(tmp_path, shared_org)


@pytest.fixture(autouse=True)
def _log_of_its_own() -> Iterator[None]:
    """The log of a command that a test ran goes to a stream that is closed by then."""
    yield
    if structlog := sys.modules.get("structlog"):
        structlog.reset_defaults()


@pytest.fixture
def by_bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything travels by Bulk jobs."""
    send_by_bulk(monkeypatch)
