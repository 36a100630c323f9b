"""What the store can say of the past."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiencesync.audit.looking import history, run_document, runs, status
from audiencesync.config.load import Project, load
from audiencesync.errors import UsageError
from audiencesync.records import RunStatus
from tests.audit.books import RUN, START, Books, Push, accepted, document, rejected, small_run

CONFIG = """
version: 1
store: ./store.duckdb
connection:
  auth: {method: access_token, access_token: "${env:TOKEN}", instance_url: "https://example.my.salesforce.com"}
  max_daily_api_calls: 100
source:
  profiles: {from: people, key: id}
audiences:
  everybody: {where: "true"}
syncs:
  - name: leads
    object: Lead
    match_field: Email
    audiences: [everybody]
    required_fields: {Email: email}
    max_daily_api_calls: 3
  - name: contacts
    object: Contact
    match_field: Email
    audiences: [everybody]
    required_fields: {Email: email}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    path = tmp_path / "audiencesync.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return load(path, {"TOKEN": "t"})


def later_run(books: Books, run_id: str, outcome: RunStatus = RunStatus.SUCCEEDED) -> str:
    books.clock.sleep(3600)
    books.run(run_id)
    books.begin(run_id)
    books.close_sync(run_id, document(status=outcome.value))
    books.finish(run_id, outcome)
    return run_id


def test_runs_come_newest_first_with_the_documents_that_they_printed(books: Books) -> None:
    small_run(books)
    later_run(books, "20260131T110000-bbbb")

    found = runs(books.store)

    assert [run["run_id"] for run in found] == ["20260131T110000-bbbb", RUN]
    assert found[1]["started_at"] == "2026-01-31T10:00:00Z"
    assert found[1]["finished_at"] == "2026-01-31T10:00:04Z"
    assert found[1]["status"] == "partial"
    assert found[1]["command"] == "run"
    assert found[1]["error"] is None
    assert [sync["planned"] for sync in found[1]["syncs"]] == [5]
    assert [run["run_id"] for run in runs(books.store, limit=1)] == ["20260131T110000-bbbb"]


def test_a_store_without_runs_lists_none(books: Books) -> None:
    assert runs(books.store) == []


def test_the_syncs_of_a_run_keep_their_order(books: Books) -> None:
    books.sync("b", sync_id=1)
    books.sync("a", "Contact", sync_id=2)
    books.run(RUN)
    for sync_id, name in ((1, "b"), (2, "a")):
        books.begin(RUN, sync_id)
        books.clock.sleep(1)
        books.close_sync(RUN, document(name), sync_id)

    assert [sync["name"] for sync in run_document(books.store, RUN)["syncs"]] == ["b", "a"]


def test_a_killed_run_tells_what_the_ledger_knows_of_it(books: Books) -> None:
    books.sync()
    books.run(RUN)
    books.begin(RUN)
    writer = books.enqueue(RUN, [Push("k1"), Push("k2"), Push("k3")])
    books.settle(writer, {1: accepted("00QAAAAAAAAAAA1AAA"), 2: rejected("STRING_TOO_LONG")})

    (sync,) = run_document(books.store, RUN)["syncs"]

    assert set(sync) == {*document(), "error"}
    assert (sync["planned"], sync["accepted"], sync["rejected"], sync["unknown"]) == (3, 1, 1, 1)
    assert sync["error"]["kind"] == "Interrupted"


@pytest.mark.parametrize("name", [RUN, f" {RUN} ", "20260131T10", "latest"])
def test_a_run_is_found_by_its_id_the_start_of_it_or_as_the_latest(books: Books, name: str) -> None:
    small_run(books)

    assert run_document(books.store, name)["run_id"] == RUN


def test_a_whole_id_is_meant_even_when_a_longer_one_begins_with_it(books: Books) -> None:
    for run_id in ("20260131", "20260131T10"):
        books.run(run_id)

    assert run_document(books.store, "20260131")["run_id"] == "20260131"


@pytest.mark.parametrize("name", ["2026", "20260131T"])
def test_a_start_that_two_runs_share_is_refused_with_both_named(books: Books, name: str) -> None:
    small_run(books)
    other = later_run(books, "20260131T110000-bbbb")

    with pytest.raises(UsageError, match="more than one run") as refusal:
        run_document(books.store, name)

    assert refusal.value.hint == f"the newest of them are {other}, {RUN}"


@pytest.mark.parametrize("name", ["nothing", "%", "' OR 1=1 --", "20260131t"])
def test_an_unknown_run_is_refused_with_the_newest_ids(books: Books, name: str) -> None:
    small_run(books)

    with pytest.raises(UsageError, match="there is no run") as refusal:
        run_document(books.store, name)

    assert RUN in refusal.value.hint


@pytest.mark.parametrize("name", ["latest", "2026"])
def test_before_the_first_run_the_hint_says_how_to_make_one(books: Books, name: str) -> None:
    with pytest.raises(UsageError, match="no run yet"):
        run_document(books.store, name)


def test_an_empty_id_names_no_run(books: Books) -> None:
    small_run(books)

    with pytest.raises(UsageError, match="empty"):
        run_document(books.store, " ")


def test_status_shows_each_configured_sync_as_it_stands(books: Books, project: Project) -> None:
    small_run(books)

    found = status(books.store, project, now=START + timedelta(hours=1))

    leads, contacts = found["syncs"]
    last = {
        "run_id": RUN,
        "status": "partial",
        "started_at": "2026-01-31T10:00:00Z",
        "finished_at": "2026-01-31T10:00:04Z",
        "error": None,
    }
    assert leads == {
        "name": "leads",
        "object": "Lead",
        "members": 2,
        "unknown": 1,
        "rejected": 1,
        "invalid": 1,
        "parked": [
            {"error_code": "MATCH_VALUE_MISSING", "rows": 1, "since": "2026-01-31T10:00:00Z"},
            {"error_code": "STRING_TOO_LONG", "rows": 1, "since": "2026-01-31T10:00:01Z"},
        ],
        "watermark": None,
        "backfilled_at": None,
        "last_run": last,
        "last_success": None,
        "api_calls": {"last_24_hours": 2, "by_kind": {"collections": 2}, "cap": 3, "left": 1},
    }
    assert (contacts["members"], contacts["last_run"], contacts["unknown"]) == (0, None, 0)
    assert contacts["api_calls"] == {"last_24_hours": 0, "by_kind": {}, "cap": None, "left": None}


def test_status_remembers_the_last_success_behind_a_failure(books: Books, project: Project) -> None:
    small_run(books)
    good = later_run(books, "20260131T110000-bbbb")
    bad = later_run(books, "20260131T120000-cccc", RunStatus.FAILED)

    leads = status(books.store, project, now=books.clock.now())["syncs"][0]

    assert leads["last_run"]["run_id"] == bad
    assert leads["last_run"]["status"] == "failed"
    assert leads["last_success"]["run_id"] == good
    assert (leads["rejected"], leads["invalid"]) == (0, 0)


def test_only_the_last_24_hours_count_against_the_cap(books: Books, project: Project) -> None:
    books.call("describe", None, "leads")
    books.clock.sleep(60)
    for kind in ("collections", "query", "query"):
        books.call(kind, None, "contacts")

    def calls(hours: float) -> Mapping[str, Any]:
        moment = START + timedelta(hours=hours)
        found: Mapping[str, Any] = status(books.store, project, now=moment)["api_calls"]
        return found

    assert calls(1) == {
        "last_24_hours": 4,
        "by_kind": {"collections": 1, "describe": 1, "query": 2},
        "cap": 100,
        "left": 96,
    }
    assert calls(24.01)["by_kind"] == {"collections": 1, "query": 2}
    assert calls(25)["left"] == 100


def test_a_cap_that_was_lowered_leaves_no_negative_room(books: Books, project: Project) -> None:
    for _ in range(5):
        books.call("query", None, "leads")

    assert status(books.store, project, now=START)["syncs"][0]["api_calls"]["left"] == 0


@pytest.mark.parametrize(
    "key", ["k2", " K2 ", "BO@example.com", "00QAAAAAAAAAAA1AAA", "00QAAAAAAAAAAA1", "00qaaaaaaaaaaa1aaa"]
)
def test_history_finds_a_member_by_key_match_value_or_salesforce_id(books: Books, key: str) -> None:
    small_run(books)

    found = history(books.store, key)

    assert [(row["profile_key"], row["attempt"], row["outcome"]) for row in found] == [
        ("k2", 1, "rejected"),
        ("k2", 2, "accepted"),
    ]
    assert found[0]["changed"] == {"Phone": ["1", None]}
    assert found[0]["sent_at"] == "2026-01-31T10:00:00.000000Z"


def test_the_short_form_of_an_id_is_compared_with_its_case(books: Books) -> None:
    small_run(books)

    assert history(books.store, "00qaaaaaaaaaaa1") == []


def test_history_has_rows_whose_answer_is_open_and_rows_that_we_stopped(books: Books) -> None:
    small_run(books)

    assert [row["outcome"] for row in history(books.store, "d@example.com")] == ["unknown"]
    assert [row["error_code"] for row in history(books.store, "k5")] == ["MATCH_VALUE_MISSING"]


@pytest.mark.parametrize("key", ["nobody", "", "%", "k"])
def test_an_unknown_key_has_no_history(books: Books, key: str) -> None:
    small_run(books)

    assert history(books.store, key) == []


def test_history_follows_a_member_whose_match_value_changed(books: Books) -> None:
    small_run(books)
    books.clock.sleep(60)
    books.run("20260131T110000-bbbb")
    writer = books.enqueue(
        "20260131T110000-bbbb",
        [Push("k1", {"Email": ("ann@example.com", "a@new.example")}, "a@new.example", "update", "trigger")],
    )
    books.settle(writer, {1: accepted("00QAAAAAAAAAAA2AAA", created=False)})

    for key in ("ann@example.com", "A@new.example", "00QAAAAAAAAAAA2AAA"):
        found = history(books.store, key)
        assert [row["changed"]["Email"] for row in found] == [
            [None, "ann@example.com"],
            ["ann@example.com", "a@new.example"],
        ]


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
        lambda text: text.strip(" \t\r\n")
    )
)
def test_whatever_a_key_is_made_of_its_history_is_found(books: Books, value: str) -> None:
    books.execute("DELETE FROM store.ledger")
    books.sync()
    writer = books.enqueue(RUN, [Push("k", {"Name": (None, value)}, match=value)])
    books.settle(writer, {1: accepted("00QAAAAAAAAAAA2AAA")})
    books.execute("DELETE FROM store.outbox")

    (row,) = history(books.store, value)

    assert row["match_value"] == value
    assert row["changed"] == {"Name": [None, value]}
