"""PostgreSQL says by itself that something has changed: NOTIFY on a channel of ours."""

from typing import Any

from audiencesync.errors import SourceError

CHANNEL = "audiencesync"
_CONNECT_SECONDS = 15


class Notified:
    """Listens, and counts what it hears."""

    def __init__(self, address: str) -> None:
        """Nothing is opened yet; the address may hold a password, and is never shown."""
        self._address = address
        self._connection: Any = None
        self._heard = 0

    def heard(self) -> int:
        """How often something was said; a new connection counts, as what was said before it is unknown.

        Raises:
            SourceError: The database cannot be reached.
        """
        import psycopg  # noqa: PLC0415  (an extra)

        try:
            if self._connection is None:
                self._connection = psycopg.connect(
                    self._address, autocommit=True, connect_timeout=_CONNECT_SECONDS
                )
                self._connection.execute(f"LISTEN {CHANNEL}")
                self._heard += 1
            self._heard += sum(1 for _ in self._connection.notifies(timeout=0))
        except psycopg.Error:
            self.close()
            raise SourceError(
                "source.attach: PostgreSQL cannot be listened to",
                hint="a run says why it cannot be read; it is listened to again by itself",
            ) from None
        return self._heard

    def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def can_listen() -> bool:
    """The library is installed."""
    try:
        import psycopg  # noqa: F401, PLC0415  (an extra)
    except ImportError:
        return False
    return True
