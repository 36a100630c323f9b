"""All paths that take something in."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audiencesync.daemon.intake import Intake
from audiencesync.daemon.intake_web import Counts, Guard, IntakeWeb, refusal
from audiencesync.daemon.log import Log
from audiencesync.daemon.openapi import document
from audiencesync.daemon.segment_web import SegmentWeb
from audiencesync.intake.changes import Refused

_OURS = frozenset({"profiles", "memberships", "changes", "v1"})


def intake_routes(intake: Intake, counts: Counts, log: Log) -> list[Route]:
    """What is answered, by path: our own, and Segment's if the config has it."""
    guard = Guard(intake, counts, log)
    segment = intake.config.segment

    def told(_: Request) -> Response:
        try:
            return JSONResponse(document(intake.shape, segment=segment is not None))
        except Refused as refused:
            return refusal(refused.field, refused.message, refused.status)

    return [
        Route("/openapi.json", told),
        *IntakeWeb(guard).routes(),
        *(SegmentWeb(guard, segment).routes() if segment else []),
    ]


def count_astray(counts: Counts) -> Callable[[str, int], None]:
    """Who counts pushes that found no path, or not their method.

    What begins like a path of the intake was meant for it; any other path may be anybody's mistake.
    """

    def astray(path: str, status: int) -> None:
        if path.removeprefix("/").partition("/")[0] in _OURS:
            counts.refused(status)

    return astray
