"""Bulk API 2.0 jobs: what they are, where their files lie, and the threads that run them."""

from __future__ import annotations

import datetime as dt
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from audiencesync.emulator import ids
from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.values import iso

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audiencesync.emulator.org import Org

TERMINAL = frozenset({"JobComplete", "Failed", "Aborted"})
DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
LIFETIME_DAYS = 7
_WORKERS = 4
_TICK_S = 0.05


@dataclass
class Job:
    """One job, ingest or query.

    Attributes:
        processed: Rows done, the failed ones included.
        consumed: Rows read from the upload; where a restarted job goes on.
        offsets: Length of each result file at `consumed`.
        seconds: Working time so far.
    """

    id: str
    kind: str
    operation: str
    object_name: str
    user_id: str
    version: str
    created: str
    stamp: str = ""
    state: str = "Open"
    match_field: str | None = None
    delimiter: str = "COMMA"
    line_ending: str = "LF"
    assignment_rule: str | None = None
    query: str | None = None
    error: str | None = None
    uploaded: bool = False
    processed: int = 0
    failed: int = 0
    consumed: int = 0
    offsets: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.stamp = self.stamp or self.created

    @property
    def done(self) -> bool:
        """No more state changes by itself."""
        return self.state in TERMINAL

    def info(self, *, full: bool = True) -> dict[str, object]:
        """JobInfo: `apiVersion` is a number, `contentUrl` has no leading slash and only while Open.

        Source:
            Bulk API 2.0 guide, "Create a Job" and "Get Job Info".
        """
        body: dict[str, object] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.user_id,
            "createdDate": self.created,
            "systemModstamp": self.stamp,
            "state": self.state,
        }
        if self.match_field:
            body["externalIdFieldName"] = self.match_field
        body |= {
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
        }
        if self.state == "Open":
            body["contentUrl"] = f"services/data/v{self.version}/jobs/ingest/{self.id}/batches"
        if self.assignment_rule:
            body["assignmentRuleId"] = self.assignment_rule
        return body | self._progress() if full else body

    def _progress(self) -> dict[str, object]:
        millis = int(self.seconds * 1000)
        body: dict[str, object] = {
            "jobType": "V2Ingest" if self.kind == "ingest" else "V2Query",
            "numberRecordsProcessed": self.processed,
            "retries": 0,
            "totalProcessingTime": millis,
        }
        if self.kind == "ingest":
            body |= {
                "numberRecordsFailed": self.failed,
                "apiActiveProcessingTime": millis,
                "apexProcessingTime": 0,
            }
        return body | ({"errorMessage": self.error} if self.error else {})


class Jobs:
    """The jobs of an org, and the workers that take them from state to state.

    Attributes:
        count: Jobs made so far; the next Id follows from it.
    """

    def __init__(self, org: Org, folder: Path) -> None:
        self._org = org
        self._folder = folder
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="bulk")
        self.count = 0
        self.all: dict[str, Job] = {}
        self.saved: Callable[[Job], None] | None = None
        self.forgotten: Callable[[Job], None] | None = None

    def folder(self, job: Job) -> Path:
        """Where the files of a job lie."""
        path = self._folder / job.id
        path.mkdir(parents=True, exist_ok=True)
        return path

    def create(self, make: Callable[[str, str], Job]) -> Job:
        """Register the job that `make` builds from a fresh Id and the time."""
        self.count += 1
        job = make(ids.make("750", self.count), self._org.now())
        self.all[job.id] = job
        self.note(job)
        return job

    def load(self, jobs: list[dict[str, Any]]) -> None:
        """Go on from a dump."""
        self.all = {item["id"]: Job(**item) for item in jobs}
        self.count = max((ids.number_of(key) for key in self.all), default=0)

    def find(self, value: str, kind: str) -> Job:
        """A job by its 15- or 18-character Id.

        Raises:
            ApiError: 404, no such job.
        """
        job = self.all.get(ids.to_long(value) or "")
        if job is None or job.kind != kind:
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        return job

    def move(self, job: Job, state: str) -> None:
        """Change a job's state, unless it has already ended."""
        with self._org.lock:
            if not job.done:
                job.state = state
                job.stamp = self._org.now()
                self.note(job)

    def forget(self, job: Job) -> None:
        """Delete a job and its files."""
        del self.all[job.id]
        if self.forgotten is not None:
            self.forgotten(job)
        shutil.rmtree(self._folder / job.id, ignore_errors=True)

    def purge(self) -> None:
        """Forget jobs of more than seven days, but for those at work.

        Source:
            Salesforce Developer Limits, "Bulk API and Bulk API 2.0 Limits and Allocations".
        """
        oldest = iso(self._org.clock.now() - dt.timedelta(days=LIFETIME_DAYS))
        for job in list(self.all.values()):
            if job.created < oldest and job.state != "InProgress":
                self.forget(job)

    def note(self, job: Job) -> None:
        """Make what is known of a job last."""
        if self.saved is not None:
            self.saved(job)

    def run(self, job: Job, work: Callable[[Job], None]) -> None:
        """Take an uploaded job through InProgress to its end, at the org's pace, in the background.

        A bug in `work` is printed, not kept in the future.
        """
        self._pool.submit(self._run, job, work).add_done_callback(lambda ended: ended.result())

    def _run(self, job: Job, work: Callable[[Job], None]) -> None:
        self._pause(job)
        self.move(job, "InProgress")
        self._pause(job)
        if job.state == "InProgress" and not self._stop.is_set():
            started = time.monotonic()
            try:
                work(job)
            except Exception:
                job.error = "InternalServerError : An internal error occurred"
                self.move(job, "Failed")
                raise
            finally:
                with self._org.lock:  # a call may be writing, too
                    job.seconds += time.monotonic() - started
                    self.note(job)

    def _pause(self, job: Job) -> None:
        """Wait out the pace; it may be changed meanwhile, and an abort or a stop ends the wait."""
        started = time.monotonic()
        while not job.done and time.monotonic() - started < self._org.settings.bulk_pace_s:
            if self._stop.wait(min(_TICK_S, self._org.settings.bulk_pace_s)):
                return

    @property
    def stopping(self) -> bool:
        """The server is ending; a job goes on at the next start, if there is one."""
        return self._stop.is_set()

    def stop(self, *, wait: bool = True) -> None:
        """End the workers after their current chunk."""
        self._stop.set()
        self._pool.shutdown(wait=wait, cancel_futures=True)
