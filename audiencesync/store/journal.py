"""What was accepted for the store and is not in it yet: a line an entry, in files beside it, in their order.

A line that is written and brought to the disk costs a fifteenth of the processor time of a commit, and waits
for no other work in the store. An entry is kept once `append` returns; one that a crash has torn was never
answered for. The process that holds the store adds, and takes out.
"""

import fcntl
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from audiencesync.errors import StoreError
from audiencesync.store.disk import to_disk
from audiencesync.store.failures import DiskFull, no_room, words_of

_LARGEST = 4_000_000
"""Bytes from which on the next entry begins another file: what is taken out of a whole one is removed."""

_DIGITS = 20


class Place(NamedTuple):
    """Where an entry ends: the number of its file, and the bytes up to there."""

    file: int
    byte: int


class Entry(NamedTuple):
    """What was kept together: as many things as whoever added them said, and where it ends."""

    size: int
    text: bytes
    place: Place

    def read(self) -> Any:  # noqa: ANN401  (anything that JSON can say)
        """The things themselves; most of the work, which who only counts them is spared."""
        return json.loads(self.text)


class Journal:
    """Adds entries; from one thread alone."""

    def __init__(self, folder: Path, taken: Place) -> None:
        """Begin behind all that was ever there.

        Args:
            folder: Of the files; made when needed.
            taken: Up to where somebody took entries out.
        """
        self._folder = folder
        self._number = max([taken.file, *_files(folder)])
        self._file: int | None = None
        self._size = 0

    def append(self, entry: object, size: int = 1) -> None:
        """Add an entry; it is on the disk when this returns.

        Args:
            entry: Anything that JSON can say.
            size: How many things that are.

        Raises:
            DiskFull: There is no room for it.
            StoreError: It cannot be written.
        """
        text = b"%d %s" % (size, json.dumps(entry).encode())
        line = b"%08x %s\n" % (zlib.crc32(text), text)
        try:
            file = self._begin() if self._file is None else self._file
            _write(file, line)
            os.fsync(file)
        except OSError as error:
            self._take_back()
            if no_room(error):
                raise DiskFull(self._folder, words_of(error)) from error
            raise StoreError(
                f"the journal {self._folder} cannot be written: {words_of(error)}",
                hint="check the disk, and that the folder belongs to the user of this process",
            ) from error
        self._size += len(line)
        if self._size >= _LARGEST:
            self.close()

    def close(self) -> None:
        """End the file; the next entry begins another."""
        if self._file is not None:
            os.close(self._file)
        self._file, self._size = None, 0

    def _begin(self) -> int:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._number += 1
        mode = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND
        self._file = os.open(self._path, mode, 0o600)  # it will hold personal data
        fcntl.flock(self._file, fcntl.LOCK_EX)
        to_disk(self._folder)
        return self._file

    @property
    def _path(self) -> Path:
        return self._folder / f"{self._number:0{_DIGITS}}"

    def _take_back(self) -> None:
        """Leave nothing of an entry that nobody is told of."""
        if self._file is not None:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
                if self._size == 0:
                    self._path.unlink()
        self.close()


def journal_entries(folder: Path, taken: Place) -> Iterator[Entry]:
    """The entries behind a place.

    Raises:
        StoreError: A file is damaged in the middle.
    """
    for number, path in _files(folder).items():
        if number < taken.file:
            continue
        byte = taken.byte if number == taken.file else 0
        # another thread may take out the rest of it just now
        with suppress(FileNotFoundError), path.open("rb") as file:
            file.seek(byte)
            for line in file:
                text = _whole(line)
                if text is None:
                    _check_torn(path, byte, line, file)
                    break
                byte += len(line)
                size, _, kept = text.partition(b" ")
                yield Entry(int(size), kept, Place(number, byte))


def forget_entries(folder: Path, taken: Place) -> None:
    """Remove the files in which nothing is left behind a place, and to which nobody adds."""
    for number, path in _files(folder).items():
        if number > taken.file:
            return
        # whoever adds may take back the only entry of it just now
        with suppress(FileNotFoundError), path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if number < taken.file or path.stat().st_size <= taken.byte:
                path.unlink()


def _files(folder: Path) -> Mapping[int, Path]:
    """Number -> file, in order."""
    return {int(path.name): path for path in sorted(folder.glob("[0-9]" * _DIGITS))}


def _write(file: int, line: bytes) -> None:
    while line:
        line = line[os.write(file, line) :]


def _whole(line: bytes) -> bytes | None:
    """The text of a line that was written to its end."""
    check, _, text = line.removesuffix(b"\n").partition(b" ")
    return text if line.endswith(b"\n") and check == b"%08x" % zlib.crc32(text) else None


def _check_torn(path: Path, byte: int, line: bytes, rest: Iterator[bytes]) -> None:
    """A line that is not whole is the last: who wrote it was stopped, and told nobody that it is kept.

    One without an end may just be growing, and others may stand behind it in a moment.
    """
    if line.endswith(b"\n") and any(_whole(later) is not None for later in rest):
        raise StoreError(
            f"{path} is damaged at byte {byte}: what was accepted later stands behind it",
            hint="restore the file; or move it away, and have what was pushed meanwhile sent again",
        )
