"""The token endpoint: grants, and refusals in Salesforce's own words.

Source:
    Salesforce Help, "OAuth 2.0 JWT Bearer Flow", "OAuth authorization errors"; recorded error bodies.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import jwt

from audiencesync.emulator.http import Call, Reply, Route, route

if TYPE_CHECKING:
    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.sessions import App, Session

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LEEWAY_S = 180
_MILLISECONDS_FROM = 100_000_000_000
_LOGIN, _TEST = "https://login.salesforce.com", "https://test.salesforce.com"


class OAuthError(Exception):
    """A refused grant: HTTP 400 with an error and its description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error

    @property
    def reply(self) -> Reply:
        """The body, never to be cached."""
        body = {"error": self.error, "error_description": str(self)}
        return Reply(400, body, {"Cache-Control": "no-store", "Pragma": "no-cache"})


def token(instance: Instance, call: Call) -> Reply:
    """`POST /services/oauth2/token`."""
    form = call.form()
    try:
        return _grant(instance, call, form)
    except OAuthError as error:
        return error.reply


def _grant(instance: Instance, call: Call, form: dict[str, str]) -> Reply:
    kind = form.get("grant_type")
    if not kind:
        raise OAuthError("invalid_request", "missing required parameter: grant_type")
    if kind == JWT_BEARER:
        return granted(instance, call, jwt_bearer(instance, call, form))
    raise OAuthError("unsupported_grant_type", "grant type not supported")


def granted(instance: Instance, call: Call, session: Session, **extra: object) -> Reply:
    """A token response; flows with a refresh token add more."""
    base = instance.base_url(call)
    body = {
        "access_token": session.token,
        "scope": session.scope,
        "instance_url": base,
        "id": f"{base}/id/{instance.org.id}/{session.user_id}",
        "token_type": "Bearer",
        **extra,
    }
    return Reply(200, body, {"Cache-Control": "no-store", "Pragma": "no-cache"})


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


def find_app(instance: Instance, key: str) -> App:
    """A connected app by its consumer key.

    Raises:
        OAuthError: There is none.
    """
    app = instance.apps.get(key)
    if app is None:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    return app


def find_user(instance: Instance, username: str) -> str:
    """The Id of an active user.

    Raises:
        OAuthError: No such user, or not active.
    """
    found = instance.org.table("User").find("Username", username) if username else []
    if not found:
        raise OAuthError("invalid_grant", "invalid assertion")
    if not instance.org.table("User").records[found[0]].get("IsActive"):
        raise OAuthError("invalid_grant", "inactive user")
    return found[0]


ROUTES: list[Route] = [route("POST", "/services/oauth2/token", token, public=True)]
