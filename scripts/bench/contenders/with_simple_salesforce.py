"""simple-salesforce: `bulk2` from a CSV file, as its documents show it; it keeps no state."""

import os
import sys
from typing import Any

import requests
from simple_salesforce.api import Salesforce

from scripts.bench.contenders.measured import Stopwatch


def main(leads: str) -> None:
    """Send a file."""
    watch = Stopwatch()
    with requests.Session() as http, watch.running():
        http.trust_env = False
        http.verify = os.environ["SSL_CERT_FILE"]
        org = Salesforce(
            instance_url=os.environ["SF_INSTANCE_URL"],
            session_id=os.environ["SF_ACCESS_TOKEN"],
            session=http,
        )
        bulk: Any = org.bulk2  # its type promises another one
        told = bulk.Lead.upsert(csv_file=leads, external_id_field="Email", wait=1)
    if failed := sum(int(job["numberRecordsFailed"]) for job in told):
        raise SystemExit(f"{failed} rows were refused")
    watch.tell(rows=sum(int(job["numberRecordsProcessed"]) for job in told))


if __name__ == "__main__":
    main(sys.argv[1])
