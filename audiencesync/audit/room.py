"""What takes the room in a store's file, and how far back its ledger goes."""

import shutil
from pathlib import Path
from types import MappingProxyType
from typing import Any

from audiencesync.audit.looking import SCHEMA_VERSION, iso_text
from audiencesync.config.base import LENGTHS
from audiencesync.config.load import Project
from audiencesync.store import Store

HOLDS = MappingProxyType(
    {
        "acknowledged": "state: who is a member, as Salesforce accepted it",
        "api_call": "billed calls",
        "audience_bit": "the bits of the audiences",
        "batch": "requests and jobs",
        "described": "what describe said of the objects",
        "hash_canary": "how this engine hashes",
        "inbox": "pushed changes, not taken over yet",
        "journal_place": "how far the journal is in the inbox",
        "learned": "what the org does not take",
        "ledger": "every push and its outcome",
        "migration": "the versions of these tables",
        "org": "which org the state is of",
        "org_usage": "API calls of the org, as it told last",
        "outbox": "what is on its way",
        "parked": "rows that wait for a change",
        "payload": "state: the field values last accepted",
        "pending": "members to look at again",
        "pushed_alias": "pushed: keys given up for another",
        "pushed_membership": "pushed: who entered and who left",
        "pushed_profile": "pushed: values of profiles",
        "record": "state: which record a profile is",
        "retention": "how far back the ledger goes",
        "run": "runs",
        "run_sync": "what runs did, sync by sync",
        "sync": "the syncs",
    }
)
"""Table -> what it is for, in a few words."""


def info(store: Store, project: Project) -> dict[str, Any]:
    """What takes the room.

    Args:
        store: The open store.
        project: Says how long the ledger is kept.

    Returns:
        A document. Under `bytes`: `file` on the disk, `free` inside it, `log` (written, and not yet in the
        file), `scratch` (left by a run that was killed), `journal` (pushed, and not all in the file yet) and
        `disk_free`. Under `tables` the largest first, under `ledger` how far back it goes.
    """
    room = store.row("room_file")
    tables = [row["name"] for row in store.rows("room_tables")]
    sized = store.rows("room_table", {"block_size": room["block_size"]}, tables=tables)
    goes_back = store.row("ledger_since")
    keep = project.config.store.keep_ledger
    return {
        "schema_version": SCHEMA_VERSION,
        "path": str(store.path),
        "bytes": {
            "file": store.path.stat().st_size,
            "free": room["free_blocks"] * room["block_size"],
            "log": _size(store.log),
            "scratch": _sizes(store.scratch_folder),
            "journal": _sizes(store.journal_folder),
            "disk_free": shutil.disk_usage(store.path.parent).free,
        },
        "ledger": {
            "first_push": iso_text(goes_back["first_push"]),
            "kept_since": iso_text(goes_back["kept_since"]),
            "keep": None if keep is None else LENGTHS.text(keep),
        },
        "tables": [{**row, "holds": HOLDS.get(row["name"], "")} for row in sized],
    }


def _sizes(folder: Path) -> int:
    return sum(_size(file) for file in folder.rglob("*"))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:  # it was removed just now
        return 0
