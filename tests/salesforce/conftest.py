"""A key, a clock, a meter and a session for every test here."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import responses

from audiencesync.salesforce.session import Session

from .helpers import TOKEN_URL, CountingMeter, HeldClock, grant, rsa_pem, token_document


@pytest.fixture(scope="session")
def pem() -> str:
    return rsa_pem()


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxies, bundles or netrc of the machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def meter() -> CountingMeter:
    return CountingMeter()


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    """The web, in which only what a test says exists."""
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        yield mock


@pytest.fixture
def org(web: responses.RequestsMock) -> responses.RequestsMock:
    """The web with a login host that hands out one token."""
    web.post(TOKEN_URL, json=token_document())
    return web


@pytest.fixture
def session(pem: str, clock: HeldClock, meter: CountingMeter) -> Iterator[Session]:
    with Session.connect(grant(pem), api_version="66.0", ca_bundle=None, meter=meter, clock=clock) as made:
        yield made
