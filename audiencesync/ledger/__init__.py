"""Runs, intents, outcomes and the acknowledged state; ledger and state move in one transaction."""

from audiencesync.ledger.batches import Batch, Lot, OpenBatch, OutboxRow
from audiencesync.ledger.meter import ApiMeter
from audiencesync.ledger.retention import drop_old
from audiencesync.ledger.runs import RunLog
from audiencesync.ledger.writer import LedgerWriter

__all__ = ["ApiMeter", "Batch", "LedgerWriter", "Lot", "OpenBatch", "OutboxRow", "RunLog", "drop_old"]
