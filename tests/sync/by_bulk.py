"""The command line with Bulk as the cheapest route: `python -m tests.sync.by_bulk run -c CONFIG`."""

import sys

import pytest

from audiencesync.cli.main import main
from tests.world import send_by_bulk

if __name__ == "__main__":
    send_by_bulk(pytest.MonkeyPatch())
    sys.exit(main())
