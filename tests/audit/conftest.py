from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audit.books import Books


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    made = Books(tmp_path / "store.duckdb")
    yield made
    made.store.close()
