"""What all OAuth flows share: refusals in Salesforce's own words, apps, users and token responses.

Source:
    Salesforce Help, "OAuth 2.0 JWT Bearer Flow", "OAuth authorization errors"; recorded error bodies.
"""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

from audiencesync.emulator.http import Call, Reply

if TYPE_CHECKING:
    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.sessions import App, Session

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class OAuthError(Exception):
    """A refused grant: HTTP 400 with an error and its description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error

    @property
    def reply(self) -> Reply:
        """The body, never to be cached."""
        body = {"error": self.error, "error_description": str(self)}
        return Reply(400, body, dict(NO_STORE))


def granted(instance: Instance, call: Call, session: Session, **extra: object) -> Reply:
    """A token response as the JWT flow gives it."""
    base = instance.base_url(call)
    body = {
        "access_token": session.token,
        "scope": session.scope,
        "instance_url": base,
        "id": identity_url(instance, call, session),
        "token_type": "Bearer",
        **extra,
    }
    return Reply(200, body, dict(NO_STORE))


def granted_signed(instance: Instance, call: Call, session: Session, **extra: object) -> Reply:
    """A token response as the other flows give it: with `issued_at` and a signature."""
    issued = str(int(session.issued * 1000))
    text = identity_url(instance, call, session) + issued
    digest = hmac.digest(instance.apps[session.app_key].secret.encode(), text.encode(), "sha256")
    signature = base64.b64encode(digest).decode()
    return granted(instance, call, session, issued_at=issued, signature=signature, **extra)


def identity_url(instance: Instance, call: Call, session: Session) -> str:
    """Where the user's identity is read."""
    return f"{instance.base_url(call)}/id/{instance.org.id}/{session.user_id}"


def client(instance: Instance, call: Call, form: dict[str, str], *, secret: bool) -> App:
    """The app that calls, by Basic authentication or by form.

    Args:
        instance: Knows the apps.
        call: The request.
        form: Its form.
        secret: The secret is required; otherwise it is checked only if it is given.

    Raises:
        OAuthError: No such app, or a wrong secret.
    """
    key, given = form.get("client_id", ""), form.get("client_secret")
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            key, _, given = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError as error:
            raise OAuthError("invalid_client", "invalid client credentials") from error
    app = find_app(instance, key)
    if (secret and given is None) or (given is not None and given != app.secret):
        raise OAuthError("invalid_client", "invalid client credentials")
    return app


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
