"""One project, one org and the model between them: a run of any kind, and what must hold after each."""

import csv
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hypothesis import note
from hypothesis.stateful import RuleBasedStateMachine

from audiencesync.reports import SyncReport
from tests.pushes import Change
from tests.torture.books import Books, read_books
from tests.torture.dying import Life, Order, Runner
from tests.torture.model import Model, Person, Setting
from tests.torture.promises import Rest
from tests.world import Org, Record, World

UNMAPPED = "City"
_MOST_RUNS = 6
_ENDED = {"JobComplete", "Failed", "Aborted"}


@dataclass
class Tally:
    """What was survived."""

    counts: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return ", ".join(f"{count} {name}" for name, count in sorted(self.counts.items()))


def as_written(at: int) -> str:
    """As a source writes it."""
    return f"{datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at):%Y-%m-%d %H:%M:%S.%f}"


class Scene(RuleBasedStateMachine):
    """What the rules of a machine are made of."""

    def __init__(self, org: Org, runner: Runner, tally: Tally) -> None:
        super().__init__()
        self.org, self.runner, self.tally = org, runner, tally
        self.org.admin("POST", "reset")
        self.org.admin("POST", "limits", {"daily_limit": 100_000_000})
        self.org.admin("POST", "settings", {"bulk_pace_s": 0})
        self.world = World(Path(mkdtemp(prefix="torture-")), org)
        self.model = Model(Setting("email"))
        self.route = "single"
        self.ahead = 0.0
        self.quiet = True
        self.foreign: set[str] = set()
        self.kept = Books()

    def settle(self, options: dict[str, Any] | None = None) -> None:
        """Runs without trouble until nothing is left to do; then everything must be as the source says."""
        if not self.quiet:
            self.wait(0.2)  # a request that was cut off may still be carried out for ten minutes
        if not options and "NO_RECORD" in self.kept.parked.values():
            options = {"retry": ("NO_RECORD",)}  # else they are looked up once a day
        later = {"full": self.model.vanished}
        often = self.run_until_nothing_is_left(options or later, later)
        self.tally.counts[f"settled by run {often}"] += 1
        if self.model.setting.dated:
            assert not self.run_in_peace({"full": True}).planned, "what had changed was not looked at"
        self.quiet, self.model.vanished = True, False
        assert not [job for job in self.jobs() if job["state"] not in _ENDED]
        Rest(self.model, self.live(), self.kept).check()

    def run_until_nothing_is_left(self, first: dict[str, Any], later: dict[str, Any]) -> int:
        """Runs without trouble, the first with options of its own; how many of them had something to do."""
        for at in range(_MOST_RUNS):
            self.org.admin("DELETE", "requests")
            report = self.run_in_peace(first if at == 0 else later)
            if not report.planned and (at or first == later):
                assert not self.writes()
                return at
        raise AssertionError(f"after {_MOST_RUNS} runs there is still something to send")

    def run_in_peace(self, options: dict[str, Any]) -> SyncReport:
        report = self.carry_out(options=options)
        assert report is not None
        assert report.trouble is None, report.trouble
        self.check_report(report)
        return report

    def order(self, command: str = "run", **given: Any) -> Life:
        self.write_project()
        config = str(self.world.folder / "audiencesync.yaml")
        return self.runner.run(Order(config, ahead_s=self.ahead, command=command, route=self.route, **given))

    def write_project(self) -> None:
        cap = self.world.sync.get("max_daily_api_calls")
        self.world.config["syncs"] = [
            self.model.setting.sync() | ({} if cap is None else {"max_daily_api_calls": cap})
        ]
        stranger = Person(0, "", audiences=())  # the source has all its columns, whoever is in it
        self.world.people([self.row(one) for one in (stranger, *self.model.people.values())])
        if self.model.setting.listed_dated:
            self.write_memberships()
        (self.world.folder / "audiencesync.yaml").write_text(json.dumps(self.world.config))

    def write_memberships(self) -> None:
        """With those that have ended, and when each changed."""
        with (self.world.folder / "memberships.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["id", "audience", "changed_at", "active"])
            for (number, name), at in self.model.listed.items():
                one = self.model.people[number]
                active = name in one.audiences
                rows.writerow([one.key, self.model.setting.named(name), as_written(at), active])

    def row(self, one: Person) -> dict[str, Any]:
        return {
            **one.columns(),
            "id": one.key,
            "changed_at": as_written(self.model.changed.get(one.number, 0)),
            "audiences": [self.model.setting.named(name) for name in one.audiences],
        }

    def carry_out(
        self,
        *,
        moment: str = "",
        nth: int = 1,
        trouble: list[dict[str, Any]] | None = None,
        budget: int | None = None,
        options: dict[str, Any] | None = None,
        pushes: Sequence[Change] = (),
        meanwhile: tuple[str, int, Sequence[Change]] = ("", 1, ()),
    ) -> SyncReport | None:
        """One process and its runs, and what must hold after each, whatever happened in it."""
        options = options or {}
        for fault in trouble or []:
            self.org.fault(**fault)
        before, counted = self.live(), self.org.calls()
        self.model.run_begins()
        self.model.resent |= bool(options.get("backfill"))
        pushes, late = self.as_named(pushes), self.as_named(meanwhile[2])
        life = self.order(
            options=options, moment=moment, nth=nth, pushes=pushes, meanwhile=(*meanwhile[:2], late)
        )
        for changes in [one for one in (pushes, late) if one][: life.pushed]:
            self.model.push(changes)
            self.model.run_begins()
            self.tally.counts["pushes"] += len(changes)
        report = None if life.killed else life.reports[-1].syncs[0]
        self.wait_for_jobs()
        self.world.sync.pop("max_daily_api_calls", None)
        struck = sum(one["struck"] for one in self.org.admin("GET", "faults")["faults"])
        self.org.admin("DELETE", "faults")
        self.tally.counts["runs"] += 1
        self.tally.counts["kills"] += report is None
        self.tally.counts["faults"] += struck
        calm = report is not None and not trouble and budget is None
        self.quiet &= calm
        note(f"# {report and report.document()}")
        books = self.books()
        assert not self.kept.ledger - books.ledger, "rows of the ledger are gone"
        paid, billed = books.calls - self.kept.calls, self.org.calls() - counted
        self.kept = books
        assert paid == billed if calm else paid >= billed, (paid, billed)
        self.check_changes(before, self.live(), books)
        return report

    def as_named(self, changes: Sequence[Change]) -> list[Change]:
        """Pushes speak of audiences as the config does now."""
        named = self.model.setting.named
        return [
            one if one.audience is None else one._replace(audience=named(one.audience)) for one in changes
        ]

    def check_report(self, report: SyncReport) -> None:
        assert report.planned == report.accepted + report.rejected + report.invalid + report.unknown
        assert report.accepted == report.created + report.updated
        assert report.members == report.entered + report.changed + report.unchanged

    def check_changes(self, before: dict[str, Record], after: dict[str, Record], books: Books) -> None:
        """Nothing changed but as the source asked; nobody has two records."""
        owners: dict[str, set[str]] = {}
        for key, ids in books.record.items():
            for record_id in ids:
                owners.setdefault(record_id, set()).add(key)
        setting = self.model.setting
        everybody = {*self.model.window, *self.model.settled}
        for record_id, record in after.items():
            self.model.carried.setdefault(self.model.setting.claim_of(record), set()).add(record_id)
            old = before.get(record_id)
            keys = owners.get(record_id, set()) | {record["Title"]} | ({old["Title"]} if old else set())
            keys = keys & everybody if setting.titled else everybody
            for name in ("LastName", "Phone", "Fax", "Audiences__c", UNMAPPED):
                was, now = (old[name] if old else None), record[name]
                if was == now or (name == "LastName" and record_id in self.foreign and old is None):
                    continue
                allowed = set().union(*(self.model.wanted(key, name) for key in keys))
                assert now in allowed, f"{name} of {record_id} became {now!r}, of {keys}, from {was!r}"
        for record_id in before.keys() - after.keys():
            assert "delete" in self.model.exit_rules, f"{record_id} was deleted"
        if setting.titled:
            titles = Counter(record["Title"] for record in after.values() if record["Title"])
            assert all(count == 1 for count in titles.values()), f"somebody has two records: {titles}"

    def wait(self, hours: float) -> None:
        """Both clocks move."""
        self.ahead += hours * 3600
        self.org.admin("POST", "clock", {"advance_s": hours * 3600})

    def live(self) -> dict[str, Record]:
        return {record["Id"]: record for record in self.org.records()}

    def jobs(self) -> list[dict[str, Any]]:
        return [job for job in self.org.admin("GET", "jobs")["jobs"] if job["jobType"] == "V2Ingest"]

    def wait_for_jobs(self) -> None:
        """What was handed over is carried out, whether or not anybody waits for it."""
        while any(job["state"] in {"UploadComplete", "InProgress"} for job in self.jobs()):
            time.sleep(0.01)

    def writes(self) -> list[str]:
        return [
            f"{one['method']} {one['path']}"
            for one in self.org.requests()
            if one["method"] != "GET"
            and one["path"].startswith("/services/data")
            and "jobs/query" not in one["path"]
        ]

    def books(self) -> Books:
        return read_books(self.world.folder, self.ahead)
