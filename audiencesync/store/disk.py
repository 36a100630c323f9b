"""What must be on the disk before anybody is told so."""

import os
from pathlib import Path


def to_disk(path: Path) -> None:
    """Return once a file is on the disk, or the names in a folder."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
