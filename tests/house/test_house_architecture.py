"""docs/architecture.md says what is so: imports, the order of a run, tables, where each rule lives."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import pytest

from audiencesync.audit.report import write_report
from audiencesync.salesforce.org import Org as SalesforceOrg
from audiencesync.store import Store
from tests.house.pages import PACKAGE, SQL, fenced, names_of_tests, page, quoted, section, table
from tests.world import Org, World, person, running_org

PAGE = page("docs/architecture.md")
GROUND = {"objects", "records", "reports", "errors", "clock", "progress", "retry"}


def packages() -> set[str]:
    """What lies directly in the package."""
    found = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    return found - {"__init__"}


@cache
def real_imports() -> set[tuple[str, str]]:
    graph = grimp.build_graph("audiencesync", cache_dir=None)
    pairs = set()
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            ends = importer.split(".")[1:2], imported.split(".")[1:2]
            if all(ends) and ends[0] != ends[1]:
                pairs.add((ends[0][0], ends[1][0]))
    return pairs


def test_the_diagram_shows_the_imports_as_they_are() -> None:
    (diagram,) = fenced(PAGE, "mermaid")
    drawn = re.findall(r"^ +(\w+) --> (\w+)$", diagram, re.MULTILINE)
    alone = re.findall(r"^ +(\w+)$", diagram, re.MULTILINE)

    assert sorted(drawn) == sorted(pair for pair in real_imports() if pair[1] not in GROUND)
    assert {name for pair in drawn for name in pair} | set(alone) == packages() - GROUND


def test_the_ground_imports_nothing_above_it() -> None:
    assert {pair for pair in real_imports() if pair[0] in GROUND and pair[1] not in GROUND} == set()


def test_every_package_is_described_once() -> None:
    rows = table(PAGE.split("## What happens", 1)[0])
    assert sorted(name for row in rows for name in quoted(row[0])) == sorted(packages())


@pytest.mark.parametrize(
    "row", table(section(PAGE, "The rules and where they live")), ids=lambda row: row[0][:2]
)
def test_each_rule_lives_where_the_page_says(row: list[str]) -> None:
    _, code, sql, test = row
    assert all((PACKAGE / name).is_file() for name in quoted(code))
    assert all((SQL / name).is_file() for name in quoted(sql))
    assert set(quoted(test)) <= names_of_tests()


def test_the_page_names_all_twelve_rules() -> None:
    rows = table(section(PAGE, "The rules and where they live"))
    assert [int(row[0].split()[0]) for row in rows] == list(range(1, 13))


def test_every_table_of_the_store_is_described(tmp_path: Path) -> None:
    migrations = [path.read_text() for path in (PACKAGE / "store" / "migrations").glob("*.sql")]
    made = {name for text in migrations for name in re.findall(r"CREATE TABLE store\.(\w+)", text)}
    rows = table(section(PAGE, "The tables of the store"))
    assert {name for row in rows for name in quoted(row[0])} == made | {"migration"}


class Observed:
    """The names of statements and calls in the order in which they first happened."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def note(self, name: str) -> None:
        if name not in self.names:
            self.names.append(name)


@pytest.fixture
def observed(monkeypatch: pytest.MonkeyPatch) -> Observed:
    seen = Observed()
    execute, write = Store._execute, SalesforceOrg.write

    def executed(self: Store, statement: str, *given: Any) -> Any:
        seen.note(f"{statement}.sql")
        return execute(self, statement, *given)

    def written(self: SalesforceOrg, *given: Any) -> Any:
        seen.note("Org.write")
        return write(self, *given)

    monkeypatch.setattr(Store, "_execute", executed)
    monkeypatch.setattr(SalesforceOrg, "write", written)
    return seen


@pytest.fixture
def org() -> Iterator[Org]:
    with running_org() as running:
        yield running


@pytest.mark.slow
def test_a_run_goes_the_way_that_the_page_tells(org: Org, observed: Observed, tmp_path: Path) -> None:
    told = [
        name
        for name in quoted(section(PAGE, "What happens to one customer"))
        if name.endswith(".sql") or name == "Org.write"
    ]
    world = World(tmp_path, org)
    world.people([person(1)])

    report = world.run()
    with Store.open(tmp_path / "store.duckdb", base=tmp_path, read_only=True) as store:
        assert report.run_id is not None
        write_report(store, report.run_id, "json", tmp_path / "audit.json", cure=str)

    assert len(told) == len(set(told))
    assert [name for name in observed.names if name in told] == told
