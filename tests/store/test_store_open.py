"""Opening a store: made by an older program, where one may only look, who may read it, and being stopped."""

import os
import pwd
import signal
import subprocess
import sys
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


KILLED = """
import os, sys
from pathlib import Path
from audiencesync.store import Store

path = Path(sys.argv[1])
store = Store.open(path, base=path.parent, settings={"memory_limit": "80MB", "threads": "1"})
store._connection.execute("CHECKPOINT store")
store.run("sync_add", {"sync_id": 1, "name": "leads", "object": "Lead"})
store.run("stage_table", name="stage_big", reader="(SELECT hash(range) FROM range(20_000_000))", casts={})
os._exit(0)
"""


def test_whatever_a_process_leaves_beside_the_store_is_for_its_user_alone(tmp_path: Path) -> None:
    """The log that DuckDB makes after a checkpoint, and rows that found no room in memory."""
    path = tmp_path / "store.duckdb"
    Store.open(path, base=tmp_path).close()

    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=True, umask=0o022)

    left = {one.name: oct(one.stat().st_mode & 0o077) for one in tmp_path.rglob("*")}
    assert left.keys() > {"store.duckdb", "store.duckdb.wal", "store.duckdb.tmp"}
    assert left == dict.fromkeys(left, "0o0")


def test_a_log_that_others_may_read_is_closed_to_them_by_who_opens_the_store_next(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=True)
    log = tmp_path / "store.duckdb.wal"
    log.chmod(0o644)

    with Store.open(path, base=tmp_path):
        assert log.stat().st_mode & 0o777 == 0o600


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
