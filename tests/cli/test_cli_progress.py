"""Long steps: a bar on a terminal, one line elsewhere, events when asked for."""

import io
import json

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
    progress.end()
    progress.begin("leads: sending", 300)
    progress.advance(200)
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
    assert err == "leads: comparing: 0.0 s\nleads: sending: 300 rows, 0.0 s\n"


def test_a_terminal_sees_a_bar_that_goes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    work(bars.listener(verbose=False, log_format="text"))
    seen = terminal.getvalue()
    assert "leads: sending" in seen
    assert "300/300" in seen
    assert seen.endswith("\x1b[2K")


def test_a_step_that_begins_before_the_last_has_ended_replaces_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", Terminal())
    shown = bars.listener(verbose=False, log_format="text")
    shown.begin("one", None)
    shown.begin("two", 10)
    shown.advance(10)
    shown.end()
    shown.end()


def test_verbose_shows_events_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    work(bars.listener(verbose=True, log_format="json"))
    out, err = capsys.readouterr()
    assert out == ""
    events = [json.loads(line) for line in err.splitlines()]
    assert [event["event"] for event in events] == [
        "step_began", "step_ended", "step_began", "rows_done", "rows_done", "step_ended",
    ]  # fmt: skip
    assert events[-1]["rows"] == 300
    assert events[2]["total"] == 300


def test_events_of_others_never_reach_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Left to itself structlog would write among the answers."""
    bars.listener(verbose=False, log_format="text")
    log = structlog.get_logger()
    log.info("quiet")
    log.warning("loud", batch=3)
    out, err = capsys.readouterr()
    assert out == ""
    assert "quiet" not in err
    assert "loud" in err
