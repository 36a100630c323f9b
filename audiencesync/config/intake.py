"""What the daemon takes in by HTTP, and from whom."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, TypeAlias

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from audiencesync.config.base import AudienceName, Delay, IntakeToken, Strict, Switch, Text, wrong

_BYTES = {"KB": 1000, "MB": 1_000_000}
_SIZE = re.compile(r"([1-9][0-9]{0,3}) ?(KB|MB)")
_LARGEST = 100_000_000


def _size(value: object) -> int:
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    size = int(found[1]) * _BYTES[found[2]] if found else value
    if type(size) is not int or not 0 < size <= _LARGEST:
        raise wrong("must be a size such as 500KB or 1MB, at most 100MB")
    return size


def _size_text(size: int) -> str:
    return f"{size // 1_000_000}MB" if size % 1_000_000 == 0 else f"{size // 1000}KB"


BodySize: TypeAlias = Annotated[
    int,
    PlainValidator(_size),
    PlainSerializer(_size_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_SIZE.pattern}$"}),
]
"""A number of bytes."""


class Segment(Strict):
    """Segment's HTTP tracking API, for its own libraries."""

    opt_in: Switch = Field(
        default=False,
        description="true: only messages whose `integrations.Salesforce` is true or a mapping are taken; "
        "false: all but those in which it, or `All` in its absence, is false.",
    )
    track: Mapping[Text, AudienceName] = Field(
        default_factory=dict, description="Event -> audience that the user then enters."
    )
    page: Mapping[Text, AudienceName] = Field(
        default_factory=dict, description="Name of a page -> audience that the user then enters."
    )


class Intake(Strict):
    """Profiles and memberships that are pushed by HTTP, to the daemon's host and port."""

    token: IntakeToken = Field(description="What senders prove themselves with, by reference.")
    max_delay: Delay = Field(
        default_factory=lambda: timedelta(milliseconds=200),
        description="How long a pushed change may wait for others, so that they travel together: 200ms, 5s.",
        json_schema_extra={"default": "200ms"},
    )
    max_rows: Annotated[int, Field(strict=True, ge=1)] = Field(
        default=1000, description="So many changes that wait start a run at once."
    )
    max_body: BodySize = Field(
        default=1_000_000,
        description="Largest body of a request, unpacked: 500KB, 1MB.",
        json_schema_extra={"default": "1MB"},
    )
    segment: Segment | None = Field(
        default=None,
        description="Take what Segment's libraries send, at /v1/; omitted: those paths are not there.",
    )
