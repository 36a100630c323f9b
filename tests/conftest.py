"""One emulator a worker; each test finds its org empty."""

import os
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from audiencesync.store import Store, database
from tests.world import Org, World, running_org, send_by_bulk


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are processors: a third of its time a test waits for others or the disk."""
    return (os.cpu_count() or 1) * 3 // 2


@pytest.fixture(scope="session")
def shared_org() -> Iterator[Org]:
    # OpenSSL proves the primes of a key whenever it is read: a tenth of a short run
    known = cache(load_pem_private_key)
    with pytest.MonkeyPatch.context() as patch, running_org() as org:
        patch.setattr("audiencesync.salesforce.auth.load_pem_private_key", known)
        yield org


@pytest.fixture(scope="session")
def _empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "store.duckdb"
    Store.open(path, base=path.parent).close()
    return path


@pytest.fixture
def stores_are_copied(_empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is made in this process is a copy of one that went through every migration."""

    def copied(_: object, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_empty_store, path)

    monkeypatch.setattr(database, "_make", copied)


@pytest.fixture
def world(shared_org: Org, tmp_path: Path, stores_are_copied: None) -> World:
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
