"""polars, as somebody who knows it well would: a hash of the row and a mask of the audiences, streamed.

A column of maps cannot be hashed there and is left out: it compares less than the others do.
"""

import sys
from pathlib import Path

import polars as pl

from scripts.bench.contenders.measured import KEY_DIGITS, Stopwatch

_OTHERS = ("user_id", "affinities", "updated_at")
_AUDIENCES = 50


def desired(day: Path) -> pl.LazyFrame:
    """Key, hash and mask of every member on a day."""
    profiles = pl.scan_parquet(day / "profiles.parquet")
    compared = [name for name in profiles.collect_schema().names() if name not in _OTHERS]
    names = pl.Series([f"audience_{ordinal}" for ordinal in range(_AUDIENCES)])
    bits = pl.Series([1 << ordinal for ordinal in range(_AUDIENCES)], dtype=pl.Int64)
    masks = (
        pl.scan_parquet(day / "memberships.parquet")
        .with_columns(bit=pl.col("audience").replace_strict(names, bits, return_dtype=pl.Int64))
        .group_by("user_id")
        .agg(mask=pl.col("bit").bitwise_or())
    )
    hashed = profiles.select("user_id", hash=pl.struct(compared).hash())
    return hashed.join(masks, on="user_id")


def prepare(yesterday: Path, state: Path) -> None:
    """Keep yesterday's hashes and masks."""
    if yesterday.name == "nothing":
        empty = desired(yesterday.with_name("yesterday")).limit(0).collect()
        empty.write_parquet(state)
    else:
        desired(yesterday).collect(engine="streaming").write_parquet(state)


def compare(today: Path, state: Path) -> None:
    """Find who differs from them."""
    watch = Stopwatch()
    with watch.running():
        changed = (
            desired(today)
            .join(pl.scan_parquet(state), on="user_id", how="full", coalesce=True, suffix="_before")
            .filter(
                pl.col("hash").ne_missing(pl.col("hash_before"))
                | pl.col("mask").ne_missing(pl.col("mask_before"))
            )
            .select("user_id")
            .collect(engine="streaming")
        )
    digits = changed["user_id"].str.slice(0, KEY_DIGITS).str.to_integer(base=16)
    watch.tell(changed.height, int(digits.sum()))


if __name__ == "__main__":
    {"prepare": prepare, "compare": compare}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
