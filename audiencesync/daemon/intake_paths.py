"""All paths that take something in."""

from starlette.routing import Route

from audiencesync.daemon.intake import Intake
from audiencesync.daemon.intake_web import Counts, Guard, IntakeWeb
from audiencesync.daemon.log import Log
from audiencesync.daemon.segment_web import SegmentWeb


def intake_routes(intake: Intake, counts: Counts, log: Log) -> list[Route]:
    """What is answered, by path: our own, and Segment's if the config has it."""
    guard = Guard(intake, counts, log)
    segment = intake.config.segment
    return [*IntakeWeb(guard).routes(), *(SegmentWeb(guard, segment).routes() if segment else [])]
