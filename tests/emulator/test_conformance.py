"""Clients that nobody here wrote; those that need an installation run by `conformance/run.py` alone."""

from __future__ import annotations

import re
from pathlib import Path

from .conformance.run import CLIENTS, TITLES, simple_salesforce

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
DRIVERS = Path(__file__).parent / "conformance"


def test_simple_salesforce_finds_nothing_strange(tmp_path: Path) -> None:
    checks = simple_salesforce(tmp_path)

    assert len(checks) == 9
    assert [check for check in checks if check.problem is not None] == []


def test_the_page_holds_a_run_in_which_everything_passed() -> None:
    rows = re.findall(r"^\| (.+?) \| (.+?) \| .+? \| (ok|failed) \|$", PAGE.read_text(), re.MULTILINE)
    drivers = "".join(path.read_text() for path in [DRIVERS / "run.py", *DRIVERS.glob("clients/*")])

    assert {client for client, _, _ in rows} == {TITLES[name] for name in CLIENTS}
    assert {said for _, _, said in rows} == {"ok"}
    assert [name for _, name, _ in rows if f'"{name}"' not in drivers] == []
    assert len(rows) == len(re.findall(r"check\(\s*\"|\bsf\(\s*\"", drivers))
