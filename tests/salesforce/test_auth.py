"""Signing in: the claims, the audiences, and a cure for each refusal."""

import traceback
from urllib.parse import parse_qs

import jwt
import pytest
import requests
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from audiencesync.errors import AudienceSyncError, ConfigError, SalesforceRefused, SalesforceUnavailable
from audiencesync.salesforce.auth import Token, audiences, request_token
from audiencesync.salesforce.transport import Transport

from .helpers import CONSUMER_KEY, INSTANCE, LOGIN, TOKEN_URL, USERNAME, HeldClock, grant, token_document


def _claims(call: responses.Call, pem: str) -> dict[str, object]:
    form = parse_qs(str(call.request.body))
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    public = serialization.load_pem_private_key(pem.encode(), password=None).public_key()
    (assertion,) = form["assertion"]
    claims: dict[str, object] = jwt.decode(
        assertion,
        public,  # type: ignore[arg-type]
        algorithms=["RS256"],
        options={"verify_aud": False, "verify_exp": False},
    )
    return claims


def _refused(web: responses.RequestsMock, pem: str, clock: HeldClock) -> SalesforceRefused:
    with pytest.raises(SalesforceRefused) as caught:
        request_token(grant(pem), http=Transport(), clock=clock)
    return caught.value


def test_the_claims_are_those_of_the_flow(web: responses.RequestsMock, pem: str, clock: HeldClock) -> None:
    web.post(TOKEN_URL, json=token_document())

    token = request_token(grant(pem), http=Transport(), clock=clock)

    assert Token("00Dxx!AQtoken1", INSTANCE, "005000000000001AAA", "00D000000000001EAA") == token
    assert {
        "iss": CONSUMER_KEY,
        "sub": USERNAME,
        "aud": LOGIN,
        "exp": int(clock.now().timestamp()) + 180,
    } == _claims(web.calls[0], pem)


@pytest.mark.parametrize(
    ("login_url", "expected"),
    [
        ("https://login.salesforce.com", ("https://login.salesforce.com",)),
        ("https://acme.my.salesforce.com", ("https://login.salesforce.com",)),
        ("https://acme-dev-ed.develop.my.salesforce.com", ("https://login.salesforce.com",)),
        ("https://test.salesforce.com", ("https://test.salesforce.com",)),
        ("https://acme--uat.sandbox.my.salesforce.com", ("https://test.salesforce.com",)),
        ("https://acme--uat.my.salesforce.com", ("https://test.salesforce.com",)),
        ("https://data-1.scratch.my.salesforce.com", ("https://test.salesforce.com",)),
        (
            "https://localhost:8443",
            ("https://localhost:8443", "https://login.salesforce.com", "https://test.salesforce.com"),
        ),
        (
            "https://acme.my.site.com/shop",
            (
                "https://acme.my.site.com/shop",
                "https://acme.my.site.com",
                "https://login.salesforce.com",
                "https://test.salesforce.com",
            ),
        ),
    ],
)
def test_the_audience_fits_the_login_host(login_url: str, expected: tuple[str, ...]) -> None:
    assert expected == audiences(login_url, None)


def test_a_configured_audience_is_the_only_one() -> None:
    assert audiences("https://localhost:1", "https://x.example") == ("https://x.example",)


def test_a_custom_host_is_offered_other_audiences_only_when_it_asks(
    web: responses.RequestsMock, pem: str, clock: HeldClock
) -> None:
    url = "https://sf.internal.example:8443/services/oauth2/token"
    wrong = {"error": "invalid_grant", "error_description": "audience is invalid"}
    web.post(url, json=wrong, status=400)
    web.post(url, json=token_document())

    request_token(grant(pem, login_url="https://sf.internal.example:8443/"), http=Transport(), clock=clock)

    assert [_claims(call, pem)["aud"] for call in web.calls] == ["https://sf.internal.example:8443", LOGIN]


def test_a_custom_host_is_asked_once_when_it_refuses_for_another_reason(
    web: responses.RequestsMock, pem: str, clock: HeldClock
) -> None:
    url = "https://sf.internal.example/services/oauth2/token"
    web.post(url, json={"error": "invalid_grant", "error_description": "invalid assertion"}, status=400)

    with pytest.raises(SalesforceRefused):
        request_token(grant(pem, login_url="https://sf.internal.example"), http=Transport(), clock=clock)

    assert len(web.calls) == 1


def test_a_token_url_given_as_login_url_is_understood(
    web: responses.RequestsMock, pem: str, clock: HeldClock
) -> None:
    web.post(TOKEN_URL, json=token_document())
    request_token(grant(pem, login_url=TOKEN_URL), http=Transport(), clock=clock)


@pytest.mark.parametrize(
    "case",
    [
        ("invalid_grant", "user hasn't approved this consumer", "pre-authorized"),
        ("invalid_app_access", "user is not admin approved to access this app", "permission set"),
        ("invalid_grant", "audience is invalid", "sandbox"),
        ("invalid_grant", "expired authorization code", "NTP"),
        ("invalid_grant", "invalid assertion", "certificate"),
        ("invalid_client_id", "client identifier invalid", "consumer_key"),
        ("invalid_client", "invalid client credentials", "secret"),
        ("invalid_grant", "External client app is not installed in this org", "install the app"),
        ("invalid_grant", "ip restricted", "IP ranges"),
        ("invalid_grant", "user is locked", "unlock"),
        ("invalid_grant", "inactive user", "activate"),
        ("invalid_grant", "authentication failure", "login history"),
        ("unsupported_grant_type", "grant type not supported", "flow"),
        ("invalid_grant", None, "Login History"),
        ("something_new", None, "Login History"),
    ],
)
def test_every_refusal_names_its_cure(
    web: responses.RequestsMock, pem: str, clock: HeldClock, case: tuple[str, str | None, str]
) -> None:
    error, description, cure = case
    body = {"error": error} if description is None else {"error": error, "error_description": description}
    web.post(TOKEN_URL, json=body, status=400)

    refusal = _refused(web, pem, clock)

    assert error == refusal.code
    assert refusal.status == 400
    assert cure in refusal.hint
    assert (description or "") in str(refusal)
    assert refusal.exit_code == 6


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("Sat, 21 Nov 2026 11:50:00 GMT", "our clock is 600 s ahead of Salesforce's"),
        ("Sat, 21 Nov 2026 12:10:00 GMT", "our clock is 600 s behind Salesforce's"),
        ("not a date", "expired authorization code)"),
    ],
)
def test_an_expired_assertion_says_how_far_the_clocks_differ(
    web: responses.RequestsMock, pem: str, clock: HeldClock, date: str, words: str
) -> None:
    body = {"error": "invalid_grant", "error_description": "expired authorization code"}
    web.post(TOKEN_URL, json=body, status=400, headers={"Date": date})

    assert str(_refused(web, pem, clock)).endswith(words)


def test_a_description_with_names_in_it_is_not_repeated(
    web: responses.RequestsMock, pem: str, clock: HeldClock
) -> None:
    body = {"error": "invalid_grant", "error_description": f"unknown user {USERNAME}"}
    web.post(TOKEN_URL, json=body, status=400)

    refusal = _refused(web, pem, clock)

    assert USERNAME not in "".join(traceback.format_exception(refusal)) + refusal.hint


@pytest.mark.parametrize("status", [404, 302, 400])
def test_a_host_that_is_no_login_host_is_refused(
    web: responses.RequestsMock, pem: str, clock: HeldClock, status: int
) -> None:
    web.post(TOKEN_URL, body="<html>", status=status, headers={"Location": "https://elsewhere.example"})

    assert "login_url" in _refused(web, pem, clock).hint


@pytest.mark.parametrize(
    "document",
    [
        {"access_token": "x"},
        {"instance_url": INSTANCE},
        {"access_token": "a\r\nb", "instance_url": INSTANCE},
        {"access_token": "x", "instance_url": "http://acme.my.salesforce.com"},
        {"access_token": "x", "instance_url": "https://user@acme.my.salesforce.com"},
    ],
)
def test_a_token_that_cannot_be_used_safely_is_refused(
    web: responses.RequestsMock, pem: str, clock: HeldClock, document: dict[str, str]
) -> None:
    web.post(TOKEN_URL, json=document)
    assert _refused(web, pem, clock).code == "invalid_token_response"


@pytest.mark.parametrize(
    ("status", "body"), [(200, "<html>sign in to the guest network</html>"), (503, "busy"), (429, "{}")]
)
def test_no_usable_answer_means_later(
    web: responses.RequestsMock, pem: str, clock: HeldClock, status: int, body: str
) -> None:
    web.post(TOKEN_URL, body=body, status=status)
    with pytest.raises(SalesforceUnavailable):
        request_token(grant(pem), http=Transport(), clock=clock)


def test_a_lost_answer_means_later(web: responses.RequestsMock, pem: str, clock: HeldClock) -> None:
    web.post(TOKEN_URL, body=requests.exceptions.ReadTimeout())
    with pytest.raises(SalesforceUnavailable):
        request_token(grant(pem), http=Transport(), clock=clock)


def _pem_variants() -> dict[str, str]:
    curve = ec.generate_private_key(ec.SECP256R1())
    plain, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return {
        "is empty": "  ",
        "is not a readable PEM private key": "-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----",
        "is not an RSA key": curve.private_bytes(plain, pkcs8, serialization.NoEncryption()).decode(),
        "is a public key": curve.public_key()
        .public_bytes(plain, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        "is encrypted": curve.private_bytes(
            plain, pkcs8, serialization.BestAvailableEncryption(b"x")
        ).decode(),
        "is a certificate": "-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----",
    }


@pytest.mark.parametrize("problem", sorted(_pem_variants()))
def test_an_unusable_key_is_named_before_any_call(
    web: responses.RequestsMock, clock: HeldClock, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        request_token(grant(_pem_variants()[problem]), http=Transport(), clock=clock)


def test_an_old_style_encrypted_key_is_named(web: responses.RequestsMock, pem: str, clock: HeldClock) -> None:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    old = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.BestAvailableEncryption(b"x"),
    )
    with pytest.raises(ConfigError, match="is encrypted"):
        request_token(grant(old.decode()), http=Transport(), clock=clock)


def test_a_key_with_escaped_line_ends_is_understood(
    web: responses.RequestsMock, pem: str, clock: HeldClock
) -> None:
    web.post(TOKEN_URL, json=token_document())
    request_token(grant(pem.strip().replace("\n", "\\n")), http=Transport(), clock=clock)


@pytest.mark.parametrize(
    "login_url", ["http://login.salesforce.com", "login.salesforce.com", "", "https://", "https://h:port"]
)
def test_credentials_never_travel_in_the_clear(
    web: responses.RequestsMock, pem: str, clock: HeldClock, login_url: str
) -> None:
    with pytest.raises(ConfigError, match="login_url"):
        request_token(grant(pem, login_url=login_url), http=Transport(), clock=clock)


def test_nothing_secret_shows(pem: str) -> None:
    shown = repr(grant(pem)) + repr(Token("00Dsecret", INSTANCE))

    for secret in (pem.splitlines()[1], CONSUMER_KEY, USERNAME, "00Dsecret"):
        assert secret not in shown


def test_an_error_of_ours_carries_no_foreign_text(
    web: responses.RequestsMock, pem: str, clock: HeldClock
) -> None:
    web.post(TOKEN_URL, body=requests.exceptions.ConnectionError(f"...assertion={USERNAME}..."))

    with pytest.raises(AudienceSyncError) as caught:
        request_token(grant(pem), http=Transport(), clock=clock)

    assert USERNAME not in "".join(traceback.format_exception(caught.value))
