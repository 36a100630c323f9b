"""Files with personal data: for their owner only, and never seen half written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp

from audiencesync.errors import UsageError
from audiencesync.store import DiskFull, no_room, words_of


@contextmanager
def private_file(path: Path) -> Iterator[Path]:
    """A file to write that takes the place of `path` when the block ends well, with mode 0600.

    Args:
        path: Where the file shall be; a link is followed, a file that is there is replaced.

    Yields:
        An empty file beside it, under another name.

    Raises:
        UsageError: `path` cannot be written.
        DiskFull: There is no room for it.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        # replacing a device or a pipe would take it from everybody else
        raise UsageError(f"{path} is not a file", hint="name a file; it is made when it is not there")
    draft = _draft(path, target)
    try:
        yield draft
        _replace(path, draft, target)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and no_room(error):
            raise DiskFull(path, words_of(error)) from error
        raise


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
