"""Every statement is a file with a contract at its head, the contract is kept, and somebody runs it."""

import ast
import re
from functools import cache

import jinja2
import jinja2.meta
import pytest

from tests.house.pages import PACKAGE, SQL

STATEMENTS = sorted(path.stem for path in SQL.glob("*.sql") if path.stem != "macros")
KEYS = {"params", "template", "reads", "returns", "makes", "writes", "grain"}
_ENGINE = jinja2.Environment(autoescape=True)
_ENGINE.filters.update(dict.fromkeys(["name", "text", "path"], str))


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


def parameters(name: str) -> tuple[set[str], set[str]]:
    """Those that a statement uses and those that its head declares, both with what it includes."""
    used, declared = set(), set()
    for one in (name, *included(name)):
        used |= set(re.findall(r"(?<!')\$([a-z_]\w*)", body(one)))
        declared |= set(re.findall(r"\$(\w+)", header(one).get("params", "")))
    return used, declared


def test_a_statement_begins_with_its_name_what_it_does_and_what_it_takes_or_gives() -> None:
    heads = {name: header(name) for name in STATEMENTS}
    assert [name for name, head in heads.items() if next(iter(head), "") != name or not head[name]] == []
    assert [name for name, head in heads.items() if not head.keys() & (KEYS - {"grain"})] == []


def test_the_parameters_of_a_statement_are_those_it_declares() -> None:
    found = {name: parameters(name) for name in STATEMENTS}
    assert {name: both for name, both in found.items() if both[0] != both[1]} == {}


def test_what_fills_a_template_is_declared() -> None:
    undeclared = {}
    for name in STATEMENTS:
        wanted = jinja2.meta.find_undeclared_variables(_ENGINE.parse(text(name)))
        said = header(name).get("template", "") + header(name).get("params", "")
        undeclared[name] = {variable for variable in wanted if not re.search(rf"\b{variable}\b", said)}
    assert {name: variables for name, variables in undeclared.items() if variables} == {}


@cache
def nodes() -> list[tuple[str, ast.AST]]:
    """Every piece of the package's Python, with its file; the emulator has no part in the store."""
    files = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    return [
        (place, node)
        for place, path in files.items()
        if not place.startswith("emulator/")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ]


@pytest.mark.slow
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


@pytest.mark.slow
def test_no_statement_stands_in_python() -> None:
    """Only DuckDB's settings, transaction words and the migrations' own table are written in place."""
    verbs = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|COPY|WITH|MERGE)\s", re.ASCII)
    # the migrations' own table and SOQL; besides, what SQLite and PostgreSQL run is built in source/
    elsewhere = ("store/migrate.py", "salesforce/query.py", "source/")
    found = [
        (place, node.value)
        for place, node in nodes()
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and verbs.match(node.value)
    ]
    assert [one for one in found if not one[0].startswith(elsewhere)] == []
