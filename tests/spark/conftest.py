"""One Sail server a worker; or, with AUDIENCESYNC_SPARK=sc://..., any Spark that sees these files."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def main_module() -> None:
    """PySpark takes a main module without a file, as in an xdist worker, for a run of its doctests."""
    main = sys.modules["__main__"]
    main.__file__ = getattr(main, "__file__", None) or __file__


@pytest.fixture(scope="session")
def spark() -> Iterator[str]:
    if given := os.environ.get("AUDIENCESYNC_SPARK"):
        yield given
        return
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.spark.server"],
        env={**os.environ, "RUST_LOG": "off"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    with server:
        yield server.stdout.readline().strip()
        server.communicate()
