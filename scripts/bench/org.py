"""A local Salesforce for the bench, in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

_PASSWORD = "local-password"  # noqa: S105  (of every emulator)


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

    def settle_in(self) -> None:
        """Let Bulk jobs take no longer than their work, and those in who know nothing but a password."""
        self._admin("POST", "settings", {"bulk_pace_s": 0, "password_flow": True})

    def answer_after(self, seconds: float) -> None:
        """Hold every answer back, as a network does."""
        self._admin("POST", "faults", {"kind": "slow", "seconds": seconds, "times": 1_000_000_000})

    def environment(self) -> dict[str, str]:
        """Environment variables that tell another program how to sign in, with a token for who cannot."""
        secrets = {
            "SSL_CERT_FILE": self.greeting["ca_bundle"],
            "SF_INSTANCE_URL": self.greeting["instance_url"],
            "SF_CLIENT_ID": self.greeting["consumer_key"],
            "SF_CLIENT_SECRET": self.greeting["consumer_secret"],
            "SF_USERNAME": self.greeting["username"],
            "SF_PASSWORD": _PASSWORD,
        }
        form = {
            "grant_type": "password",
            "client_id": secrets["SF_CLIENT_ID"],
            "client_secret": secrets["SF_CLIENT_SECRET"],
            "username": secrets["SF_USERNAME"],
            "password": _PASSWORD,
        }
        token = self._call("POST", "services/oauth2/token", data=form)["access_token"]
        return {**secrets, "SF_ACCESS_TOKEN": token}

    def _admin(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        return self._call(method, f"__admin__/{path}", json=body)

    def _call(self, method: str, path: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401
        with requests.Session() as http:
            http.trust_env = False
            http.verify = self.greeting["ca_bundle"]
            url = f"{self.greeting['instance_url']}/{path}"
            answer = http.request(method, url, timeout=600, **body)
            answer.raise_for_status()
            found: dict[str, Any] = answer.json() if answer.content else {}
            return found


@contextmanager
def running_org(state: Path | None = None) -> Iterator[Org]:
    """An org without records, for as long as the block lasts.

    Args:
        state: Where it is kept from one bench to the next, as the stores are that hold its state.
    """
    command = [sys.executable, "-m", "audiencesync.emulator", "--port", "0"]
    command += ["--state", str(state)] if state else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise SystemExit("the emulator did not start")
            org = Org(json.loads(line))
            org.settle_in()
            yield org
        finally:
            process.terminate()
            process.wait(20)
