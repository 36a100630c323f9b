"""What Segment's libraries send, as changes.

Source: Segment, "Spec" (identify, group, track, page, alias, common fields) and "HTTP Tracking API Source".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from audiencesync.config.models import Segment
from audiencesync.intake.body import check_values
from audiencesync.intake.changes import Change, Kind, Refused
from audiencesync.intake.shape import Shape

CALLS = MappingProxyType(
    {
        "identify": "identify", "i": "identify",
        "group": "group", "g": "group",
        "track": "track", "t": "track",
        "page": "page", "p": "page",
        "alias": "alias", "a": "alias",
        "screen": "screen", "s": "screen",
        "batch": "batch", "import": "batch",
    }
)  # fmt: skip
"""What stands behind /v1/ -> the type of the message."""

GROUP_PREFIX = "group:"
"""What the key of a group's profile begins with, so that no user is taken for it."""

_INTEGRATION = "Salesforce"
TYPES = frozenset(CALLS.values()) - {"batch"}


@dataclass(frozen=True, slots=True)
class Left:
    """A message of a batch that was left out.

    Attributes:
        type: The message's type; empty when it has none of ours.
        refused: Why.
    """

    type: str
    refused: Refused


@dataclass
class Heard:
    """What came of a request.

    Attributes:
        changes: In the order of the messages.
        taken: Types of the messages that say something to us.
        unused: Types of those that do not: other destinations' alone, or events without an audience.
        left: Messages of a batch that do not fit.
    """

    changes: list[Change] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def hear(shape: Shape, config: Segment, call: str, body: object) -> Heard:
    """Read one request.

    Args:
        shape: What may be pushed.
        config: Which messages are meant for us, and which events are audiences.
        call: What stands behind /v1/, a key of `CALLS`.
        body: A message; of a batch, an object with the list `batch`.

    Raises:
        Refused: The message, or the batch as a whole, does not fit. Of a batch's messages those that do not
            are left out: Segment's libraries know no part of a batch.
    """
    said = _object(body, "")
    heard = Heard()
    listener = _Listener(shape, config, heard)
    if CALLS[call] != "batch":
        listener.hear(CALLS[call], said, "", {})
        return heard
    messages = said.get("batch")
    if not isinstance(messages, list):
        raise Refused("batch", "must be a list of messages")
    common = _integrations(said, "")
    for number, message in enumerate(messages):
        kind = _type_of(message)
        try:
            listener.hear(kind, _object(message, f"batch[{number}]"), f"batch[{number}].", common)
        except Refused as refused:
            heard.left.append(Left(kind, refused))
    return heard


def _type_of(message: object) -> str:
    kind = message.get("type", message.get("action")) if isinstance(message, dict) else None
    return kind if isinstance(kind, str) and kind in TYPES else ""


class _Listener:
    def __init__(self, shape: Shape, config: Segment, heard: Heard) -> None:
        self._shape, self._config, self._heard = shape, config, heard

    def hear(self, kind: str, message: Mapping[str, object], at: str, common: Mapping[str, object]) -> None:
        """Take one message; `at` is what its fields are called after."""
        if not kind:
            raise Refused(f"{at}type", f"must be one of {', '.join(sorted(TYPES))}")
        _check(message, at)
        if not self._is_for_us({**common, **_integrations(message, at)}, at):
            self._heard.unused.append(kind)
            return
        changes = self._changes(kind, message, at)
        self._heard.changes.extend(changes)
        (self._heard.taken if changes else self._heard.unused).append(kind)

    def _is_for_us(self, integrations: Mapping[str, object], at: str) -> bool:
        chosen = integrations.get(_INTEGRATION)
        if chosen is not None and not isinstance(chosen, bool | dict):
            raise Refused(f"{at}integrations.{_INTEGRATION}", "must be true, false or an object")
        if self._config.opt_in or chosen is not None:
            return chosen is not None and chosen is not False
        return integrations.get("All") is not False

    def _changes(self, kind: str, message: Mapping[str, object], at: str) -> Sequence[Change]:
        if kind == "identify":
            return [self._profile(self._user(message, at), message, at, "user")]
        if kind == "group":
            return self._group(message, at)
        if kind == "alias":
            previous = self._key(message, "previousId", at)
            return [Change(Kind.ALIAS, self._key(message, "userId", at), previous=previous)]
        if kind == "track":
            return self._entry(self._config.track, message, "event", at)
        if kind == "page":
            return self._entry(self._config.page, message, "name", at)
        return []

    def _group(self, message: Mapping[str, object], at: str) -> Sequence[Change]:
        group = self._key(message, "groupId", at)
        key = self._shape.key_text(GROUP_PREFIX + group, f"{at}groupId")
        changes = [self._profile(key, message, at, "group")]
        if "group_id" in self._shape.columns and _names_a_user(message):
            attributes = self._shape.traits({"group_id": group}, f"{at}groupId")
            changes.append(Change(Kind.PROFILE, self._user(message, at), attributes=attributes))
        return changes

    def _profile(self, key: str, message: Mapping[str, object], at: str, kind: str) -> Change:
        traits = message.get("traits")
        values = {} if traits is None else _object(traits, f"{at}traits")
        attributes = self._shape.traits({**values, "kind": kind}, f"{at}traits")
        return Change(Kind.PROFILE, key, attributes=attributes)

    def _entry(
        self, audiences: Mapping[str, str], message: Mapping[str, object], named_by: str, at: str
    ) -> Sequence[Change]:
        key = self._user(message, at)
        name = message.get(named_by)
        if named_by == "event" and not isinstance(name, str):
            raise Refused(f"{at}event", "must be text")
        audience = audiences.get(name) if isinstance(name, str) else None
        if audience is None or audience not in self._shape.audiences:
            return []
        return [Change(Kind.MEMBERSHIP, key, audience=audience, member=True)]

    def _user(self, message: Mapping[str, object], at: str) -> str:
        return self._key(message, "userId" if _is_given(message, "userId") else "anonymousId", at)

    def _key(self, message: Mapping[str, object], name: str, at: str) -> str:
        if not _is_given(message, name):
            missing = "userId or anonymousId" if name == "anonymousId" else name
            raise Refused(f"{at}{name}", f"is missing: a message of this type needs {missing}")
        value = message[name]
        if isinstance(value, str) and value.startswith(GROUP_PREFIX):
            raise Refused(f"{at}{name}", f"must not begin with '{GROUP_PREFIX}', as the keys of groups do")
        if name != "groupId":
            return self._shape.key_text(value, f"{at}{name}")
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise Refused(f"{at}{name}", "must be text or a whole number")
        return str(value)


def _check(message: Mapping[str, object], at: str) -> None:
    """Refuse what cannot be kept; of a batch that is logged, and names within a trait may be somebody's."""
    try:
        check_values(message)
    except Refused as refused:
        if not at:
            raise
        raise Refused(at.rstrip("."), f"{refused.message}, somewhere in it") from None


def _is_given(message: Mapping[str, object], name: str) -> bool:
    value = message.get(name)
    return value is not None and value != ""


def _names_a_user(message: Mapping[str, object]) -> bool:
    return _is_given(message, "userId") or _is_given(message, "anonymousId")


def _integrations(message: Mapping[str, object], at: str) -> Mapping[str, object]:
    given = message.get("integrations")
    return {} if given is None else _object(given, f"{at}integrations")


def _object(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Refused(name, "must be an object")
    return value
