"""The store that the daemon holds open: one connection works in it, others look at it meanwhile."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from threading import Condition

from audiencesync.errors import StoreError
from audiencesync.store import Store

_LONGEST_LOOK_S = 10.0
"""How long one waits for another: whoever looks for the store, and the store for those who look."""

_SOME_ROOM = 1_000_000
"""Bytes: less than that and hardly anything can be written."""


class Holding:
    """The open store.

    Attributes:
        is_open: It can be worked in; false after it was damaged, until it could be opened again.
        has_room: Something can be written beside it.
    """

    def __init__(self, path: Path, base: Path, settings: Mapping[str, str]) -> None:
        """Open it.

        Raises:
            StoreError: Another process holds it, or it is no store.
        """
        self._path, self._base, self._settings = path, base, settings
        self._gate = Condition()
        self._readers = 0
        self._store: Store | None = Store.open(path, base=base, settings=settings)

    @property
    def is_open(self) -> bool:
        """It can be worked in."""
        return self._store is not None

    @property
    def has_room(self) -> bool:
        """Something can be written beside it.

        It is tried: no count of free bytes knows of quotas, and the daemon itself may not write for hours.
        """
        try:
            with TemporaryFile(dir=self._path.parent) as file:
                file.write(bytes(_SOME_ROOM))
        except OSError:
            return False
        return True

    @contextmanager
    def working(self) -> Iterator[Store]:
        """A connection that may write; one at a time, in the thread that calls `renew` and `close`.

        Raises:
            StoreError: It cannot be opened again.
        """
        if self._store is None:
            self._open()
        assert self._store is not None  # noqa: S101  (for the type checker: it is open, or was refused)
        with self._store.another() as connection:
            yield connection

    @contextmanager
    def looking(self) -> Iterator[Store]:
        """A connection of one moment, for any thread; it waits a while when the store is opened again.

        Raises:
            StoreError: It could not be opened again.
        """
        with self._gate:
            self._gate.wait_for(lambda: self._store is not None, _LONGEST_LOOK_S)
            store = self._store
            if store is None:
                raise StoreError(
                    f"the store {self._path} was let go of after trouble, and cannot be opened again",
                    hint="see the daemon's log; it tries again by itself",
                )
            self._readers += 1
        try:
            with store.another() as connection, connection.rehearsal():
                yield connection
        finally:
            with self._gate:
                self._readers -= 1
                self._gate.notify_all()

    def renew(self) -> None:
        """Open the store anew: after a full disk the database believes nothing of what it has in memory.

        Raises:
            StoreError: It cannot be opened now; `working` tries again.
        """
        self.close()
        self._open()

    def close(self) -> None:
        """Let go of it, once nobody looks at it."""
        with self._gate:
            store, self._store = self._store, None
            self._gate.wait_for(lambda: self._readers == 0, _LONGEST_LOOK_S)
        if store is not None:
            store.close()

    def _open(self) -> None:
        if self._readers:  # the same file twice in one process would be its end
            raise StoreError(f"the store {self._path} is still being looked at", hint="wait")
        store = Store.open(self._path, base=self._base, settings=self._settings)
        with self._gate:
            self._store = store
            self._gate.notify_all()
