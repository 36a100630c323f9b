"""The floor: merely reading and hashing the columns, and bringing together each member's audiences."""

import sys
from pathlib import Path

from scripts.bench.contenders.measured import Stopwatch
from scripts.bench.statements import COLUMNS, engine, statement


def main(today: Path) -> None:
    """Read a day."""
    profiles, memberships = (str(today / f"{name}.parquet") for name in ("profiles", "memberships"))
    watch = Stopwatch()
    with engine(today.parent) as connection, watch.running():
        connection.execute(
            statement("floor", columns=COLUMNS, profiles=profiles, memberships=memberships)
        ).fetchall()
    watch.tell()


if __name__ == "__main__":
    main(Path(sys.argv[2]))
