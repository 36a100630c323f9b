"""A store, a folder, and a PostgreSQL server for those tests that want one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audiencesync.config.models import Source as SourceConfig
from audiencesync.records import SourceTotals
from audiencesync.source import Source
from audiencesync.store import Store, quote_name
from tests.world import engine_alone

from .kinds import Kind
from .postgres import Server, programs, running

if TYPE_CHECKING:
    import duckdb


@dataclass
class Desk:
    """An open store, and the folder that the config lies in."""

    store: Store
    base: Path

    def source(self, profiles: str, *, attach: str | None = None, **more: Any) -> Source:
        """A source; `key` and `updated_at` are those of the profiles."""
        names = {name: more.pop(name) for name in ("key", "updated_at") if name in more}
        config = SourceConfig.model_validate({"profiles": {"from": profiles, "key": "id", **names}, **more})
        return Source(self.store, config, base=self.base, attach=attach)

    def read(self, profiles: str, *, since: str | None = None, **more: Any) -> SourceTotals:
        """Stage and check a source."""
        source = self.source(profiles, **more)
        source.stage(since=since)
        return source.check(since=since)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the engine that the plan works with."""
        return self.store._connection.execute(statement).fetchall()

    def profiles(self, *columns: str) -> list[tuple[Any, ...]]:
        """The staged profiles, in the order of their keys."""
        listed = ", ".join(quote_name(column) for column in columns or ("_profile_key",))
        return self.sql(f"SELECT {listed} FROM stage_profile ORDER BY _profile_key")

    def type_of(self, column: str) -> str:
        """The type that the plan sees."""
        return self.store.columns("stage_profile")[column].text

    def scope(self, keys: Sequence[str]) -> None:
        """Say that an incremental plan looks at these profiles."""
        self.store._connection.execute(
            "CREATE OR REPLACE TEMP TABLE stage_scope AS SELECT unnest(?) AS profile_key", [list(keys)]
        )

    def file(self, name: str, content: str | bytes) -> Path:
        """Write a file beside the config."""
        path = self.base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


class Engine:
    """DuckDB alone, for examples that Hypothesis tries by the hundred."""

    def __init__(self) -> None:
        self._connection: duckdb.DuckDBPyConnection | None = engine_alone()

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of a statement."""
        assert self._connection is not None
        return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        """Let go of it."""
        assert self._connection is not None
        self._connection.close()
        self._connection = None


@pytest.fixture
def desk(tmp_path: Path, stores_are_copied: None) -> Iterator[Desk]:
    with Store.open(tmp_path / "store.duckdb", base=tmp_path) as store:
        yield Desk(store, tmp_path)


@pytest.fixture(scope="session")
def _server() -> Iterator[Server | None]:
    found = programs()
    if found is None:
        yield None
        return
    with running(found) as server:
        yield server


@pytest.fixture
def postgres(_server: Server | None) -> Server:
    if _server is None:
        pytest.skip("no PostgreSQL server is installed (apt-get install postgresql)")
    _server.run("DROP SCHEMA IF EXISTS public CASCADE", "CREATE SCHEMA public")
    return _server


@pytest.fixture
def make_kind(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Kind]:
    def make(name: str) -> Kind:
        server: Mapping[str, Server] = {}
        if name == "postgresql":
            server = {"server": request.getfixturevalue("postgres")}
        return Kind(name, tmp_path, lambda: server["server"])

    return make


@pytest.fixture
def kind(request: pytest.FixtureRequest, make_kind: Callable[[str], Kind]) -> Kind:
    """Parametrised indirectly by the kind's name."""
    return make_kind(request.param)
