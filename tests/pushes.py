"""What was pushed, as a reader of the specification understands it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Change(NamedTuple):
    """A row of the inbox."""

    change: str
    key: str
    attributes: Mapping[str, Any] | None = None
    audience: str | None = None
    member: bool | None = None
    previous: str | None = None


@dataclass
class Known:
    """What a reader of the specification would know of one profile."""

    values: dict[str, tuple[Any, int]] = field(default_factory=dict)
    members: dict[str, tuple[bool, int]] = field(default_factory=dict)
    removed: int | None = None
    there: bool = False


class Pushes:
    """What was pushed, one change after the other, without a database."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.stands_for: dict[str, str] = {}

    def of(self, key: str) -> Known:
        return self.known.setdefault(self.root(key), Known())

    def root(self, key: str) -> str:
        return self.stands_for.get(key, key)

    def take(self, change: Change, moment: int) -> None:
        if change.change == "alias":
            assert change.previous is not None
            self._merge(self.root(change.previous), self.root(change.key))
            return
        known = self.of(change.key)
        if change.change == "profile":
            assert change.attributes is not None
            known.values |= {name: (value, moment) for name, value in change.attributes.items()}
            known.removed, known.there = None, True
        elif change.change == "removal":
            known.values, known.members, known.removed, known.there = {}, {}, moment, True
        else:
            assert change.audience is not None
            assert change.member is not None
            known.members[change.audience] = (change.member, moment)

    def _merge(self, previous: str, key: str) -> None:
        if previous == key:
            return
        for other, stands_for in self.stands_for.items():
            if stands_for == previous:
                self.stands_for[other] = key
        self.stands_for[previous] = key
        gone, stays = self.known.pop(previous, Known()), self.of(key)
        since = -1 if stays.removed is None else stays.removed
        for mine, theirs in ((stays.values, gone.values), (stays.members, gone.members)):
            for name, entry in theirs.items():
                if entry[1] > max(since, mine.get(name, (None, -1))[1]):
                    mine[name] = entry
        if gone.there and gone.removed is None:
            newest = max([moment for _, moment in gone.values.values()], default=-1)
            if stays.removed is None or newest > stays.removed:
                stays.there, stays.removed = True, None if newest > since else stays.removed

    def profiles(
        self, source: Mapping[str, tuple[Mapping[str, Any], int]], columns: Sequence[str]
    ) -> dict[str, dict[str, Any]]:
        """What a plan sees of the rows of a source, each with when it last changed; -1 where nobody knows."""
        found: dict[str, dict[str, Any]] = {}
        for key in {*source, *(key for key, known in self.known.items() if known.there)}:
            known = self.known.get(key, Known())
            row, changed = source.get(key, ({}, -1))
            if known.removed is not None and known.removed >= changed:
                continue
            found[key] = {}
            for name in columns:
                value, moment = known.values.get(name, (None, -2))
                found[key][name] = value if moment >= changed else row.get(name)
        return found

    def memberships(self, source: Mapping[tuple[str, str], tuple[bool, int]]) -> set[tuple[str, str]]:
        """What a plan sees of the rows of (profile, audience), whether they are active and since when."""
        found = {pair for pair, (active, _) in source.items() if active}
        for key, known in self.known.items():
            for audience, (member, moment) in known.members.items():
                if moment >= source.get((key, audience), (None, -1))[1]:
                    (found.add if member else found.discard)((key, audience))
        return found
