"""pytest fixtures that give any Python project a running Salesforce org.

Installing the package is all: pytest finds this module by its entry point. It is loaded at every start of
pytest, so it imports nothing that costs time, and shares nothing with the rest of the package.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import requests
    from simple_salesforce.api import Salesforce

__all__ = ["SalesforceOrg", "SalesforceOrgError", "clean_salesforce_org", "salesforce_org", "start_org"]

VERSION = "66.0"
_ORG_FILE = "salesforce_org_file"
_START_S, _STOP_S, _CALL_S = 60.0, 10.0, 60.0
_CREATED, _BAD_REQUEST = 201, 400


class SalesforceOrgError(Exception):
    """The org did not start, or refused what a test asked of it behind its clients' backs."""


class SalesforceOrg:
    """A running org: what a client needs to reach it, and a hand inside it.

    Attributes:
        login_url: Where clients sign in; TLS, on this machine.
        instance_url: Where they make their calls.
        ca_bundle: PEM file of the authority that signed its certificate.
        consumer_key: The connected app's key.
        consumer_secret: Its secret, for the client credentials flow.
        username: The integration user.
        private_key_file: PEM file of the key that signs JWTs.
    """

    def __init__(self, greeting: Mapping[str, str]) -> None:
        self.login_url = greeting["login_url"]
        self.instance_url = greeting["instance_url"]
        self.ca_bundle = greeting["ca_bundle"]
        self.consumer_key = greeting["consumer_key"]
        self.consumer_secret = greeting["consumer_secret"]
        self.username = greeting["username"]
        self.private_key_file = greeting["private_key_file"]
        self._sessions: list[requests.Session] = []

    def access_token(self) -> str:
        """Sign in; a fresh access token of the integration user."""
        from urllib.parse import urlencode

        form = {
            "grant_type": "client_credentials",
            "client_id": self.consumer_key,
            "client_secret": self.consumer_secret,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._call("POST", "/services/oauth2/token", urlencode(form).encode(), headers)
        return str(answer["access_token"])

    def session(self) -> requests.Session:
        """A `requests` session that is signed in and trusts the org."""
        import requests

        session = requests.Session()
        session.trust_env = False
        session.verify = self.ca_bundle
        session.headers["Authorization"] = f"Bearer {self.access_token()}"
        self._sessions.append(session)
        return session

    def client(self, version: str = VERSION) -> Salesforce:
        """A simple-salesforce client that is signed in."""
        from simple_salesforce.api import Salesforce

        session = self.session()
        token = str(session.headers["Authorization"]).removeprefix("Bearer ")
        return Salesforce(instance_url=self.instance_url, session_id=token, session=session, version=version)

    def records(self, name: str) -> list[dict[str, Any]]:
        """Every record of an object, without its empty fields; what lies in the recycle bin is left out."""
        return list(self.admin("GET", f"records/{name}")["records"])

    def create(self, name: str, /, **values: object) -> str:
        """Create a record as a person would in the browser; its Id."""
        return str(self.admin("POST", f"records/{name}", values)["id"])

    def update(self, name: str, record_id: str, /, **values: object) -> None:
        """Change a record as a person would in the browser."""
        self.admin("PATCH", f"records/{name}/{record_id}", values)

    def delete(self, name: str, record_id: str, /) -> None:
        """Put a record into the recycle bin, as a person would in the browser."""
        self.admin("DELETE", f"records/{name}/{record_id}")

    def fault(self, kind: str, **more: object) -> None:
        """Script one fault, such as `fault("status", status=503)` or `fault("drop_after")`."""
        self.admin("POST", "faults", {"kind": kind, **more})

    @property
    def api_calls(self) -> int:
        """Calls that Salesforce would have billed so far."""
        return int(self.admin("GET", "counters")["api_calls_total"])

    def reset(self) -> None:
        """Make the org as it was at its start; the address and the credentials stay, tokens end."""
        self.admin("POST", "reset")
        self.admin("POST", "settings", {"bulk_pace_s": 0})

    def admin(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """One call of the emulator's admin API.

        Args:
            method: HTTP method.
            path: What follows `/__admin__/`.
            body: Sent as JSON.

        Returns:
            The JSON of the answer; None when it has no body.

        Raises:
            SalesforceOrgError: The org refused; the message is its answer.
        """
        import json

        data = None if body is None else json.dumps(body).encode()
        return self._call(method, f"/__admin__/{path}", data, {"Content-Type": "application/json"})

    def close(self) -> None:
        """Close the connections of the sessions that were given out."""
        for session in self._sessions:
            session.close()
        self._sessions.clear()

    def _call(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:  # noqa: ANN401
        import http.client
        import json
        import ssl
        from urllib.parse import urlsplit

        context = ssl.create_default_context(cafile=self.ca_bundle)
        address = urlsplit(self.instance_url).netloc
        connection = http.client.HTTPSConnection(address, timeout=_CALL_S, context=context)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        if answer.status >= _BAD_REQUEST:
            raise SalesforceOrgError(f"{method} {path}: {answer.status} {content.decode(errors='replace')}")
        return json.loads(content) if content else None


@contextlib.contextmanager
def start_org(folder: Path, org_file: Path | None = None) -> Iterator[SalesforceOrg]:
    """A running org in a process of its own; it ends with the block. Bulk jobs are done at once.

    Args:
        folder: For what it says when it does not start; made if missing.
        org_file: Describes the org; the default org otherwise.

    Raises:
        SalesforceOrgError: It did not start; the message is what it said.
    """
    import subprocess
    import sys

    command = [sys.executable, "-m", "audiencesync.emulator", "--port", "0"]
    if org_file is not None:
        command += ["--org", str(org_file)]
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "salesforce.log"
    with (
        log.open("w", encoding="utf-8") as talk,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=talk, text=True) as process,  # noqa: S603
    ):
        try:
            org = SalesforceOrg(_greeting(process, log))
            org.admin("POST", "settings", {"bulk_pace_s": 0})
            with contextlib.closing(org):
                yield org
        finally:
            _end(process)


def _greeting(process: subprocess.Popen[str], log: Path) -> dict[str, str]:
    import json
    from threading import Timer

    late = Timer(_START_S, process.kill)
    late.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
    finally:
        late.cancel()
    if not line:
        process.wait(_STOP_S)
        said = log.read_text(encoding="utf-8").strip()
        raise SalesforceOrgError(f"the local Salesforce did not start: {said or 'it said nothing'}")
    greeting: dict[str, str] = json.loads(line)
    return greeting


def _end(process: subprocess.Popen[str]) -> None:
    import subprocess

    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one setting."""
    parser.addini(
        _ORG_FILE, "org file of the `salesforce_org` fixture, relative to the root folder", default=""
    )


@pytest.fixture(scope="session")
def salesforce_org(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SalesforceOrg]:
    """A local Salesforce, shared by all tests of the session (of one worker, under pytest-xdist)."""
    chosen = str(pytestconfig.getini(_ORG_FILE))
    org_file = pytestconfig.rootpath / chosen if chosen else None
    with start_org(tmp_path_factory.mktemp("salesforce"), org_file) as org:
        yield org


@pytest.fixture
def clean_salesforce_org(salesforce_org: SalesforceOrg) -> SalesforceOrg:
    """The same local Salesforce as at its start: none of another test's records, faults or calls."""
    salesforce_org.reset()
    return salesforce_org
