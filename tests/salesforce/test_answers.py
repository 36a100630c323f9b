"""Bodies of every shape; nothing that a proxy may say can raise or leak."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiencesync.errors import AnswerLost
from audiencesync.records import RowResult
from audiencesync.salesforce import catalogue
from audiencesync.salesforce.answers import (
    UNKNOWN_CODE,
    ApiError,
    api_errors,
    json_or_none,
    org_usage,
    row_results,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
KEYS = st.sampled_from(["errorCode", "statusCode", "message", "fields", "success", "errors", "id", "created"])
ANSWERS = st.lists(st.dictionaries(KEYS, JSON, max_size=8) | JSON, max_size=4) | JSON


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ('[{"message":"m","errorCode":"INVALID_FIELD","fields":["Email"]}]', ["INVALID_FIELD"]),
        ('{"message":"m","errorCode":"NOT_FOUND"}', ["NOT_FOUND"]),
        ('[{"statusCode":"MALFORMED_ID","message":"m"}]', ["MALFORMED_ID"]),
        ('[{"message":"only words"}]', [UNKNOWN_CODE]),
        ('[{"errorCode":"has spaces and people@example.org"}]', [UNKNOWN_CODE]),
        ('[{"errorCode":"A"},{"errorCode":"B"}]', ["A", "B"]),
        ("<html>", []),
        ("", []),
        ("null", []),
        ("[]", []),
        ('["INVALID"]', []),
        ('{"error":"invalid_grant"}', []),
        ("[" * 100_000, []),
    ],
)
def test_error_bodies_of_every_shape_are_read(body: str, codes: list[str]) -> None:
    assert [error.code for error in api_errors(json_or_none(body))] == codes


@given(st.binary() | ANSWERS.map(lambda document: json.dumps(document).encode()))
def test_no_error_body_raises_and_only_names_come_out(body: bytes) -> None:
    for error in api_errors(json_or_none(body)):
        assert error.code.replace("_", "").isalnum()
        assert all(name.replace("_", "").replace(".", "").replace(":", "").isalnum() for name in error.fields)


@given(ANSWERS, st.integers(0, 4))
def test_an_answer_is_either_paired_row_by_row_or_lost(document: object, sent: int) -> None:
    try:
        results = row_results(document, sent=sent, created=None)
    except AnswerLost:
        return
    assert len(results) == sent
    assert all(result.accepted != bool(result.code) for result in results)


def test_row_results_are_read_in_every_form() -> None:
    document = [
        {"id": "00Q1", "success": True, "errors": [], "created": True},
        {"id": "00Q2", "success": True, "errors": []},
        {"success": False, "errors": [{"statusCode": "MALFORMED_ID", "message": "m", "fields": ["Id"]}]},
        {"id": None, "success": False, "errors": [{"errorCode": "DUPLICATES_DETECTED", "message": "m"}]},
        {"id": "00Q3", "success": False, "errors": []},
    ]

    assert row_results(document, sent=5, created=False) == [
        RowResult(accepted=True, salesforce_id="00Q1", created=True),
        RowResult(accepted=True, salesforce_id="00Q2", created=False),
        RowResult(accepted=False, code="MALFORMED_ID", message="m", fields=("Id",)),
        RowResult(accepted=False, code="DUPLICATES_DETECTED", message="m"),
        RowResult(accepted=False, salesforce_id="00Q3", code=UNKNOWN_CODE),
    ]


@pytest.mark.parametrize(
    "document",
    [None, {}, [], [{"success": True}] * 3, [{"success": True}, None], [{"success": True}, {"id": "x"}]],
)
def test_results_that_cannot_be_paired_acknowledge_nothing(document: object) -> None:
    with pytest.raises(AnswerLost):
        row_results(document, sent=2, created=None)


@given(st.text())
def test_no_usage_header_raises(header: str) -> None:
    org_usage(header)


def test_messages_never_show() -> None:
    assert "someone" not in repr(ApiError("X", "someone@example.org"))


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("UNABLE_TO_LOCK_ROW", "", "transient"),
        ("unable_to_lock_row", "", "transient"),
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "Too many retries of batch save in the presence of ...",
            "transient",
        ),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "Trig: execution of BeforeInsert caused by", "data"),
        ("STRING_TOO_LONG", "", "data"),
        ("INVALID_FIELD_FOR_INSERT_UPDATE", "", "stop"),
        ("STORAGE_LIMIT_EXCEEDED", "", "stop"),
        ("ExceededQuota", "", "quota"),
        ("API_CURRENTLY_DISABLED", "", "transient"),
        ("SOMETHING_NEW", "", "data"),
    ],
)
def test_each_code_says_what_comes_next(code: str, message: str, kind: str) -> None:
    assert catalogue.kind(code, message) == kind
    assert catalogue.cure(code).endswith(".")


def test_every_entry_of_the_catalogue_is_a_sentence_and_stands_once() -> None:
    codes = [code for table in catalogue._TABLES for code in table]

    assert len(codes) == len(set(codes))
    for code in codes:
        assert catalogue.cure(code)[0].isupper()
        assert catalogue.cure(code).endswith(".")
