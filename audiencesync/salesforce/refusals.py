"""Why Salesforce refuses a sign-in, and the cure for each reason."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_PLAIN_TEXT = re.compile(r"[A-Za-z][A-Za-z '/:_-]{0,119}")

_BY_DESCRIPTION = {
    "hasn't approved this consumer": (
        "the app is not approved for this user: under Manage Connected Apps (or the External Client App's "
        "policies) set Permitted Users to 'Admin approved users are pre-authorized' and give the user's "
        "profile or permission set access to the app"
    ),
    "not admin approved": (
        "give the user's profile or a permission set of the user access to the app (Manage Connected Apps, "
        "or the External Client App's policies)"
    ),
    "audience is invalid": (
        "production and sandbox are mixed up: use login_url https://login.salesforce.com for production "
        "and https://test.salesforce.com for a sandbox, and leave auth.audience out unless your login host "
        "needs it"
    ),
    "expired authorization code": (
        "the signed request had expired when Salesforce read it: set this machine's clock right (NTP)"
    ),
    "invalid assertion": (
        "the signature or the user name was not accepted: check that the certificate uploaded to the app "
        "belongs to auth.private_key, and that auth.username exists in this very org (sandbox user names "
        "have a suffix)"
    ),
    "client identifier invalid": "auth.consumer_key is not an app of this org: copy the Consumer Key again",
    "not installed in this org": (
        "install the app in this org (Connected Apps OAuth Usage, Install), or check that login_url names "
        "the org the app was made in"
    ),
    "ip restricted": (
        "this machine's address is outside the user's or the app's allowed IP ranges: add it, or relax the "
        "app's IP policy"
    ),
    "user is locked": "the user is locked: unlock it in Setup, Users",
    "inactive user": "the user is inactive: activate it in Setup, Users, or name another one",
    "authentication failure": (
        "the user cannot sign in: check its status, its login hours and the login history"
    ),
    "no client credentials user enabled": "name a run-as user in the app's client credentials settings",
    "request not supported on this domain": "set login_url to the org's My Domain address",
    "expired access/refresh token": "sign in again: `audiencesync auth login`",
    "grant type not supported": "enable this OAuth flow in the app's settings",
}

_BY_ERROR = {
    "invalid_client_id": "auth.consumer_key is not an app of this org: copy the Consumer Key again",
    "invalid_client": "auth.consumer_key or its secret is wrong: copy both again",
    "invalid_app_access": "give the user's profile or a permission set of the user access to the app",
    "unsupported_grant_type": "enable this OAuth flow in the app's settings",
    "invalid_request": "check login_url: it must be the address of a Salesforce login host",
    "inactive_user": "the user is inactive: activate it in Setup, Users",
    "inactive_org": "the org is locked, closed or suspended: ask Salesforce support",
    "rate_limit_exceeded": "too many sign-ins of this user within the hour: wait, then run again",
}

_UNKNOWN = (
    "look into Setup, Login History for the reason; usual ones: the user is not approved for the app, "
    "sandbox and production are mixed up, the clock is wrong, or the certificate is not the app's"
)


def cure_of_sign_in(error: str, description: str) -> str:
    """What the operator does about a refused token request.

    Args:
        error: The OAuth error, such as `invalid_grant`.
        description: Salesforce's `error_description`; empty when it sent none.

    Source:
        Salesforce Help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration" and "OAuth Error Codes".
    """
    lowered = description.lower()
    for fragment, cure in _BY_DESCRIPTION.items():
        if fragment in lowered:
            return cure
    return _BY_ERROR.get(error, _UNKNOWN)


def printable(text: str, *, secrets: tuple[str, ...]) -> str:
    """A description of Salesforce when it is plain words and names nobody, else nothing."""
    if _PLAIN_TEXT.fullmatch(text) is None:
        return ""
    lowered = text.lower()
    return "" if any(secret and secret.lower() in lowered for secret in secrets) else text


def clock_difference(date_header: str | None, now: datetime) -> int | None:
    """Seconds that our clock is ahead of the server's, or None when the server did not say its time."""
    if not date_header:
        return None
    try:
        theirs = parsedate_to_datetime(date_header)
    except ValueError:
        return None
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    return round((now - theirs).total_seconds())
