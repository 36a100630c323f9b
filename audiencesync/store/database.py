"""The one way to the DuckDB file: open, lock, run a named statement, make a transaction."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType, TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from audiencesync.errors import StoreError
from audiencesync.store.column_types import ColumnType, column_type
from audiencesync.store.failures import (
    DiskFull,
    MemorySpent,
    SqlFailed,
    StoreHeld,
    StoreUnwritable,
    forbidden,
    no_room,
    words_of,
)
from audiencesync.store.migrate import latest_version, migrate, rehash, version_of
from audiencesync.store.statements import parsed, quote_text, text_of

Parameters = Mapping[str, object]

# DuckDB's own 80 % leaves a laptop too little: Arrow, Python and other programs want some too
_SETTINGS = MappingProxyType(
    {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "memory_limit": "50%",
        # intents come and go: what is written out late is often not written at all; but a commit that goes
        # beyond it is written once, into the file, and not into the log first
        "wal_autocheckpoint": "96MB",
    }
)

_FEW_THREADS = (
    "SET threads = greatest(1, least(current_setting('threads'), "
    "parse_formatted_bytes(current_setting('memory_limit')) // 300_000_000))"
)
"""Each thread holds a part of every join and table that is written, however much goes through files."""

_INTERRUPTED = "Query interrupted"
"""DuckDB raises a RuntimeError with these words in the place of what a signal's handler raised."""


class Store:
    """An open store.

    The file is attached under the name `store`, so that no table of the user's source can stand in for one
    of ours. Temporary tables and views carry the prefix `stage_` or `plan_`.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, path: Path, base: Path, memory_limit: str
    ) -> None:
        self._connection = connection
        self._memory_limit = memory_limit
        self.path = path
        self._base = base

    @classmethod
    def open(
        cls, path: Path, *, base: Path, read_only: bool = False, settings: Mapping[str, str] | None = None
    ) -> Self:
        """Open the store at `path`, making and migrating it when needed.

        Args:
            path: The DuckDB file.
            base: Folder that relative file names in the source resolve against.
            read_only: Open for looking; the file must exist, and other readers may have it open too.
            settings: DuckDB's settings, such as `memory_limit`.

        Raises:
            StoreHeld: Another process holds it.
            DiskFull: There is no room to make it, or to write into it what a killed process left beside it.
            StoreError: The file is missing (when read-only), or not a store.
        """
        if read_only and not path.exists():
            raise StoreError(
                f"there is no store at {path}", hint="run `audiencesync run` first; it makes the store"
            )
        chosen = {**_SETTINGS, **(settings or {})}
        _keep_to_ourselves(path)
        connection = duckdb.connect(":memory:", config={**chosen})
        try:
            if "threads" not in chosen:
                connection.execute(_FEW_THREADS)
            if not path.exists():
                _make(connection, path)
            mode = " (READ_ONLY)" if read_only else ""
            connection.execute(f"ATTACH {quote_text(str(path))} AS store{mode}")
            connection.execute(f"SET temp_directory = {quote_text(str(_scratch_folder(path)))}")
            if read_only and version_of(connection) < latest_version():
                connection.close()
                cls.open(path, base=base, settings=settings).close()  # an older program wrote it last
                return cls.open(path, base=base, read_only=True, settings=settings)
            if not read_only:
                # whoever was killed left it; the lock is ours, so nobody else works there
                shutil.rmtree(_scratch_folder(path), ignore_errors=True)
                migrate(connection)
                rehash(connection)
            for macro in parsed(text_of("macros", {})):
                connection.execute(macro)
            _prepare(connection, base)
        except (duckdb.Error, OSError) as error:
            connection.close()
            raise _opening_failed(path, error) from error
        return cls(connection, path, base, chosen["memory_limit"])

    @contextmanager
    def another(self) -> Iterator[Self]:
        """Another connection to the same open file, for as long as the block lasts.

        It has temporary tables of its own, sees what is committed, and may be used in another thread. What it
        attaches is let go of at the end.
        """
        connection = self._connection.cursor()
        beside = type(self)(connection, self.path, self._base, self._memory_limit)
        try:
            _prepare(connection, self._base)
            yield beside
        finally:
            with suppress(StoreError):  # a store that is damaged lets go of nothing
                _detach(beside)
            connection.close()

    @property
    def log(self) -> Path:
        """What is written and not yet in the file; there is none when all is."""
        return _log(self.path)

    @property
    def scratch_folder(self) -> Path:
        """Where `scratch` makes its folders; there is none when nobody works there."""
        return _scratch_folder(self.path)

    @property
    def journal_folder(self) -> Path:
        """Where the journal has its files; there is none before the first entry."""
        return self.path.with_name(f"{self.path.name}.journal")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        with suppress(OSError):  # it was never made, or another reader works there
            self.scratch_folder.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, statement: str, parameters: Parameters | None = None, **template: object) -> None:
        """Run `store/sql/<statement>.sql`.

        Args:
            statement: The file's name without its ending.
            parameters: The statement's `$name` parameters.
            **template: What the file's `{{ }}` placeholders stand for.

        Raises:
            SqlFailed: DuckDB refused it.
        """
        self._execute(statement, parameters, template)

    def rows(
        self, statement: str, parameters: Parameters | None = None, **template: object
    ) -> list[dict[str, Any]]:
        """Run a statement and return its rows, column name -> value."""
        cursor = self._execute(statement, parameters, template)
        names = [column[0] for column in cursor.description or []]
        with self._told(statement):
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, statement: str, parameters: Parameters | None = None, **template: object) -> dict[str, Any]:
        """Run a statement that returns exactly one row."""
        (row,) = self.rows(statement, parameters, **template)
        return row

    def arrow(
        self, statement: str, parameters: Parameters | None = None, **template: object
    ) -> pa.RecordBatchReader:
        """Run a statement and return its rows in Arrow batches; read them before the next statement."""
        text = text_of(statement, template)
        with self._told(statement):
            return self._connection.sql(text, params=dict(parameters or {})).to_arrow_reader()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside takes effect together, or not at all."""
        self._connection.execute("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        with self._told("commit"):
            self._connection.execute("COMMIT")

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Everything inside is undone at the end."""
        self._connection.execute("BEGIN TRANSACTION")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A new folder for files with the store's data; the next process removes what a killed one leaves.

        Raises:
            DiskFull: What was written there found no room.
            StoreUnwritable: This user may not write there.
        """
        try:
            self.scratch_folder.mkdir(mode=0o700, exist_ok=True)
            with TemporaryDirectory(dir=self.scratch_folder) as path:
                yield Path(path)
        except OSError as error:
            if no_room(error):
                raise DiskFull(self.path, words_of(error)) from error
            if forbidden(error, self.path):
                raise StoreUnwritable(self.path, words_of(error)) from error
            raise

    @contextmanager
    def setting(self, option: str, value: int) -> Iterator[None]:
        """Have an option of DuckDB set for as long as the block lasts."""
        self._connection.execute(f"SET {option} = {value}")
        try:
            yield
        finally:
            self._connection.execute(f"RESET {option}")

    @contextmanager
    def staged(self, name: str, data: pa.Table | pa.RecordBatchReader) -> Iterator[None]:
        """Make Arrow data readable under a name for as long as the block lasts."""
        self._connection.register(name, data)
        try:
            yield
        finally:
            self._connection.unregister(name)

    def columns(self, relation: str) -> dict[str, ColumnType]:
        """Column name -> type of anything that may follow FROM, without reading its rows."""
        cursor = self._execute("columns", None, {"relation": relation})
        return {column[0]: column_type(column[1]) for column in cursor.description or []}

    def _execute(
        self, statement: str, parameters: Parameters | None, template: Mapping[str, object]
    ) -> duckdb.DuckDBPyConnection:
        with self._told(statement):
            for part in parsed(text_of(statement, template)):
                used = {
                    name: given for name, given in (parameters or {}).items() if name in part.named_parameters
                }
                self._connection.execute(part, used or None)
        return self._connection

    @contextmanager
    def _told(self, statement: str) -> Iterator[None]:
        """What DuckDB refuses, in words of ours."""
        try:
            yield
        except duckdb.Error as error:
            raise self._failure(statement, error) from error
        except RuntimeError as error:
            if str(error) != _INTERRUPTED:
                raise
            raise KeyboardInterrupt from error

    def _failure(self, statement: str, error: duckdb.Error) -> StoreError:
        if no_room(error):
            return DiskFull(self.path, words_of(error))
        if forbidden(error, self.path):
            return StoreUnwritable(self.path, words_of(error))
        if isinstance(error, duckdb.OutOfMemoryException):
            return MemorySpent(statement, self._memory_limit)
        return SqlFailed(statement, error)


def _make(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """An empty file for a store: there whole or not at all, also when its maker is killed or has no room."""
    folder = _scratch_folder(path)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as made:
        new = Path(made) / path.name
        connection.execute(f"ATTACH {quote_text(str(new))} AS made")
        connection.execute("DETACH made")
        new.chmod(0o600)  # it will hold personal data
        try:
            os.link(new, path)
        except FileExistsError:
            pass  # another process was faster
        except OSError:
            new.rename(path)  # a file system without links


def _prepare(connection: duckdb.DuckDBPyConnection, base: Path) -> None:
    """What each connection has of its own."""
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")  # it would go to standard output
    connection.execute(f"SET file_search_path = {quote_text(str(base))}")


def _detach(store: Store) -> None:
    """Let go of the user's database, so that its owner may write it, and the next run attach it anew."""
    for row in store.rows("attached_list"):
        store.run("detach_source", name=row["name"])


def _keep_to_ourselves(path: Path) -> None:
    """Let nobody else read what DuckDB writes beside the store.

    It makes its log anew after a checkpoint, and files of rows that find no room in memory, and goes by the
    umask alone: this process makes files for its user and nobody else from now on.
    """
    os.umask(0o077)
    with suppress(OSError):  # there is none, or it is not ours to change
        _log(path).chmod(0o600)  # a killed process left it, perhaps one that did not know better


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _scratch_folder(path: Path) -> Path:
    """Beside the store: as much room, and the same people who may look."""
    return path.with_name(path.name + ".tmp")


def _opening_failed(path: Path, error: Exception) -> StoreError:
    held = re.search(r"Conflicting lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)", str(error))
    if held:
        return StoreHeld(path, f"process {held['pid']} ({Path(held['program']).name})")
    if no_room(error):
        return DiskFull(path, words_of(error))
    return StoreError(
        f"the store {path} cannot be opened: {words_of(error)}",
        hint="check that `store` names a DuckDB file of ours in a folder that can be written",
    )
