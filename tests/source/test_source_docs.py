"""The examples of docs/sources.md do what the page says."""

import re
import sqlite3
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from ruamel.yaml import YAML

from .conftest import Desk

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
KINDS = ["CSV", "Parquet", "JSON lines", "A SELECT", "A DuckDB file", "A SQLite file", "PostgreSQL"]


_BLOCK = re.compile(r"^(?:(?:In )?(`?[\w.]+`?):\n\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    heading: str
    language: str
    name: str
    text: str


def blocks() -> list[Block]:
    found = []
    for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        heading = part.split("\n", 1)[0]
        found += [
            Block(heading, language, named.strip("`"), text) for named, language, text in _BLOCK.findall(part)
        ]
    return found


def prepare(desk: Desk, block: Block, request: pytest.FixtureRequest) -> None:
    """Make the file or database that an example speaks of."""
    if block.name == "PostgreSQL":
        request.getfixturevalue("postgres").run(*filter(str.strip, block.text.split(";\n")))
    elif block.name.endswith(".sqlite"):
        with sqlite3.connect(desk.base / block.name) as connection:
            connection.executescript(block.text)
        connection.close()
    elif block.language == "sql":
        place = str(desk.base / block.name) if block.name.endswith(".duckdb") else ":memory:"
        with duckdb.connect(place) as engine:
            engine.execute(f"SET file_search_path = '{desk.base}'")
            engine.execute(block.text.replace("TO '", f"TO '{desk.base}/"))
    elif block.name:
        desk.file(block.name, block.text)


@pytest.mark.parametrize("heading", KINDS)
def test_the_example_reads_the_three_customers(
    desk: Desk, heading: str, request: pytest.FixtureRequest
) -> None:
    for block in blocks():
        if block.heading in {"CSV", heading}:
            prepare(desk, block, request)
    (example,) = (block for block in blocks() if block.heading == heading and block.language == "yaml")
    source = dict(YAML(typ="safe").load(example.text)["source"])
    profiles = dict(source.pop("profiles"))
    attach = source.pop("attach", None)
    if attach and attach.startswith("${"):
        attach = request.getfixturevalue("postgres").url

    totals = desk.read(profiles.pop("from"), attach=attach, **profiles, **source)

    assert totals.profiles == 3
    assert sorted(key[-1] for (key,) in desk.profiles()) == ["7", "8", "9"]
    assert {email for (email,) in desk.profiles("email")} == {
        "zoe@example.com", "李@example.com", "omar@example.com",
    }  # fmt: skip
    assert (totals.watermark is not None) == ("updated_at" in profiles)


def test_every_example_is_run() -> None:
    assert [block.heading for block in blocks() if block.language == "yaml"] == KINDS
