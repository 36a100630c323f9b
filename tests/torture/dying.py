"""Runs in processes of their own that may die at any moment, forked from one that has loaded everything.

`python -m tests.torture.dying` reads an order a line and answers each with the exit code of its run.
"""

import json
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from audiencesync import sync
from audiencesync.config.load import load
from audiencesync.export import requests
from audiencesync.plan import diff, routes
from audiencesync.progress import Silent
from audiencesync.records import Allowances
from audiencesync.reports import RunReport
from audiencesync.salesforce.transport import Transport
from audiencesync.store import Store, statements
from tests.sync.killed import POINTS, TOGETHER
from tests.world import QuickClock, send_by_bulk

LIFTED = Allowances(empty_source=True, exits=True, clears=True, creates=True, mapping_change=True)

BY_JOB = tuple(
    name for name in POINTS if name in {"closed", "ended", "uploaded"} or "job" in name or "results" in name
)
BY_REQUEST = tuple(name for name in POINTS if name not in BY_JOB)
MOMENTS = {"single": BY_REQUEST, "small": (*BY_REQUEST, "together sent"), "bulk": ("planned", *BY_JOB)}
"""Route -> named moments of a run."""

_WRITES = (
    "batch_",
    "enqueue_",
    "settle_",
    "pending_",
    "parked_",
    "quiet_",
    "outbox_drop",
    "forget_",
    "sync_",
)
"""Statements that change the state; before and after each of them is a moment to die."""


@dataclass(frozen=True)
class Order:
    """One run.

    Attributes:
        ahead_s: How far its clock is ahead.
        command: run or plan.
        options: Of `sync.RunOptions`.
        route: single (as few requests as possible), small (Composites of small pieces), bulk (small jobs).
        moment: named (one of `MOMENTS`), or before or after a request, write or commit; empty: it lives.
        nth: At which of these, from 1.
    """

    config: str
    ahead_s: float
    command: str = "run"
    options: dict[str, Any] = field(default_factory=dict)
    route: str = "single"
    moment: str = ""
    nth: int = 1


class Runner:
    """Hands orders to the process that forks."""

    def __init__(self, folder: Path) -> None:
        self._answer = folder / "answer.pickle"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.dying", str(self._answer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, order: Order) -> RunReport | None:
        """The report of a run, or None when it was killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        if code == -signal.SIGKILL:
            return None
        assert code == 0, code
        report: RunReport = pickle.loads(self._answer.read_bytes())
        return report

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def running_runner(folder: Path) -> Iterator[Runner]:
    runner = Runner(folder)
    try:
        yield runner
    finally:
        runner.close()


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def count_down(owner: type, name: str, nth: int, *, after: bool, which: Callable[..., bool]) -> None:
    """Die before or after the n-th call of a method."""
    real, calls = getattr(owner, name), 0

    def called(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += which(*given)
        if not after and calls == nth:
            die()
        answer = real(*given, **named)
        if after and calls == nth:
            die()
        return answer

    setattr(owner, name, called)


def count_commits(nth: int, *, after: bool) -> None:
    """Die before or after the n-th transaction is committed."""
    real, calls = Store.transaction, 0

    @contextmanager
    def counted(store: Store) -> Iterator[None]:
        nonlocal calls
        with real(store):
            yield
            calls += 1
            if not after and calls == nth:
                die()
        if after and calls == nth:
            die()

    pytest.MonkeyPatch().setattr(Store, "transaction", counted)


def prepare_to_die(order: Order) -> None:
    when, _, what = order.moment.partition(" ")
    if what == "request":
        count_down(Transport, "send", order.nth, after=when == "after", which=lambda *_: True)
    elif what == "write":
        count_down(
            Store,
            "_execute",
            order.nth,
            after=when == "after",
            which=lambda _, statement, *__: statement.startswith(_WRITES),
        )
    elif what == "commit":
        count_commits(order.nth, after=when == "after")
    elif order.moment:
        points = {**POINTS, "together sent": TOGETHER["sent"]}
        moments = MOMENTS[order.route]
        points[moments[order.nth % len(moments)]]()


def choose_route(route: str) -> None:
    patch = pytest.MonkeyPatch()
    if route == "bulk":
        send_by_bulk(patch)
        patch.setitem(routes.PACKING, "job_rows", 3)
    if route in {"small", "bulk"}:
        patch.setattr(routes, "COLLECTION_ROWS", 2)
        patch.setattr(routes, "COMPOSITE_ROWS", 4)
        patch.setattr(requests, "PIECE_ROWS", 2)
        patch.setattr(requests, "PIECES", 2)
        patch.setattr(diff, "_PART_ROWS", 2)


def carry_out(order: Order) -> RunReport:
    clock = QuickClock()
    clock.ahead = timedelta(seconds=order.ahead_s)
    choose_route(order.route)
    prepare_to_die(order)
    command = sync.plan if order.command == "plan" else sync.run
    options = sync.RunOptions(allowed=LIFTED, **order.options)
    return command(load(Path(order.config)), options, clock=clock, progress=Silent())


def share_templates() -> None:
    """Statements are parsed once, not by every child."""
    shared = statements._templates()
    for file in (resources.files("audiencesync.store") / "sql").iterdir():
        if file.name.endswith(".sql"):
            shared.get_template(file.name)


def serve(answer: Path) -> None:
    share_templates()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                answer.write_bytes(pickle.dumps(carry_out(Order(**json.loads(line)))))
                code = 0
            except BaseException:  # noqa: BLE001  (the parent is told, whatever it is)
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
