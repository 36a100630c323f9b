"""A call and its reply, apart from any web framework, so that Composite can make calls too."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from audiencesync.emulator.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.sessions import Session

JSON = "application/json;charset=UTF-8"


@dataclass
class Call:
    """One request.

    Attributes:
        path: Raw path, still percent-encoded, without the query.
        query: Query parameters, decoded.
        headers: Names in lower case.
        upload: Where a streamed body was stored, instead of `body`.
        args: Decoded path parameters of the matched route.
        version: API version of the path, such as `66.0`.
        session: Who calls; set before a handler of an API runs.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    upload: Path | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    maybe_session: Session | None = None

    @property
    def session(self) -> Session:
        """Who calls.

        Raises:
            ApiError: Nobody who is logged in.
        """
        if self.maybe_session is None:
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        return self.maybe_session

    def json(self) -> object:
        """The body as JSON.

        Raises:
            ApiError: It is not JSON, or is not sent as JSON.
        """
        content_type = self.headers.get("content-type", "").lower()
        if "json" not in content_type:
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"Unsupported Content-Type: {content_type}")
        try:
            text = self.body.decode()
            if "\\ud" in text.lower():
                json.dumps(json.loads(text), ensure_ascii=False).encode()  # half a surrogate pair is no text
            return json.loads(text, parse_constant=_no_number)
        except ValueError as error:
            raise ApiError(
                400, "JSON_PARSER_ERROR", f"The HTTP entity body is not valid JSON: {error}"
            ) from error

    def json_object(self) -> dict[str, object]:
        """The body as a JSON object."""
        found = self.json()
        if not isinstance(found, dict):
            raise ApiError(400, "JSON_PARSER_ERROR", "The HTTP entity body is required to be a JSON object")
        return found

    def number(self, name: str, default: int) -> int:
        """A query parameter that counts something.

        Raises:
            ApiError: It is no positive whole number.
        """
        text = self.query.get(name, str(default))
        if not text.isdecimal() or int(text) < 1:
            raise ApiError(400, "INVALID_REQUEST_PARAMETER", f"{name} must be a positive number")
        return int(text)

    def form(self) -> dict[str, str]:
        """The body as a form, joined to the query."""
        return {**self.query, **dict(parse_qsl(self.body.decode(), keep_blank_values=True))}


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


@dataclass
class Reply:
    """One response; `file` is streamed from disk in place of `body`."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON
    file: Path | None = None

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Route:
    """One resource and method.

    Attributes:
        public: Needs no session.
        upload: Its body is stored as a file.
    """

    method: str
    pattern: re.Pattern[str]
    handler: Callable[[Instance, Call], Reply]
    public: bool = False
    upload: bool = False


def route(
    method: str,
    template: str,
    handler: Callable[[Instance, Call], Reply],
    *,
    public: bool = False,
    upload: bool = False,
) -> Route:
    """A route from a template such as `/sobjects/{name}`; trailing slashes never matter, nor does case."""
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
    return Route(method, re.compile(pattern, re.IGNORECASE), handler, public, upload)


class Router:
    """Finds the route of a call."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = list(routes)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and its decoded path parameters.

        Raises:
            ApiError: No such resource (404), or not with this method (405).
        """
        allowed = []
        for item in self._routes:
            match = item.pattern.fullmatch(path)
            if match is None:
                continue
            if item.method == method:
                return item, {name: unquote(value) for name, value in match.groupdict().items()}
            allowed.append(item.method)
        if allowed:
            listed = ", ".join(sorted(set(allowed)))
            raise ApiError(
                405, "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed. Allowed are {listed}"
            )
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
