"""What every part of the exporter works with."""

from dataclasses import dataclass

from audiencesync.clock import Clock
from audiencesync.export.ports import Allowance, Org
from audiencesync.export.target import Target
from audiencesync.ledger import LedgerWriter
from audiencesync.progress import Progress


@dataclass(frozen=True, slots=True)
class Tools:
    """The ledger of one run and sync, the org it goes to, and what may be spent."""

    ledger: LedgerWriter
    org: Org
    target: Target
    allowance: Allowance
    clock: Clock
    progress: Progress
