"""Opening a store that an older program made."""

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
