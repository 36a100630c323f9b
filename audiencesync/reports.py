"""What a run did, as values and as the documents that `--json` prints."""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from audiencesync.errors import AudienceSyncError
from audiencesync.records import KnownSync, Mode, Route, RunStatus, SharedRecords

SCHEMA_VERSION = 1
_COUNTS = (
    "members",
    "entered",
    "exited",
    "changed",
    "unchanged",
    "planned",
    "accepted",
    "created",
    "updated",
    "rejected",
    "invalid",
    "unknown",
    "deferred",
    "unmatched",
    "parked",
    "without_profile",
)
DONE, ROWS_LEFT, BUG, TRY_LATER, INTERRUPTED = 0, 1, 70, 75, 130


@dataclass(frozen=True, slots=True)
class Trouble:
    """What ended a sync before its end.

    Attributes:
        kind: The error's class.
        exit_code: What it asks the command to end with.
    """

    kind: str
    message: str
    hint: str
    exit_code: int

    def document(self) -> dict[str, str]:
        """Its part of a document."""
        return {"kind": self.kind, "message": self.message, "hint": self.hint}


def trouble_of(error: BaseException) -> Trouble:
    """An error as the trouble of a sync; of a bug, the kind and the place alone."""
    if isinstance(error, AudienceSyncError):
        return Trouble(type(error).__name__, str(error), error.hint, error.exit_code)
    if not isinstance(error, Exception):  # Ctrl-C, or a daemon that had to end
        return Trouble("Interrupted", "interrupted", "run again: what was sent is settled first", INTERRUPTED)
    frames = [
        one for one in traceback.extract_tb(error.__traceback__) if "audiencesync" in Path(one.filename).parts
    ]
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    kind = type(error).__name__
    return Trouble(kind, f"a bug of audiencesync: {kind}{place}", "report the bug", BUG)


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a run did, or a plan would do, for one sync.

    `planned = accepted + rejected + invalid + unknown` after a run; in a plan, `unknown` are those of earlier
    runs without an answer, which a run asks about before it plans. `deferred` rows were not begun and come
    round again by themselves. `unmatched` members have no record, and the sync may not make one; they are
    looked up again when their row changes, a day later, or when somebody says `retry`. `parked`
    rows would be refused as before: they wait until the row, the mapping or the object changes, or somebody
    says `retry`. `without_profile` keys are listed in the memberships that were looked at and are those of
    no profile. `unknown_earlier` of the `unknown` rows were sent by an earlier run, and have their pushes in
    its books. `shared` records are those of another sync's members, too, and each writes over what the other
    wrote. `calls` is what a plan foresees: look-ups and calls by route, polls of a running job aside.
    """

    name: str
    mode: Mode
    members: int = 0
    entered: int = 0
    exited: int = 0
    changed: int = 0
    unchanged: int = 0
    planned: int = 0
    accepted: int = 0
    created: int = 0
    updated: int = 0
    rejected: int = 0
    invalid: int = 0
    unknown: int = 0
    unknown_earlier: int = 0
    deferred: int = 0
    unmatched: int = 0
    parked: int = 0
    without_profile: int = 0
    routes: Mapping[Route, int] = field(default_factory=lambda: dict.fromkeys(Route, 0))
    api_calls: int = 0
    calls: Mapping[str, int] = field(default_factory=dict)
    shared: Sequence[SharedRecords] = ()
    seconds: float = 0.0
    trouble: Trouble | None = None
    sample: Sequence[Mapping[str, Any]] = ()

    @property
    def status(self) -> RunStatus:
        """How it ended for this sync."""
        if self.trouble is not None:
            return RunStatus.PAUSED if self.trouble.exit_code == TRY_LATER else RunStatus.FAILED
        return RunStatus.PARTIAL if self.rejected or self.invalid or self.unknown else RunStatus.SUCCEEDED

    def document(self) -> dict[str, Any]:
        """The sync's part of the document."""
        document: dict[str, Any] = {
            "name": self.name,
            "status": self.status.value,
            "mode": self.mode.value,
            **{name: getattr(self, name) for name in _COUNTS},
            "routes": {route.value: self.routes.get(route, 0) for route in Route},
            "api_calls": self.api_calls,
            "seconds": round(self.seconds, 3),
        }
        if self.unknown_earlier:
            document["unknown_earlier"] = self.unknown_earlier
        if self.calls:
            document["calls"] = dict(self.calls)
        if self.shared:
            document["shared"] = [asdict(one) for one in self.shared]
        if self.trouble is not None:
            document["error"] = self.trouble.document()
        if self.sample:
            document["sample"] = list(self.sample)
        return document


@dataclass(frozen=True, slots=True)
class ForsakenSync:
    """A sync that the store knows and the config names no more, or not with that object.

    Attributes:
        trouble: Why what became of its unknown rows could not be asked.
    """

    left: KnownSync
    trouble: Trouble | None = None

    def document(self) -> dict[str, Any]:
        """Its part of the document."""
        document: dict[str, Any] = {
            "name": self.left.name,
            "object": self.left.object,
            "members": self.left.members,
            "unknown": self.left.unknown,
        }
        if self.trouble is not None:
            document["error"] = self.trouble.document()
        return document


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did; a plan has no run id.

    Attributes:
        forsaken: Syncs that the config names no more, and that somebody should know of.
        codes: Why rows were not accepted: sync, outcome, error_code and rows, the most frequent first.
    """

    run_id: str | None
    syncs: tuple[SyncReport, ...]
    codes: Sequence[Mapping[str, Any]] = ()
    forsaken: Sequence[ForsakenSync] = ()

    @property
    def status(self) -> RunStatus:
        """The worst of the syncs' ends."""
        ends = {sync.status for sync in self.syncs}
        for status in (RunStatus.FAILED, RunStatus.PAUSED, RunStatus.PARTIAL):
            if status in ends:
                return status
        return RunStatus.SUCCEEDED

    @property
    def trouble(self) -> Trouble | None:
        """What ended the first sync that did not come to its end."""
        troubles = [sync.trouble for sync in self.syncs if sync.trouble and sync.status is self.status]
        return troubles[0] if troubles else None

    @property
    def exit_code(self) -> int:
        """What the command ends with."""
        if self.trouble is not None:
            return self.trouble.exit_code
        return ROWS_LEFT if self.status is RunStatus.PARTIAL else DONE

    def document(self) -> dict[str, Any]:
        """The document of `run --json` and `plan --json`."""
        document: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "run_id": self.run_id,
            "status": self.status.value,
            "syncs": [sync.document() for sync in self.syncs],
        }
        if self.forsaken:
            document["forsaken"] = [one.document() for one in self.forsaken]
        return document
