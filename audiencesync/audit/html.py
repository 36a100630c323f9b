"""The audit report as one page."""

from collections.abc import Callable
from pathlib import Path

from audiencesync.store import Store


def write_page(store: Store, run_id: str, path: Path, *, cure: Callable[[str], str]) -> None:
    """Write the page of one run."""
    raise NotImplementedError
