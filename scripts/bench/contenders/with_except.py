"""DuckDB EXCEPT, both ways: yesterday's snapshot is a table, today's is made from the files."""

import sys
from pathlib import Path

from scripts.bench.contenders.measured import KEY_DIGITS, Stopwatch
from scripts.bench.statements import engine, snapshot, statement


def prepare(yesterday: Path, state: Path) -> None:
    """Keep a snapshot; of no day, an empty one."""
    none = yesterday.name == "nothing"
    with engine(state.parent, state) as connection:
        day = snapshot(yesterday.with_name("yesterday"))
        connection.execute(f"CREATE TABLE yesterday AS FROM ({day}) {'LIMIT 0' if none else ''}")


def compare(today: Path, state: Path) -> None:
    """Find who differs from it."""
    watch = Stopwatch()
    with engine(state.parent, state) as connection:
        with watch.running():
            connection.execute(statement("except", today=snapshot(today)))
        found = connection.execute(
            f"SELECT count(*), coalesce(sum(CAST('0x' || user_id[:{KEY_DIGITS}] AS BIGINT)), 0) FROM changed"  # noqa: S608
        ).fetchall()
    watch.tell(*found[0])


if __name__ == "__main__":
    {"prepare": prepare, "compare": compare}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
