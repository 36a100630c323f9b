"""A signed-in session: one place where calls are counted, tokens renewed, and reads told from writes."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Protocol, Self, TypeVar

import requests

from audiencesync.clock import Clock
from audiencesync.errors import AnswerLost, OtherOrg, SalesforceUnavailable
from audiencesync.retry import call_with_retry
from audiencesync.salesforce.answers import json_or_none, org_usage
from audiencesync.salesforce.auth import JwtBearer, Token, request_token
from audiencesync.salesforce.ids import long_id
from audiencesync.salesforce.transport import Bearer, Timeout, Transport
from audiencesync.salesforce.verdict import may_renew, parsed, require_success

Kind = Literal[
    "describe",
    "picklists",
    "query",
    "limits",
    "collections",
    "composite",
    "bulk_create",
    "bulk_upload",
    "bulk_close",
    "bulk_poll",
    "bulk_results",
    "bulk_abort",
    "bulk_query_create",
    "bulk_query_poll",
    "bulk_query_results",
]
"""What a billed call is for."""

T = TypeVar("T")
Body = AbstractContextManager[IO[bytes] | bytes | None]

_KEPT_ALIVE = timedelta(seconds=20)
"""How long a connection that nothing travels on is trusted: a write on one that was cut loses its answer."""

_USER_INFO = "/services/oauth2/userinfo"
_JSON = {"Accept": "application/json"}
_CALLER = {"Sforce-Call-Options": "client=audiencesync"}


class Meter(Protocol):
    """Counts billed calls, and holds them to a budget."""

    def charge(self, kind: str) -> None:
        """Called before every HTTP request that Salesforce bills.

        Raises:
            BudgetSpent: The request must not be made.
        """
        ...

    def org_usage(self, used: int, limit: int) -> None:
        """Called with the whole org's usage whenever Salesforce tells it."""
        ...


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked, apart from where and by whom."""

    kind: Kind | None
    method: str
    path: str
    params: Mapping[str, str] | None
    headers: Mapping[str, str]
    body: Callable[[], Body] = nullcontext
    stream: bool = False

    @property
    def what(self) -> str:
        """For messages: without the query, which may hold data."""
        return f"{self.method} {self.path.partition('?')[0]}"


class Session:
    """Requests to one org as one user. Several threads may share it.

    Reads are retried. Writes are retried only when they surely were not applied: nothing was sent, the token
    had expired, or Salesforce turned them away by name. Any other doubt about a write is `AnswerLost`.
    """

    def __init__(
        self, grant: JwtBearer, *, api_version: str, transport: Transport, meter: Meter, clock: Clock
    ) -> None:
        self.clock = clock
        self.api_version = api_version
        self._grant = grant
        self._transport = transport
        self._meter = meter
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._user_id = ""
        self._latest = clock.now()

    def turn_to(self, meter: Meter) -> None:
        """Let another meter count from now on, between two runs that share the session."""
        self._meter = meter
        if self.clock.now() - self._latest > _KEPT_ALIVE:
            self._transport.close()

    @classmethod
    def connect(
        cls,
        grant: JwtBearer,
        *,
        api_version: str,
        ca_bundle: Path | None,
        meter: Meter,
        clock: Clock,
        timeout: Timeout = (10, 120),
    ) -> Self:
        """Make a session. Nothing is sent before its first request.

        Args:
            grant: How the token is obtained.
            api_version: Such as `66.0`.
            ca_bundle: PEM file of a private authority; None for the system's.
            meter: Is asked before every billed call.
            clock: Dates assertions and waits between attempts.
            timeout: Seconds to connect, and of silence while an answer is awaited.

        Raises:
            ConfigError: `ca_bundle` cannot be read.
        """
        transport = Transport(ca_bundle=ca_bundle, timeout=timeout)
        return cls(
            grant, api_version=api_version.removeprefix("v"), transport=transport, meter=meter, clock=clock
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and forget the token."""
        self._transport.close()
        self._token = None

    @property
    def time_there(self) -> datetime | None:
        """The time by Salesforce's clock; None before its first answer."""
        return self._transport.time_there

    @property
    def base_path(self) -> str:
        """Path of the REST API, with a slash at its end."""
        return f"/services/data/v{self.api_version}/"

    @property
    def org_id(self) -> str:
        """Id of the org in 18 characters, signing in if need be; empty where the sign-in does not tell it.

        Raises:
            As `auth.request_token`; what passes by itself is tried again within the retry policy.
        """
        return call_with_retry(self._current_token, clock=self.clock).org_id

    @property
    def user_id(self) -> str:
        """Id of the signed-in user in 18 characters, signing in if need be.

        A sign-in mostly tells it; where it does not, Salesforce is asked once, which is not billed.

        Raises:
            SalesforceUnavailable: Salesforce did not say.

        Source:
            Salesforce Help, "Identity URLs", "The UserInfo Endpoint".
        """
        if not self._user_id:
            told = self._current_token().user_id
            if not told:
                document = self.get_json(None, _USER_INFO)
                answer = document.get("user_id") if isinstance(document, dict) else None
                told = answer if isinstance(answer, str) else ""
            if not told:
                raise SalesforceUnavailable("Salesforce did not say whose session this is", hint="run again")
            self._user_id = long_id(told)
        return self._user_id

    def get(
        self, kind: Kind | None, path: str, *, params: Mapping[str, str] | None = None
    ) -> requests.Response:
        """Read a JSON resource, as often as it takes within the retry policy.

        Args:
            kind: What is charged; None for what Salesforce does not bill.
            path: Below the REST API, or from the root when it starts with a slash.
            params: The query, unencoded.

        Raises:
            SalesforceRefused: Salesforce said no.
            SalesforceUnavailable: No usable answer came.
            BudgetSpent: The call was not made, or the org has none left.
        """
        request = _Request(kind, "GET", path, params, _JSON)

        def attempt() -> requests.Response:
            answer = self._exchange(request)
            require_success(answer, what=request.what, write=False)
            parsed(answer, what=request.what, write=False)
            return answer

        return call_with_retry(_as_read(attempt), clock=self.clock)

    def get_json(self, kind: Kind | None, path: str, *, params: Mapping[str, str] | None = None) -> object:
        """The parsed body of `get`."""
        return json_or_none(self.get(kind, path, params=params).content)

    def download(
        self,
        kind: Kind,
        path: str,
        receive: Callable[[Mapping[str, str], Iterator[bytes]], T],
        *,
        params: Mapping[str, str] | None = None,
    ) -> T:
        """Read a resource that may be large, without holding it.

        Args:
            kind: What is charged.
            path: Below the REST API.
            receive: Takes the headers and the body in pieces. Called anew after a broken answer.
            params: The query, unencoded.

        Returns:
            What `receive` returned.

        Raises:
            SalesforceRefused: Salesforce said no.
            SalesforceUnavailable: No whole answer came.
            BudgetSpent: The call was not made, or the org has none left.
        """
        request = _Request(kind, "GET", path, params, {"Accept": "text/csv"}, stream=True)

        def attempt() -> T:
            with self._exchange(request) as answer:
                require_success(answer, what=request.what, write=False)
                if "html" in answer.headers.get("Content-Type", "").lower():
                    raise SalesforceUnavailable(
                        f"{request.what} was answered with a page of HTML", hint="run again later"
                    )
                return receive(answer.headers, self._transport.chunks(answer, what=request.what))

        return call_with_retry(_as_read(attempt), clock=self.clock)

    def write(
        self,
        kind: Kind,
        method: str,
        path: str,
        *,
        document: object = None,
        file: Path | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> object:
        """Ask for a change, once.

        Args:
            kind: What is charged.
            method: POST, PATCH, PUT or DELETE.
            path: Below the REST API.
            document: Sent as JSON.
            file: CSV, streamed from disk; read from the start again should the token have expired.
            params: The query, unencoded.
            headers: Further headers.

        Returns:
            The parsed answer; None for an empty one.

        Raises:
            SalesforceRefused: Salesforce said no; nothing was applied.
            SalesforceUnavailable: Nothing was applied; the same request may succeed later.
            AnswerLost: It may or may not have been applied.
            BudgetSpent: The call was not made, or the org has none left.
        """
        body, content_type = _body(document, file)
        request = _Request(kind, method, path, params, {**_JSON, **content_type, **(headers or {})}, body)

        def attempt() -> object:
            answer = self._exchange(request)
            require_success(answer, what=request.what, write=True)
            return parsed(answer, what=request.what, write=True)

        return call_with_retry(attempt, clock=self.clock)

    def _exchange(self, request: _Request) -> requests.Response:
        """One request, and a second one when the token had expired."""
        token = self._current_token()
        answer = self._once(request, token)
        if may_renew(answer):
            answer.close()
            answer = self._once(request, self._renewed_token(token))
        return answer

    def _once(self, request: _Request, token: Token) -> requests.Response:
        if request.kind is not None:
            self._meter.charge(request.kind)
        path = request.path if request.path.startswith("/") else self.base_path + request.path
        with request.body() as data:
            answer = self._transport.send(
                request.method,
                token.instance_url + path,
                auth=Bearer(token.access_token),
                what=request.what,
                headers={**_CALLER, **request.headers},
                params=request.params,
                data=data,
                stream=request.stream,
            )
        self._latest = self.clock.now()
        usage = org_usage(answer.headers.get("Sforce-Limit-Info"))
        if usage is not None:
            self._meter.org_usage(*usage)
        return answer

    def _current_token(self) -> Token:
        with self._lock:
            if self._token is None:
                self._token = request_token(self._grant, http=self._transport, clock=self.clock)
            return self._token

    def _renewed_token(self, stale: Token) -> Token:
        """A token other than `stale`: another thread's, when one was faster.

        Raises:
            OtherOrg: It is for another org, as after a sandbox was refreshed.
        """
        with self._lock:
            if self._token is None or self._token is stale:
                token = request_token(self._grant, http=self._transport, clock=self.clock)
                if stale.org_id and token.org_id and token.org_id != stale.org_id:
                    raise OtherOrg(
                        f"the session was with org {stale.org_id}, and a new sign-in leads to {token.org_id}",
                        hint="give each org a store of its own, also a sandbox that was refreshed",
                    )
                self._token = token
            return self._token


def _as_read(attempt: Callable[[], T]) -> Callable[[], T]:
    """A lost answer to a read is no more than "later"."""

    def call() -> T:
        try:
            return attempt()
        except AnswerLost as lost:
            later = SalesforceUnavailable(str(lost), hint="check the network, then run again")
        raise later

    return call


def _body(document: object, file: Path | None) -> tuple[Callable[[], Body], Mapping[str, str]]:
    """The body, opened again for each attempt, and its type."""
    if file is not None:
        return (lambda: file.open("rb")), {"Content-Type": "text/csv; charset=UTF-8"}
    if document is None:
        return nullcontext, {}
    data = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return (lambda: nullcontext(data)), {"Content-Type": "application/json; charset=UTF-8"}
