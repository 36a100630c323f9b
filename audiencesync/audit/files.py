"""The file of an audit report, which holds personal data: for its owner only, and never seen half written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp

from audiencesync.errors import UsageError
from audiencesync.store import DiskFull, no_room, words_of

_COLUMNS = (b"run_id", b"sync", b"profile_key", b"match_value", b"salesforce_id")
"""What the rows of a report begin with."""

_LOOKED_AT = 16_384
"""Bytes that tell what a file is."""

_PARQUET = b"PAR1"


@contextmanager
def private_file(path: Path) -> Iterator[Path]:
    """A file to write that takes the place of `path` when the block ends well, with mode 0600.

    Args:
        path: Where the file shall be; a link is followed, and of what is there a report alone is replaced.

    Yields:
        An empty file beside it, under another name.

    Raises:
        UsageError: `path` cannot be written, or is something else.
        DiskFull: There is no room for it.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        # replacing a device or a pipe would take it from everybody else
        raise UsageError(f"{path} is not a file", hint="name a file; it is made when it is not there")
    if target.exists() and not _is_report(target):
        raise UsageError(
            f"{path} is there already, and is no audit report", hint="name another file, or remove that one"
        )
    draft = _draft(path, target)
    try:
        yield draft
        _replace(path, draft, target)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and no_room(error):
            raise DiskFull(path, words_of(error)) from error
        raise


def _is_report(path: Path) -> bool:
    """Whether a file is a report of ours, in any format, or has nothing in it."""
    try:
        with path.open("rb") as file:
            start = file.read(_LOOKED_AT)
            if start.startswith(_PARQUET):
                # its last eight bytes: how long the part is that begins with the columns, and the mark again
                file.seek(-8, os.SEEK_END)
                file.seek(-8 - int.from_bytes(file.read(4), "little"), os.SEEK_END)
                columns = file.read(_LOOKED_AT)
                return all(name in columns for name in _COLUMNS)
    except OSError:
        return False
    begun = start.strip() in {b"", b"[]"} or start.startswith(b",".join(_COLUMNS) + b",")
    return begun or start.startswith(b'[\n\t{"run_id":') or b"<title>Audit report" in start


def _draft(path: Path, target: Path) -> Path:
    try:
        handle, name = mkstemp(prefix=".audit-", suffix=target.suffix, dir=target.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    os.close(handle)
    return Path(name)


def _replace(path: Path, draft: Path, target: Path) -> None:
    try:
        draft.chmod(0o600)
        draft.replace(target)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{path} cannot be written: {error.strerror or type(error).__name__}",
        hint="name a file in a folder that exists and that you may write to",
    )
