"""`python -m scripts.bench.spark`: the same comparison in DuckDB and on Spark; see `docs/scaling.md`."""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from audiencesync.clock import SystemClock
from audiencesync.cluster import Cluster, open_cluster
from audiencesync.config.load import load
from audiencesync.ledger import RunLog
from audiencesync.plan import find_candidates
from audiencesync.source import Source, SparkSource
from audiencesync.store import Store
from scripts.bench.__main__ import rows
from scripts.bench.data import make
from scripts.bench.measure import ROOT
from scripts.bench.project import AUDIENCES
from scripts.bench.statements import COLUMNS, statement

SHARES = (0.0, 0.001, 0.01, 0.1)


def differing(store: Store, folder: Path, day: Path, cluster: Cluster | None) -> tuple[int, float, float]:
    """Members that differ on a day, and the seconds of reading and of comparing."""
    project = load(_config(folder, day, cluster), {"TOKEN": "none"})
    (sync,) = project.config.syncs
    clock = SystemClock()
    begun = time.perf_counter()
    config = project.config.source
    source: Source | SparkSource
    if cluster is None:
        source = Source(store, config, base=project.base, attach=None)
        columns, totals = source.stage(since=None), source.check(since=None)
    else:
        source = SparkSource(store, cluster, config)
        columns, totals = source.stage(), source.check()
    read = time.perf_counter()
    found = find_candidates(
        store,
        project,
        sync,
        RunLog(store, clock).sync_state(sync.name, sync.object),
        columns,
        totals=totals,
        reader=source,
        cluster=cluster,
        backfill=False,
        retry=None,
        pushed=False,
        now=clock.now(),
    )
    return found.count, read - begun, time.perf_counter() - read


def _config(folder: Path, day: Path, cluster: Cluster | None) -> Path:
    relation = "read_parquet('{}')" if cluster is None else "parquet.`{}`"
    profiles, memberships = (relation.format(day / f"{name}.parquet") for name in ("profiles", "memberships"))
    engine = "duckdb" if cluster is None else '{spark: "sc://localhost"}'
    fields = "\n".join(
        f"      F{place}__c: {name}" for place, name in enumerate(COLUMNS.split(", ")) if name != "affinities"
    )
    path = folder / "spark.yaml"
    path.write_text(f"""
version: 1
engine: {engine}
connection: {{auth: {{method: access_token, access_token: "${{env:TOKEN}}", instance_url: "https://x.example"}}}}
source:
  profiles: {{from: "{profiles}", key: user_id}}
  memberships: {{from: "{memberships}", key: user_id, audience: audience}}
syncs:
  - name: leads
    object: Lead
    audiences: [{", ".join(f"audience_{number}" for number in range(AUDIENCES))}]
    send_affinities_to: {{field: Likes__c, from: affinities, top: 3}}
    extra_fields:
{fields}
""")
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench.spark", description=__doc__)
    parser.add_argument("--profiles", type=rows, default=rows("100k"), help="sizes, such as 100k,1m")
    parser.add_argument("--spark", help="sc://host:15002; without it DuckDB compares")
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench", help="keeps data and states")
    asked = parser.parse_args(arguments)
    with open_cluster(asked.spark) if asked.spark else nullcontext() as cluster:
        for size in asked.profiles:
            folder = (asked.folder / str(size)).resolve()
            data = make(folder, size, SHARES)
            path = folder / "spark.duckdb"
            path.unlink(missing_ok=True)
            with Store.open(path, base=folder) as store:
                for share in (None, *SHARES):
                    day = data.today(share or 0.0)
                    count, read, compared = differing(store, folder, day, cluster)
                    print(f"{size:,} {share}: {count:,} differ, read {read:.2f} s, compared {compared:.2f} s")
                    if share is None:
                        store._connection.execute(statement("acknowledge"))  # noqa: SLF001
            path.unlink()
            shutil.rmtree(path.with_name(path.name + ".tmp"), ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
