"""The paths that take changes in: who may, what comes, and what is answered."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol, TypeAlias
from urllib.parse import unquote_to_bytes

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audiencesync.daemon.intake import UNAVAILABLE, Intake
from audiencesync.daemon.intake_body import MALFORMED, UNSUPPORTED, Incoming
from audiencesync.daemon.log import Log
from audiencesync.daemon.loop import trouble_of
from audiencesync.errors import StoreError
from audiencesync.intake import native
from audiencesync.intake.body import read_json
from audiencesync.intake.changes import Change, Refused

_UNKNOWN, _BUG = 401, 500
_AGAIN_S = "5"

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class Counts(Protocol):
    """Who counts what comes in."""

    def taken(self, changes: Sequence[Change]) -> None:
        """Changes are durable."""
        ...

    def refused(self, status: int) -> None:
        """A request was answered with an error."""
        ...


class _Anything(Convertor[str]):
    """The rest of a path, whatever it holds: a key may have slashes and line breaks."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("anything", _Anything())


class IntakeWeb:
    """Answers those who push."""

    def __init__(self, intake: Intake, counts: Counts, log: Log) -> None:
        self._intake, self._counts, self._log = intake, counts, log

    def routes(self) -> list[Route]:
        """What is answered, by path."""
        return [
            Route("/profiles/{key:anything}", self._guarded(self._profile), methods=["PATCH", "DELETE"]),
            Route("/memberships/{rest:anything}", self._guarded(self._membership), methods=["PUT", "DELETE"]),
            Route("/changes", self._guarded(self._changes), methods=["POST"]),
        ]

    async def _profile(self, request: Request, incoming: Incoming) -> Response:
        (key,) = _parts(request, 1)
        if request.method == "DELETE":
            await self._no_body(incoming)
            return await self._take([native.removal(self._intake.shape, key)])
        body = await self._json(request, incoming)
        return await self._take([native.profile_change(self._intake.shape, key, body)])

    async def _membership(self, request: Request, incoming: Incoming) -> Response:
        audience, key = _parts(request, 2)
        await self._no_body(incoming)
        member = request.method == "PUT"
        return await self._take([native.membership(self._intake.shape, audience, key, member=member)])

    async def _changes(self, request: Request, incoming: Incoming) -> Response:
        body = await self._json(request, incoming)
        return await self._take(native.changes_of(self._intake.shape, body))

    async def _take(self, changes: Sequence[Change]) -> Response:
        await self._intake.take(changes)
        self._counts.taken(changes)
        return JSONResponse({"accepted": len(changes)})

    async def _json(self, request: Request, incoming: Incoming) -> object:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refused("Content-Type", "must be application/json", status=UNSUPPORTED)
        return read_json(await incoming.read(self._intake.config.max_body))

    async def _no_body(self, incoming: Incoming) -> None:
        if (await incoming.read(self._intake.config.max_body)).strip():
            raise Refused("", "this request takes no body: its path says it all", status=MALFORMED)

    def _guarded(self, act: Callable[[Request, Incoming], Awaitable[Response]]) -> Endpoint:
        """Let in who has the token, and answer whatever happens."""

        async def endpoint(request: Request) -> Response:
            incoming = Incoming(request)
            try:
                self._let_in(request)
                return await act(request, incoming)
            except Refused as refused:
                answer = refusal(refused.field, refused.message, refused.status)
            except StoreError:
                answer = refusal("", "the store cannot be written now", UNAVAILABLE)
            except ClientDisconnect:
                return Response(status_code=MALFORMED)
            except Exception as error:  # noqa: BLE001  (what it says may be somebody's; its place is ours)
                self._log.warn("intake_failed", message=trouble_of(error).message, hint="report the bug")
                answer = refusal("", "a bug of audiencesync; see the daemon's log", _BUG)
            self._counts.refused(answer.status_code)
            with suppress(ClientDisconnect):
                await incoming.drain()
            return answer

        return endpoint

    def _let_in(self, request: Request) -> None:
        if not self._intake.knows(_bearer(request)):
            raise Refused("Authorization", "must be 'Bearer' and the token", status=_UNKNOWN)


def refusal(field: str, message: str, status: int) -> Response:
    """An error as every path answers it."""
    headers = {}
    if status == _UNKNOWN:
        headers["WWW-Authenticate"] = "Bearer"
    elif status == UNAVAILABLE:
        headers["Retry-After"] = _AGAIN_S
    return JSONResponse({"error": {"field": field, "message": message}}, status, headers)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _parts(request: Request, wanted: int) -> list[str]:
    """The parts of the path behind its first, decoded; the last one may hold slashes."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    parts = raw.split(b"/", wanted + 1)[2:]
    try:
        texts = [unquote_to_bytes(part).decode("utf-8") for part in parts]
    except UnicodeDecodeError:
        raise Refused("path", "is not UTF-8", status=MALFORMED) from None
    if len(texts) < wanted:
        raise Refused("key", "is empty")
    return texts
