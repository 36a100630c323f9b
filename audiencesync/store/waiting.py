"""Two runs at once on one store: the second leaves with a clear word, or waits for as long as it was told."""

from collections.abc import Mapping
from pathlib import Path

from audiencesync.clock import Clock
from audiencesync.progress import Progress
from audiencesync.store.database import Store
from audiencesync.store.failures import StoreHeld

_LOOK_S = 0.5


def open_when_free(
    path: Path,
    base: Path,
    seconds: float,
    clock: Clock,
    progress: Progress,
    *,
    settings: Mapping[str, str] | None = None,
) -> Store:
    """`Store.open`, trying again while another process holds the store.

    Args:
        path: The DuckDB file.
        base: As `Store.open` has it.
        seconds: The longest wait; 0 for none, infinity for no end.
        clock: Waits.
        progress: Shown that the run waits, and for whom.
        settings: As `Store.open` has it.

    Raises:
        StoreHeld: Another process still holds it.
        StoreError: As `Store.open`.
    """
    waited = 0.0
    try:
        while True:
            try:
                return Store.open(path, base=base, settings=settings)
            except StoreHeld as held:
                if waited >= seconds:
                    raise
                if not waited:
                    progress.begin(f"waiting for the store, held by {held.holder}", None)
            clock.sleep(_LOOK_S)
            waited += _LOOK_S
            progress.advance(0)
    finally:
        if waited:
            progress.end()
