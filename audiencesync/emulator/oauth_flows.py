"""The flows beside JWT bearer: refresh, web server with PKCE, client credentials, username and password.

Source:
    Salesforce Help, "OAuth Authorization Flows"; error texts: docs/salesforce.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audiencesync.emulator.oauth import OAuthError, client, find_user, granted_signed

if TYPE_CHECKING:
    from audiencesync.emulator.http import Call, Reply
    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.sessions import App

CODE_LIVES_S = 900
_LOGIN_HOSTS = frozenset({"login.salesforce.com", "test.salesforce.com"})
_OFFLINE = frozenset({"refresh_token", "offline_access", "full"})


@dataclass(frozen=True)
class Code:
    """An authorization code, good once and for 15 minutes."""

    app_key: str
    user_id: str
    redirect_uri: str
    scope: str
    expires: float
    challenge: str | None
    method: str


def issue_code(instance: Instance, app: App, user_id: str, form: dict[str, str]) -> str:
    """A code for what the user allowed."""
    value = f"aPrx{secrets.token_urlsafe(48)}"
    instance.codes[value] = Code(
        app.key,
        user_id,
        form["redirect_uri"],
        form.get("scope") or app.scope,
        instance.org.clock.time() + CODE_LIVES_S,
        form.get("code_challenge"),
        form.get("code_challenge_method", "S256"),
    )
    return value


def authorization_code(instance: Instance, call: Call, form: dict[str, str]) -> Reply:
    """A code for tokens; without PKCE the app must prove itself by its secret."""
    code = instance.codes.pop(form.get("code", ""), None)
    app = client(instance, call, form, secret=code is None or code.challenge is None)
    if code is None or code.app_key != app.key:
        raise OAuthError("invalid_grant", "invalid authorization code")
    if code.expires < instance.org.clock.time():
        raise OAuthError("invalid_grant", "expired authorization code")
    if form.get("redirect_uri") != code.redirect_uri:
        raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    if code.challenge is not None and not _proves(form.get("code_verifier", ""), code):
        raise OAuthError("invalid_grant", "invalid code verifier")
    session = instance.sessions.start(code.user_id, app.key, code.scope)
    if not _OFFLINE & set(code.scope.split()):
        return granted_signed(instance, call, session)
    refresh = instance.sessions.start_refresh(code.user_id, app.key, code.scope)
    return granted_signed(instance, call, session, refresh_token=refresh.token)


def _proves(verifier: str, code: Code) -> bool:
    if code.method.lower() == "plain":
        found = verifier
    else:
        found = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(found, (code.challenge or "").rstrip("="))


def refresh_token(instance: Instance, call: Call, form: dict[str, str]) -> Reply:
    """A new access token; with rotation the refresh token is used up and replaced."""
    app = client(instance, call, form, secret=False)
    found = instance.sessions.refresh.get(form.get("refresh_token", ""))
    if found is None or found.app_key != app.key:
        raise OAuthError("invalid_grant", "expired access/refresh token")
    session = instance.sessions.start(found.user_id, app.key, found.scope)
    if not instance.org.settings.refresh_rotation:
        return granted_signed(instance, call, session)
    del instance.sessions.refresh[found.token]
    rotated = instance.sessions.start_refresh(found.user_id, app.key, found.scope)
    return granted_signed(instance, call, session, refresh_token=rotated.token)


def client_credentials(instance: Instance, call: Call, form: dict[str, str]) -> Reply:
    """A token for the app's own user; only on My Domain, never with a refresh token."""
    app = client(instance, call, form, secret=True)
    if call.headers.get("host", "").partition(":")[0] in _LOGIN_HOSTS:
        raise OAuthError("invalid_grant", "request not supported on this domain")
    if app.run_as is None:
        raise OAuthError("invalid_grant", "no client credentials user enabled")
    session = instance.sessions.start(find_user(instance, app.run_as), app.key, "api")
    return granted_signed(instance, call, session)


def password(instance: Instance, call: Call, form: dict[str, str]) -> Reply:
    """Username and password: blocked unless the org allows it, as in new orgs."""
    app = client(instance, call, form, secret=True)
    settings = instance.org.settings
    right = hmac.compare_digest(form.get("password", ""), settings.password)
    if not settings.password_flow or not right or form.get("username") != settings.username:
        raise OAuthError("invalid_grant", "authentication failure")
    session = instance.sessions.start(find_user(instance, settings.username), app.key, app.scope)
    return granted_signed(instance, call, session)


FLOWS = {
    "authorization_code": authorization_code,
    "refresh_token": refresh_token,
    "client_credentials": client_credentials,
    "password": password,
}
