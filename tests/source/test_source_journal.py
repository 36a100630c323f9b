"""What was accepted is taken out of the journal once, in its order, whatever happens in between."""

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiencesync.errors import StoreError
from audiencesync.source import journal_of, pushed, take_out, waiting
from audiencesync.store import Store
from audiencesync.store.journal import Entry
from tests.source.conftest import Desk

T0 = datetime(2026, 3, 1)  # noqa: DTZ001  (as the store keeps times)
STEPS = st.one_of(
    st.tuples(st.just("accept"), st.integers(1, 3)),
    st.tuples(
        st.sampled_from(
            ["torn", "restart", "take out", "killed before the files go", "killed before the commit"]
        ),
        st.none(),
    ),
)


def lot(numbers: list[int]) -> dict[str, list[Any]]:
    """Changes as the intake keeps them, one a second."""
    nothing = [None] * len(numbers)
    return {
        "received_at": [(T0 + timedelta(seconds=one)).isoformat() for one in numbers],
        "changes": ["profile"] * len(numbers),
        "keys": [f"k{one}" for one in numbers],
        "attributes": ['{"name": null}'] * len(numbers),
        "audiences": nothing,
        "members": nothing,
        "previous": nothing,
    }


def newest(folder: Path) -> Path | None:
    return max(folder.iterdir(), default=None) if folder.exists() else None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=12), at_once=st.sampled_from([1, 2, 1000]))
def test_every_accepted_change_comes_to_the_inbox_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int | None]], at_once: int
) -> None:
    store = desk.store
    for table in ("inbox", "journal_place"):
        store._connection.execute(f"DELETE FROM store.{table}")
    for left in store.journal_folder.glob("*"):
        left.unlink()
    monkeypatch.setattr(pushed, "_AT_ONCE", at_once)
    journal, accepted, taken = journal_of(store), 0, 0
    for step, count in [*steps, ("take out", None)]:
        if step == "accept" and count is not None:
            journal.append(lot(list(range(accepted, accepted + count))), count)
            accepted += count
        elif step == "take out":
            take_out(store)
            taken = accepted
        elif step == "killed before the files go":
            with monkeypatch.context() as patched:
                patched.setattr(pushed, "forget_entries", lambda *_: None)
                take_out(store)
            taken = accepted
        elif step == "killed before the commit":
            taken += killed_before_the_commit(store, monkeypatch)
        else:
            if step == "torn" and (file := newest(store.journal_folder)) is not None:
                with file.open("ab") as torn:
                    torn.write(b"0badcafe {")
            journal.close()
            journal = journal_of(store)
        assert desk.sql("SELECT number, profile_key, received_at FROM store.inbox ORDER BY number") == [
            (one + 1, f"k{one}", T0 + timedelta(seconds=one)) for one in range(taken)
        ]
        assert waiting(store) == (accepted, T0 if accepted else None)
    journal.close()


def killed_before_the_commit(store: Store, monkeypatch: pytest.MonkeyPatch) -> int:
    """Nothing of a lot is in the inbox when where it ends could not be noted."""
    run = Store.run

    def failing(self: Store, statement: str, *given: Any, **more: Any) -> None:
        if statement == "journal_move":
            raise StoreError("killed", hint="")
        run(self, statement, *given, **more)

    before = store.row("inbox_waiting")["rows"]
    with monkeypatch.context() as patched:
        patched.setattr(Store, "run", failing)
        with suppress(StoreError):
            take_out(store)
    return int(store.row("inbox_waiting")["rows"]) - int(before)


def test_what_waits_is_counted_and_only_the_first_is_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journal_of(desk.store)
    for start in (0, 2, 4):
        journal.append(lot([start, start + 1]), 2)
    journal.close()
    with monkeypatch.context() as patched:
        read = Mock(side_effect=[lot([0, 1])])
        patched.setattr(Entry, "read", read)
        assert waiting(desk.store) == (6, T0)
    read.assert_called_once()
