"""Opening a store that an older program made, and being stopped in a statement of it."""

import os
import signal
import threading
from itertools import islice
from pathlib import Path

import pytest

from audiencesync.store import Store, migrate

_real = migrate.migrations


def test_a_store_that_an_older_program_wrote_last_is_brought_up_to_date_before_it_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.duckdb"
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda: islice(_real(), 4))
        Store.open(path, base=tmp_path).close()

    with Store.open(path, base=tmp_path, read_only=True) as store:
        assert store.row("ledger_since") == {"first_push": None, "kept_since": None}
        with Store.open(path, base=tmp_path, read_only=True) as other:
            assert other.row("ledger_since") == store.row("ledger_since")


def test_a_signal_in_the_middle_of_a_statement_is_an_interruption_and_no_bug(tmp_path: Path) -> None:
    """DuckDB puts an error of its own in the place of what the handler raised."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    slow = "(SELECT sum(hash(range)) FROM range(400_000_000))"
    before = signal.signal(signal.SIGUSR1, stop)
    try:
        with Store.open(tmp_path / "store.duckdb", base=tmp_path) as store:
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1)).start()
            with pytest.raises(KeyboardInterrupt), store.transaction():
                store.run("stage_table", name="stage_long", reader=slow, casts={})
            assert store.row("ledger_since")["kept_since"] is None
    finally:
        signal.signal(signal.SIGUSR1, before)
