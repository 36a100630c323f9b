"""The values of the intake: what is pushed, and why it is refused."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a change says; `store.inbox` tells what each means."""

    PROFILE = "profile"
    REMOVAL = "removal"
    MEMBERSHIP = "membership"
    ALIAS = "alias"


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the inbox.

    Attributes:
        kind: What it says.
        profile_key: Whom it is about.
        attributes: Of a profile: a JSON object, column -> value; null clears.
        audience: Of a membership.
        member: Of a membership: entered, or left.
        previous: Of an alias: the key that is given up.
    """

    kind: Kind
    profile_key: str
    attributes: str | None = None
    audience: str | None = None
    member: bool | None = None
    previous: str | None = None


class Refused(Exception):
    """A change cannot be taken; nothing of what came with it is.

    Attributes:
        field: What is wrong, such as `profiles[3].attributes.email`; empty for the whole body.
        message: Why, without any value of a person.
        status: The HTTP status that says so.
    """

    def __init__(self, field: str, message: str, *, status: int = 422) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message
        self.status = status
