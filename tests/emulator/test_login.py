"""JWT bearer: what a token needs, and Salesforce's words for each refusal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Client, Emulator


def test_a_signed_assertion_opens_a_session_and_says_where_the_org_is(emulator: Emulator) -> None:
    answer = emulator.login()

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "scope", "instance_url", "id", "token_type"}
    assert body["instance_url"] == emulator.url
    assert body["access_token"].startswith("00D")


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": lambda: str(int(time.time()) + 180)},
        {"exp": lambda: int((time.time() + 180) * 1000)},
        {"exp": lambda: int(time.time()) - 60},
        {"aud": "https://localhost:{port}/"},
        {"aud": "https://127.0.0.1:{port}"},
    ],
    ids=["exp is a string", "exp in milliseconds", "exp a minute ago", "own url with a slash", "own address"],
)
def test_what_real_clients_send_is_taken(emulator: Emulator, claims: dict[str, Any]) -> None:
    port = emulator.url.rpartition(":")[2]
    now = {name: value() if callable(value) else value.format(port=port) for name, value in claims.items()}

    assert emulator.login(**now).status_code == 200


@pytest.mark.parametrize(
    ("claims", "error", "description"),
    [
        ({"aud": "https://test.salesforce.com"}, "invalid_grant", "audience is invalid"),
        ({"aud": "https://example.com"}, "invalid_grant", "audience is invalid"),
        ({"exp": int(time.time()) - 900}, "invalid_grant", "expired authorization code"),
        ({"sub": "nobody@example.com"}, "invalid_grant", "invalid assertion"),
        ({"iss": "3MVGunknown"}, "invalid_client_id", "client identifier invalid"),
    ],
)
def test_a_wrong_claim_is_refused_in_salesforces_words(
    emulator: Emulator, claims: dict[str, Any], error: str, description: str
) -> None:
    answer = emulator.login(**claims)

    assert answer.status_code == 400
    assert answer.json() == {"error": error, "error_description": description}
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_user_who_is_not_pre_authorised_is_refused(emulator: Emulator) -> None:
    emulator.admin("POST", "app", approved=False)
    answer = emulator.login()
    emulator.admin("POST", "app", approved=True)

    assert answer.json() == {
        "error": "invalid_grant",
        "error_description": "user hasn't approved this consumer",
    }


def test_a_signature_by_another_key_is_refused(emulator: Emulator) -> None:
    head, body, _ = emulator.assertion().split(".")
    other = emulator.assertion(sub="else@example.com").split(".")[2]
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": f"{head}.{body}.{other}",
    }
    answer = emulator.http.post(f"{emulator.url}/services/oauth2/token", data=form)

    assert answer.json()["error_description"] == "invalid assertion"


def test_an_expired_session_is_401_with_an_array(client: Client) -> None:
    client.emulator.admin("POST", "sessions/expire")
    answer = client("GET", "/limits")

    assert answer.status_code == 401
    assert answer.json() == [
        {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"},
    ]
