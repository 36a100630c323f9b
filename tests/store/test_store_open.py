"""Opening a store: made by an older program, where one may only look; and being stopped in a statement."""

import os
import pwd
import signal
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from audiencesync.store import Store, StoreUnwritable, migrate, rewrite

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


@pytest.fixture
def looked_at_only() -> Iterator[Path]:
    """A store of somebody who may write to the file, not to its folder; root's rights are laid down."""
    user = os.geteuid()
    with TemporaryDirectory() as name:  # where everybody may go, unlike pytest's own
        folder = Path(name)
        Store.open(folder / "store.duckdb", base=folder).close()
        (folder / "store.duckdb").chmod(0o666)
        folder.chmod(0o555)
        if user == 0:
            os.seteuid(pwd.getpwnam("nobody").pw_uid)
        try:
            yield folder / "store.duckdb"
        finally:
            os.seteuid(user)
            folder.chmod(0o755)


def test_a_store_beside_which_nobody_may_write_says_so_at_the_first_statement_and_when_compacted(
    looked_at_only: Path,
) -> None:
    base = looked_at_only.parent
    with (
        Store.open(looked_at_only, base=base) as store,
        pytest.raises(StoreUnwritable, match=r"cannot be written to: .*Permission denied") as refused,
    ):
        store.run("sync_add", {"sync_id": 1, "name": "leads", "object": "Lead"})
    assert "let this user write to the file and to its folder" in refused.value.hint

    with pytest.raises(StoreUnwritable, match=r"duckdb.tmp.*") as refused:
        rewrite(looked_at_only, base=base, settings={})
    assert refused.value.exit_code == 4
