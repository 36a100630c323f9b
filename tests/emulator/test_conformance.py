"""Clients that nobody here wrote; those that need an installation run by `conformance/run.py` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conformance.run import simple_salesforce

if TYPE_CHECKING:
    from pathlib import Path


def test_simple_salesforce_finds_nothing_strange(tmp_path: Path) -> None:
    checks = simple_salesforce(tmp_path)

    assert len(checks) == 9
    assert [check for check in checks if check.problem is not None] == []
