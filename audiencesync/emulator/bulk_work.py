"""Running an ingest job: chunks of 200 rows through the save pipeline, results written as they come.

Source:
    Bulk API 2.0 guide, "How Requests Are Processed": batches of 10,000 records, chunks of 200.
"""

from __future__ import annotations

import random
from itertools import islice
from typing import TYPE_CHECKING

from audiencesync.emulator.bulk_csv import RowParser, Sheet
from audiencesync.emulator.changes import Changes
from audiencesync.emulator.errors import JobFailed, RowError
from audiencesync.emulator.jobs import DELIMITERS, LINE_ENDINGS
from audiencesync.emulator.matching import update_all, upsert_all
from audiencesync.emulator.save import Caller, Outcome, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audiencesync.emulator.access import View
    from audiencesync.emulator.bulk_csv import Line
    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.jobs import Job
    from audiencesync.emulator.save import Row
    from audiencesync.emulator.schema import Field

CHUNK = 200
BATCH = 10_000
UPLOAD = "upload.csv"
SUCCESSFUL, FAILED, UNPROCESSED = "successful.csv", "failed.csv", "unprocessed.csv"
_FAILED_IDS_FROM = 53
_FAULT_KINDS = frozenset({"fail_job"})


def sf_error(error: RowError) -> str:
    """`CODE:message:fields --`, as failedResults prints it."""
    return f"{error.code}:{error.message}:{','.join(error.fields)}--"


class Ingest:
    """One job at work."""

    def __init__(self, instance: Instance, job: Job) -> None:
        self._instance = instance
        self._job = job
        self._folder = instance.jobs.folder(job)
        self._delimiter = DELIMITERS[job.delimiter]
        self._ending = LINE_ENDINGS[job.line_ending]
        self._changes = Changes()
        self._shuffle = random.Random(job.id)  # noqa: S311 - the order means nothing
        self._sheet = Sheet(self._folder / UPLOAD, job.delimiter, job.line_ending)

    def run(self) -> None:
        """Process the upload and end the job."""
        job = self._job
        try:
            header, parser, view = self._prepare()
        except JobFailed as failure:
            self._fail(str(failure))
            return
        self._open_results(header)
        lines = self._sheet.lines()
        next(lines)
        for _ in islice(lines, job.consumed):
            pass
        try:
            self._process(lines, parser, view)
        except JobFailed as failure:
            self._fail(str(failure))
        if job.done:
            self._leave_unprocessed()
        elif not self._instance.jobs.stopping:
            self._instance.jobs.move(job, "JobComplete")

    def _prepare(self) -> tuple[list[str], RowParser, View]:
        header = self._sheet.header()
        job, org = self._job, self._instance.org
        with org.lock:
            view = self._instance.access.view(job.user_id, job.object_name)
            if view is None:
                raise JobFailed(
                    f"InvalidEntity : Entity '{job.object_name}' is not supported by the Bulk API."
                )
            match = self._match(view)
            parser = RowParser(org.schema, view.kind, header)
        if job.operation in {"delete", "hardDelete"}:
            parser.require_ids_alone(job.operation)
        elif job.operation == "update":
            parser.require("Id")
        elif match is not None:
            parser.require(match.name)
        return header, parser, view

    def _match(self, view: View) -> Field | None:
        return view.kind.find(self._job.match_field) if self._job.match_field else None

    def _process(self, lines: Iterator[Line], parser: RowParser, view: View) -> None:
        job = self._job
        fault = self._instance.faults.next("JOB", job.object_name, _FAULT_KINDS)
        stop_at = fault.rows if fault else None
        while batch := list(islice(lines, BATCH)):
            good: list[str] = []
            bad: list[str] = []
            for start in range(0, len(batch), CHUNK):
                chunk = batch[start : start + CHUNK]
                if stop_at is not None:
                    chunk = chunk[: max(0, stop_at - job.processed)]
                self._chunk(chunk, parser, view, good, bad)
                if stop_at is not None and job.processed >= stop_at:
                    self._write(good, bad)
                    raise JobFailed(fault.message if fault else "")
                if job.done or self._instance.jobs.stopping:
                    self._write(good, bad)
                    return
            self._write(good, bad)

    def _chunk(
        self, chunk: Sequence[Line], parser: RowParser, view: View, good: list[str], bad: list[str]
    ) -> None:
        job, org = self._job, self._instance.org
        rows = [parser.row(line) for line in chunk]
        caller = Caller(job.user_id, assign=job.assignment_rule is not None)
        with org.lock:
            writer = Writer(org, view, caller, self._changes)
            if job.operation == "insert":
                outcomes = [writer.insert(row) for row in rows]
            elif job.operation == "update":
                outcomes = update_all(writer, rows)
            elif job.operation == "upsert":
                outcomes = self._upsert(writer, rows, view)
            else:
                outcomes = [self._delete(writer, row, view) for row in rows]
            job.processed += len(chunk)
            job.consumed += len(chunk)
            job.failed += sum(1 for outcome in outcomes if outcome.error is not None)
        for line, outcome in zip(chunk, outcomes, strict=True):
            if outcome.error is None:
                good.append(
                    self._line((outcome.id or "", "true" if outcome.created else "false", *line.cells))
                )
            else:
                known = outcome.id if float(job.version) >= _FAILED_IDS_FROM else None
                bad.append(self._line((known or "", sf_error(outcome.error), *line.cells)))

    def _delete(self, writer: Writer, row: Row, view: View) -> Outcome:
        """To the recycle bin; a hard delete empties it of this record at once."""
        outcome = writer.delete(row.id or "")
        if outcome.error is None and outcome.id and self._job.operation == "hardDelete":
            self._changes.remove(self._instance.org.table(view.kind.name), outcome.id)
        return outcome

    def _upsert(self, writer: Writer, rows: list[Row], view: View) -> list[Outcome]:
        match = self._match(view)
        if match is None:
            raise JobFailed(f"InvalidBatch : Field name not found : {self._job.match_field}")
        keys = [row.id if match.type == "id" else row.values.get(match.name) for row in rows]
        return upsert_all(writer, self._instance.org.table(view.kind.name), rows, keys, match)

    def _line(self, cells: Sequence[str]) -> str:
        joined = f'"{self._delimiter}"'.join(
            [cell.replace('"', '""') if '"' in cell else cell for cell in cells]
        )
        return f'"{joined}"{self._ending}'

    def _open_results(self, header: list[str]) -> None:
        """Start the result files, or cut them back to where a stopped job had come."""
        columns = self._delimiter.join(header)
        heads = {
            SUCCESSFUL: f'"sf__Id"{self._delimiter}"sf__Created"{self._delimiter}{columns}{self._ending}',
            FAILED: f'"sf__Id"{self._delimiter}"sf__Error"{self._delimiter}{columns}{self._ending}',
            UNPROCESSED: f"{columns}{self._ending}",
        }
        for name, head in heads.items():
            path = self._folder / name
            if name in self._job.offsets:
                with path.open("r+b") as file:
                    file.truncate(self._job.offsets[name])
            else:
                path.write_text(head, encoding="utf-8", newline="")
                self._job.offsets[name] = path.stat().st_size

    def _write(self, good: list[str], bad: list[str]) -> None:
        """Append results in an order that means nothing, then make rows and progress last together."""
        for name, lines in ((SUCCESSFUL, good), (FAILED, bad)):
            self._shuffle.shuffle(lines)
            path = self._folder / name
            with path.open("a", encoding="utf-8", newline="") as file:
                file.writelines(lines)
            self._job.offsets[name] = path.stat().st_size
        with self._instance.org.lock:
            self._instance.commit(self._changes, self._job)
        self._changes = Changes()

    def _leave_unprocessed(self) -> None:
        """Give back what was not reached: the rest of the file after the rows that were consumed."""
        rest = self._sheet.lines()
        next(rest)
        with (self._folder / UNPROCESSED).open("a", encoding="utf-8", newline="") as file:
            file.writelines(self._line(line.cells) for line in islice(rest, self._job.consumed, None))

    def _fail(self, message: str) -> None:
        self._job.error = message
        self._instance.jobs.move(self._job, "Failed")
