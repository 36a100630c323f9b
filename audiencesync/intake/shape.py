"""What may be pushed into a project: the columns of its profiles, and its audiences."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from audiencesync.config.columns import folded
from audiencesync.config.mistakes import did_you_mean
from audiencesync.config.models import Config
from audiencesync.intake.changes import Refused
from audiencesync.intake.fits import Check, check_for
from audiencesync.intake.keys import key_of
from audiencesync.store import ColumnType


@dataclass(frozen=True, slots=True)
class Pushable:
    """A column that may be pushed.

    Attributes:
        name: As the source spells it.
        kind: Its type.
        check: Whether a value fits it.
    """

    name: str
    kind: ColumnType
    check: Check


@dataclass(frozen=True)
class Shape:
    """What a change may say.

    Attributes:
        key: Type of the profiles' key column.
        columns: Columns that may be pushed, by their names in small letters.
        closed: Column in small letters -> why it may not be pushed.
        audiences: Audiences that a profile may enter by being pushed.
        rules: Audiences that only a rule fills.
    """

    key: ColumnType
    columns: Mapping[str, Pushable]
    closed: Mapping[str, str]
    audiences: frozenset[str]
    rules: frozenset[str]

    @property
    def names(self) -> list[str]:
        """The columns that may be pushed."""
        return [column.name for column in self.columns.values()]

    def key_text(self, value: object, field: str) -> str:
        """A profile's key as the source writes it.

        Raises:
            Refused: It can be nobody's.
        """
        return key_of(value, self.key, field)

    def attributes(self, values: object, field: str) -> str:
        """What is known of a profile, as the inbox keeps it: a JSON object.

        Args:
            values: Column, in any case -> value.
            field: What to call it in a refusal.

        Raises:
            Refused: It is no object, a name is no column that may be pushed, or a value does not fit.
        """
        if not isinstance(values, dict):
            raise Refused(field, "must be an object, column -> value")
        kept: dict[str, object] = {}
        for name, value in values.items():
            here = f"{field}.{name}" if field else name
            if why := self.closed.get(folded(name)):
                raise Refused(here, why)
            column = self.columns.get(folded(name))
            if column is None:
                raise Refused(here, f"is no column of the profiles{did_you_mean(name, self.names)}")
            if wrong := column.check(value):
                raise Refused(here, wrong)
            if column.name in kept:
                raise Refused(here, "is named twice: the case of its letters does not count")
            kept[column.name] = value
        return _written(kept)

    def traits(self, values: Mapping[str, object], field: str) -> str:
        """The same of traits, whose names are the sender's: those that are no column are kept as they are.

        Of two that are one column, the one in the column's own spelling counts, or the last.

        Raises:
            Refused: A value does not fit its column.
        """
        kept: dict[str, object] = {}
        for name, value in values.items():
            column = self.columns.get(folded(name))
            if column is None:
                if folded(name) not in self.closed:
                    kept[name] = value
            elif wrong := column.check(value):
                raise Refused(f"{field}.{name}", wrong)
            elif name == column.name or column.name not in values:
                kept[column.name] = value
        return _written(kept)

    def audience(self, value: object, field: str) -> str:
        """The name of an audience.

        Raises:
            Refused: No sync has it, or a rule alone says who is in it.
        """
        if not isinstance(value, str):
            raise Refused(field, "must be the name of an audience")
        if value in self.rules:
            raise Refused(field, "is an audience by rule, which alone says who is in it")
        if value not in self.audiences:
            raise Refused(field, f"is an audience of no sync{did_you_mean(value, self.audiences)}")
        return value


def _written(values: Mapping[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def shape_of(config: Config, columns: Mapping[str, ColumnType]) -> Shape:
    """What may be pushed, given the columns of the profiles as the source has them."""
    profiles = config.source.profiles
    closed = {folded(profiles.key): "is the key, which names the profile and cannot be changed"}
    if profiles.updated_at:
        closed[folded(profiles.updated_at)] = "says when the source's row changed, and is the source's to say"
    closed |= {folded(name): "is read from source.affinities" for name in config.source.affinities}
    rules = frozenset(config.audiences)
    return Shape(
        key=next(kind for name, kind in columns.items() if folded(name) == folded(profiles.key)),
        columns={
            folded(name): Pushable(name, kind, check_for(kind))
            for name, kind in columns.items()
            if folded(name) not in closed
        },
        closed=closed,
        audiences=frozenset(name for sync in config.syncs for name in sync.audiences) - rules,
        rules=rules,
    )
