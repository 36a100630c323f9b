"""A local Salesforce for the bench, in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests


@dataclass(frozen=True, slots=True)
class Org:
    """A running emulator.

    Attributes:
        greeting: What its first line says.
    """

    greeting: Mapping[str, str]

    def calls(self) -> int:
        """API calls that its meter has counted."""
        return int(self._admin("GET", "counters")["api_calls_total"])

    def records(self, name: str) -> int:
        """Records of an object."""
        return len(self._admin("GET", f"records/{name}")["records"])

    def hurry(self) -> None:
        """Let Bulk jobs take no longer than their work."""
        self._admin("POST", "settings", {"bulk_pace_s": 0})

    def _admin(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        with requests.Session() as http:
            http.trust_env = False
            http.verify = self.greeting["ca_bundle"]
            url = f"{self.greeting['instance_url']}/__admin__/{path}"
            answer = http.request(method, url, json=body, timeout=600)
            answer.raise_for_status()
            found: dict[str, Any] = answer.json() if answer.content else {}
            return found


@contextmanager
def running_org() -> Iterator[Org]:
    """An org without records, for as long as the block lasts."""
    command = [sys.executable, "-m", "audiencesync.emulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise SystemExit("the emulator did not start")
            org = Org(json.loads(line))
            org.hurry()
            yield org
        finally:
            process.terminate()
            process.wait(20)
