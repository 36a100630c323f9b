"""The workers behind Bulk jobs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from audiencesync.emulator.jobs import Job, Jobs
from audiencesync.emulator.org import Org

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_kept_of_a_job_is_written_while_no_call_writes(tmp_path: Path) -> None:
    org = Org()
    jobs = Jobs(org, tmp_path)
    ended = threading.Event()
    written_alone: list[bool] = []

    def others_may_write() -> bool:
        taken = org.lock.acquire(blocking=False)
        if taken:
            org.lock.release()
        return taken

    def saved(job: Job) -> None:
        with ThreadPoolExecutor(1) as other:
            written_alone.append(not other.submit(others_may_write).result())
        if job.seconds:
            ended.set()

    jobs.saved = saved
    with org.lock:
        job = jobs.create(lambda key, now: Job(key, "ingest", "insert", "Lead", "005", "62.0", now))
    jobs.run(job, lambda job: jobs.move(job, "JobComplete"))

    assert ended.wait(10)
    jobs.stop()
    assert written_alone == [True] * 4
