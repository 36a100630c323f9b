"""Rows by requests that are answered at once: Collections, or up to five of them in one Composite."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from audiencesync.errors import (
    AnswerLost,
    AudienceSyncError,
    BudgetSpent,
    ConfigError,
    RouteRefused,
    SalesforceRefused,
    SalesforceUnavailable,
    SignInRefused,
)
from audiencesync.export.reading import present, settle_by_reading
from audiencesync.export.tools import Tools
from audiencesync.ledger import Batch, OpenBatch, OutboxRow
from audiencesync.records import Operation, Route, RowResult

T = TypeVar("T")

PIECE_ROWS = 200
"""Rows of one Collections request. Source: REST API guide, "sObject Collections"."""

PIECES = 5
"""Collections requests of one Composite. Source: REST API guide, "Composite"."""

_SETTLING_S = 2.0
_LOST_ANSWERS = 3
_BAD_REQUEST = 400

_WHOLE_SYNC = frozenset({"INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND", "METHOD_NOT_ALLOWED"})
"""Codes of a refused request that every row would meet; halving it would only burn calls."""


class Requests:
    """Sends batches and writes what became of their rows."""

    def __init__(self, tools: Tools) -> None:
        self._ledger = tools.ledger
        self._org = tools.org
        self._target = tools.target
        self._allowance = tools.allowance
        self._clock = tools.clock
        self._progress = tools.progress
        self._stepped_down = False

    @property
    def _composite(self) -> bool:
        return self._allowance.composite and not self._stepped_down

    def send(self, batch: Batch) -> None:
        """Send a planned batch. Rows that meet a passing error wait for another attempt."""
        rows = self._ledger.rows(batch)
        if batch.route is Route.COMPOSITE:
            self._send_together(batch, list(_pieces(rows, PIECE_ROWS)))
        else:
            self._send_one(batch, rows)

    def send_again(self, object_name: str, operation: Operation, seqs: Sequence[int], size: int) -> None:
        """Send waiting rows in requests of `size` rows, several for one call where that is possible."""
        at_once = PIECES if self._composite else 1
        for part in _pieces(seqs, size * at_once):
            route = Route.COMPOSITE if len(part) > size else Route.COLLECTIONS
            batch = self._ledger.gather(part, object_name, operation, route)
            rows = self._ledger.rows(batch)
            if route is Route.COMPOSITE:
                self._send_together(batch, list(_pieces(rows, size)))
            else:
                self._send_one(batch, rows)

    def _send_together(self, batch: Batch, pieces: Sequence[Sequence[OutboxRow]]) -> None:
        """Send one Composite; what happens to one of its pieces leaves the others alone."""
        if not self._composite:
            self._send_apart(batch, pieces)
            return
        try:
            answers = self._org.write_together(
                batch.operation,
                batch.object,
                self._target.match_field(batch),
                [[self._target.row(batch, row) for row in piece] for piece in pieces],
                self._target.options,
            )
        except RouteRefused:
            self._stepped_down = True
            self._send_apart(batch, pieces)
            return
        except (BudgetSpent, ConfigError, SalesforceUnavailable, SignInRefused):
            self._ledger.release(batch, attempted=False)  # nothing was sent
            raise
        except SalesforceRefused as refusal:
            self._refused(batch, [row for piece in pieces for row in piece], refusal)
            return
        except AnswerLost as lost:
            self._send_apart(batch, list(_pieces(self._settle_lost(batch, lost), PIECE_ROWS)))
            return
        self._settle_pieces(batch, list(zip(pieces, answers, strict=True)))

    def _settle_pieces(
        self,
        batch: Batch,
        answers: Sequence[tuple[Sequence[OutboxRow], list[RowResult] | AudienceSyncError]],
    ) -> None:
        answered: dict[int, RowResult] = {}
        parts: list[tuple[Batch, Sequence[OutboxRow], AudienceSyncError]] = []
        for piece, answer in answers:
            if isinstance(answer, AudienceSyncError):
                parts.append((self._part(batch, piece), piece, answer))
            else:
                answered.update(zip((row.seq for row in piece), answer, strict=True))
        try:
            self._settle(batch, answered)
            while parts:
                self._piece_failed(*parts.pop(0))
        finally:
            for part, _, error in parts:  # not come to; what surely was not applied need not be asked for
                if not isinstance(error, AnswerLost):
                    self._ledger.release(part, attempted=False)

    def _send_apart(self, batch: Batch, pieces: Sequence[Sequence[OutboxRow]]) -> None:
        """Send what surely was not applied, each piece by a request of its own."""
        try:
            for piece in pieces:
                self._send_one(self._part(batch, piece), piece)
        finally:
            self._ledger.release(batch, attempted=False)  # whatever was not come to

    def _part(self, batch: Batch, piece: Sequence[OutboxRow]) -> Batch:
        return self._ledger.split(batch, [row.seq for row in piece])

    def _piece_failed(self, part: Batch, piece: Sequence[OutboxRow], error: AudienceSyncError) -> None:
        if isinstance(error, SalesforceUnavailable):
            self._ledger.release(part, attempted=True)
        elif isinstance(error, AnswerLost):
            if left := self._settle_lost(part, error):
                self._send_one(part, left)
        elif isinstance(error, SalesforceRefused) and not isinstance(error, SignInRefused):
            self._refused(part, piece, error)
        else:
            self._ledger.release(part, attempted=False)
            raise error

    def _send_one(self, batch: Batch, rows: Sequence[OutboxRow]) -> None:
        """Send one Collections request and write its outcomes."""
        try:
            results = self._write(batch, rows)
        except (BudgetSpent, ConfigError, SalesforceUnavailable, SignInRefused):
            self._ledger.release(batch, attempted=False)  # nothing was sent
            raise
        except SalesforceRefused as refusal:
            self._refused(batch, rows, refusal)
            return
        if self._stepped_down and self._allowance.composite:
            self._allowance.refuse_composite()  # only now: a wrong API version refuses Collections, too
        self._settle(batch, results)

    def _write(self, batch: Batch, rows: Sequence[OutboxRow]) -> Mapping[int, RowResult]:
        """One request; when its answer is lost, what Salesforce holds tells which rows it applied."""
        for lost in range(1, _LOST_ANSWERS + 1):
            if not rows:
                return {}
            try:
                results = self._org.write(
                    batch.operation,
                    batch.object,
                    self._target.match_field(batch),
                    [self._target.row(batch, row) for row in rows],
                    self._target.options,
                )
                return {row.seq: result for row, result in zip(rows, results, strict=True)}
            except AnswerLost as answer_lost:
                rows = self._settle_lost(batch, answer_lost)
                if rows and lost == _LOST_ANSWERS:
                    raise
        raise AssertionError("unreachable")

    def _settle_lost(self, batch: Batch, lost: AnswerLost) -> Sequence[OutboxRow]:
        """Read back which rows of a lost answer were applied.

        Returns:
            The others, which may be sent again.

        Raises:
            AnswerLost: It could not be read, or the rows make new records: one that is not there yet may
                still be coming, and would be there twice.
        """
        self._clock.sleep(_SETTLING_S)
        try:
            settled = settle_by_reading(self._ledger, self._org, self._target, OpenBatch(batch))
        except (BudgetSpent, SalesforceRefused, SalesforceUnavailable) as deaf:
            raise lost from deaf
        self._progress.advance(settled)
        rows = self._ledger.rows(batch)
        if rows and batch.operation is Operation.INSERT:
            raise lost
        return rows

    def _settle(self, batch: Batch, results: Mapping[int, RowResult]) -> None:
        done = self._ledger.settle(
            batch,
            results,
            transient=self._org.transient_codes,
            present=present(self._org, self._target.object_of(batch)),
        )
        self._progress.advance(done)
        if error := self._org.stopped_by([result.code for result in results.values() if result.code]):
            raise error

    def _refused(self, batch: Batch, rows: Sequence[OutboxRow], refusal: SalesforceRefused) -> None:
        """A request refused as a whole: find the guilty row by halving, so that it costs no neighbour."""
        if refusal.status != _BAD_REQUEST or refusal.code in _WHOLE_SYNC:
            self._ledger.release(batch, attempted=False)
            raise refusal
        if len(rows) == 1:
            message = "Salesforce refused the request that held only this row"
            self._ledger.settle(
                batch,
                {rows[0].seq: RowResult(accepted=False, code=refusal.code, message=message)},
                transient=(),
            )
            self._progress.advance(1)
            return
        self._send_apart(batch, list(_pieces(rows, min(-(-len(rows) // 2), PIECE_ROWS))))


def _pieces(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
