"""Requests that nobody thought of, made from the OpenAPI document: none is answered with 500."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import checks
from schemathesis.core.result import Ok

from audiencesync.intake.changes import Kind
from tests.intake.helpers import COLUMNS, TOKEN, Pushing, config, pushing

pytestmark = pytest.mark.slow

MORE = {
    "price": "DECIMAL(9,2)",
    "seen_at": "TIMESTAMP",
    "came_at": "TIMESTAMPTZ",
    "likes": "MAP(VARCHAR, DOUBLE)",
    "place": "STRUCT(city VARCHAR, zip INTEGER)",
    "colour": "ENUM('red', 'green')",
    "token": "UUID",
    "vip": "BOOLEAN",
    "at": "TIME",
    "kind": "VARCHAR",
    "group_id": "VARCHAR",
}
_EXAMPLES = 12
_OF_A_SHORT_NAME = 2
_SETTINGS = settings(derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
_TAKEN = 'audiencesync_intake_changes_total{change="%s"}'
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
BASIC = "Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode()


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushing]:
    made = config(segment={"track": {"Bought": "buyers"}}, max_body="100KB")
    made["source"]["profiles"]["columns"] = {**COLUMNS, **MORE}
    with pushing(tmp_path_factory.mktemp("fuzz"), made) as one:
        yield one


def fuzz(sender: Pushing, operation: Any, mode: schemathesis.GenerationMode) -> None:
    """Send what the document says, or the contrary; each answer is one of those documented."""
    basic = operation.path.startswith("/v1/")
    headers = {"Authorization": BASIC if basic else f"Bearer {TOKEN}"}

    @settings(_SETTINGS, max_examples=_OF_A_SHORT_NAME if len(operation.path) == len("/v1/i") else _EXAMPLES)
    @given(case=operation.as_strategy(generation_mode=mode))
    def every_answer_is_documented(case: Any) -> None:
        answer = case.call(base_url=sender.url, headers=headers, session=sender.http)
        case.validate_response(answer, checks=CHECKS)

    every_answer_is_documented()


def test_no_request_is_answered_with_a_500_or_otherwise_than_documented(sender: Pushing) -> None:
    document = sender.send("GET", "/openapi.json").json()
    seen = set()
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        assert isinstance(found, Ok), "the document is none"
        operation: Any = found.ok()
        seen.add(operation.path)
        fuzz(sender, operation, schemathesis.GenerationMode.POSITIVE)
        if operation.body:
            fuzz(sender, operation, schemathesis.GenerationMode.NEGATIVE)
    assert seen == set(document["paths"])
    assert {change for change in Kind if sender.metric(_TAKEN % change)} == set(Kind)
