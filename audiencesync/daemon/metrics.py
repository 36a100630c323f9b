"""What Prometheus may read: counters of what ran, and gauges of how things stand. Names and numbers alone."""

from collections import Counter as Counted
from collections.abc import Iterator, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from audiencesync.audit import looking
from audiencesync.clock import Clock
from audiencesync.daemon.holding import Holding
from audiencesync.daemon.loop import Loop
from audiencesync.daemon.standing import Health
from audiencesync.errors import StoreError
from audiencesync.intake.changes import Change
from audiencesync.ledger.meter import stored_time
from audiencesync.reports import SyncReport
from audiencesync.source import waiting

COUNTED = MappingProxyType(
    {
        "audiencesync_runs_total": ("Runs of a sync by how they ended.", ("sync", "status")),
        "audiencesync_rows_total": ("Rows by what became of them.", ("sync", "outcome")),
        "audiencesync_api_calls_total": ("API calls of a sync.", ("sync",)),
        "audiencesync_intake_changes_total": ("Pushed changes that were taken in.", ("change",)),
        "audiencesync_segment_messages_total": ("Messages of Segment's libraries.", ("type", "result")),
        "audiencesync_intake_refused_total": ("Pushes that were refused, by HTTP status.", ("status",)),
    }
)
"""Counter -> help and labels. They begin at zero when the daemon starts."""

GAUGED = MappingProxyType(
    {
        "audiencesync_sync_healthy": ("1 when the latest run came to its end.", ("sync",)),
        "audiencesync_sync_running": ("1 while a run of the sync is in flight.", ("sync",)),
        "audiencesync_sync_lag_seconds": ("Since the last run that came to its end began.", ("sync",)),
        "audiencesync_sync_next_run_seconds": ("Until it runs by itself; 0 when it is due.", ("sync",)),
        "audiencesync_members": ("Members that Salesforce acknowledged.", ("sync",)),
        "audiencesync_parked_rows": ("Rows that would be refused as before.", ("sync", "code")),
        "audiencesync_queue": ("Runs and plans that somebody asked for and that wait.", ()),
        "audiencesync_api_calls_last_24_hours": ("API calls by kind, as the budget counts them.", ("kind",)),
        "audiencesync_inbox_rows": ("Pushed changes that no run has taken over yet.", ()),
        "audiencesync_inbox_oldest_seconds": ("Since the oldest of them came; 0 without any.", ()),
        "audiencesync_api_calls_left": ("Room under a cap; `sync` is empty for the project's.", ("sync",)),
    }
)
"""Gauge -> help and labels, as they are when somebody looks."""

_ROWS = ("created", "updated", "rejected", "invalid", "unknown", "deferred")


class Metrics(Collector):
    """A listener that counts, and a collector that looks."""

    def __init__(self, loop: Loop, holding: Holding, clock: Clock) -> None:
        self._loop = loop
        self._holding = holding
        self._clock = clock
        self._registry = CollectorRegistry()
        self._runs, self._rows, self._calls, self._taken, self._heard, self._refused = (
            Counter(name.removesuffix("_total"), told, labels, registry=self._registry)
            for name, (told, labels) in COUNTED.items()
        )
        self._registry.register(self)

    def page(self) -> bytes:
        """What `/metrics` answers, in Prometheus's text format."""
        return generate_latest(self._registry)

    def sync_ended(self, report: SyncReport) -> None:
        """A run came to its end for a sync, or a `retry` ended, well or badly."""
        self._count(report)

    def sync_failed(self, report: SyncReport, health: Health, wait: timedelta) -> None:  # noqa: ARG002  (a listener's)
        """A run did not come to its end for a sync; what it had done by then is counted."""
        self._count(report)

    def _count(self, report: SyncReport) -> None:
        self._runs.labels(report.name, report.status.value).inc()
        self._calls.labels(report.name).inc(report.api_calls)
        for name in _ROWS:
            self._rows.labels(report.name, name).inc(getattr(report, name))

    def taken(self, changes: Sequence[Change]) -> None:
        """Pushed changes are durable."""
        for kind, count in Counted(change.kind for change in changes).items():
            self._taken.labels(kind.value).inc(count)

    def heard(self, kind: str, result: str) -> None:
        """A message of Segment's was taken, unused or refused."""
        self._heard.labels(kind, result).inc()

    def refused(self, status: int) -> None:
        """A push was refused."""
        self._refused.labels(str(status)).inc()

    def health_changed(self, health: Health) -> None:
        """A gauge says so."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every gauge; those that only the store knows are missing while it cannot be opened."""
        gauges = {
            name: GaugeMetricFamily(name, told, labels=labels) for name, (told, labels) in GAUGED.items()
        }
        now = self._clock.now()
        for one in self._loop.health:
            gauges["audiencesync_sync_healthy"].add_metric([one.name], one.trouble is None)
            gauges["audiencesync_sync_running"].add_metric([one.name], one.name in self._loop.running)
            if one.last_success is not None:
                lag = (now - one.last_success).total_seconds()
                gauges["audiencesync_sync_lag_seconds"].add_metric([one.name], lag)
            if one.next_at is not None:
                rest = max(0.0, (one.next_at - now).total_seconds())
                gauges["audiencesync_sync_next_run_seconds"].add_metric([one.name], rest)
        gauges["audiencesync_queue"].add_metric([], self._loop.waiting)
        try:
            with self._holding.looking() as store:
                status = looking.status(store, self._loop.project, now=now)
                pushed = waiting(store)
        except StoreError:
            pass
        else:
            _from_status(gauges, status)
            gauges["audiencesync_inbox_rows"].add_metric([], pushed.changes)
            oldest = pushed.oldest or stored_time(now)
            age = max(0.0, (stored_time(now) - oldest).total_seconds())
            gauges["audiencesync_inbox_oldest_seconds"].add_metric([], age)
        yield from gauges.values()


def _from_status(gauges: dict[str, GaugeMetricFamily], status: dict[str, Any]) -> None:
    for one in status["syncs"]:
        gauges["audiencesync_members"].add_metric([one["name"]], one["members"])
        for code in one["parked"]:
            labels = [one["name"], code["error_code"]]
            gauges["audiencesync_parked_rows"].add_metric(labels, code["rows"])
        _left(gauges, one["name"], one["api_calls"]["left"])
    _left(gauges, "", status["api_calls"]["left"])
    for kind, calls in status["api_calls"]["by_kind"].items():
        gauges["audiencesync_api_calls_last_24_hours"].add_metric([kind], calls)


def _left(gauges: dict[str, GaugeMetricFamily], sync: str, left: int | None) -> None:
    if left is not None:
        gauges["audiencesync_api_calls_left"].add_metric([sync], left)
