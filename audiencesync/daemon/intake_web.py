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
from audiencesync.errors import StoreError
from audiencesync.intake import native
from audiencesync.intake.body import check_values, read_json
from audiencesync.intake.changes import Change, Refused
from audiencesync.reports import trouble_of

_UNKNOWN, _BUG = 401, 500
_AGAIN_S = "5"

_JSON = frozenset({"application/json"})

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
Act: TypeAlias = Callable[[Request, Incoming], Awaitable[Response]]
TokenOf: TypeAlias = Callable[[Request], str]
Refusing: TypeAlias = Callable[[str, str, int], Response]


class Counts(Protocol):
    """Who counts what comes in."""

    def taken(self, changes: Sequence[Change]) -> None:
        """Changes are durable."""
        ...

    def refused(self, status: int) -> None:
        """A request was answered with an error."""
        ...

    def heard(self, kind: str, result: str) -> None:
        """A message of Segment's was taken, unused or refused."""
        ...


class _Anything(Convertor[str]):
    """The rest of a path, whatever it holds: a key may have slashes and line breaks."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("anything", _Anything())


class Guard:
    """Lets in who has the token, and answers whatever happens."""

    def __init__(self, intake: Intake, counts: Counts, log: Log) -> None:
        self.intake, self.counts, self.log = intake, counts, log

    def endpoint(self, act: Act, *, token_of: TokenOf, refusal: Refusing) -> Endpoint:
        """An endpoint that may raise what it likes.

        Args:
            act: Takes what comes.
            token_of: The token that a request shows, empty for none.
            refusal: Writes an error.
        """

        async def endpoint(request: Request) -> Response:
            incoming = Incoming(request)
            try:
                self._let_in(token_of(request))
                return await act(request, incoming)
            except Refused as refused:
                answer = refusal(refused.field, refused.message, refused.status)
            except StoreError:
                answer = refusal("", "the store cannot be written now", UNAVAILABLE)
            except ClientDisconnect:
                return Response(status_code=MALFORMED)
            except Exception as error:  # noqa: BLE001  (what it says may be somebody's; its place is ours)
                self.log.warn("intake_failed", message=trouble_of(error).message, hint="report the bug")
                answer = refusal("", "a bug of audiencesync; see the daemon's log", _BUG)
            self.counts.refused(answer.status_code)
            with suppress(ClientDisconnect):
                await incoming.drain()
            return answer

        return endpoint

    def _let_in(self, token: str) -> None:
        if not self.intake.knows(token):
            raise Refused("Authorization", "must hold the token", status=_UNKNOWN)

    async def take(self, changes: Sequence[Change]) -> None:
        """Keep changes, and count them.

        Raises:
            Refused: Too many wait already.
            StoreError: The store cannot be written.
        """
        await self.intake.take(changes)
        self.counts.taken(changes)

    async def json(self, request: Request, incoming: Incoming, kinds: frozenset[str]) -> object:
        """The body as JSON, its values not looked at yet.

        Raises:
            Refused: It is not, or not of these media types.
        """
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in kinds:
            raise Refused("Content-Type", "must be application/json", status=UNSUPPORTED)
        return read_json(await incoming.read(self.intake.config.max_body))


class IntakeWeb:
    """Our own paths."""

    def __init__(self, guard: Guard) -> None:
        self._guard, self._intake = guard, guard.intake

    def routes(self) -> list[Route]:
        """What is answered, by path."""
        return [
            Route("/profiles/{key:anything}", self._guarded(self._profile), methods=["PATCH", "DELETE"]),
            Route("/memberships/{rest:anything}", self._guarded(self._membership), methods=["PUT", "DELETE"]),
            Route("/changes", self._guarded(self._changes), methods=["POST"]),
        ]

    def _guarded(self, act: Act) -> Endpoint:
        return self._guard.endpoint(act, token_of=bearer, refusal=refusal)

    async def _profile(self, request: Request, incoming: Incoming) -> Response:
        (key,) = _parts(request, 1)
        if request.method == "DELETE":
            await self._no_body(incoming)
            return await self._take([native.removal(self._intake.shape, key)])
        body = await self._guard.json(request, incoming, _JSON)
        check_values(body)
        return await self._take([native.profile_change(self._intake.shape, key, body)])

    async def _membership(self, request: Request, incoming: Incoming) -> Response:
        audience, key = _parts(request, 2)
        await self._no_body(incoming)
        member = request.method == "PUT"
        return await self._take([native.membership(self._intake.shape, audience, key, member=member)])

    async def _changes(self, request: Request, incoming: Incoming) -> Response:
        body = await self._guard.json(request, incoming, _JSON)
        check_values(body)
        return await self._take(native.changes_of(self._intake.shape, body))

    async def _take(self, changes: Sequence[Change]) -> Response:
        await self._guard.take(changes)
        return JSONResponse({"accepted": len(changes)})

    async def _no_body(self, incoming: Incoming) -> None:
        if (await incoming.read(self._intake.config.max_body)).strip():
            raise Refused("", "this request takes no body: its path says it all", status=MALFORMED)


def refusal(field: str, message: str, status: int) -> Response:
    """An error as every path answers it."""
    headers = {}
    if status == _UNKNOWN:
        headers["WWW-Authenticate"] = "Bearer"
    elif status == UNAVAILABLE:
        headers["Retry-After"] = _AGAIN_S
    return JSONResponse({"error": {"field": field, "message": message}}, status, headers)


def bearer(request: Request) -> str:
    """The token of `Authorization: Bearer`."""
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
