"""drt-core: its engine, from its DuckDB source to its Salesforce destination, set up as in its documents.

It sends all rows in one upload, so Salesforce's limit of 100 MB ends it at some half a million.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from drt.config.credentials import DuckDBProfile
from drt.config.models import SyncConfig
from drt.destinations.salesforce_bulk import SalesforceBulkDestination
from drt.engine.sync import run_sync
from drt.sources.duckdb import DuckDBSource

from scripts.bench.contenders.measured import Stopwatch


def main(leads: str) -> None:
    """Send a file."""
    config = SyncConfig.model_validate(
        {
            "name": "leads",
            "model": f"SELECT * FROM read_csv('{leads}', all_varchar = true)",  # noqa: S608  (our own file)
            "destination": {
                "type": "salesforce_bulk",
                "instance_url_env": "SF_INSTANCE_URL",
                "object_name": "Lead",
                "operation": "upsert",
                "external_id_field": "Email",
                "poll_interval_seconds": 1,
                "client_id_env": "SF_CLIENT_ID",
                "client_secret_env": "SF_CLIENT_SECRET",
                "username_env": "SF_USERNAME",
                "password_env": "SF_PASSWORD",
            },
            "sync": {"mode": "full", "batch_size": 10_000},
        }
    )
    watch = Stopwatch()
    with TemporaryDirectory() as folder, watch.running():
        told = run_sync(
            config,
            DuckDBSource(),
            SalesforceBulkDestination(),
            DuckDBProfile(type="duckdb", database=":memory:"),
            Path(folder),
        )
    if told.failed:
        raise SystemExit(f"{told.failed} rows were refused: {told.row_errors[:1]}")
    watch.tell(rows=told.success)


if __name__ == "__main__":
    main(sys.argv[1])
