import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from audiencesync.config.reference import TITLES, with_reference
from audiencesync.config.schema import json_schema
from audiencesync.config.starter import starter
from audiencesync.config.tree import parse

ROOT = Path(__file__).parents[2]
WHOLE = (Path(__file__).parent / "files" / "whole.yaml").read_text(encoding="utf-8")
EXAMPLES = sorted((ROOT / "configs").glob("*.yaml"))


def errors(text: str) -> list[str]:
    validator = jsonschema.Draft202012Validator(json_schema())
    return [error.json_path for error in validator.iter_errors(parse(text).data)]


def test_the_schema_is_itself_valid_and_says_which_draft() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "audiencesync config"
    assert "$id" not in schema
    assert "(?P<" not in json.dumps(schema), "a name for a group is Python's, not JSON Schema's"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_fits_the_schema(path: Path) -> None:
    assert errors(path.read_text(encoding="utf-8")) == []


def test_the_manual_and_the_starter_fit_the_schema() -> None:
    assert errors(WHOLE) == []
    assert errors(starter()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("match_field:", "match_filed:"),
        ("version: 1", "version: 2"),
        ("${env:SF_CONSUMER_KEY}", "3MVG9"),
        ("method: jwt_bearer", "method: jwt"),
        ("engine: duckdb", "engine: polars"),
        ("store: ./audiences.duckdb", "store: {memory_limit: lots}"),
        ("store: ./audiences.duckdb", "store: {keep_ledger: 400}"),
        ("FirstName:", "First Name:"),
        ("{value: Web}", "{}"),
        ("{value: Web}", "{value: Web, sql: x}"),
        ("{value: Web}", "{value: null}"),
        ("top: 3", "top: three"),
        ("assignment_rule: false", "assignment_rule: no"),
        ("on_exit: clear_audiences", "on_exit: clear"),
        ("reserve_org_api_calls: 0.1", "reserve_org_api_calls: 10"),
        ("[newsletter, high_value]", "[]"),
        ("[newsletter, high_value]", "['a;b']"),
        ("    object: Lead\n", ""),
    ],
)
def test_an_editor_marks_what_the_loader_refuses(old: str, new: str) -> None:
    assert old in WHOLE
    assert errors(WHOLE.replace(old, new, 1)) != []


def _properties(node: object, name: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(node, dict):
        for key, value in node.get("properties", {}).items():
            if "not" not in value:
                yield f"{name}.{key}", value
        for key, value in node.items():
            yield from _properties(value, key)
    elif isinstance(node, list):
        for item in node:
            yield from _properties(item, name)


def test_every_key_has_a_description() -> None:
    found = list(_properties(json_schema()))

    assert len(found) > 60
    assert [name for name, node in found if not node.get("description")] == []


def test_the_reference_is_current() -> None:
    page = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")

    assert with_reference(page) == page, "run `python -m audiencesync.config.reference docs/config.md`"


def test_the_reference_has_a_section_for_every_model() -> None:
    models = {name for name, node in json_schema()["$defs"].items() if "enum" not in node}

    assert set(TITLES) == models | {"Config"}
