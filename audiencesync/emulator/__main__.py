"""`python -m audiencesync.emulator --port N --state DIR --org FILE`."""

import argparse
import sys
from pathlib import Path

from audiencesync.emulator import run
from audiencesync.emulator.errors import EmulatorError


def main() -> int:
    """Run the emulator; 0 at a clean end, 2 when it cannot start."""
    parser = argparse.ArgumentParser(
        prog="python -m audiencesync.emulator", description="A local Salesforce."
    )
    parser.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1; 0 picks a free one")
    parser.add_argument("--state", type=Path, help="folder that keeps the org over restarts")
    parser.add_argument("--org", type=Path, help="YAML or JSON file that describes the org")
    arguments = parser.parse_args()
    try:
        run(arguments.port, arguments.state, arguments.org)
    except EmulatorError as error:
        print(f"emulator: {error}", file=sys.stderr)  # noqa: T201 - a command line talks
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
