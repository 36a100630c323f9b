"""Logged-in sessions and the apps that may open them."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from audiencesync.emulator import ids
from audiencesync.emulator.errors import ApiError

if TYPE_CHECKING:
    from audiencesync.emulator.org import Org


@dataclass
class App:
    """A connected app.

    Attributes:
        certificate: Public key, PEM, that its JWTs are checked with.
        approved: Users are pre-authorised by an administrator.
        run_as: Username of the client-credentials flow; None switches the flow off.
    """

    key: str
    secret: str
    certificate: str
    name: str = "audiences"
    approved: bool = True
    run_as: str | None = None
    redirect_uris: list[str] = field(default_factory=lambda: ["http://localhost:1717/OauthRedirect"])
    scope: str = "api refresh_token id"


@dataclass
class Session:
    """One access token.

    Attributes:
        expires: Org time, in seconds, at which it dies unless it is used before.
    """

    token: str
    user_id: str
    app_key: str
    scope: str
    issued: float
    expires: float


@dataclass
class Refresh:
    """One refresh token."""

    token: str
    user_id: str
    app_key: str
    scope: str


class Sessions:
    """Access and refresh tokens of an org."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self.open: dict[str, Session] = {}
        self.refresh: dict[str, Refresh] = {}

    def start(self, user_id: str, app_key: str, scope: str) -> Session:
        """Open a session."""
        now = self._org.clock.time()
        token = f"{self._org.id[: ids.SHORT]}!AQ{secrets.token_urlsafe(72).replace('-', '.')}"
        session = Session(token, user_id, app_key, scope, now, now + self._org.settings.session_s)
        self.open[token] = session
        return session

    def start_refresh(self, user_id: str, app_key: str, scope: str) -> Refresh:
        """Issue a refresh token; the sixth for one user and app ends the oldest.

        Source:
            Salesforce Help, "Manage OAuth access policies": at most five approvals for each user and app.
        """
        mine = [
            item.token for item in self.refresh.values() if (item.user_id, item.app_key) == (user_id, app_key)
        ]
        for old in mine[:-4]:
            del self.refresh[old]
        made = Refresh(f"5Aep{secrets.token_urlsafe(60)}", user_id, app_key, scope)
        self.refresh[made.token] = made
        return made

    def find(self, token: str) -> Session | None:
        """A session that is alive."""
        session = self.open.get(token)
        return session if session is not None and session.expires > self._org.clock.time() else None

    def use(self, authorization: str) -> Session:
        """The session of an Authorization header; its idle clock starts anew.

        Raises:
            ApiError: 401 INVALID_SESSION_ID.
        """
        scheme, _, token = authorization.partition(" ")
        session = self.find(token.strip()) if scheme.lower() in {"bearer", "oauth"} else None
        if session is None:
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        session.expires = self._org.clock.time() + self._org.settings.session_s
        return session

    def end_all(self) -> None:
        """Expire every access token; refresh tokens live on."""
        self.open.clear()

    def dump(self) -> dict[str, Any]:
        """What a restart needs."""
        return {
            "open": [asdict(item) for item in self.open.values()],
            "refresh": [asdict(item) for item in self.refresh.values()],
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Go on from a dump."""
        self.open = {item["token"]: Session(**item) for item in saved["open"]}
        self.refresh = {item["token"]: Refresh(**item) for item in saved["refresh"]}
