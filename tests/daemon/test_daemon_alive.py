"""Whether a daemon is alive while it does what may take long, and what it begins no more at its end."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

from audiencesync.daemon.log import Log
from audiencesync.daemon.serve import reload
from audiencesync.errors import StoreError
from audiencesync.stages import RunOptions
from tests.intake.helpers import Pushing, config, pushing

OK, UNAVAILABLE = 200, 503


def health(sender: Pushing) -> int:
    return sender.send("GET", "/healthz").status_code


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda sender: sender.loop.run(RunOptions()), id="a run"),
        pytest.param(lambda sender: sender.loop.plan_asked(RunOptions()), id="a plan"),
        pytest.param(lambda sender: reload(sender.loop, Log()), id="a config that is read again"),
        pytest.param(lambda sender: sender.intake.learn(), id="what may be pushed"),
    ],
)
def test_a_daemon_at_work_is_alive_however_long_that_takes_and_one_that_does_nothing_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Callable[[Pushing], object]
) -> None:
    with pushing(tmp_path, config()) as sender:
        seen = []

        def at_length() -> NoReturn:
            sender.clock.sleep(600)
            seen.append(health(sender))
            raise StoreError("it took long enough", hint="go on")

        for name in ("working", "looking"):
            monkeypatch.setattr(sender.holding, name, at_length)
        with suppress(StoreError):
            work(sender)

        assert seen == [OK]
        assert health(sender) == OK
        sender.clock.sleep(600)
        assert health(sender) == UNAVAILABLE


def test_a_daemon_that_ends_begins_no_run_that_is_due(tmp_path: Path) -> None:
    made = config()
    made["syncs"][0]["every"] = "1h"
    with pushing(tmp_path, made) as sender:
        sender.loop.stopping = True
        sender.loop.turn()
        assert sender.loop.health[0].last_success is None

        sender.loop.stopping = False
        sender.loop.turn()
        assert sender.loop.health[0].last_success is not None
