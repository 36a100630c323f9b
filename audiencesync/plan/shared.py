"""Records that two syncs write, each over what the other wrote."""

from collections.abc import Iterator, Mapping

from audiencesync.config.load import Project
from audiencesync.config.models import Sync
from audiencesync.records import SharedRecords
from audiencesync.store import Store


def shared_records(store: Store, project: Project, sync: Sync) -> Iterator[SharedRecords]:
    """Find the records that a plan is to write and that are those of another sync's members, too.

    Args:
        store: Holds `plan_change`, and which record each member of a sync is.
        project: The config, with the other syncs.
        sync: The sync that is planned.

    Yields:
        One for each other sync that writes one of the same fields in another way.
    """
    own = _written(sync)
    for other in project.config.syncs:
        theirs = {name.lower(): what for name, what in _written(other).items()}
        fields = [name for name, what in own.items() if theirs.get(name.lower(), what) != what]
        if other.name == sync.name or not fields or not _objects(sync) & _objects(other):
            continue
        found = store.row("plan_shared", {"name": other.name, "fields": [one.lower() for one in fields]})
        if found["records"]:
            yield SharedRecords(other.name, tuple(fields), int(found["records"]))


def _objects(sync: Sync) -> set[str]:
    return {sync.object.lower(), *([sync.try_first.object.lower()] if sync.try_first else [])}


def _written(sync: Sync) -> Mapping[str, str]:
    """What a sync writes into each field; the audiences of two syncs are never the same."""
    written = {name: repr(mapping) for name, mapping in sync.mappings.items()}
    for target in (sync.send_scores_to, sync.send_affinities_to):
        if target is not None:
            written[target.field] = repr(target)
    if sync.send_audiences_to is not None:
        written[sync.send_audiences_to] = f"audiences of {sync.name}"
    return written
