"""Our own requests: what their bodies say, as changes."""

from collections.abc import Iterator

from audiencesync.intake.changes import Change, Kind, Refused
from audiencesync.intake.shape import Shape


def profile_change(shape: Shape, key: str, body: object) -> Change:
    """`PATCH /profiles/{key}`: columns are set; those that are absent stay.

    Raises:
        Refused: The key or a value does not fit.
    """
    return Change(Kind.PROFILE, shape.key_text(key, "key"), attributes=shape.attributes(body, ""))


def removal(shape: Shape, key: str) -> Change:
    """`DELETE /profiles/{key}`: the profile is gone.

    Raises:
        Refused: The key can be nobody's.
    """
    return Change(Kind.REMOVAL, shape.key_text(key, "key"))


def membership(shape: Shape, audience: str, key: str, *, member: bool) -> Change:
    """`PUT` and `DELETE /memberships/{audience}/{key}`: the profile enters or leaves.

    Raises:
        Refused: The key can be nobody's, or nobody can be pushed into the audience.
    """
    return Change(
        Kind.MEMBERSHIP,
        shape.key_text(key, "key"),
        audience=shape.audience(audience, "audience"),
        member=member,
    )


def changes_of(shape: Shape, body: object) -> list[Change]:
    """`POST /changes`: profiles, then memberships, all or none.

    Raises:
        Refused: The first of them that does not fit.
    """
    batch = _object(body, "", {"profiles", "memberships"})
    changes = [_profile(shape, one, field) for one, field in _items(batch, "profiles")]
    changes += [_membership(shape, one, field) for one, field in _items(batch, "memberships")]
    return changes


def _profile(shape: Shape, one: object, field: str) -> Change:
    said = _object(one, field, {"key", "attributes", "removed"})
    key = shape.key_text(_wanted(said, "key", field), f"{field}.key")
    if ("attributes" in said) == ("removed" in said):
        raise Refused(field, "needs either 'attributes' or 'removed'")
    if "removed" in said:
        if said["removed"] is not True:
            raise Refused(f"{field}.removed", "must be true")
        return Change(Kind.REMOVAL, key)
    attributes = shape.attributes(said["attributes"], f"{field}.attributes")
    return Change(Kind.PROFILE, key, attributes=attributes)


def _membership(shape: Shape, one: object, field: str) -> Change:
    said = _object(one, field, {"key", "audience", "member"})
    key = shape.key_text(_wanted(said, "key", field), f"{field}.key")
    audience = shape.audience(_wanted(said, "audience", field), f"{field}.audience")
    member = _wanted(said, "member", field)
    if not isinstance(member, bool):
        raise Refused(f"{field}.member", "must be true or false")
    return Change(Kind.MEMBERSHIP, key, audience=audience, member=member)


def _items(batch: dict[str, object], name: str) -> Iterator[tuple[object, str]]:
    items = batch.get(name, [])
    if not isinstance(items, list):
        raise Refused(name, "must be a list")
    for number, one in enumerate(items):
        yield one, f"{name}[{number}]"


def _object(value: object, field: str, known: set[str]) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Refused(field, "must be an object")
    for name in value:
        if name not in known:
            here = f"{field}.{name}" if field else name
            raise Refused(here, f"is unknown; known are {', '.join(sorted(known))}")
    return value


def _wanted(said: dict[str, object], name: str, field: str) -> object:
    if name not in said:
        raise Refused(f"{field}.{name}", "is missing")
    return said[name]
