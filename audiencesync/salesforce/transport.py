"""One HTTP exchange: certificates verified, time-outs set, and every failure named by whether it was sent.

Texts of `requests` and `urllib3` errors hold whole addresses, and an address may hold a query with match
values in it. So their errors are never chained to ours, and urllib3's own talk is silenced.
"""

import logging
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from audiencesync.errors import AudienceSyncError, ConfigError, SalesforceRefused, SalesforceUnavailable
from audiencesync.salesforce.answers import answer_lost

Timeout = tuple[float, float]
"""Seconds to connect, and seconds of silence while an answer is awaited."""

_CONNECTIONS = 16
_CHUNK_BYTES = 1 << 16
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NEVER_SENT = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.ProxyError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ProxyError,
)


class Anonymous(AuthBase):
    """No credentials at all, so that ~/.netrc is not searched for some."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the request as it is."""
        return r


class Bearer(AuthBase):
    """An access token, set last, so that nothing in the environment replaces it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        r.headers["Authorization"] = f"Bearer {self._token}"
        return r


class Transport:
    """Sends requests; knows nothing of Salesforce."""

    def __init__(self, *, ca_bundle: Path | None = None, timeout: Timeout = (10, 120)) -> None:
        """Prepare; no connection is made yet.

        Args:
            ca_bundle: PEM file that certificates are checked against in place of the system's.
            timeout: Seconds to connect, and to wait for the next byte of an answer.

        Raises:
            ConfigError: `ca_bundle` holds no certificate.
        """
        if ca_bundle is not None:
            _require_certificates(ca_bundle)
        self._verify: str | bool = True if ca_bundle is None else str(ca_bundle)
        self._timeout = timeout
        self._requests = requests.Session()
        self._requests.headers.clear()
        self._requests.headers.update({"User-Agent": "audiencesync", "Accept-Encoding": "gzip, deflate"})
        self._requests.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self._requests.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=_CONNECTIONS))
        self._told: tuple[datetime, float] | None = None
        logging.getLogger("urllib3").setLevel(logging.ERROR)  # it logs addresses

    def send(
        self,
        method: str,
        url: str,
        *,
        auth: AuthBase,
        what: str,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        data: bytes | IO[bytes] | Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """Make one request and wait for its answer, whatever its status.

        Redirects are not followed: a redirected write loses its body, a redirected token its secrecy.

        Args:
            method: HTTP method.
            url: Absolute address.
            auth: Adds the credentials.
            what: Names the request in messages; holds no data.
            headers: Further headers.
            params: The query, unencoded.
            data: The body; a file is streamed.
            stream: Leave the body unread, for `chunks`.

        Raises:
            SalesforceUnavailable: Nothing was sent.
            SalesforceRefused: The server's certificate was not accepted; nothing was sent.
            AnswerLost: Something was sent and no whole answer came.
            ConfigError: The CA bundle named by the environment cannot be read.
        """
        try:
            answer = self._requests.request(
                method,
                url,
                auth=auth,
                headers=dict(headers or {}),
                params=params,
                data=data,
                stream=stream,
                timeout=self._timeout,
                verify=self._verify,
                allow_redirects=False,
            )
            if not answer.ok:
                answer.content  # noqa: B018 - read, so that whoever looks into an error body meets no time-out
        except OSError as error:
            failure = _translate(error, what=what, host=_host(url))
        else:
            self._hear_time(answer.headers.get("Date"))
            return answer
        raise failure

    @property
    def time_there(self) -> datetime | None:
        """The time by the clock of who answered last; None when nobody told it.

        Source:
            RFC 9110, "Date".
        """
        if self._told is None:
            return None
        then, at = self._told
        return then + timedelta(seconds=time.monotonic() - at)

    def _hear_time(self, date: str | None) -> None:
        if date is not None:
            with suppress(ValueError):
                self._told = parsedate_to_datetime(date).astimezone(UTC), time.monotonic()

    def chunks(self, response: requests.Response, *, what: str) -> Iterator[bytes]:
        """The body of a streamed answer, decompressed.

        Raises:
            AnswerLost: The body ended before the length or the last chunk that was announced.
        """
        failure: AudienceSyncError | None = None
        try:
            yield from response.iter_content(_CHUNK_BYTES)
        except OSError as error:
            failure = _translate(error, what=what, host=_host(response.url))
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Close the pooled connections."""
        self._requests.close()


def secure_origin(url: str) -> str | None:
    """`scheme://host[:port]` of an address that may carry credentials, else None.

    Plain HTTP is accepted on the loopback interface alone.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or parts.username is not None:
        return None
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        return None
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" if port is None else f"{parts.scheme}://{name}:{port}"


def _require_certificates(path: Path) -> None:
    try:
        ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError):
        usable = False
    else:
        usable = True
    if not usable:
        raise ConfigError(
            f"connection.ca_bundle: {path} is not a readable PEM file of certificates",
            hint="name the file that holds the certificate of the authority, or leave ca_bundle out",
        )


def _translate(error: OSError, *, what: str, host: str) -> AudienceSyncError:
    """Name a failure by what it means for the request."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return SalesforceRefused(
                f"the certificate of {host} was not accepted: {cause.verify_message}",
                hint="set connection.ca_bundle to the PEM file of the authority that signed it, "
                "and check login_url; certificates are always verified",
                code="CERTIFICATE",
            )
    if not isinstance(error, requests.RequestException):
        return ConfigError(
            "the CA bundle that the environment names cannot be read",
            hint="correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, or set connection.ca_bundle",
        )
    if any(isinstance(cause, _NEVER_SENT) or _while_connecting(cause) for cause in causes):
        return SalesforceUnavailable(
            f"{host} could not be reached for {what}",
            hint="check the network, the proxy and login_url, then run again; nothing was sent",
        )
    return answer_lost(f"no whole answer came from {host} for {what}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those it wraps; not `__context__`, which may hold a stranger's."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [*cause.args, cause.__cause__]
            waiting += [getattr(cause, name, None) for name in ("reason", "original_error")]


def _while_connecting(error: BaseException) -> bool:
    """The error arose in urllib3's `connect`, TLS handshake included: before the first byte of a request."""
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        if code.co_name == "connect" and code.co_filename.endswith(("connection.py", "socket.py")):
            return True
        step = step.tb_next
    return False


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2] or "the server"
