"""Signing in: one signed request, one token."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

import jwt
import requests
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from audiencesync.clock import Clock
from audiencesync.errors import AnswerLost, ConfigError, SalesforceUnavailable, SignInRefused
from audiencesync.salesforce.answers import json_or_none
from audiencesync.salesforce.ids import long_id
from audiencesync.salesforce.refusals import clock_difference, cure_of_sign_in, printable
from audiencesync.salesforce.transport import Anonymous, Transport, secure_origin

PRODUCTION = "https://login.salesforce.com"
SANDBOX = "https://test.salesforce.com"

_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
_WHAT = "the token request"
_LIFETIME_S = 180
_SKEW_WORTH_A_WORD_S = 30
_OK = 200
_SERVER_ERROR = 500
_BUSY = frozenset({408, 420, 429})
_SANDBOX_HOST = re.compile(r"\.(sandbox|scratch)\.my\.salesforce\.|^cs\d+\.|^[^.]+--[^.]+\.my\.salesforce\.")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_IDENTITY = re.compile(r"/id/(?P<org>00D\w{12}(\w{3})?)/(?P<user>005\w{12}(\w{3})?)/?$")


@dataclass(frozen=True, slots=True)
class JwtBearer:
    """A server-to-server grant: a key that the app's certificate belongs to speaks for a user.

    Attributes:
        login_url: Where tokens are asked for: a login host, My Domain, or a site.
        consumer_key: The app's client id.
        username: The user that the writes are made as.
        private_key: PEM text of an RSA key.
        audience: The JWT's `aud`; None means what fits `login_url`.
    """

    login_url: str
    consumer_key: str = field(repr=False)
    username: str = field(repr=False)
    private_key: str = field(repr=False)
    audience: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """What a sign-in gives.

    Attributes:
        access_token: Opaque; kept in memory only.
        instance_url: `scheme://host[:port]` that every later request goes to.
        user_id: The user's Salesforce Id in 18 characters; empty when Salesforce did not say.
        org_id: The org's; likewise.
    """

    access_token: str = field(repr=False)
    instance_url: str
    user_id: str = ""
    org_id: str = ""


def request_token(grant: JwtBearer, *, http: Transport, clock: Clock) -> Token:
    """Ask for an access token.

    A login host outside salesforce.com may want its own address or a Salesforce one as audience. So there,
    and only when it answers that the audience is invalid, the other candidates are tried, once each.

    Args:
        grant: Who asks, and how they prove it.
        http: Sends the request.
        clock: Dates the assertion.

    Raises:
        ConfigError: `login_url` or the private key cannot be used; nothing was sent.
        SignInRefused: Salesforce said no; the hint holds the cure.
        SalesforceUnavailable: No answer, or one that means "later".

    Source:
        Salesforce Help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration".
    """
    login_url = _login_url(grant.login_url)
    key = _rsa_key(grant.private_key)
    refusal: SignInRefused | None = None
    for audience in audiences(login_url, grant.audience):
        assertion = _assertion(grant, key, audience=audience, clock=clock)
        answer = _post(http, login_url + _TOKEN_PATH, assertion)
        if answer.status_code == _OK:
            return _token(answer)
        refusal = _refusal(answer, grant, clock=clock)
        if not _audience_is_wrong(answer):
            break
    assert refusal is not None  # noqa: S101 - there is always an audience
    raise refusal


def audiences(login_url: str, configured: str | None) -> tuple[str, ...]:
    """The `aud` to send, then those to try when the host calls it invalid.

    Args:
        login_url: Without a slash at its end.
        configured: What the config says; it is then the only one.
    """
    if configured:
        return (configured,)
    host = (urlsplit(login_url).hostname or "").lower()
    if host.endswith((".salesforce.com", ".salesforce.mil")):
        sandbox = host == "test.salesforce.com" or _SANDBOX_HOST.search(host) is not None
        return (SANDBOX if sandbox else PRODUCTION,)
    return tuple(dict.fromkeys((login_url, secure_origin(login_url) or login_url, PRODUCTION, SANDBOX)))


def _login_url(url: str) -> str:
    trimmed = url.strip().rstrip("/").removesuffix(_TOKEN_PATH)
    parts = urlsplit(trimmed)
    if secure_origin(trimmed) is None or parts.query or parts.fragment:
        raise ConfigError(
            "connection.login_url is not an https address",
            hint=f"use {PRODUCTION}, {SANDBOX} or the org's My Domain address",
        )
    return trimmed


def _rsa_key(pem: str) -> RSAPrivateKey:
    """The key, or a word on what was given instead of one."""
    text = pem.strip()
    if "\n" not in text:
        text = text.replace("\\r", "").replace(
            "\\n", "\n"
        )  # a PEM that travelled through an environment variable
    problem = _not_a_private_key(text)
    if problem is None:
        try:
            key = load_pem_private_key(text.encode(), password=None)
        except TypeError:
            problem = "is encrypted"
        except (ValueError, UnsupportedAlgorithm):
            problem = "is not a readable PEM private key"
        else:
            if isinstance(key, RSAPrivateKey):
                return key
            problem = "is not an RSA key"
    raise ConfigError(
        f"connection.auth.private_key {problem}",
        hint="give the unencrypted PEM of the RSA private key whose certificate was uploaded to the app; "
        "`openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem` makes such a pair",
    )


def _not_a_private_key(text: str) -> str | None:
    if not text:
        return "is empty"
    if "PRIVATE KEY-----" in text:
        return "is encrypted" if "ENCRYPTED" in text else None
    if "PUBLIC KEY-----" in text:
        return "is a public key"
    return "is a certificate" if "CERTIFICATE-----" in text else None


def _assertion(grant: JwtBearer, key: RSAPrivateKey, *, audience: str, clock: Clock) -> str:
    claims: Mapping[str, str | int] = {
        "iss": grant.consumer_key,
        "sub": grant.username,
        "aud": audience,
        "exp": int(clock.now().timestamp()) + _LIFETIME_S,
    }
    return jwt.encode(dict(claims), key, algorithm="RS256")


def _post(http: Transport, url: str, assertion: str) -> requests.Response:
    """One token request. A second one does no harm, so a lost answer only means "later"."""
    send = partial(http.send, "POST", url, auth=Anonymous(), what=_WHAT)
    try:
        answer = send(
            headers={"Accept": "application/json"},
            data={"grant_type": _GRANT_TYPE, "assertion": assertion},
        )
    except AnswerLost as lost:
        later = SalesforceUnavailable(str(lost), hint="check the network, then run again")
    else:
        if answer.status_code < _SERVER_ERROR and answer.status_code not in _BUSY:
            return answer
        later = SalesforceUnavailable(
            f"the login host answered HTTP {answer.status_code}",
            hint="run again later; see trust.salesforce.com",
        )
    raise later


def _token(answer: requests.Response) -> Token:
    document = json_or_none(answer.content)
    if not isinstance(document, dict):
        raise SalesforceUnavailable(
            "the login host answered with something other than JSON",
            hint="check that login_url is a Salesforce login host and that no proxy asks for a sign-in",
        )
    access_token, instance_url = document.get("access_token"), document.get("instance_url")
    origin = secure_origin(instance_url) if isinstance(instance_url, str) else None
    if not isinstance(access_token, str) or not _TOKEN.fullmatch(access_token) or origin is None:
        raise SignInRefused(
            "the login host answered without a usable access_token and instance_url",
            hint="check that login_url is a Salesforce login host",
            code="invalid_token_response",
            status=answer.status_code,
        )
    org_id, user_id = _identity(document.get("id"))
    return Token(access_token=access_token, instance_url=origin, user_id=user_id, org_id=org_id)


def _identity(url: object) -> tuple[str, str]:
    """The org and the user that an identity URL names; empty for anything else.

    Source:
        Salesforce Help, "Identity URLs".
    """
    found = _IDENTITY.search(url) if isinstance(url, str) else None
    return (long_id(found["org"]), long_id(found["user"])) if found else ("", "")


def _audience_is_wrong(answer: requests.Response) -> bool:
    return "audience is invalid" in _error_of(answer)[1].lower()


def _error_of(answer: requests.Response) -> tuple[str, str]:
    """The OAuth error and its description; empty for an answer that holds none."""
    document = json_or_none(answer.content)
    if not isinstance(document, dict):
        return "", ""
    return next(_texts(document, "error", "errorCode"), ""), next(
        _texts(document, "error_description", "message"), ""
    )


def _texts(document: Mapping[str, object], *names: str) -> Iterator[str]:
    return (value for name in names if isinstance(value := document.get(name), str))


def _refusal(answer: requests.Response, grant: JwtBearer, *, clock: Clock) -> SignInRefused:
    status = answer.status_code
    error, description = _error_of(answer)
    if not error and not description:
        return SignInRefused(
            f"the login host answered HTTP {status} without an OAuth error",
            hint="check login_url: it must be the address of a Salesforce login host, and must not redirect",
            code=f"HTTP_{status}",
            status=status,
        )
    said = printable(description, secrets=(grant.username, grant.consumer_key))
    code = printable(error, secrets=(grant.username, grant.consumer_key)) or "unknown_error"
    ahead = clock_difference(answer.headers.get("Date"), clock.now())
    expired = "expired authorization code" in description.lower()
    skew = ""
    if ahead is not None and (expired or abs(ahead) >= _SKEW_WORTH_A_WORD_S):
        skew = f"; our clock is {abs(ahead)} s {'ahead of' if ahead >= 0 else 'behind'} Salesforce's"
    return SignInRefused(
        f"Salesforce refused the sign-in: {code}" + (f" ({said})" if said else "") + skew,
        hint=cure_of_sign_in(error, description),
        code=code,
        status=status,
    )
