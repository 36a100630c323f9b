"""Where a store's daemon listens: a socket beside the store, for the store's owner alone."""

import stat
import tempfile
from pathlib import Path

_MOST_BYTES = 100
"""The kernel takes a few more; on some systems not many.

Source: unix(7), sun_path.
"""


def beside(store: Path) -> Path:
    """The socket of a store, or a file that names it where its own path is too long for a socket."""
    return store.absolute().with_name(store.name + ".sock")


def to_listen(store: Path) -> Path:
    """Where the daemon shall listen; what an earlier one left is removed, since the store is ours.

    The path that `beside` gives, unless it is too long: then it becomes a file with the name of a socket in a
    new private folder.
    """
    door = beside(store)
    forget(store)
    if len(bytes(door)) <= _MOST_BYTES:
        return door
    short = Path(tempfile.mkdtemp(prefix="audiencesync-")) / "daemon.sock"
    door.touch(mode=0o600)
    door.write_text(str(short), encoding="utf-8")
    return short


def to_ask(store: Path) -> Path | None:
    """Where a daemon may be asked; None when there has been none."""
    door = beside(store)
    try:
        return door if stat.S_ISSOCK(door.stat().st_mode) else Path(door.read_text(encoding="utf-8"))
    except OSError:
        return None


def forget(store: Path) -> None:
    """Remove the socket, and the folder that it may have."""
    door, socket = beside(store), to_ask(store)
    if socket is not None and socket != door:
        socket.unlink(missing_ok=True)
        if socket.parent.is_dir():
            socket.parent.rmdir()
    door.unlink(missing_ok=True)
