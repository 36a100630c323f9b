"""Care of the store between runs."""

from typing import Any

from audiencesync.clock import Clock
from audiencesync.config.load import Project
from audiencesync.ledger import drop_old
from audiencesync.store import Store, rewrite


def compact(project: Project, *, clock: Clock) -> dict[str, Any]:
    """Drop what the ledger need not tell any more, and write the store's file anew without holes.

    Whoever is killed meanwhile leaves a good store, the old one or the new one.

    Args:
        project: The config.
        clock: Says what is old.

    Returns:
        A document: `bytes_before` and `bytes_after` of the file, and `dropped_pushes`.

    Raises:
        StoreHeld: A run or the daemon holds the store.
        DiskFull: There is no room for a second file beside it.
        StoreError: There is no store yet, or it is damaged.
    """
    path, settings = project.store_path, project.store_settings
    Store.open(path, base=project.base, read_only=True, settings=settings).close()  # it must be there
    before = path.stat().st_size
    with Store.open(path, base=project.base, settings=settings) as store:
        kept = drop_old(store, clock, project.config.store.keep_ledger, at_once=True)
    rewrite(path, base=project.base, settings=settings)
    return {
        "schema_version": 1,
        "path": str(path),
        "bytes_before": before,
        "bytes_after": path.stat().st_size,
        "dropped_pushes": kept.dropped,
    }
