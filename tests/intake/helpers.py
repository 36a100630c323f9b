"""The intake of a daemon, in this process, behind a real port."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from audiencesync.config.load import load
from audiencesync.daemon.holding import Holding
from audiencesync.daemon.intake import Intake
from audiencesync.daemon.intake_paths import count_astray, intake_routes
from audiencesync.daemon.log import Log
from audiencesync.daemon.loop import Loop
from audiencesync.daemon.metrics import Metrics
from audiencesync.daemon.page import Page
from audiencesync.daemon.web import Web, listen, routes
from audiencesync.daemon.words import Wanted, Word
from audiencesync.progress import Silent
from audiencesync.source import take_out

TOKEN = "s3cret-of-the-intake"
COLUMNS = {
    "user_id": "VARCHAR",
    "email": "VARCHAR",
    "score": "DOUBLE",
    "visits": "INTEGER",
    "born": "DATE",
    "address": "JSON",
    "tags": "VARCHAR[]",
    "secret": "BLOB",
}


class HeldClock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def config(**intake: Any) -> dict[str, Any]:
    """Profiles that are pushed, and audiences of each sort."""
    return {
        "version": 1,
        "store": "store.duckdb",
        "connection": {
            "auth": {
                "method": "jwt_bearer",
                "consumer_key": "${env:NO}",
                "username": "u",
                "private_key": "${env:NO}",
            }
        },
        "source": {"profiles": {"columns": COLUMNS, "key": "user_id"}},
        "audiences": {"everyone": {"where": "true"}},
        "syncs": [
            {
                "name": "leads",
                "object": "Lead",
                "audiences": ["everyone", "buyers", "a/b"],
                "required_fields": {"LastName": "email"},
                "push": False,
            }
        ],
        "daemon": {"port": 0, "intake": {"token": "${file:./token}", **intake}},
    }


@dataclass
class Pushing:
    """Somebody who pushes, and what is in the store then."""

    url: str
    holding: Holding
    wanted: Wanted
    loop: Loop
    intake: Intake
    clock: HeldClock
    metrics: Metrics
    token: str = TOKEN
    http: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.http.trust_env = False

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
    ) -> requests.Response:
        given = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        if body is not None:
            data = json.dumps(body)
            given.setdefault("Content-Type", "application/json")
        return self.http.request(method, self.url + path, headers=given, data=data, timeout=20)

    def inbox(self) -> list[dict[str, Any]]:
        with self.holding.working() as store:
            take_out(store)
            found = store._connection.execute("FROM store.inbox ORDER BY number")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def words(self) -> list[Word]:
        """What the thread that works would hear."""
        heard = []
        while not self.wanted.empty():
            word = self.wanted.get()
            assert isinstance(word, Word)
            self.wanted.heard(word)
            heard.append(word)
        return heard

    def metric(self, line: str) -> float | None:
        for one in self.metrics.page().decode().splitlines():
            if one.startswith(line + " "):
                return float(one.rsplit(" ", 1)[1])
        return None


@contextmanager
def pushing(folder: Path, made: Mapping[str, Any]) -> Iterator[Pushing]:
    """All of a daemon but the thread that works."""
    (folder / "token").write_text(TOKEN)
    path = folder / "audiencesync.yaml"
    path.write_text(json.dumps(made, indent=1))
    project, clock, wanted, log = load(path), HeldClock(), Wanted(), Log()
    holding = Holding(project.store_path, project.base, project.store_settings)
    loop = Loop(project, holding, clock=clock, progress=Silent())
    metrics = Metrics(loop, holding, clock)
    listener = listen(project)
    assert listener is not None
    assert project.config.daemon.intake is not None
    intake = Intake(
        project.config.daemon.intake,
        loop,
        holding,
        clock=clock,
        wake=lambda: wanted.ring(Word.PUSHED),
        log=log,
    )
    page = Page(loop, holding, clock, str)
    paths = [*routes(loop, holding, metrics, page, clock), *intake_routes(intake, metrics, log)]
    web = Web(listener, paths, astray=count_astray(metrics))
    made_of = Pushing(f"http://127.0.0.1:{web.port}", holding, wanted, loop, intake, clock, metrics)
    try:
        yield made_of
    finally:
        made_of.http.close()
        web.close()
        intake.close()
        loop.close()
        holding.close()
