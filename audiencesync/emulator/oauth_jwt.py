"""JWT bearer flow.

Source:
    Salesforce Help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration"; what simple-salesforce, the
    Salesforce CLI and CumulusCI were seen to send.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import jwt

from audiencesync.emulator.oauth import OAuthError, find_app, find_user

if TYPE_CHECKING:
    from audiencesync.emulator.http import Call
    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.sessions import App, Session

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LEEWAY_S = 180
_MILLISECONDS_FROM = 100_000_000_000
_LOGIN, _TEST = "https://login.salesforce.com", "https://test.salesforce.com"


def jwt_bearer(instance: Instance, call: Call, form: dict[str, str]) -> Session:
    """Check an assertion as strictly as Salesforce does, and as loosely as real clients need.

    `exp` comes as seconds, as a string of seconds, and as milliseconds; it may lie up to three minutes back.
    """
    assertion = form.get("assertion")
    if not assertion:
        raise OAuthError("invalid_request", "missing required parameter: assertion")
    app = _issuer(instance, assertion)
    claims = _verified(assertion, app)
    if str(claims.get("aud", "")).rstrip("/") not in _audiences(instance, call):
        raise OAuthError("invalid_grant", "audience is invalid")
    if _seconds(claims.get("exp")) + _LEEWAY_S < time.time():  # clients sign by real time, whatever ours is
        raise OAuthError("invalid_grant", "expired authorization code")
    user_id = find_user(instance, str(claims.get("sub", claims.get("prn", ""))))
    if not app.approved:
        raise OAuthError("invalid_grant", "user hasn't approved this consumer")
    return instance.sessions.start(user_id, app.key, "api id")


def _issuer(instance: Instance, assertion: str) -> App:
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise OAuthError("invalid_grant", "invalid assertion") from error
    return find_app(instance, str(claims.get("iss", "")))


def _verified(assertion: str, app: App) -> dict[str, object]:
    checks = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False}
    loose = {**checks, "verify_jti": False, "verify_sub": False, "verify_iss": False}
    try:
        claims: dict[str, object] = jwt.decode(
            assertion,
            app.certificate,
            algorithms=["RS256"],
            options=loose,  # type: ignore[arg-type]
        )
    except jwt.InvalidTokenError as error:
        raise OAuthError("invalid_grant", "invalid assertion") from error
    return claims


def _seconds(exp: object) -> float:
    try:
        number = float(str(exp))
    except ValueError as error:
        raise OAuthError("invalid_grant", "invalid assertion") from error
    return number / 1000 if number > _MILLISECONDS_FROM else number


def _audiences(instance: Instance, call: Call) -> set[str]:
    """The login host of this kind of org, or this server under either of its names."""
    login = _TEST if instance.org.settings.sandbox else _LOGIN
    return {login, instance.base_url(call), *instance.own_urls}
