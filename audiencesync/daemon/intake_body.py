"""The body of a request: how large it may be, packed or not."""

import zlib
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from audiencesync.intake.changes import Refused

MALFORMED, TOO_LARGE, UNSUPPORTED = 400, 413, 415
_DRAINED = 16_000_000
"""So much of a body that is refused is read all the same: who is still sending hears the answer then."""


class Incoming:
    """A body on its way."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._ended = False

    async def read(self, most: int) -> bytes:
        """Read and unpack it.

        Args:
            most: How many bytes it may have, packed and unpacked.

        Raises:
            Refused: It is too large, packed in another way than gzip, or not what it says.
            ClientDisconnect: The sender is gone.
        """
        headers = self._request.headers
        packing = headers.get("content-encoding", "identity").strip().lower()
        if packing not in {"identity", "gzip"}:
            raise Refused("Content-Encoding", "must be gzip, or absent", status=UNSUPPORTED)
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > most:
            raise _too_large(most)
        packed = b"".join([chunk async for chunk in self._chunks(most)])
        return _unpacked(packed, most) if packing == "gzip" else packed

    async def drain(self) -> None:
        """Read what is still being sent, within reason, and forget it."""
        try:
            async for _ in self._chunks(_DRAINED):
                pass
        except Refused:
            return

    async def _chunks(self, most: int) -> AsyncIterator[bytes]:
        room = most
        while not self._ended:
            message = await self._request.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            chunk = message.get("body", b"")
            self._ended = not message.get("more_body", False)
            room -= len(chunk)
            if room < 0:
                raise _too_large(most)
            yield chunk


def _unpacked(packed: bytes, most: int) -> bytes:
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        body = unpacking.decompress(packed, most + 1)
    except zlib.error:
        raise Refused("", "the body is not gzip", status=MALFORMED) from None
    if len(body) > most:
        raise _too_large(most)
    if not unpacking.eof or unpacking.unused_data:
        raise Refused("", "the body is not one whole gzip", status=MALFORMED)
    return body


def _too_large(most: int) -> Refused:
    return Refused("", f"the body is larger than {most} bytes (daemon.intake.max_body)", status=TOO_LARGE)
