"""The texts of the statements in `store/sql/`, filled in and parsed."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources

import duckdb
import jinja2

from audiencesync.store.texts import json_path


def quote_name(name: str) -> str:
    """A column or table name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A text literal as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def text_of(statement: str, template: Mapping[str, object]) -> str:
    """A statement with its `{{ }}` placeholders filled in."""
    return _templates().get_template(f"{statement}.sql").render(template) if template else _plain(statement)


@cache
def _plain(statement: str) -> str:
    """Most statements have nothing to fill in."""
    return _templates().get_template(f"{statement}.sql").render()


@cache
def _templates() -> jinja2.Environment:
    """Compiled once a process, whatever the number of connections."""
    return templates(name=quote_name, text=quote_text)


def templates(*, name: Callable[[str], str], text: Callable[[str], str]) -> jinja2.Environment:
    """Every statement of `store/sql/`, for an engine that writes names and texts in this way."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(
            lambda file: (resources.files("audiencesync.store") / "sql" / file).read_text(encoding="utf-8")
        ),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  (SQL, not HTML: names and texts go through the filters below)
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["name"] = name
    environment.filters["text"] = text
    environment.filters["path"] = json_path
    return environment


@lru_cache(maxsize=512)
def parsed(text: str) -> Sequence[duckdb.Statement]:
    """The statements of a text: who runs them every few moments parses them once."""
    return _parser().extract_statements(text)


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")
