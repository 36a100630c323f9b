"""How a sync's records are found: by their Id, by Salesforce's own upsert, or by asking for them first."""

from collections.abc import Iterator, Sequence

from audiencesync.config.load import Project
from audiencesync.config.models import OnMultiple, Sync, SyncMode
from audiencesync.errors import ConfigError
from audiencesync.objects import FieldType, ObjectType
from audiencesync.plan.sources import sync_place
from audiencesync.records import Matching, Way


def matching_of(
    project: Project, sync: Sync, target: ObjectType, first: ObjectType | None = None
) -> Matching:
    """Decide how a sync's records are found.

    Args:
        project: The config, for places in errors.
        sync: Names the match fields, and what may happen to records.
        target: The sync's object, as describe tells it.
        first: The object that is tried first.

    Raises:
        ConfigError: A match field does not exist or cannot be searched by.
    """
    fields = [kind for name in sync.match_fields if (kind := target.field(name)) is not None]
    names = tuple(kind.name for kind in fields)
    exact = tuple(kind.name for kind in fields if kind.case_sensitive)
    if not sync.match_fields:
        return Matching(Way.NONE)
    if names == ("Id",):
        return Matching(Way.ID, names, names)
    plain = sync.mode is SyncMode.UPSERT and sync.on_multiple is OnMultiple.REJECT and first is None
    if plain and len(fields) == 1 and fields[0].may_match:
        return Matching(Way.NATIVE, names, exact)
    mistakes = list(_unsearchable(sync.match_fields, target))
    if first is not None:
        mistakes += _unsearchable(sync.match_fields, first)
    if mistakes:
        place = project.place((*sync_place(project, sync), "match_field"))
        raise ConfigError(
            "\n".join(f"{place}: {mistake}" for mistake in mistakes),
            hint=f"{_usable(target)} may match without a look-up",
        )
    return Matching(Way.LOOKUP, names, exact)


def check_first(project: Project, sync: Sync, first: ObjectType) -> None:
    """Refuse an object to be tried first that cannot take what is mapped.

    Raises:
        ConfigError: It lacks fields, or they cannot be written.
    """
    missing = [name for name in sync.first_fields if not _writable(first.field(name))]
    if missing:
        place = project.place((*sync_place(project, sync), "try_first"))
        raise ConfigError(
            f"{place}: {first.name} has no field that can be written called {', '.join(missing)}",
            hint="list them under try_first.omit if they belong to the other object only",
        )


def _writable(kind: FieldType | None) -> bool:
    return kind is not None and kind.updateable


def _unsearchable(names: Sequence[str], target: ObjectType) -> Iterator[str]:
    for name in names:
        kind = target.field(name)
        if kind is None:
            yield f"{target.name} has no field {name!r}"
        elif not kind.filterable:
            yield f"{target.name}.{kind.name} cannot be searched by (it is {_nature(kind)})"


def _nature(kind: FieldType) -> str:
    return "a long text" if kind.type == "textarea" else f"of type {kind.type} and not filterable"


def _usable(target: ObjectType) -> str:
    return ", ".join(sorted(field.name for field in target.fields.values() if field.may_match))
