"""One org, as the exporter sees it: every call the product makes, by its name in the field."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from audiencesync.clock import Clock
from audiencesync.errors import BudgetSpent, SalesforceRefused
from audiencesync.objects import FilterValue, ObjectType
from audiencesync.records import Job, OpenJob, Operation, Row, RowResult, WriteOptions
from audiencesync.salesforce import bulk, bulk_query, catalogue, composite, picklists, query, rows
from audiencesync.salesforce.describe import describe
from audiencesync.salesforce.session import Session
from audiencesync.salesforce.verdict import quota_spent


@dataclass(frozen=True, slots=True)
class Org:
    """A session and what the org's own rules do with what it writes."""

    session: Session
    clock: Clock

    def describe(self, object_name: str) -> ObjectType:
        """What the integration user may see of an object."""
        return describe(self.session, object_name)

    def picklist_values(self, object_name: str, record_type_id: str) -> Mapping[str, tuple[str, ...]]:
        """The values that a record type leaves of each picklist; see `picklists.picklist_values`."""
        return picklists.picklist_values(self.session, object_name, record_type_id)

    def write(
        self,
        operation: Operation,
        object_name: str,
        match_field: str | None,
        sent: Sequence[Row],
        options: WriteOptions,
    ) -> list[RowResult]:
        """Send up to 200 rows through sObject Collections; results come in the order of the rows.

        Args:
            operation: Insert, upsert by the match field, or update and delete by `Id`, which each row holds.
            object_name: API name.
            match_field: For an upsert.
            sent: The rows.
            options: What the org's rules do.

        Raises:
            As `rows.write`.
        """
        return rows.write(self.session, rows.request(operation, object_name, match_field, sent), options)

    def write_together(
        self,
        operation: Operation,
        object_name: str,
        match_field: str | None,
        pieces: Sequence[Sequence[Row]],
        options: WriteOptions,
    ) -> list[composite.Piece]:
        """Send up to five pieces of up to 200 rows in one call; the arguments are those of `write`.

        Returns:
            For each piece its results, or the error that `write` would have raised for it.

        Raises:
            As `composite.write_together`.
        """
        requests = [rows.request(operation, object_name, match_field, piece) for piece in pieces]
        return composite.write_together(self.session, requests, options)

    def find(
        self,
        object_name: str,
        fields: Sequence[str],
        by: Sequence[str],
        values: Sequence[Sequence[FilterValue]],
    ) -> Iterator[dict[str, object]]:
        """Records whose fields `by` have one of these values, in as few queries as the limits allow.

        Args:
            object_name: API name.
            fields: API names or paths to select.
            by: The fields that are compared, all of them together.
            values: What they are compared with, one value for each field.

        Raises:
            As `query.query`.
        """
        for statement in query.select_matching(object_name, fields, by, values):
            yield from query.query(self.session, statement)

    def statements(
        self,
        object_name: str,
        fields: Sequence[str],
        by: Sequence[str],
        values: Sequence[Sequence[FilterValue]],
    ) -> int:
        """How many queries `find` needs at least; a page of more than 2,000 records costs one more."""
        return sum(1 for _ in query.select_matching(object_name, fields, by, values))

    def find_all(self, object_name: str, fields: Sequence[str], present: str | None, path: Path) -> int:
        """Write every record to a CSV file, by a Bulk query; see `bulk_query.find_all`."""
        return bulk_query.find_all(self.session, object_name, fields, present, path)

    @property
    def time(self) -> datetime | None:
        """The time by Salesforce's clock; None before its first answer."""
        return self.session.time_there

    def made_since(
        self, object_name: str, fields: Sequence[str], moment: datetime
    ) -> Iterator[dict[str, object]]:
        """Records that our own user has made since a moment, by Salesforce's clock.

        Raises:
            As `query.query`.
        """
        yield from query.query(
            self.session, query.select_made(object_name, fields, self.session.user_id, moment)
        )

    def create_job(
        self, operation: Operation, object_name: str, match_field: str | None, options: WriteOptions
    ) -> str:
        """Open a Bulk job; returns its id, to be kept before anything else is done."""
        return bulk.create_job(self.session, object_name, operation, match_field, options)

    def upload(self, job_id: str, path: Path) -> None:
        """Send a job its file."""
        bulk.upload(self.session, job_id, path)

    def close(self, job_id: str) -> None:
        """Let a job begin."""
        bulk.close(self.session, job_id)

    def abort(self, job_id: str) -> None:
        """Give a job up."""
        bulk.abort(self.session, job_id)

    def job(self, job_id: str) -> Job:
        """What has become of a job."""
        return bulk.job(self.session, job_id)

    def wait(self, job_id: str, on_poll: Callable[[Job], None]) -> Job:
        """Look at a job, ever more rarely, until it has ended."""
        return bulk.wait(self.session, job_id, self.clock, on_poll)

    def download(self, job_id: str, kind: bulk.ResultKind, path: Path) -> None:
        """Write one of a job's result files to disk."""
        bulk.download(self.session, job_id, kind, path)

    def jobs_open(self) -> list[OpenJob]:
        """Ingest jobs of our user that wait for data, ours among them; see `bulk.jobs_open`."""
        return bulk.jobs_open(self.session)

    @property
    def user_id(self) -> str:
        """Id of the user we write as, 18 characters; see `Session.user_id`."""
        return self.session.user_id

    def stopped_by(self, codes: Sequence[str]) -> SalesforceRefused | BudgetSpent | None:
        """The error that ends a sync, if one of these codes concerns every row."""
        for code in codes:
            if catalogue.kind(code) == "quota":
                return quota_spent(code)
            if catalogue.kind(code) == "stop":
                return SalesforceRefused(
                    f"Salesforce refuses rows for a reason that concerns them all: {code}",
                    hint=catalogue.cure(code),
                    code=code,
                )
        return None

    @property
    def transient_codes(self) -> Sequence[str]:
        """Codes of row errors that pass by themselves."""
        return catalogue.transient_codes()
