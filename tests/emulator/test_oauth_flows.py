"""Web server with PKCE, refresh and rotation, client credentials, password, revoke, introspect, userinfo."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

    from .conftest import Emulator

REDIRECT = "http://localhost:1717/OauthRedirect"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def org(shared: Emulator) -> Iterator[Emulator]:
    """The shared org, with the flows set as in a new org."""
    yield shared
    shared.admin("POST", "settings", refresh_rotation=False, password_flow=False)


def post(org: Emulator, path: str, **form: str) -> requests.Response:
    return org.http.post(f"{org.url}/services/oauth2/{path}", data=form, allow_redirects=False)


def allow(org: Emulator, **more: str) -> dict[str, str]:
    asked = {
        "response_type": "code",
        "client_id": org.greeting["consumer_key"],
        "redirect_uri": REDIRECT,
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **more,
    }
    answer = post(org, "authorize", **asked)
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def redeem(org: Emulator, code: str, **more: str) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": org.greeting["consumer_key"],
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **more,
    }
    return post(org, "token", **form)


def refresh(org: Emulator, token: str) -> requests.Response:
    key = org.greeting["consumer_key"]
    return post(org, "token", grant_type="refresh_token", client_id=key, refresh_token=token)


def works(org: Emulator, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return org.http.get(f"{org.url}/services/data/v66.0/limits", headers=headers).ok


def test_a_code_is_good_once_and_only_with_its_verifier(org: Emulator) -> None:
    sent = allow(org)
    assert sent["state"] == "s1"
    wrong = redeem(org, allow(org)["code"], code_verifier="x" * 64)
    first, second = redeem(org, sent["code"]), redeem(org, sent["code"])

    assert wrong.json()["error"] == "invalid_grant"
    body = first.json()
    assert works(org, body["access_token"])
    assert {"refresh_token", "issued_at", "signature"} <= set(body)
    assert second.status_code == 400


def test_the_page_asks_and_names_the_app(org: Emulator) -> None:
    query = {
        "response_type": "code",
        "client_id": org.greeting["consumer_key"],
        "redirect_uri": REDIRECT,
    }
    page = org.http.get(f"{org.url}/services/oauth2/authorize", params=query)
    foreign = org.http.get(
        f"{org.url}/services/oauth2/authorize", params={**query, "redirect_uri": "https://evil.example"}
    )

    assert "Allow Access?" in page.text
    assert foreign.json()["error"] == "redirect_uri_mismatch"


def test_a_denied_request_comes_back_as_an_error(org: Emulator) -> None:
    assert allow(org, deny="1")["error"] == "access_denied"


def test_without_pkce_the_secret_is_needed(org: Emulator) -> None:
    code = allow(org, code_challenge="")["code"]
    answer = redeem(org, code)

    assert answer.status_code == 400


def test_a_refresh_token_gives_access_tokens_until_it_is_revoked(org: Emulator) -> None:
    token = redeem(org, allow(org)["code"]).json()["refresh_token"]
    first = refresh(org, token).json()
    assert works(org, first["access_token"])
    assert "refresh_token" not in first

    assert post(org, "revoke", token=token).status_code == 200
    answer = refresh(org, token)
    assert answer.json() == {
        "error": "invalid_grant",
        "error_description": "expired access/refresh token",
    }
    assert not works(org, first["access_token"])


def test_with_rotation_the_old_refresh_token_dies(org: Emulator) -> None:
    token = redeem(org, allow(org)["code"]).json()["refresh_token"]
    org.admin("POST", "settings", refresh_rotation=True)
    second = refresh(org, token).json()["refresh_token"]

    assert second != token
    assert refresh(org, token).status_code == 400
    assert refresh(org, second).status_code == 200


def test_the_sixth_refresh_token_ends_the_first(launch: Callable[..., Emulator]) -> None:
    org = launch()
    tokens = [redeem(org, allow(org)["code"]).json()["refresh_token"] for _ in range(6)]

    assert [refresh(org, token).status_code for token in tokens] == [400, 200, 200, 200, 200, 200]


def basic(org: Emulator, path: str, **form: str) -> requests.Response:
    pair = (org.greeting["consumer_key"], org.greeting["consumer_secret"])
    return org.http.post(f"{org.url}/services/oauth2/{path}", data=form, auth=pair)


def test_client_credentials_and_introspection(org: Emulator) -> None:
    token = basic(org, "token", grant_type="client_credentials").json()
    seen: dict[str, Any] = basic(org, "introspect", token=token["access_token"]).json()

    assert works(org, token["access_token"])
    assert "refresh_token" not in token
    assert seen["active"] is True
    assert seen["username"] == "integration@example.com"
    assert seen["exp"] > seen["iat"]
    assert basic(org, "introspect", token="else").json() == {"active": False}


def test_client_credentials_need_the_right_secret_and_a_user_to_run_as(org: Emulator) -> None:
    key = org.greeting["consumer_key"]
    wrong = post(org, "token", grant_type="client_credentials", client_id=key, client_secret="x")
    org.admin("POST", "app", run_as=None)
    nobody = basic(org, "token", grant_type="client_credentials")
    org.admin("POST", "app", run_as=org.greeting["username"])

    assert wrong.json() == {"error": "invalid_client", "error_description": "invalid client credentials"}
    assert nobody.json()["error_description"] == "no client credentials user enabled"


def test_username_and_password_are_blocked_until_allowed(org: Emulator) -> None:
    form = {"grant_type": "password", "username": org.greeting["username"], "password": "local-password"}
    blocked = basic(org, "token", **form)
    org.admin("POST", "settings", password_flow=True)

    assert blocked.json()["error_description"] == "authentication failure"
    assert basic(org, "token", **form).status_code == 200


def test_unknown_grants_and_missing_ones_are_named(org: Emulator) -> None:
    assert post(org, "token", grant_type="magic").json()["error"] == "unsupported_grant_type"
    assert post(org, "token").json() == {
        "error": "invalid_request",
        "error_description": "missing required parameter: grant_type",
    }


def test_userinfo_says_who_is_logged_in(org: Emulator) -> None:
    token = org.login().json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    body = org.http.get(f"{org.url}/services/oauth2/userinfo", headers=headers).json()
    bad = org.http.get(f"{org.url}/services/oauth2/userinfo", headers={"Authorization": "Bearer x"})

    assert body["preferred_username"] == "integration@example.com"
    assert token["id"].endswith(f"/id/{body['organization_id']}/{body['user_id']}")
    assert org.http.get(token["id"], headers=headers).json()["user_id"] == body["user_id"]
    assert (bad.status_code, bad.text) == (403, "Bad_OAuth_Token")
