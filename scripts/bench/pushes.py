"""From an accepted change to the record: a daemon, the emulator 50 ms away, and somebody who pushes."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import duckdb

from scripts.bench.data import make
from scripts.bench.measure import ROOT, Line, Sample, contender, run, taken_by
from scripts.bench.org import Org, running_org
from scripts.bench.project import Project


@dataclass(frozen=True, slots=True)
class Pace:
    """How somebody pushes.

    Attributes:
        rate: Changes a second.
        changes: Changes in all.
        together: Changes of one request.
    """

    rate: int
    changes: int
    together: int = 1

    @property
    def name(self) -> str:
        """For the table."""
        return f"{self.rate:,} a second" + (f", {self.together} a request" if self.together > 1 else "")


PACES = (Pace(1, 20), Pace(100, 1_000), Pace(1_000, 10_000), Pace(1_000, 10_000, together=50))

_NETWORK_S = 0.05
_TOKEN = "a-token-of-the-bench"  # noqa: S105  (of a daemon that lives a minute)
_PATIENCE_S = 120


def pushes(folder: Path, rows: int, runs: int) -> Iterator[Line]:
    """Every change of another member; each is timed until its answer from Salesforce was there."""
    data = make(folder, rows, [])
    project = Project(folder / "ours-pushes")
    shutil.rmtree(project.folder, ignore_errors=True)
    with running_org() as org:
        config = project.config(data.yesterday, org)
        run(contender("ours", "export", config))
        org.answer_after(_NETWORK_S)
        _take_in(config, project.folder)
        for pace in PACES:
            samples = [_pushed(project, config, org, pace, number) for number in range(runs)]
            yield Line("push", rows, pace.name, "audiencesync", samples)
    shutil.rmtree(project.folder, ignore_errors=True)


def _pushed(project: Project, config: Path, org: Org, pace: Pace, number: int) -> Sample:
    first, *keys = _keys(project.store, pace.changes + 1, number)
    listed = project.folder / "keys.json"
    with _daemon(config) as (process, port):
        listed.write_text(json.dumps([first]))  # a daemon runs for weeks, and has its libraries loaded
        run(contender("pusher", port, _TOKEN, pace.rate, 1, listed))
        _settle(org)
        listed.write_text(json.dumps(keys))
        before, begun = org.calls(), time.monotonic()
        told = run(contender("pusher", port, _TOKEN, pace.rate, pace.together, listed))
        answers = json.loads(told.splitlines()[-1])
        _settle(org)
        seconds, calls = time.monotonic() - begun, org.calls() - before
        process.terminate()
        cpu, peak = taken_by(process)
    waits = _waits(project.store, {key: moment for key, moment, _ in answers})
    cuts = quantiles(waits, n=100, method="inclusive")  # none is beyond the slowest
    late = quantiles((behind for *_, behind in answers), n=100, method="inclusive")
    return Sample(
        cuts[49],
        cpu,
        peak,
        more={
            "s at the 95th": cuts[94],
            "s at the 99th": cuts[98],
            "s at most": max(waits),
            "s until accepted, at the 95th": late[94],
            "API calls a minute": calls * 60 / seconds,
        },
    )


def _take_in(config: Path, folder: Path) -> None:
    """Let the daemon of a config take changes in."""
    (folder / "token").write_text(_TOKEN)
    document = json.loads(config.read_text())
    intake = {"token": "${file:./token}", "max_delay": "50ms"}
    document["daemon"] = {"port": 0, "intake": intake}
    config.write_text(json.dumps(document))


@contextmanager
def _daemon(config: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A daemon, and the port that it listens on."""
    command = [str(Path(sys.executable).with_name("audiencesync")), "daemon", "-c", str(config)]
    talk = config.with_name("daemon.log")
    with (
        talk.open("w") as out,
        subprocess.Popen([*command, "--log-format", "json"], cwd=ROOT, stderr=out) as process,
    ):
        try:
            while not (found := re.search(r"http://127\.0\.0\.1:(\d+)/", talk.read_text())):
                if process.poll() is not None:
                    raise SystemExit(f"the daemon did not start\n{talk.read_text()}")
                time.sleep(0.1)
            yield process, int(found[1])
        finally:
            process.kill()


def _settle(org: Org) -> None:
    """Wait until no call comes any more."""
    deadline, calls, quiet = time.monotonic() + _PATIENCE_S, org.calls(), 0
    while quiet < 3 and time.monotonic() < deadline:  # noqa: PLR2004  (seconds)
        time.sleep(1)
        now = org.calls()
        quiet, calls = (quiet + 1 if now == calls else 0), now


def _keys(store: Path, count: int, number: int) -> list[str]:
    """Members, chosen by chance but always the same."""
    with duckdb.connect(str(store), read_only=True) as connection:
        found = connection.execute(
            "SELECT profile_key FROM acknowledged ORDER BY hash(profile_key || $number) LIMIT $count",
            {"number": str(number + count), "count": count},
        ).fetchall()
    return [key for (key,) in found]


def _waits(store: Path, accepted: Mapping[str, float]) -> Sequence[float]:
    """Seconds from each accepted change to its outcome.

    Raises:
        SystemExit: A change has none.
    """
    with duckdb.connect(str(store), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = connection.execute(
            "SELECT profile_key, epoch(max(answered_at)) FROM ledger WHERE outcome = 'accepted' GROUP BY 1"
        ).fetchall()
    answered = dict(rows)
    waits = [answered.get(key, 0) - moment for key, moment in accepted.items()]
    if late := sum(wait < -1 for wait in waits):
        raise SystemExit(f"{late} of {len(waits)} changes did not arrive")
    return [max(0.0, wait) for wait in waits]
