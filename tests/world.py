"""A project in a folder, an org in the emulator and the road between: what behaviour tests share."""

import csv
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests

from audiencesync import stages, sync
from audiencesync.config.load import load
from audiencesync.intake.changes import Change, Kind
from audiencesync.intake.inbox import Inbox
from audiencesync.plan import routes
from audiencesync.progress import Progress, Silent
from audiencesync.records import Allowances
from audiencesync.reports import RunReport, SyncReport
from audiencesync.source import journal_of
from audiencesync.store import Store
from audiencesync.store.statements import parsed, text_of

Record = Mapping[str, Any]


class QuickClock:
    """Real time, moved on by hand; waiting takes a moment at the most."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        time.sleep(min(seconds, 0.01))


class Interrupting(Silent):
    """Somebody presses Ctrl-C at a step of a run, or the daemon has to end there."""

    def __init__(self, step: str) -> None:
        self.step = step

    def begin(self, label: str, total: int | None) -> None:
        if label == self.step:
            raise KeyboardInterrupt


@dataclass
class Org:
    """A running emulator, and what happens in it behind our back."""

    greeting: Mapping[str, str]
    http: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.http.trust_env = False
        self.http.verify = self.greeting["ca_bundle"]

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"{self.greeting['instance_url']}/__admin__/{path}", json=body)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def records(self, name: str = "Lead") -> list[dict[str, Any]]:
        """Every record; the emulator leaves empty fields out."""
        return [defaultdict(lambda: None, one) for one in self.admin("GET", f"records/{name}")["records"]]

    def edit(self, record_id: str, name: str = "Lead", **values: Any) -> None:
        self.admin("PATCH", f"records/{name}/{record_id}", values)

    def create(self, name: str = "Lead", **values: Any) -> Any:
        return self.admin("POST", f"records/{name}", values)

    def remove(self, record_id: str, name: str = "Lead") -> None:
        self.admin("DELETE", f"records/{name}/{record_id}")

    def fault(self, kind: str, **more: Any) -> None:
        self.admin("POST", "faults", {"kind": kind, **more})

    def calls(self) -> int:
        return int(self.admin("GET", "counters")["api_calls_total"])

    def requests(self) -> list[dict[str, Any]]:
        return list(self.admin("GET", "requests")["requests"])

    def clean(self) -> None:
        """As new, but for what has been counted."""
        self.admin("DELETE", "faults")
        self.admin("DELETE", "requests")
        for name in ("Lead", "Contact", "Account"):
            self.admin("DELETE", f"records/{name}")

    def close(self) -> None:
        self.http.close()


@contextmanager
def running_org(*arguments: str) -> Iterator[Org]:
    """Start an emulator, as a user would; stop it at the end."""
    command = [sys.executable, "-m", "audiencesync.emulator", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        org = Org(json.loads(process.stdout.readline()))
        org.admin("POST", "settings", {"bulk_pace_s": 0})
        yield org
        org.close()
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@dataclass
class World:
    """One project: its folder, its config and its org."""

    folder: Path
    org: Org
    clock: QuickClock = field(default_factory=QuickClock)
    config: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "consumer_key").write_text(self.org.greeting["consumer_key"])
        self.config = {
            "version": 1,
            "store": "store.duckdb",
            "connection": {
                "login_url": self.org.greeting["login_url"],
                "ca_bundle": self.org.greeting["ca_bundle"],
                "auth": {
                    "method": "jwt_bearer",
                    "consumer_key": "${file:./consumer_key}",
                    "username": self.org.greeting["username"],
                    "private_key": f"${{file:{self.org.greeting['private_key_file']}}}",
                },
            },
            "source": {
                "profiles": {"from": "read_csv('profiles.csv', all_varchar = true)", "key": "id"},
                "memberships": {
                    "from": "read_csv('memberships.csv', all_varchar = true)",
                    "key": "id",
                    "audience": "audience",
                },
            },
            "syncs": [
                {
                    "name": "leads",
                    "object": "Lead",
                    "match_field": "Email",
                    "audiences": ["news", "vip"],
                    "send_audiences_to": "Audiences__c",
                    "required_fields": {
                        "LastName": "name",
                        "Company": {"from": "company", "default": "n/a"},
                        "Email": "email",
                    },
                    "extra_fields": {"Phone": "phone", "Fax": "fax"},
                    "guards": {"max_exit_ratio": 1},
                }
            ],
        }
        self.people([])

    @property
    def sync(self) -> dict[str, Any]:
        """The config of the one sync."""
        first: dict[str, Any] = self.config["syncs"][0]
        return first

    def date_profiles(self) -> None:
        """Profiles say in `changed_at` when they changed, so that runs read only what did."""
        self.config["source"]["profiles"] |= {
            "from": "read_csv('profiles.csv', all_varchar = true, types = {'changed_at': 'TIMESTAMP'})",
            "updated_at": "changed_at",
        }

    def people(self, people: Sequence[Mapping[str, Any]]) -> None:
        """Write the source: profiles, and their `audiences` (default: news) as memberships."""
        columns = ["id", "name", "company", "email", "phone", "fax"]
        columns += sorted({key for one in people for key in one} - {*columns, "audiences"})
        with (self.folder / "profiles.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore", restval="")
            writer.writeheader()
            writer.writerows(people)
        with (self.folder / "memberships.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["id", "audience"])
            for one in people:
                rows.writerows([one["id"], name] for name in one.get("audiences", ["news"]))

    def people_in_parquet(self, people: Sequence[Mapping[str, Any]]) -> None:
        """The same where profiles lie in a file that a run reads twice: to check them, and to compare."""
        self.people(people)
        self.config["source"]["profiles"]["from"] = "'profiles.parquet'"
        rows = f"FROM read_csv('{self.folder}/profiles.csv', all_varchar = true)"
        _engine().execute(f"COPY ({rows}) TO '{self.folder}/profiles.parquet'")

    def project(self) -> Any:
        path = self.folder / "audiencesync.yaml"
        path.write_text(json.dumps(self.config, indent=1))
        return load(path)

    def run(
        self, *, allowed: Allowances | None = None, progress: Progress | None = None, **options: Any
    ) -> RunReport:
        asked = sync.RunOptions(allowed=allowed or Allowances(), **options)
        return sync.run(self.project(), asked, clock=self.clock, progress=progress or Silent())

    def plan(self, **options: Any) -> RunReport:
        return sync.plan(self.project(), sync.RunOptions(**options), clock=self.clock, progress=Silent())

    def run_one(self, **options: Any) -> SyncReport:
        """Run, and the report of the one sync; its sums are checked each time."""
        (report,) = self.run(**options).syncs
        assert report.planned == report.accepted + report.rejected + report.invalid + report.unknown
        assert report.accepted == report.created + report.updated
        assert report.members == report.entered + report.changed + report.unchanged
        return report

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Look into the store."""
        with opened(self.folder / "store.duckdb", read_only=True) as store:
            return store.execute(query).fetchall()

    def push(self, *changes: Mapping[str, Any]) -> None:
        """Accept changes, as the intake of a daemon does."""
        with Store.open(self.project().store_path, base=self.folder) as store:
            inbox = Inbox(journal_of(store), clock=self.clock, kept=lambda _: None)
            inbox.put([_pushed(**change) for change in changes]).result()
            inbox.close()

    @contextmanager
    def held_elsewhere(self) -> Iterator[subprocess.Popen[str]]:
        """Another process holds the store, for as long as the block lasts or its standard input is open."""
        hold = (
            "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", hold, str(self.folder / "store.duckdb")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            yield other
            other.stdin.close()

    def last_pushes(self) -> dict[str, tuple[Any, ...]]:
        """Of the latest run: key -> (action, reason, outcome, error code, fields that changed)."""
        rows = self.sql(
            "SELECT profile_key, action, reason, outcome, error_code, json_keys(ledger.after) FROM ledger "
            "WHERE run_id = (SELECT max(run_id) FROM run) ORDER BY attempt"
        )
        return {row[0]: (*row[1:5], set(row[5])) for row in rows}

    def leads(self) -> dict[str, dict[str, Any]]:
        """Leads in the org by e-mail address."""
        return {record["Email"]: record for record in self.org.records()}


def _pushed(change: str = "profile", **given: Any) -> Change:
    if "attributes" in given:
        given["attributes"] = json.dumps(given["attributes"])
    return Change(Kind(change), **given)


@contextmanager
def opened(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB file, in an engine that is started once a process: that takes ten times as long as opening."""
    engine = _engine()
    engine.execute(f"ATTACH '{path}' AS {path.stem}{' (READ_ONLY)' if read_only else ''}")
    try:
        engine.execute(f"USE {path.stem}")
        yield engine
    finally:
        engine.execute("USE memory")
        engine.execute(f"DETACH {path.stem}")


def engine_alone() -> duckdb.DuckDBPyConnection:
    """DuckDB with our macros and no store."""
    engine = duckdb.connect()
    for macro in parsed(text_of("macros", {})):
        engine.execute(macro)
    return engine


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def send_by_bulk(patch: pytest.MonkeyPatch) -> None:
    """Make a Bulk job the cheapest route for any number of rows."""
    patch.setattr(routes, "BULK_CALLS", -1000)


def once_checked(patch: pytest.MonkeyPatch, do: Callable[[], None]) -> None:
    """Have something done in each run between the check of the source and the comparison."""

    def late(*given: Any) -> Any:
        do()
        return stages.plan_sync(*given)

    patch.setattr(sync, "plan_sync", late)


def person(number: int, **values: Any) -> dict[str, Any]:
    """A believable row."""
    return {
        "id": f"p{number}",
        "name": f"Name {number}",
        "company": f"Company {number}",
        "email": f"p{number}@example.com",
        "phone": f"+1 555 {number:04}",
        "fax": "",
        **values,
    }
