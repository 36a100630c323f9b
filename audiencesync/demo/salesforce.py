"""The demo's Salesforce: the project's emulator in a process of its own, for as long as the demo lasts."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from urllib.parse import urlsplit

from audiencesync.errors import SalesforceUnavailable

_START_S = 30.0
_STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the emulator says of itself in its first line."""

    login_url: str
    ca_bundle: Path
    consumer_key: str
    username: str
    private_key_file: Path

    @property
    def port(self) -> int:
        """Where it listens on this machine."""
        return urlsplit(self.login_url).port or 443


@contextmanager
def local_salesforce(state: Path) -> Iterator[Greeting]:
    """A running emulator on a free port; it ends with the block, however that ends.

    Args:
        state: Folder for its keys and records; its talk goes to `emulator.log` there.

    Raises:
        SalesforceUnavailable: It did not start.
    """
    state.mkdir(parents=True, exist_ok=True)
    log = state / "emulator.log"
    command = [sys.executable, "-m", "audiencesync.emulator", "--port", "0", "--state", str(state)]
    with (
        log.open("w", encoding="utf-8") as talk,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=talk, text=True) as process,  # noqa: S603
    ):
        try:
            yield _greeting(process, log)
        finally:
            _end(process)


def _greeting(process: subprocess.Popen[str], log: Path) -> Greeting:
    late = Timer(_START_S, process.kill)
    late.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
    finally:
        late.cancel()
    if not line:
        raise SalesforceUnavailable("the local Salesforce did not start", hint=f"{log} says why")
    said = json.loads(line)
    return Greeting(
        login_url=said["login_url"],
        ca_bundle=Path(said["ca_bundle"]),
        consumer_key=said["consumer_key"],
        username=said["username"],
        private_key_file=Path(said["private_key_file"]),
    )


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
