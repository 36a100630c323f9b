"""Long steps: a bar on a terminal, one line elsewhere, events when asked for."""

import io
import json
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
import structlog

from audiencesync.cli import bars
from audiencesync.progress import Progress


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def work(progress: Progress) -> None:
    progress.begin("leads: comparing", None)
    progress.called()
    progress.end()
    progress.begin("leads: sending", 300)
    progress.called()
    progress.advance(200)
    progress.called()
    progress.advance(100)
    progress.end()


def test_a_short_step_is_not_worth_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    work(bars.listener(verbose=False, log_format="text"))
    assert capsys.readouterr() == ("", "")


def test_a_long_step_leaves_one_line_when_it_is_over(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bars, "LONG_S", 0.0)
    work(bars.listener(verbose=False, log_format="text"))
    out, err = capsys.readouterr()
    assert out == ""
    comparing, sending = err.splitlines()
    assert comparing == "leads: comparing: 1 API call, 0.0 s"
    assert re.fullmatch(r"leads: sending: 300 rows, [\d,]+ rows/s, 3 API calls, 0\.0 s", sending)


def test_a_step_that_lasts_says_now_and_then_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(bars, "time", SimpleNamespace(monotonic=lambda: now[0]))
    lines = bars.Lines()
    lines.begin("leads: sending", 3_000)
    for _ in range(6):
        now[0] += 2
        lines.called()
        lines.advance(200)
    lines.end()

    assert capsys.readouterr().err.splitlines() == [
        "leads: sending: 400 of 3,000 rows, 67 rows/s, 3 API calls, 6.0 s",
        "leads: sending: 1,000 of 3,000 rows, 83 rows/s, 6 API calls, 12.0 s",
        "leads: sending: 1,200 rows, 100 rows/s, 6 API calls, 12.0 s",
    ]


def test_a_terminal_sees_a_bar_that_goes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    work(bars.listener(verbose=False, log_format="text"))
    seen = terminal.getvalue()
    assert "leads: sending" in seen
    assert "300/300" in seen
    assert "rows/s" in seen
    assert "3 API calls" in seen
    assert seen.endswith("\x1b[2K")


def test_a_step_that_begins_before_the_last_has_ended_replaces_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", Terminal())
    shown = bars.listener(verbose=False, log_format="text")
    shown.begin("one", None)
    shown.begin("two", 10)
    shown.advance(10)
    shown.end()
    shown.end()
    shown.called()


def test_verbose_shows_events_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    work(bars.listener(verbose=True, log_format="json"))
    out, err = capsys.readouterr()
    assert out == ""
    events = [json.loads(line) for line in err.splitlines()]
    assert [event["event"] for event in events] == [
        "step_began", "step_ended", "step_began", "rows_done", "rows_done", "step_ended",
    ]  # fmt: skip
    assert (events[-1]["rows"], events[-1]["api_calls"]) == (300, 3)
    assert events[2]["total"] == 300


def test_events_of_others_never_reach_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Left to itself structlog would write among the answers."""
    bars.listener(verbose=True, log_format="text")
    log = structlog.get_logger()
    log.debug("quiet")
    log.warning("loud", batch=3)
    out, err = capsys.readouterr()
    assert out == ""
    assert "quiet" not in err
    assert "loud" in err


def test_a_command_without_verbose_does_not_wait_for_structlog() -> None:
    """It takes a tenth of a second to load, and nobody else of ours writes events."""
    code = (
        "import sys\n"
        "from audiencesync import sync\n"
        "from audiencesync.cli import bars\n"
        "bars.listener(verbose=False, log_format='text')\n"
        "print('structlog' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
