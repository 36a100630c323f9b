"""When the daemon runs a sync, where it is asked, and whom it tells."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field

from audiencesync.config.base import AlertUrl, Duration, Strict, Text, wrong
from audiencesync.config.intake import Intake


def _cron(text: str) -> str:
    if len(text.split()) != 5:  # noqa: PLR2004  (a sixth field would be seconds)
        raise wrong('must be five fields, as in "0 6 * * 1-5": minute, hour, day, month, weekday')
    try:
        next(CronSim(text, datetime.now(UTC)))
    except (CronSimError, StopIteration) as mistake:
        raise wrong(f"is no time that ever comes: {mistake}" if str(mistake) else "never comes") from None
    return text


Cron: TypeAlias = Annotated[Text, AfterValidator(_cron)]
"""Times of the calendar, as crontab writes them."""


def _time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong("must be the name of a time zone, such as UTC or Europe/Prague") from None
    return text


TimeZone: TypeAlias = Annotated[Text, AfterValidator(_time_zone)]
"""A name of the IANA time zone database."""


class Alert(Strict):
    """Somebody who is told when a sync that was well fails, and when it is well again."""

    url: AlertUrl = Field(
        description="Reference to an address of apprise: slack://, mailto://, pagerduty://, json:// and "
        "so on. Needs the extra `alerts`."
    )


class Daemon(Strict):
    """The daemon itself."""

    host: Text = Field(
        default="127.0.0.1", description="Address of the page, the health checks, the metrics and the intake."
    )
    port: Annotated[int, Field(strict=True, ge=0, le=65_535)] | None = Field(
        default=8632, description="Their TCP port; 0 for a free one, null for none of them."
    )
    stop_within: Duration = Field(
        default_factory=lambda: timedelta(seconds=20),
        description="How long SIGTERM lets a run or plan in flight go on before it is parked.",
        json_schema_extra={"default": "20s"},
    )
    alerts: tuple[Alert, ...] = Field(
        default=(), description="Who is told when a sync begins to fail, and when it is well again."
    )
    intake: Intake | None = Field(
        default=None, description="Take profiles and memberships that are pushed; omitted: take nothing in."
    )
