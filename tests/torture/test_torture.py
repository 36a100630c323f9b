"""Nothing lost, nothing twice, nothing wiped: whatever the source, colleagues, the network and SIGKILL do."""

import json
import os
import random
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.torture.dying import Runner, running_runner
from tests.torture.machine import Torture
from tests.torture.model import ORG
from tests.torture.scene import Tally
from tests.world import Org, running_org

KILLS = int(os.environ.get("TORTURE_KILLS", "0"))
SEED = int(os.environ.get("TORTURE_SEED", "0")) or random.randrange(1, 1_000_000)


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    path = tmp_path_factory.mktemp("org") / "org.json"
    path.write_text(json.dumps(ORG))
    with running_org("--org", str(path)) as org:
        org.http.headers["Connection"] = "close"  # a run may take longer than an idle connection lives
        yield org


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    with running_runner(tmp_path_factory.mktemp("runner")) as runner:
        yield runner


def torture(org: Org, runner: Runner, tally: Tally, number: int = 0, **more: Any) -> None:
    @seed(number)
    class Here(Torture):
        def __init__(self) -> None:
            super().__init__(org, runner, tally)

    chosen = settings(
        deadline=None, suppress_health_check=list(HealthCheck), print_blob=False, database=None, **more
    )
    run_state_machine_as_test(Here, settings=chosen)


@pytest.mark.slow
def test_after_any_days_the_org_is_what_the_source_says(org: Org, runner: Runner) -> None:
    torture(
        org,
        runner,
        Tally(),
        max_examples=3,
        stateful_step_count=12,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
    )


@pytest.mark.skipif(not KILLS, reason="takes minutes: make torture")
@pytest.mark.timeout(0)
def test_hundreds_of_kills_lose_nothing(org: Org, runner: Runner, capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    for number in count(SEED):
        with capsys.disabled():
            print(f"\nTORTURE_SEED={number}; survived before: {tally}", flush=True)  # noqa: T201
        torture(org, runner, tally, number, max_examples=10, stateful_step_count=25)
        if tally.counts["kills"] >= KILLS:
            break
