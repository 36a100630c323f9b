"""Runs, intents, outcomes and the acknowledged state; ledger and state move in one transaction."""

from audiencesync.ledger.meter import ApiMeter
from audiencesync.ledger.retention import drop_old
from audiencesync.ledger.runs import RunLog
from audiencesync.ledger.writer import Batch, LedgerWriter, Lot, OpenBatch, OutboxRow

__all__ = ["ApiMeter", "Batch", "LedgerWriter", "Lot", "OpenBatch", "OutboxRow", "RunLog", "drop_old"]
