"""A running emulator, as a subprocess behind real TLS, and clients that talk to it."""

from __future__ import annotations

import dataclasses
import functools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from simple_salesforce.api import Salesforce

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VERSION = "66.0"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclasses.dataclass
class Emulator:
    """One emulator process and how to reach it."""

    process: subprocess.Popen[str]
    greeting: dict[str, str]
    http: requests.Session = dataclasses.field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.http.trust_env = False
        self.http.verify = self.greeting["ca_bundle"]

    @functools.cached_property
    def key(self) -> RSAPrivateKey:
        pem = Path(self.greeting["private_key_file"]).read_bytes()
        key = load_pem_private_key(pem, None)
        assert isinstance(key, RSAPrivateKey)
        return key

    @property
    def url(self) -> str:
        return self.greeting["instance_url"]

    def assertion(self, **claims: Any) -> str:
        payload = {
            "iss": self.greeting["consumer_key"],
            "sub": self.greeting["username"],
            "aud": "https://login.salesforce.com",
            "exp": int(time.time()) + 180,
            **claims,
        }
        return jwt.encode(payload, self.key, "RS256")

    def login(self, **claims: Any) -> requests.Response:
        form = {"grant_type": JWT_BEARER, "assertion": self.assertion(**claims)}
        return self.http.post(f"{self.url}/services/oauth2/token", data=form)

    def admin(self, method: str, path: str, **body: Any) -> Any:
        answer = self.http.request(method, f"{self.url}/__admin__/{path}", json=body or None)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def fault(self, kind: str, **more: Any) -> None:
        self.admin("POST", "faults", kind=kind, **more)

    def client(self) -> Client:
        return Client(self, self.login().json()["access_token"])

    def simple_salesforce(self) -> Any:
        token = self.login().json()["access_token"]
        return Salesforce(instance_url=self.url, session_id=token, session=self.http, version=VERSION)

    def kill(self) -> None:
        """As a power cut would: no handler runs."""
        self.process.kill()
        self.stop()

    def stop(self) -> int:
        self.http.close()
        self.process.terminate()
        code = self.process.wait(10)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return code


@dataclasses.dataclass
class Client:
    """A logged-in caller of the REST API, in plain HTTP."""

    emulator: Emulator
    token: str
    version: str = VERSION

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        url = (
            path if path.startswith("https:") else f"{self.emulator.url}/services/data/v{self.version}{path}"
        )
        return self.emulator.http.request(method, url, headers=headers, timeout=30, **more)

    def create(self, name: str, **values: Any) -> str:
        answer = self("POST", f"/sobjects/{name}", json=values)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def read(self, name: str, record_id: str) -> dict[str, Any]:
        answer = self("GET", f"/sobjects/{name}/{record_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def collection(
        self, method: str, name: str, records: list[dict[str, Any]], key: str = "", **more: Any
    ) -> requests.Response:
        typed = [{"attributes": {"type": name}, **record} for record in records]
        path = f"/composite/sobjects/{name}/{key}" if key else "/composite/sobjects"
        all_or_none = more.pop("all_or_none", False)
        return self(method, path, json={"allOrNone": all_or_none, "records": typed}, **more)

    def start_job(self, name: str, operation: str, csv: str | bytes, **more: Any) -> str:
        body = {"object": name, "operation": operation, **more}
        created = self("POST", "/jobs/ingest", json=body)
        assert created.status_code == 200, created.text
        job_id = str(created.json()["id"])
        data = csv.encode() if isinstance(csv, str) else csv
        put = self("PUT", f"/jobs/ingest/{job_id}/batches", data=data, headers={"Content-Type": "text/csv"})
        assert put.status_code == 201, put.text
        self("PATCH", f"/jobs/ingest/{job_id}", json={"state": "UploadComplete"})
        return job_id

    def wait(self, job_id: str, kind: str = "ingest") -> dict[str, Any]:
        for _ in range(2000):
            info: dict[str, Any] = self("GET", f"/jobs/{kind}/{job_id}").json()
            if info["state"] in {"JobComplete", "Failed", "Aborted"}:
                return info
            time.sleep(0.01)
        raise AssertionError("the job did not end")

    def bulk(self, name: str, operation: str, csv: str | bytes, **more: Any) -> dict[str, Any]:
        return self.wait(self.start_job(name, operation, csv, **more))

    def results(self, job_id: str, name: str) -> str:
        answer = self("GET", f"/jobs/ingest/{job_id}/{name}")
        assert answer.status_code == 200, answer.text
        return answer.content.decode()


def start(*arguments: str) -> Emulator:
    command = [sys.executable, "-m", "audiencesync.emulator", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        assert process.stderr is not None
        raise AssertionError(process.stderr.read())
    emulator = Emulator(process, json.loads(line))
    emulator.admin("POST", "settings", bulk_pace_s=0)
    return emulator


@pytest.fixture(scope="session")
def shared() -> Iterator[Emulator]:
    """One org for all tests that do not mind each other's records."""
    emulator = start()
    yield emulator
    emulator.stop()


@pytest.fixture
def emulator(shared: Emulator) -> Iterator[Emulator]:
    """The shared org, without faults before and after."""
    shared.admin("DELETE", "faults")
    yield shared
    shared.admin("DELETE", "faults")


@pytest.fixture
def client(emulator: Emulator) -> Client:
    """A fresh login on the shared org."""
    return emulator.client()


@pytest.fixture
def launch() -> Iterator[Callable[..., Emulator]]:
    """Starts emulators of a test's own; all are stopped at the end."""
    started: list[Emulator] = []

    def make(*arguments: str) -> Emulator:
        emulator = start(*arguments)
        started.append(emulator)
        return emulator

    yield make
    for emulator in started:
        if emulator.process.poll() is None:
            emulator.stop()
