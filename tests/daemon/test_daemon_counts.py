"""What the daemon counts of runs that do not come to their end."""

from audiencesync.daemon.metrics import Metrics
from tests.daemon.helpers import counters, started
from tests.world import World, person


def test_what_a_run_did_before_it_failed_is_counted(world: World) -> None:
    world.sync["every"] = "1h"
    world.people([person(1), person(2, email="broken")])
    world.org.fault("status", status=503, times=999, match={"path": "/services/data/.*/composite"})
    before = world.org.calls()
    with started(world) as loop:
        metrics = Metrics(loop, loop._holding, world.clock)
        loop.listeners.append(metrics)
        loop.turn()
        found = counters(metrics)

    assert found['audiencesync_runs_total{status="paused",sync="leads"}'] == 1
    assert found['audiencesync_rows_total{outcome="unknown",sync="leads"}'] == 1
    assert found['audiencesync_rows_total{outcome="invalid",sync="leads"}'] == 1
    assert found['audiencesync_api_calls_total{sync="leads"}'] >= world.org.calls() - before > 0


def test_a_run_that_cannot_begin_is_counted_as_failed(world: World) -> None:
    world.people([person(1)])
    world.sync["every"] = "1h"
    with started(world) as loop:
        metrics = Metrics(loop, loop._holding, world.clock)
        loop.listeners.append(metrics)
        (world.folder / "profiles.csv").unlink()
        loop.turn()

    assert counters(metrics)['audiencesync_runs_total{status="failed",sync="leads"}'] == 1
