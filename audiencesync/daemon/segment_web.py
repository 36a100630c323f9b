"""The paths of Segment's HTTP tracking API, for its own libraries."""

import base64
import binascii
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audiencesync.config.models import Segment
from audiencesync.daemon.intake_body import MALFORMED, Incoming
from audiencesync.daemon.intake_web import Guard, bearer
from audiencesync.daemon.intake_web import refusal as native_refusal
from audiencesync.intake.changes import Refused
from audiencesync.intake.segment import CALLS, Heard, hear

_KINDS = frozenset({"application/json", "text/plain"})
_UNFIT, _OUR_FAULT = 422, 500
_MOST_LOGGED = 20
"""So many messages of one batch that do not fit are told one by one."""


class SegmentWeb:
    """Segment's paths."""

    def __init__(self, guard: Guard, config: Segment) -> None:
        self._guard, self._config = guard, config

    def routes(self) -> list[Route]:
        """What is answered, by path."""
        return [
            Route(
                f"/v1/{call}",
                self._guard.endpoint(partial(self._call, call), token_of=write_key, refusal=refusal),
                methods=["POST"],
            )
            for call in CALLS
        ]

    async def _call(self, call: str, request: Request, incoming: Incoming) -> Response:
        body = await self._guard.json(request, incoming, _KINDS)
        shape = self._guard.intake.shape
        try:
            heard = hear(shape, self._config, call, body)
        except Refused:
            if CALLS[call] != "batch":  # which as a whole is no message
                self._guard.counts.heard(CALLS[call], "refused")
            raise
        if heard.changes:
            await self._guard.take(heard.changes)
        self._tell(heard)
        return JSONResponse({"success": True})

    def _tell(self, heard: Heard) -> None:
        """A message that was left out is lost to its sender, so it must be seen here."""
        for kind in heard.taken:
            self._guard.counts.heard(kind, "taken")
        for kind in heard.unused:
            self._guard.counts.heard(kind, "unused")
        for one in heard.left:
            self._guard.counts.heard(one.type or "unknown", "refused")
        for one in heard.left[:_MOST_LOGGED]:
            self._guard.log.warn("intake_refused", field=one.refused.field, message=one.refused.message)
        if len(heard.left) > _MOST_LOGGED:
            self._guard.log.warn("intake_refused", more=len(heard.left) - _MOST_LOGGED)


def write_key(request: Request) -> str:
    """The token as Segment's libraries show it: the user name of Basic, or Bearer."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return bearer(request)
    try:
        return base64.b64decode(given.strip(), validate=True).decode("utf-8").partition(":")[0]
    except (binascii.Error, ValueError):
        return ""


def refusal(field: str, message: str, status: int) -> Response:
    """An error in which Segment's libraries find the words that they log; what cannot be mended is a 400."""
    answer = native_refusal(field, message, MALFORMED if status == _UNFIT else status)
    body = {
        "success": False,
        "code": "invalid_request" if answer.status_code < _OUR_FAULT else "unavailable",
        "message": f"{field}: {message}" if field else message,
        "error": {"field": field, "message": message},
    }
    headers = {
        name: value for name, value in answer.headers.items() if name in {"www-authenticate", "retry-after"}
    }
    return JSONResponse(body, answer.status_code, headers)
