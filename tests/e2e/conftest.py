"""The installed command and an org: ours, or the one that AUDIENCESYNC_TEST_ORG names.

That file holds what `audiencesync emulator` prints first, so another Salesforce can take the place of ours.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from simple_salesforce.api import Salesforce

from tests.world import running_org

COMMAND = Path(sys.executable).with_name("audiencesync")


@dataclass(frozen=True)
class OtherClient:
    """The org through a client that nobody here wrote."""

    greeting: Mapping[str, str]

    def connect(self) -> Any:
        http = requests.Session()
        http.trust_env = False
        http.verify = self.greeting["ca_bundle"]
        claims = {
            "iss": self.greeting["consumer_key"],
            "sub": self.greeting["username"],
            "aud": "https://login.salesforce.com",
            "exp": int(time.time()) + 180,
        }
        assertion = jwt.encode(claims, Path(self.greeting["private_key_file"]).read_text(), "RS256")
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        token = http.post(f"{self.greeting['login_url']}/services/oauth2/token", data=form).json()
        return Salesforce(instance_url=token["instance_url"], session_id=token["access_token"], session=http)

    def query(self, soql: str) -> list[dict[str, Any]]:
        client = self.connect()
        try:
            return [dict(row) for row in client.query_all(soql)["records"]]
        finally:
            client.session.close()


@pytest.fixture(scope="session")
def greeting() -> Iterator[Mapping[str, str]]:
    named = os.environ.get("AUDIENCESYNC_TEST_ORG")
    if named:
        yield json.loads(Path(named).read_text())
        return
    with running_org() as org:
        yield org.greeting


@pytest.fixture
def other_client(greeting: Mapping[str, str]) -> OtherClient:
    return OtherClient(greeting)


def command(
    *words: str, folder: Path, environ: Mapping[str, str], code: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a folder and check what it ends with."""
    ended = subprocess.run(
        [str(COMMAND), *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended
