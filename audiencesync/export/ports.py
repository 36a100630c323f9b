"""What the exporter needs of Salesforce; `salesforce/org.py` is the real one."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from audiencesync.errors import AudienceSyncError, BudgetSpent, SalesforceRefused
from audiencesync.objects import FilterValue
from audiencesync.records import Job, OpenJob, Operation, Row, RowResult, WriteOptions

ResultKind = Literal["successfulResults", "failedResults", "unprocessedrecords"]


class Allowance(Protocol):
    """What may be spent, and on what."""

    @property
    def composite(self) -> bool:
        """The org takes Composite, as far as is known."""
        ...

    def refuse_composite(self) -> None:
        """Remember that it does not."""
        ...

    def require(self, calls: int) -> None:
        """Raise BudgetSpent unless there is room for so many calls."""
        ...


class Org(Protocol):
    """One Salesforce org.

    Writes raise `SalesforceRefused` or `BudgetSpent` or `SalesforceUnavailable` when surely nothing was
    applied, and `AnswerLost` when that is not known.
    """

    @property
    def transient_codes(self) -> Sequence[str]:
        """Codes of row errors that pass by themselves."""
        ...

    def write(
        self,
        operation: Operation,
        object_name: str,
        match_field: str | None,
        sent: Sequence[Row],
        options: WriteOptions,
    ) -> list[RowResult]:
        """Send up to 200 rows; results come in their order."""
        ...

    def write_together(
        self,
        operation: Operation,
        object_name: str,
        match_field: str | None,
        pieces: Sequence[Sequence[Row]],
        options: WriteOptions,
    ) -> list[list[RowResult] | AudienceSyncError]:
        """Send up to five pieces of up to 200 rows in one call, which do not depend on each other.

        Returns:
            For each piece the results in the order of its rows, or the error that `write` would have raised.

        Raises:
            RouteRefused: The org does not take such a call; nothing was applied, and `write` may do.
            As `write`, for all pieces.
        """
        ...

    def find(
        self,
        object_name: str,
        fields: Sequence[str],
        by: Sequence[str],
        values: Sequence[Sequence[FilterValue]],
    ) -> Iterator[dict[str, object]]:
        """Records whose fields `by` have one of these values, each with one part for each field."""
        ...

    def made_since(
        self, object_name: str, fields: Sequence[str], moment: datetime
    ) -> Iterator[dict[str, object]]:
        """Records that our own user has made since a moment."""
        ...

    def stopped_by(self, codes: Sequence[str]) -> SalesforceRefused | BudgetSpent | None:
        """The error that ends a sync, if one of these codes concerns every row."""
        ...

    def create_job(
        self, operation: Operation, object_name: str, match_field: str | None, options: WriteOptions
    ) -> str:
        """Open a Bulk job; returns its id."""
        ...

    def upload(self, job_id: str, path: Path) -> None:
        """Send a job its file."""
        ...

    def close(self, job_id: str) -> None:
        """Let a job begin."""
        ...

    def abort(self, job_id: str) -> None:
        """Give a job up."""
        ...

    def job(self, job_id: str) -> Job:
        """What has become of a job."""
        ...

    def wait(self, job_id: str, on_poll: Callable[[Job], None]) -> Job:
        """Look at a job until it has ended."""
        ...

    def jobs_open(self) -> Sequence[OpenJob]:
        """Ingest jobs of our user that wait for data, whichever program made them."""
        ...

    def download(self, job_id: str, kind: ResultKind, path: Path) -> None:
        """Write one of a job's result files to disk."""
        ...
