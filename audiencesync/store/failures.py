"""What can be wrong with a store, in words that quote no value of the data."""

import errno
import os
import re
import shutil
from pathlib import Path

import duckdb

from audiencesync.errors import StoreError

_ABOUT_DATA = (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException)
PARQUET_DAMAGED = re.compile("TProtocolException|TTransportException|[Ii]nvalid TType|don't know what type")
"""What reads the headers of Parquet files is not DuckDB's own, and its errors have no class."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_ROOM_WORDS = re.compile(
    "|".join([*(re.escape(os.strerror(number)) for number in sorted(_NO_ROOM)), "max_temp_directory_size"])
)

_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})

_UNWRITTEN = re.compile(r'Could not write file \\?"([^"\\]+)\\?": ([^"\\]+)')  # it may be quoted within JSON
_AROUND = re.compile(r"^\w[\w ]* Error: ")


class StoreHeld(StoreError):
    """Another process holds the store.

    Attributes:
        holder: Its id and program.
    """

    def __init__(self, path: Path, holder: str) -> None:
        self.holder = holder
        super().__init__(
            f"the store {path} is held by {holder}",
            hint="wait for that process, as `--wait` of `run` and `retry` does, or stop it; "
            "one at a time may hold a store",
        )


class SqlFailed(StoreError):
    """A statement failed.

    Attributes:
        statement: Name of the `.sql` file.
        reason: DuckDB's words, unless they could quote a value of the data.
        about_data: The failure lies in a value, not in the statement.
    """

    def __init__(self, statement: str, error: duckdb.Error) -> None:
        self.statement = statement
        self.about_data = isinstance(error, _ABOUT_DATA) or bool(PARQUET_DAMAGED.match(str(error)))
        # DuckDB quotes the offending value in these, and values are personal data
        self.reason = f"{type(error).__name__} in a value of the data" if self.about_data else words_of(error)
        super().__init__(
            f"statement {statement} failed: {self.reason}",
            hint="if the file is damaged, mend that; the store keeps its last good state",
        )


class DiskFull(StoreError):
    """There is no room for what must be written; the store stays as it was before."""

    def __init__(self, path: Path, reason: str) -> None:
        unwritten = _UNWRITTEN.search(reason)
        where = Path(unwritten[1]) if unwritten else path
        what = f"{where}: {unwritten[2]}" if unwritten else f"beside {path}: {_AROUND.sub('', reason)}"
        super().__init__(
            f"no room to write {what}{_free(where.parent) or _free(path.parent)}",
            hint="make room there, or raise the limit on the size of files, and run again: state and ledger "
            "are as they were before, and Salesforce is asked about what was sent without an answer",
        )


class StoreUnwritable(StoreError):
    """This user may not write to the store, or beside it, where its log and scratch files go."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"the store {path} cannot be written to: {_AROUND.sub('', reason)}",
            hint="let this user write to the file and to its folder: log and scratch files lie beside it",
        )


class MemorySpent(StoreError):
    """A statement needs more memory than it may take, and cannot go through files."""

    def __init__(self, statement: str, limit: str) -> None:
        super().__init__(
            f"statement {statement} does not fit into the memory limit of {limit}",
            hint="raise store.memory_limit in the config, or lower store.threads, of which each takes its "
            "share; or make room for files beside the store",
        )


def words_of(error: BaseException) -> str:
    """The first line of what an error says."""
    return str(error).split("\n", 1)[0] or type(error).__name__


def no_room(error: BaseException) -> bool:
    """Whether the disk, a quota or a limit on files ended it."""
    if isinstance(error, OSError):
        return error.errno in _NO_ROOM
    # a value of the data may say anything
    return not isinstance(error, _ABOUT_DATA) and _NO_ROOM_WORDS.search(str(error)) is not None


def forbidden(error: BaseException, path: Path) -> bool:
    """Whether this user may not write to the store or beside it; any other file may be the source's."""
    words = str(error)
    denied = any(os.strerror(number) in words for number in _FORBIDDEN)
    return denied and str(path) in words and not isinstance(error, _ABOUT_DATA)


def _free(folder: Path) -> str:
    try:
        return f" ({shutil.disk_usage(folder).free / 1e6:,.0f} MB free)"
    except OSError:
        return ""
