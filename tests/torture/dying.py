"""Runs in processes of their own that may die at any moment, forked from one that has loaded everything.

`python -m tests.torture.dying` reads an order a line and answers each with the exit code of its process.
"""

import json
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from audiencesync import sync
from audiencesync.clock import SystemClock
from audiencesync.config.load import load
from audiencesync.export import requests
from audiencesync.intake import changes as intake
from audiencesync.intake.inbox import Inbox
from audiencesync.plan import diff, routes
from audiencesync.progress import Silent
from audiencesync.records import Allowances
from audiencesync.reports import RunReport
from audiencesync.salesforce.transport import Transport
from audiencesync.source import journal_of, waiting
from audiencesync.store import Store, open_when_free, statements
from tests.pushes import Change
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
    "inbox_",
    "journal_",
    "alias_",
    "pushed_",
)
"""Statements that change the state; before and after each of them is a moment to die."""


@dataclass(frozen=True)
class Order:
    """One life of a process: it takes what is pushed, and runs; what comes meanwhile has a run of its own.

    Attributes:
        ahead_s: How far its clock is ahead.
        command: run or plan.
        options: Of `sync.RunOptions`.
        route: single (as few requests as possible), small (Composites of small pieces), bulk (small jobs).
        moment: named (one of `MOMENTS`), or before or after a request, write or commit; empty: it lives.
        nth: At which of these, from 1.
        pushes: What is pushed before the run.
        meanwhile: What is pushed during it, at which moment, and at the how manieth of these.
    """

    config: str
    ahead_s: float
    command: str = "run"
    options: dict[str, Any] = field(default_factory=dict)
    route: str = "single"
    moment: str = ""
    nth: int = 1
    pushes: Sequence[Change] = ()
    meanwhile: tuple[str, int, Sequence[Change]] = ("", 1, ())


@dataclass
class Life:
    """What a process did.

    Attributes:
        reports: Of its runs that came to their end.
        pushed: How often it answered that what was pushed is kept.
    """

    killed: bool
    reports: list[RunReport] = field(default_factory=list)
    pushed: int = 0


class Runner:
    """Hands orders to the process that forks."""

    def __init__(self, folder: Path) -> None:
        self._diary = folder / "diary.pickle"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.dying", str(self._diary)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, order: Order) -> Life:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        assert code in {0, -signal.SIGKILL}, code
        life = Life(killed=code != 0)
        with self._diary.open("rb") as diary, suppress(EOFError):
            while True:
                done = pickle.load(diary)
                if isinstance(done, RunReport):
                    life.reports.append(done)
                else:
                    life.pushed += 1
        return life

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


def count_down(
    owner: type, name: str, nth: int, do: Callable[[], None], *, after: bool, which: Callable[..., bool]
) -> None:
    """Do something before or after the n-th call of a method."""
    real, calls = getattr(owner, name), 0

    def called(*given: Any, **named: Any) -> Any:
        nonlocal calls
        counts = which(*given)
        calls += counts
        if not after and counts and calls == nth:
            do()
        answer = real(*given, **named)
        if after and counts and calls == nth:
            do()
        return answer

    setattr(owner, name, called)


def count_commits(nth: int, do: Callable[[], None], *, after: bool) -> None:
    """Do something before or after the n-th transaction is committed."""
    real, calls = Store.transaction, 0

    @contextmanager
    def counted(store: Store) -> Iterator[None]:
        nonlocal calls
        with real(store):
            yield
            calls += 1
            if not after and calls == nth:
                do()
        if after and calls == nth:
            do()

    pytest.MonkeyPatch().setattr(Store, "transaction", counted)


def prepare(moment: str, nth: int, do: Callable[[], None]) -> None:
    """Do something at a moment of a run that is to come."""
    when, _, what = moment.partition(" ")
    after = when == "after"
    if what == "request":
        count_down(Transport, "send", nth, do, after=after, which=lambda *_: True)
    elif what == "write":
        which = lambda _, statement, *__: statement.startswith(_WRITES)  # noqa: E731
        count_down(Store, "_execute", nth, do, after=after, which=which)
    elif what == "commit":
        count_commits(nth, do, after=after)


def prepare_to_die(order: Order) -> None:
    if order.moment == "named":
        points = {**POINTS, "together sent": TOGETHER["sent"]}
        moments = MOMENTS[order.route]
        points[moments[order.nth % len(moments)]]()
    else:
        prepare(order.moment, order.nth, die)


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


def carry_out(order: Order, note: Callable[[object], object]) -> None:
    """Live as ordered; each thing that is done is noted."""
    clock = QuickClock()
    clock.ahead = timedelta(seconds=order.ahead_s)
    choose_route(order.route)
    prepare_to_die(order)
    project = load(Path(order.config))
    options = sync.RunOptions(allowed=LIFTED, **order.options)
    if order.command == "plan":
        note(sync.plan(project, options, clock=clock, progress=Silent()))
        return
    with (
        open_when_free(
            project.store_path, project.base, 0, clock, Silent(), settings=project.store_settings
        ) as store,
        taking_in(store) as put,
    ):

        def push(changes: Sequence[Change]) -> None:
            put(changes)
            note("pushed")

        if order.pushes:
            push(order.pushes)
        prepare(*order.meanwhile[:2], partial(push, order.meanwhile[2]))
        note(sync.run_in(store, project, options, clock=clock, progress=Silent()))
        if waiting(store).changes:
            options = sync.RunOptions(allowed=LIFTED, pushed=True)
            note(sync.run_in(store, project, options, clock=clock, progress=Silent()))


@contextmanager
def taking_in(store: Store) -> Iterator[Callable[[Sequence[Change]], None]]:
    """The intake of a daemon. Its clock is that of the source, whose changes it has to be compared with."""
    inbox = Inbox(journal_of(store), clock=SystemClock(), kept=lambda _: None)

    def put(changes: Sequence[Change]) -> None:
        rows = [Change(*row) for row in changes]
        inbox.put(
            [
                intake.Change(
                    intake.Kind(row.change),
                    row.key,
                    None if row.attributes is None else json.dumps(row.attributes),
                    *row[3:],
                )
                for row in rows
            ]
        ).result()

    yield put
    inbox.close()


def share_templates() -> None:
    """Statements are parsed once, not by every child."""
    shared = statements._templates()
    for file in (resources.files("audiencesync.store") / "sql").iterdir():
        if file.name.endswith(".sql"):
            shared.get_template(file.name)


def serve(diary: Path) -> None:
    share_templates()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                with diary.open("wb", buffering=0) as file:
                    carry_out(Order(**json.loads(line)), lambda done: file.write(pickle.dumps(done)))
                code = 0
            except BaseException:  # noqa: BLE001  (the parent is told, whatever it is)
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
