"""Write the store's file anew: without holes, and what belongs together side by side."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from audiencesync.errors import StoreError
from audiencesync.store.database import Store
from audiencesync.store.disk import to_disk
from audiencesync.store.failures import DiskFull

_BY_PROFILE = ("sync_id", "profile_key")
_IN_TIME = frozenset({"ledger", "outbox"})
_SPARE_BYTES = 32_000_000


def rewrite(path: Path, *, base: Path, settings: Mapping[str, str]) -> None:
    """Replace the store's file by a new one that holds the same.

    The old file stays as it is until the new one is whole and on the disk, and takes its name in one step;
    whoever is killed meanwhile leaves a good store. Nobody else can write to it in between.

    Args:
        path: The DuckDB file; nobody has it open.
        base: As `Store.open` has it.
        settings: As `Store.open` has it.

    Raises:
        StoreHeld: Another process holds it.
        DiskFull: There is no room for a second file beside it.
        StoreError: As `Store.open`.
    """
    # read-only, it holds off writers all the same, and closing it touches no file that has its name by then
    with Store.open(path, base=base, read_only=True, settings=settings) as store:
        if store.log.exists():
            raise StoreError(
                f"the store {path} was written to by another process meanwhile", hint="run the command again"
            )
        _check_room(store)
        with store.scratch() as folder:
            new = folder / path.name
            _fill(store, new)
            to_disk(new)
            new.replace(path)
            to_disk(path.parent)


def _fill(store: Store, new: Path) -> None:
    store.run("compact_into", path=str(new))
    new.chmod(0o600)  # it holds personal data
    tables = {row["name"]: row["columns"] for row in store.rows("room_tables")}
    for table, columns in tables.items():
        by_profile = table not in _IN_TIME and set(_BY_PROFILE) <= set(columns)
        store.run("compact_table", table=table, order=_BY_PROFILE if by_profile else ())
    if differing := [row["name"] for row in store.rows("compact_differs", tables=list(tables))]:
        raise StoreError(
            f"the copy of the store {store.path} differs in {', '.join(differing)}; nothing was changed",
            hint="report the bug; the store is as it was",
        )
    store.run("compact_done")


def _check_room(store: Store) -> None:
    file = store.row("room_file")
    needed = file["used_blocks"] * file["block_size"] + _SPARE_BYTES
    if shutil.disk_usage(store.path.parent).free < needed:
        raise DiskFull(store.path, f"to write it anew takes {needed / 1e6:,.0f} MB")
