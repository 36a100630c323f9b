"""pandas: yesterday's snapshot and today's, merged, and compared column by column.

A column of maps cannot be compared there and is left out: it compares less than the others do.
"""

import sys
from pathlib import Path

import pandas as pd

from scripts.bench.contenders.measured import Stopwatch, checksum


def desired(day: Path) -> pd.DataFrame:
    """The columns of every member, and her audiences as a text."""
    profiles = pd.read_parquet(day / "profiles.parquet").drop(columns=["affinities", "updated_at"])
    memberships = pd.read_parquet(day / "memberships.parquet").sort_values(["user_id", "audience"])
    audiences = memberships.groupby("user_id", sort=False)["audience"].agg(";".join).rename("audiences")
    return profiles.merge(audiences, left_on="user_id", right_index=True)


def prepare(yesterday: Path, state: Path) -> None:
    """Keep a snapshot."""
    none = yesterday.name == "nothing"
    frame = desired(yesterday.with_name("yesterday"))
    (frame.head(0) if none else frame).to_parquet(state)


def compare(today: Path, state: Path) -> None:
    """Find who differs from it."""
    watch = Stopwatch()
    with watch.running():
        now = desired(today)
        both = now.merge(
            pd.read_parquet(state), on="user_id", how="outer", suffixes=("", "_before"), indicator=True
        )
        differs = both["_merge"] != "both"
        for name in now.columns.drop("user_id"):
            before = both[f"{name}_before"]
            differs |= (both[name] != before) & ~(both[name].isna() & before.isna())
        changed = both.loc[differs, "user_id"]
    watch.tell(len(changed), checksum(changed))


if __name__ == "__main__":
    {"prepare": prepare, "compare": compare}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
