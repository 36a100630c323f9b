"""The database of `source.attach`: what it is, and the way to it."""

import re
from pathlib import Path

from audiencesync.errors import SourceError
from audiencesync.source.failures import failing_as
from audiencesync.source.postgresql import Postgresql
from audiencesync.source.remote import Remote
from audiencesync.source.sqlite import Sqlite
from audiencesync.store import Store

_SQLITE = b"SQLite format 3\x00"
_DUCKDB = slice(8, 12)
_HEADER_BYTES = 16
_TAKEN = frozenset({"store", "main", "memory", "temp", "system", "pg_catalog", "information_schema"})


def attach(store: Store, address: str, base: Path) -> Remote | None:
    """Open what `source.attach` names.

    Args:
        store: The open store; a DuckDB file becomes its default database.
        address: A file or a URL. It may hold a password.
        base: Folder that relative paths resolve against.

    Returns:
        The database, unless it is a DuckDB file, which DuckDB itself reads.

    Raises:
        SourceError: It is no database, or cannot be opened.
    """
    server = attach_server(address)
    if server is not None:
        return server
    path = base / Path(address).expanduser()
    header = _header(path)
    if header == _SQLITE:
        return Sqlite(str(path.absolute()))
    if header[_DUCKDB] != b"DUCK":
        raise SourceError(
            f"source.attach: {path.name} is {'neither a DuckDB nor a SQLite file' if header else 'empty'}",
            hint="CSV, Parquet and JSON files need no attach: name them in `from`, as read_csv('...')",
        )
    with failing_as("source.attach"):
        store.run("attach_source", path=str(path), name=_name(path))
    return None


def attach_server(address: str) -> Remote | None:
    """The database server that `source.attach` names; None when it names a file.

    Raises:
        SourceError: It is a server that we cannot read.
    """
    scheme = re.match(r"(\w+)[^/]*://", address)
    if scheme is None:
        return None
    if re.match(r"postgres(ql)?://", address, re.IGNORECASE):
        return Postgresql(address)
    raise SourceError(
        f"source.attach: {scheme[1].lower()} is no database that we can read",
        hint="name a DuckDB or SQLite file by its path, or a postgres:// URL",
    )


def _header(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEADER_BYTES)
    except OSError as error:
        raise SourceError(
            f"source.attach: {path.name} cannot be read: {error.strerror}",
            hint="check the path in `source.attach`; a relative one starts at the folder of the config",
        ) from None


def _name(path: Path) -> str:
    """What DuckDB itself would call the database, unless something has that name already."""
    name = path.name.split(".")[0]
    return name if re.fullmatch(r"[^\W\d]\w*", name) and name.lower() not in _TAKEN else "source"
