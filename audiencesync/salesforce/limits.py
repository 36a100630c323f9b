"""What the org still allows, and which API versions it speaks."""

from collections.abc import Mapping
from dataclasses import dataclass

from audiencesync.salesforce.session import Session


@dataclass(frozen=True, slots=True)
class Limit:
    """One allowance of the org.

    Attributes:
        allowed: In its window, mostly a rolling 24 hours.
        remaining: What is left of it.
    """

    allowed: int
    remaining: int


def limits(session: Session) -> Mapping[str, Limit]:
    """The org's limits by name, such as `DailyApiRequests`; what cannot be read is left out.

    Raises:
        SalesforceRefused: The user lacks "View Setup and Configuration".
        SalesforceUnavailable: No usable answer came.

    Source:
        REST API Developer Guide, "Limits".
    """
    document = session.get_json("limits", "limits")
    entries = document.items() if isinstance(document, dict) else ()
    return {name: limit for name, entry in entries if (limit := _limit(entry)) is not None}


def api_versions(session: Session) -> tuple[str, ...]:
    """The versions the org speaks, oldest first. Salesforce does not bill this call.

    Source:
        REST API Developer Guide, "Versions".
    """
    document = session.get_json(None, "/services/data/")
    entries = document if isinstance(document, list) else []
    return tuple(
        version
        for entry in entries
        if isinstance(entry, dict) and isinstance(version := entry.get("version"), str)
    )


def _limit(entry: object) -> Limit | None:
    if not isinstance(entry, dict):
        return None
    allowed, remaining = entry.get("Max"), entry.get("Remaining")
    if not isinstance(allowed, int) or not isinstance(remaining, int):
        return None
    return Limit(allowed=allowed, remaining=remaining)
