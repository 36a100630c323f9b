"""Runs a config where files may grow no further: `python -m tests.sync.cramped CONFIG BYTES [METHOD] [bulk]`.

With a METHOD of the ledger, only from its first call on.
"""

import resource
import sys
from typing import Any

import pytest

from audiencesync.cli.main import main
from audiencesync.ledger import LedgerWriter
from tests.world import send_by_bulk


def cramp(room: int) -> None:
    """A write behind so many bytes of a file fails from now on, as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))


def cramp_from(method: str, room: int) -> None:
    real = getattr(LedgerWriter, method)

    def cramped(*given: Any, **named: Any) -> Any:
        cramp(room)
        return real(*given, **named)

    setattr(LedgerWriter, method, cramped)


if __name__ == "__main__":
    if methods := [word for word in sys.argv[3:] if word != "bulk"]:
        cramp_from(methods[0], int(sys.argv[2]))
    else:
        cramp(int(sys.argv[2]))
    if "bulk" in sys.argv[3:]:
        send_by_bulk(pytest.MonkeyPatch())
    sys.exit(main(["run", "-c", sys.argv[1]]))
