"""Running the command line, in this process or as the installed program, and comparing with golden files.

A golden file that is wanted otherwise is written anew by

    AUDIENCESYNC_REFRESH=1 pytest tests/cli

after which `git diff` shows what has changed for users.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = str(Path(sys.executable).with_name("audiencesync"))
ESCAPE = "\x1b"
_GOLDEN = Path(__file__).with_name("golden")
_PASSING = (
    (re.compile(r"\d{8}T\d{6,9}-[0-9a-f]{4}"), "RUN"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"), "TIME"),
    (re.compile(r'"(seconds|duration_s)": [0-9.]+'), r'"\1": 0.0'),
    (re.compile(r"\b[0-9a-zA-Z]{3}Em[0-9a-zA-Z]{13}\b"), "RECORD"),
)


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


def execute(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Done:
    """Run the installed program."""
    done = subprocess.run(
        [PROGRAM, *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def without_chance(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, name in _PASSING:
        text = pattern.sub(name, text)
    return text


def check_golden(name: str, text: str) -> None:
    """Compare with a golden file, or write it when asked to."""
    path = _GOLDEN / name
    if os.environ.get("AUDIENCESYNC_REFRESH"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"no {path.name}: run AUDIENCESYNC_REFRESH=1 pytest tests/cli"
    assert text == path.read_text(encoding="utf-8"), (
        f"{name} differs; if that is wanted, run AUDIENCESYNC_REFRESH=1 pytest tests/cli"
    )
