"""A strict Salesforce on localhost: OAuth, REST, Bulk 2.0, SOQL and faults.

The emulator is built from Salesforce's own documentation and recorded replies. It imports nothing from
the rest of the package: if it shared our constants it would share our misreadings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["run"]


def run(port: int, state: Path | None, org: Path | None) -> None:
    """Serve until SIGTERM or SIGINT; the first line on standard output is one JSON object.

    Args:
        port: TCP port on 127.0.0.1; 0 picks a free one.
        state: Folder that keeps the org over restarts; None forgets everything at the end.
        org: YAML or JSON file that describes the org; None is the default org.

    Raises:
        EmulatorError: The org file is wrong, the port is taken or the state folder cannot be written.
    """
    from audiencesync.emulator.server import serve  # noqa: PLC0415 - importing the package stays cheap

    serve(port, state, org)
