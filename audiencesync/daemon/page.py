"""The page at `/`: how every sync stands, live. It holds names, codes and numbers, and no person."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from itertools import groupby
from operator import itemgetter
from threading import Lock

import jinja2
from markupsafe import Markup

from audiencesync import __version__
from audiencesync.audit import looking
from audiencesync.audit.charts import bars_up
from audiencesync.audit.facts import OUTCOMES
from audiencesync.audit.html import duration
from audiencesync.clock import Clock
from audiencesync.daemon.holding import Holding
from audiencesync.daemon.loop import Loop
from audiencesync.ledger.meter import stored_time
from audiencesync.source import waiting
from audiencesync.store import Store

_RUNS = 12
_SLOT = timedelta(hours=1)
_SLOTS = 24
_FRESH = timedelta(seconds=1)
"""However many look, the store is asked once a second at the most."""


class Page:
    """Draws the page."""

    def __init__(self, loop: Loop, holding: Holding, clock: Clock, cure: Callable[[str], str]) -> None:
        self._loop = loop
        self._holding = holding
        self._clock = clock
        self._cure = cure
        self._lock = Lock()
        self._drawn: tuple[datetime, str] | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What belongs to the page: it may load nothing but itself."""
        policy = (
            f"default-src 'none'; style-src '{_digest('page.css')}'; script-src '{_digest('page.js')}'; "
            "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return {
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }

    def html(self) -> str:
        """The page as it is now.

        Raises:
            StoreError: The store cannot be looked at.
        """
        with self._lock:
            now = self._clock.now()
            if self._drawn is None or not timedelta() <= now - self._drawn[0] < _FRESH:
                self._drawn = now, self._draw(now)
            return self._drawn[1]

    def _draw(self, now: datetime) -> str:
        project = self._loop.project
        with self._holding.looking() as store:
            status = looking.status(store, project, now=now)
            runs = looking.runs(store, limit=_RUNS)
            chart, pushed = _chart(store, now)
            inbox = waiting(store)
        health = {one.name: one for one in self._loop.health}
        return (
            _environment()
            .get_template("page.html.j2")
            .render(
                now=now,
                version=__version__,
                config=project.path.name,
                syncs=[(one, health[one["name"]]) for one in status["syncs"] if one["name"] in health],
                running=self._loop.running,
                waiting=self._loop.waiting,
                calls=status["api_calls"],
                runs=runs,
                parked=[
                    (one["name"], code, self._cure(code["error_code"]))
                    for one in status["syncs"]
                    for code in one["parked"]
                ],
                chart=chart,
                pushed=pushed,
                pushed_rows=inbox.changes,
                pushed_oldest=inbox.oldest,
            )
        )


def _chart(store: Store, now: datetime) -> tuple[Markup | None, Mapping[str, int]]:
    """Pushes of the last hours, and their sums by outcome."""
    start = now.replace(minute=0, second=0, microsecond=0) - _SLOT * (_SLOTS - 1)
    rows = store.rows(
        "audit_pushes_over_time", {"start": stored_time(start), "step": int(_SLOT.total_seconds())}
    )
    found = {
        outcome: {row["slot"]: int(row["rows"]) for row in group}
        for outcome, group in groupby(sorted(rows, key=itemgetter("outcome")), key=itemgetter("outcome"))
    }
    series = {
        name: [found[name].get(slot, 0) for slot in range(_SLOTS)] for name in OUTCOMES if name in found
    }
    sums = {name: sum(counts) for name, counts in series.items()}
    if not any(sums.values()):
        return None, {}
    labels = [f"{start + _SLOT * slot:%H:%M}" for slot in range(_SLOTS)]
    alt = "Pushes an hour. " + ", ".join(f"{count:,} {name}" for name, count in sums.items())
    return Markup(bars_up(labels, series, alt=alt)), sums  # noqa: S704  (escaped by ElementTree)


@cache
def _file(name: str) -> str:
    return (resources.files("audiencesync.daemon") / "templates" / name).read_text(encoding="utf-8")


def _digest(name: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(_file(name).encode()).digest()).decode()


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_file),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(many="{:,}".format, when=_when, after=_after)
    environment.globals.update(
        style=Markup(_file("page.css")),  # noqa: S704  (our own file)
        script=Markup(_file("page.js")),  # noqa: S704
    )
    return environment


def _when(moment: str | datetime | None) -> str:
    """A time to the second, in UTC."""
    if moment is None:
        return "-"
    return str(moment)[:19].replace("T", " ")


def _after(moment: datetime | None, start: datetime) -> str:
    """How long a time is after another, in words."""
    if moment is None:
        return "-"
    return duration(max(0.0, (moment - start).total_seconds()))
