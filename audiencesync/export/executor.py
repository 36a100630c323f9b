"""Carries out a plan: for every batch the intent is written, the call made, the outcome written."""

from audiencesync.errors import SalesforceUnavailable
from audiencesync.export.jobs import Jobs
from audiencesync.export.requests import Requests
from audiencesync.export.tools import Tools
from audiencesync.records import Operation, Route, RowResult

ORDER = (Operation.UPDATE, Operation.DELETE, Operation.INSERT, Operation.UPSERT)
"""Updates first: a match value that one record gives up is then free for the one that takes it."""

_AGAIN = ((50, 1.0), (10, 4.0), (10, 16.0))
"""Rows of a request and seconds before it, at each further attempt: small requests hold few locks at once."""


class Exporter:
    """Sends the intents of one run and sync."""

    def __init__(self, tools: Tools) -> None:
        self._ledger = tools.ledger
        self._clock = tools.clock
        self._jobs = Jobs(tools)
        self._requests = Requests(tools)

    def export(self) -> None:
        """Send everything that waits, by the routes that were planned.

        Raises:
            BudgetSpent, SalesforceUnavailable: The rest waits; nothing is lost.
            AnswerLost: What became of some rows is not known; they are settled first by the next run.
            SalesforceRefused: No row of the sync can pass until somebody acts.
        """
        planned = self._ledger.operations()
        for operation in (one for one in ORDER if one in planned):
            if operation in {Operation.INSERT, Operation.UPSERT}:
                self._stop_contested(operation)
            lots = self._ledger.lots(operation)
            self._jobs.send(operation, [lot for lot in lots if lot.route is Route.BULK])
            for lot in lots:
                if lot.route is not Route.BULK:
                    self._requests.send(self._ledger.begin(operation, lot))
            self._send_again(operation)

    def _stop_contested(self, operation: Operation) -> None:
        """Hold back rows that would overwrite the record of a member whose own update was refused."""
        for name, holders in self._ledger.contested(operation).items():
            batch = self._ledger.gather(list(holders), name, operation, Route.COLLECTIONS)
            fields = " and ".join(batch.matched_by)
            answers = {
                seq: RowResult(
                    accepted=False,
                    code="DUPLICATE_MATCH_VALUE",
                    message=f"the record of profile {holder} still has this {fields}",
                )
                for seq, holder in holders.items()
            }
            self._ledger.settle(batch, answers, transient=())

    def _send_again(self, operation: Operation) -> None:
        """Rows that met a passing error, in ever smaller requests; those of one parent stay together."""
        for size, pause in _AGAIN:
            waiting = self._ledger.again(operation)
            if not waiting:
                return
            self._clock.sleep(pause)
            for name, seqs in waiting.items():
                self._requests.send_again(name, operation, seqs, size)
        if left := sum(len(seqs) for seqs in self._ledger.again(operation).values()):
            raise SalesforceUnavailable(
                f"Salesforce turned {left} rows away at every attempt", hint="run again: they are sent then"
            )
