"""The edge: bodies in, replies out, and the faults that only a connection can have."""

from __future__ import annotations

import asyncio
import re
import tempfile
import zlib
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.http import Call, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.types import Receive, Scope, Send

    from audiencesync.emulator.faults import Fault
    from audiencesync.emulator.instance import Instance

_TRANSPORT = "emulator.transport"
_MAX_URI = 16_384
_ADMIN = "/__admin__"
_GZIP, _WORTH_PACKING, _BLOCK = 31, 1000, 1 << 18
_BEFORE = frozenset({"status", "drop_before", "expire_session"})
_AFTER = frozenset({"slow", "drop_after", "truncate_body"})
_UPLOAD = re.compile(r"/services/data/v[^/]+/jobs/ingest/[^/]+/batches", re.IGNORECASE)


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which lets the edge cut a connection."""

    def on_message_begin(self) -> None:
        """Hand the transport to the application."""
        super().on_message_begin()
        self.scope[_TRANSPORT] = self.transport  # type: ignore[literal-required]


class Edge:
    """The ASGI application.

    Attributes:
        instance: Who answers; another may take its place between two requests.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        target = _target(scope)
        fault = self._fault(request.method, target, _BEFORE)
        if fault is not None and fault.kind == "drop_before":
            scope[_TRANSPORT].abort()
            return
        if fault is not None and fault.kind == "expire_session":
            self.instance.sessions.end_all()
        if fault is not None and fault.kind == "status":
            await request.body()
            status, content_type, body = fault.answer()
            reply = Reply(status, body, content_type=content_type)
        else:
            reply = await self._answer(request, target)
        await self._send(request, reply, self._fault(request.method, target, _AFTER))(scope, receive, send)

    def _fault(self, method: str, target: str, kinds: frozenset[str]) -> Fault | None:
        if target.startswith(_ADMIN):
            return None
        return self.instance.faults.next(method, target, kinds)

    async def _answer(self, request: Request, target: str) -> Reply:
        refusal = _too_large(request, target)
        if refusal is not None:
            return refusal
        call = Call(
            method=request.method,
            path=_path(request.scope),
            query=dict(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            headers={name.lower(): value for name, value in request.headers.items()},
        )
        try:
            if call.method == "PUT" and _UPLOAD.fullmatch(call.path):
                call.upload = await self._store(request)
            else:
                call.body = b"".join([block async for block in _decoded(request)])
            return await anyio.to_thread.run_sync(self.instance.handle, call)
        except zlib.error:
            return Reply(400, ApiError(400, "INVALID_HTTP_HEADER", "The body is not encoded as it says").body)
        finally:
            if call.upload is not None:
                call.upload.unlink(missing_ok=True)

    async def _store(self, request: Request) -> Path:
        """Keep an upload on disk, so that its size never matters to memory."""
        with tempfile.NamedTemporaryFile(dir=self.instance.folder, suffix=".upload", delete=False) as file:
            async for block in _decoded(request):
                file.write(block)
        return Path(file.name)

    def _send(self, request: Request, reply: Reply, fault: Fault | None) -> Response | _Broken:
        headers = {
            "Date": format_datetime(self.instance.org.clock.now(), usegmt=True),
            "Cache-Control": "no-cache,must-revalidate,max-age=0,no-store,private",
            **reply.headers,
        }
        packed = "gzip" in request.headers.get("accept-encoding", "")
        if reply.file is not None and (fault is None or fault.kind == "slow"):
            response: Response = StreamingResponse(_blocks(reply.file, packed=packed), reply.status, headers)
        else:
            content = reply.file.read_bytes() if reply.file else reply.content
            packed = packed and len(content) > _WORTH_PACKING
            response = Response(_pack(content) if packed else content, reply.status, headers)
        if packed:
            response.headers["content-encoding"] = "gzip"
        if reply.status not in {204, 304}:
            response.headers["content-type"] = reply.content_type
        return _Broken(response, fault) if fault is not None else response


class _Broken:
    """A reply that comes late, in part or not at all; what was asked has been done."""

    def __init__(self, response: Response, fault: Fault) -> None:
        self._response = response
        self._fault = fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._fault.kind == "drop_after":
            scope[_TRANSPORT].abort()
            return
        if self._fault.kind == "slow":
            await asyncio.sleep(self._fault.seconds)
            await self._response(scope, receive, send)
            return
        body = bytes(self._response.body)
        await send({"type": "http.response.start", "status": 200, "headers": self._response.raw_headers})
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        scope[_TRANSPORT].close()


def _pack(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=_GZIP)
    return packer.compress(content) + packer.flush()


def _blocks(path: Path, *, packed: bool) -> Iterator[bytes]:
    """A file in blocks; compressed lightly, since results are large and the line is short."""
    packer = zlib.compressobj(1, wbits=_GZIP) if packed else None
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield packer.compress(block) if packer else block
    if packer:
        yield packer.flush()


def _target(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    path: str = scope["raw_path"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _path(scope: Scope) -> str:
    """The raw path without the slashes that some clients add."""
    return re.sub(r"/{2,}", "/", scope["raw_path"].decode("latin-1")).rstrip("/") or "/"


def _too_large(request: Request, target: str) -> Reply | None:
    """414 and 431, as the REST guide gives them."""
    if len(target) > _MAX_URI:
        return Reply(414, ApiError(414, "URI_TOO_LONG", "The URI exceeds 16,384 bytes").body)
    headers = sum(len(name) + len(value) for name, value in request.scope["headers"])
    if len(target) + headers > _MAX_URI:
        return Reply(431, ApiError(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", "The headers are too large").body)
    return None


async def _decoded(request: Request) -> AsyncIterator[bytes]:
    """The body, decompressed."""
    encoding = request.headers.get("content-encoding", "").lower()
    unpack = zlib.decompressobj(wbits=47) if encoding in {"gzip", "deflate"} else None
    async for block in request.stream():
        yield unpack.decompress(block) if unpack else block
    if unpack:
        yield unpack.flush()
