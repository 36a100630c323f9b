"""Every statement is a file with a contract at its head, the contract is kept, and somebody runs it."""

import ast
import re
from collections.abc import Iterator

import jinja2
import jinja2.meta
import pytest

from tests.house.pages import PACKAGE, SQL

STATEMENTS = sorted(path.stem for path in SQL.glob("*.sql") if path.stem != "macros")
KEYS = {"params", "template", "reads", "returns", "makes", "writes", "grain"}
_ENGINE = jinja2.Environment(autoescape=True)
_ENGINE.filters.update(dict.fromkeys(["name", "text"], str))


def text(name: str) -> str:
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def header(name: str) -> dict[str, str]:
    """Key -> what follows it; the first line is under the statement's own name."""
    entries: dict[str, str] = {}
    key = ""
    for line in text(name).splitlines():
        if not line.startswith("--"):
            break
        found = re.match(r"-- (\w+) ?: (.*)", line) or re.match(r"-- (\w+) *: (.*)", line)
        if found and (found[1] == name or found[1] in KEYS):
            key = found[1]
            entries[key] = found[2]
        else:
            entries[key] = f"{entries.get(key, '')} {line.removeprefix('--').strip()}"
    return entries


def body(name: str) -> str:
    return "\n".join(line for line in text(name).splitlines() if not line.lstrip().startswith("--"))


def included(name: str) -> set[str]:
    return set(re.findall(r"{% include \"(\w+)\.sql\" %}", body(name)))


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_begins_with_its_name_and_what_it_does(name: str) -> None:
    found = header(name)
    assert next(iter(found)) == name
    assert found[name]
    assert found.keys() & (KEYS - {"grain"}), "say what it takes, reads, returns or makes"


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_parameters_of_a_statement_are_those_it_declares(name: str) -> None:
    declared = set(re.findall(r"\$(\w+)", header(name).get("params", "")))
    for other in included(name):
        declared |= set(re.findall(r"\$(\w+)", header(other).get("params", "")))
    used = set(re.findall(r"(?<!')\$([a-z_]\w*)", body(name)))
    for other in included(name):
        used |= set(re.findall(r"(?<!')\$([a-z_]\w*)", body(other)))
    assert used == declared


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_fills_a_template_is_declared(name: str) -> None:
    wanted = jinja2.meta.find_undeclared_variables(_ENGINE.parse(text(name)))
    said = header(name).get("template", "") + header(name).get("params", "")
    assert {variable for variable in wanted if not re.search(rf"\b{variable}\b", said)} == set()


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """Every piece of the package's Python, with its file; the emulator has no part in the store."""
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE).as_posix()
        if not place.startswith("emulator/"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                yield place, node


def test_every_statement_is_run_by_somebody() -> None:
    exact = {"macros"} | {other for name in STATEMENTS for other in included(name)}
    patterns: list[re.Pattern[str]] = []
    for _, node in nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            exact.add(node.value)
        elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            pieces = (
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+"
                for part in node.values
            )
            patterns.append(re.compile("".join(pieces)))
    unused = [
        name for name in STATEMENTS if name not in exact and not any(one.fullmatch(name) for one in patterns)
    ]
    assert unused == []


def test_no_statement_stands_in_python() -> None:
    """Only DuckDB's settings, transaction words and the migrations' own table are written in place."""
    verbs = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|COPY|WITH|MERGE)\s", re.ASCII)
    # the migrations' own table and SOQL; besides, what SQLite and PostgreSQL run is built for them in source/
    elsewhere = ("store/migrate.py", "salesforce/query.py", "source/")
    found = [
        (place, node.value)
        for place, node in nodes()
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and verbs.match(node.value)
    ]
    assert [one for one in found if not one[0].startswith(elsewhere)] == []
