"""OAuth endpoints: authorize, token, revoke, introspect, userinfo and the identity URL.

Source:
    Salesforce Help, "OAuth Endpoints", "OpenID Connect Token Introspection", "The UserInfo Endpoint".
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from audiencesync.emulator.http import Call, Reply, Route, route
from audiencesync.emulator.oauth import NO_STORE, OAuthError, client, find_app, granted
from audiencesync.emulator.oauth_flows import FLOWS, issue_code
from audiencesync.emulator.oauth_jwt import GRANT, jwt_bearer

if TYPE_CHECKING:
    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.sessions import App, Session

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Allow Access?</title></head><body>
<h1>Allow Access?</h1><p>{app} is asking to: {scope}</p>
<form method="post">{hidden}
<button name="allow" value="1">Allow</button> <button name="deny" value="1">Deny</button></form>
</body></html>"""


def token(instance: Instance, call: Call) -> Reply:
    """`POST /services/oauth2/token`."""
    try:
        return _grant(instance, call, call.form())
    except OAuthError as error:
        return error.reply


def _grant(instance: Instance, call: Call, form: dict[str, str]) -> Reply:
    kind = form.get("grant_type")
    if not kind:
        raise OAuthError("invalid_request", "missing required parameter: grant_type")
    if kind == GRANT:
        return granted(instance, call, jwt_bearer(instance, call, form))
    if kind not in FLOWS:
        raise OAuthError("unsupported_grant_type", "grant type not supported")
    return FLOWS[kind](instance, call, form)


def authorize(instance: Instance, call: Call) -> Reply:
    """`GET` shows what is asked for, `POST` sends the answer back to the app."""
    form = call.form()
    try:
        app = _asking(instance, form)
    except OAuthError as error:
        return error.reply
    if call.method == "GET":
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in form.items()
        )
        page = _PAGE.format(
            app=html.escape(app.name), scope=html.escape(form.get("scope") or app.scope), hidden=hidden
        )
        return Reply(200, page.encode(), content_type="text/html;charset=UTF-8")
    state = {"state": form["state"]} if "state" in form else {}
    if "deny" in form:
        answer = {"error": "access_denied", "error_description": "end-user denied authorization"}
    else:
        answer = {"code": issue_code(instance, app, instance.org.user_id, form)}
    return Reply(302, headers={"Location": f"{form['redirect_uri']}?{urlencode({**answer, **state})}"})


def _asking(instance: Instance, form: dict[str, str]) -> App:
    app = find_app(instance, form.get("client_id", ""))
    if form.get("redirect_uri") not in app.redirect_uris:
        raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    if form.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response type not supported")
    return app


def revoke(instance: Instance, call: Call) -> Reply:
    """`POST /services/oauth2/revoke`: a refresh token takes its access tokens along."""
    value = call.form().get("token", "")
    sessions = instance.sessions
    refresh = sessions.refresh.pop(value, None)
    if refresh is not None:
        for session in list(sessions.open.values()):
            if (session.user_id, session.app_key) == (refresh.user_id, refresh.app_key):
                del sessions.open[session.token]
    elif sessions.open.pop(value, None) is None:
        return OAuthError("invalid_token", "invalid token").reply
    return Reply(200)


def introspect(instance: Instance, call: Call) -> Reply:
    """`POST /services/oauth2/introspect`."""
    form = call.form()
    try:
        app = client(instance, call, form, secret=True)
    except OAuthError as error:
        return error.reply
    session = instance.sessions.find(form.get("token", ""))
    if session is None or session.app_key != app.key:
        return Reply(200, {"active": False}, dict(NO_STORE))
    body = {
        "active": True,
        "scope": session.scope,
        "client_id": app.key,
        "username": _user(instance, session)["Username"],
        "sub": f"{instance.base_url(call)}/id/{instance.org.id}/{session.user_id}",
        "token_type": "access_token",
        "exp": int(session.expires),
        "iat": int(session.issued),
        "nbf": int(session.issued),
    }
    return Reply(200, body, dict(NO_STORE))


def userinfo(instance: Instance, call: Call) -> Reply:
    """`GET /services/oauth2/userinfo`, and the identity URL of the token response."""
    authorization = call.headers.get("authorization", "")
    session = instance.sessions.find(authorization.partition(" ")[2].strip())
    if session is None:
        text = b"Bad_OAuth_Token" if authorization else b"Missing_OAuth_Token"
        return Reply(403, text, content_type="text/html;charset=UTF-8")
    user, base = _user(instance, session), instance.base_url(call)
    rest = f"{base}/services/data/v{{version}}/"
    body = {
        "sub": f"{base}/id/{instance.org.id}/{session.user_id}",
        "user_id": session.user_id,
        "organization_id": instance.org.id,
        "preferred_username": user["Username"],
        "username": user["Username"],
        "nickname": user["Alias"],
        "name": user["Name"],
        "given_name": user.get("FirstName"),
        "family_name": user["LastName"],
        "email": user["Email"],
        "email_verified": True,
        "zoneinfo": user["TimeZoneSidKey"],
        "urls": {
            "rest": rest,
            "metadata": f"{base}/services/Soap/m/{{version}}/{instance.org.id}",
            "sobjects": f"{rest}sobjects/",
            "query": f"{rest}query/",
            "tooling_rest": f"{rest}tooling/",
        },
        "active": user["IsActive"],
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": "en_US",
        "utcOffset": 0,
        "updated_at": user["LastModifiedDate"],
    }
    return Reply(200, body)


def _user(instance: Instance, session: Session) -> dict[str, object]:
    return dict(instance.org.table("User").records[session.user_id])


_BASE = "/services/oauth2"
ROUTES: list[Route] = [
    route("POST", f"{_BASE}/token", token, public=True),
    route("GET", f"{_BASE}/authorize", authorize, public=True),
    route("POST", f"{_BASE}/authorize", authorize, public=True),
    route("POST", f"{_BASE}/revoke", revoke, public=True),
    route("GET", f"{_BASE}/revoke", revoke, public=True),
    route("POST", f"{_BASE}/introspect", introspect, public=True),
    route("GET", f"{_BASE}/userinfo", userinfo, public=True),
    route("POST", f"{_BASE}/userinfo", userinfo, public=True),
    route("GET", "/id/{org}/{user}", userinfo, public=True),
]
