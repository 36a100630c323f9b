"""One project, one org and the model between them: a run of any kind, and what must hold after each."""

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hypothesis import note
from hypothesis.stateful import RuleBasedStateMachine

from audiencesync.reports import SyncReport
from tests.torture.books import Books, read_books
from tests.torture.dying import Order, Runner
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
        for at in range(_MOST_RUNS):
            self.org.admin("DELETE", "requests")
            report = self.carry_out(options=options if at == 0 else None)
            assert report is not None
            assert report.trouble is None, report.trouble
            self.check_report(report)
            if not report.planned and (at or not options):
                break
        else:
            raise AssertionError(f"after {_MOST_RUNS} runs there is still something to send")
        assert not self.writes()
        self.tally.counts[f"settled by run {at}"] += 1
        self.quiet = True
        assert not [job for job in self.jobs() if job["state"] not in _ENDED]
        Rest(self.model, self.live(), self.kept).check()

    def order(self, command: str = "run", **given: Any) -> SyncReport | None:
        self.write_project()
        config = str(self.world.folder / "audiencesync.yaml")
        order = Order(config, ahead_s=self.ahead, command=command, route=self.route, **given)
        report = self.runner.run(order)
        return report.syncs[0] if report is not None else None

    def write_project(self) -> None:
        cap = self.world.sync.get("max_daily_api_calls")
        self.world.config["syncs"] = [
            self.model.setting.sync() | ({} if cap is None else {"max_daily_api_calls": cap})
        ]
        setting = self.model.setting
        stranger = Person(0, "", audiences=())  # the source has all its columns, whoever is in it
        self.world.people(
            [
                {**one.row(), "audiences": setting.audiences(one)}
                for one in (stranger, *self.model.people.values())
            ]
        )
        (self.world.folder / "audiencesync.yaml").write_text(json.dumps(self.world.config))

    def carry_out(
        self,
        *,
        moment: str = "",
        nth: int = 1,
        trouble: list[dict[str, Any]] | None = None,
        budget: int | None = None,
        options: dict[str, Any] | None = None,
    ) -> SyncReport | None:
        """One run, and what must hold after each, whatever happened in it."""
        options = options or {}
        for fault in trouble or []:
            self.org.fault(**fault)
        before, counted = self.live(), self.org.calls()
        self.model.run_begins()
        self.model.resent |= bool(options.get("backfill"))
        report = self.order(options=options, moment=moment, nth=nth)
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
