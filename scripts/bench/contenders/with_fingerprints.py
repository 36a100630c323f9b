"""A fingerprint a row in Python, as tools for reverse ETL do: SHA-256 of the row as JSON, by key."""

import json
import pickle
import sys
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq

from scripts.bench.contenders.measured import Stopwatch, checksum


def rows(path: Path) -> Iterator[dict[str, object]]:
    """The rows of a file."""
    for batch in pq.ParquetFile(path).iter_batches():
        yield from batch.to_pylist()


def desired(day: Path) -> dict[str, bytes]:
    """Key -> fingerprint of every member."""
    audiences: dict[str, list[str]] = defaultdict(list)
    for row in rows(day / "memberships.parquet"):
        audiences[str(row["user_id"])].append(str(row["audience"]))
    found = {}
    for row in rows(day / "profiles.parquet"):
        key = str(row["user_id"])
        if key in audiences:
            del row["updated_at"]
            row["audiences"] = sorted(audiences[key])
            found[key] = sha256(json.dumps(row, sort_keys=True, default=str).encode()).digest()
    return found


def prepare(yesterday: Path, state: Path) -> None:
    """Keep yesterday's fingerprints."""
    found = {} if yesterday.name == "nothing" else desired(yesterday)
    state.write_bytes(pickle.dumps(found))


def compare(today: Path, state: Path) -> None:
    """Find who differs from them."""
    watch = Stopwatch()
    with watch.running():
        now = desired(today)
        before: dict[str, bytes] = pickle.loads(state.read_bytes())  # noqa: S301  (ours, of a moment ago)
        changed = [key for key in now.keys() | before.keys() if now.get(key) != before.get(key)]
    watch.tell(len(changed), checksum(changed))


if __name__ == "__main__":
    {"prepare": prepare, "compare": compare}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
