"""Profiles and memberships that are pushed by HTTP: what is kept, and what is refused."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from audiencesync.daemon.words import Word
from tests.intake.helpers import TOKEN, Pushing, config, pushing

UNSURE = {"memberships": [{"key": "a", "audience": "buyers", "member": 1}]}
NUMBERED = {"memberships": [{"key": "a", "audience": 7, "member": True}]}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushing]:
    with pushing(tmp_path_factory.mktemp("intake"), config(max_body="10KB")) as one:
        yield one


@pytest.fixture
def sender(shared: Pushing) -> Pushing:
    """Its inbox is empty."""
    shared.inbox()
    with shared.holding.working() as store:
        store._connection.execute("DELETE FROM store.inbox")
    shared.words()
    return shared


def refused(answer: Any) -> tuple[int, str, str]:
    error = answer.json()["error"]
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, error["field"], error["message"]


def test_a_pushed_profile_is_in_the_inbox_when_the_answer_comes(sender: Pushing) -> None:
    values = {
        "EMAIL": "ada@example.com",
        "score": 1.5,
        "born": "1815-12-10",
        "address": {"city": "London"},
        "tags": None,
    }
    answer = sender.send("PATCH", "/profiles/u1", values)

    assert (answer.status_code, answer.json()) == (200, {"accepted": 1})
    (row,) = sender.inbox()
    assert json.loads(row.pop("attributes")) == {"email": values.pop("EMAIL"), **values}
    assert row.pop("number") > 0
    assert row == {
        "received_at": sender.clock.now().replace(tzinfo=None),
        "change": "profile",
        "profile_key": "u1",
        "audience": None,
        "member": None,
        "previous": None,
    }
    assert sender.words() == [Word.PUSHED]


def test_each_request_says_its_own_change(sender: Pushing) -> None:
    single: list[tuple[str, str, Any]] = [
        ("PATCH", "/profiles/u1", {}),
        ("DELETE", "/profiles/u1", None),
        ("PUT", "/memberships/buyers/u1", None),
        ("DELETE", "/memberships/buyers/u1", None),
    ]
    for method, path, body in single:
        assert sender.send(method, path, body).json() == {"accepted": 1}
    batch = {
        "profiles": [{"key": 7, "attributes": {"visits": 3}}, {"key": "8", "removed": True}],
        "memberships": [{"key": "7", "audience": "buyers", "member": False}],
    }
    assert sender.send("POST", "/changes", batch).json() == {"accepted": 3}
    assert sender.send("POST", "/changes", {}).json() == {"accepted": 0}

    rows = sender.inbox()
    assert [(r["change"], r["profile_key"], r["attributes"], r["audience"], r["member"]) for r in rows] == [
        ("profile", "u1", "{}", None, None),
        ("removal", "u1", None, None, None),
        ("membership", "u1", None, "buyers", True),
        ("membership", "u1", None, "buyers", False),
        ("profile", "7", '{"visits":3}', None, None),
        ("removal", "8", None, None, None),
        ("membership", "7", None, "buyers", False),
    ]
    numbers = [row["number"] for row in rows]
    assert numbers == list(range(numbers[0], numbers[0] + 7))
    assert sender.words() == [Word.PUSHED], "a word waits once, however many come"


@pytest.mark.parametrize("key", ["a/b", "a%b", "ж 王", "x\ny", "?#&", "..", "'; DROP TABLE x", "/"])
def test_a_key_may_hold_anything_that_a_path_can_say(sender: Pushing, key: str) -> None:
    quoted = quote(key, safe="").replace("..", "%2E%2E")
    assert sender.send("PATCH", f"/profiles/{quoted}", {}).status_code == 200
    assert sender.send("PUT", f"/memberships/a%2Fb/{quoted}").status_code == 200
    assert [(row["profile_key"], row["audience"]) for row in sender.inbox()] == [(key, None), (key, "a/b")]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("PATCH", "/profiles/u1", {"emial": "x"}, (422, "emial", "is no column of the profiles; did")),
        ("PATCH", "/profiles/u1", {"visits": "3"}, (422, "visits", "must be a whole number")),
        ("PATCH", "/profiles/u1", {"visits": 2**31}, (422, "visits", "must be a whole number from -2147")),
        ("PATCH", "/profiles/u1", {"born": "10.12.1815"}, (422, "born", "must be a date such as 2026-01-31")),
        ("PATCH", "/profiles/u1", {"tags": "a"}, (422, "tags", "must be a list")),
        ("PATCH", "/profiles/u1", {"secret": "x"}, (422, "secret", "a value of type BLOB cannot be")),
        ("PATCH", "/profiles/u1", {"USER_ID": "u2"}, (422, "USER_ID", "is the key, which names")),
        ("PATCH", "/profiles/u1", {"email": "a", "Email": "b"}, (422, "Email", "is named twice: the case")),
        ("PATCH", "/profiles/u1", [], (422, "", "must be an object, column -> value")),
        ("PATCH", "/profiles/", {}, (422, "key", "is empty")),
        ("PATCH", "/profiles/u%00", {}, (422, "key", "holds a NUL character")),
        ("PUT", "/memberships/buyer/u1", None, (422, "audience", "is an audience of no sync; did you")),
        ("PUT", "/memberships/everyone/u1", None, (422, "audience", "is an audience by rule")),
        ("PUT", "/memberships/buyers", None, (422, "key", "is empty")),
        ("PUT", "/memberships/buyers/u1", {"member": False}, (400, "", "this request takes no body")),
        ("POST", "/changes", [], (422, "", "must be an object")),
        ("POST", "/changes", {"profile": []}, (422, "profile", "is unknown; known are")),
        ("POST", "/changes", {"profiles": {}}, (422, "profiles", "must be a list")),
        ("POST", "/changes", {"profiles": [7]}, (422, "profiles[0]", "must be an object")),
        ("POST", "/changes", {"profiles": [{"attributes": {}}]}, (422, "profiles[0].key", "is missing")),
        ("POST", "/changes", {"profiles": [{"key": True}]}, (422, "profiles[0].key", "must be text or")),
        ("POST", "/changes", {"profiles": [{"key": "a"}]}, (422, "profiles[0]", "needs either")),
        ("POST", "/changes", {"profiles": [{"key": ""}]}, (422, "profiles[0].key", "is empty")),
        ("POST", "/changes", NUMBERED, (422, "memberships[0].audience", "must be the")),
        ("POST", "/changes", UNSURE, (422, "memberships[0].member", "must be true or false")),
        ("GET", "/changes", None, (405, "method", "Method Not Allowed")),
        ("GET", "/profile/7", None, (404, "path", "Not Found")),
        ("GET", "/profiles", None, (404, "path", "Not Found")),
        ("POST", "/v1/identify", {}, (404, "path", "Not Found")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_field(
    sender: Pushing, method: str, path: str, body: Any, expected: tuple[int, str, str]
) -> None:
    status, field, message = refused(sender.send(method, path, body))
    assert (status, field, message[: len(expected[2])]) == expected
    assert sender.inbox() == []


@pytest.mark.parametrize(
    ("data", "status", "field", "message"),
    [
        (b"", 400, "", "the body is not JSON at line 1"),
        (b"{", 400, "", "the body is not JSON at line 1"),
        (b"\xff", 400, "", "the body is not UTF-8"),
        (b'{"score": NaN}', 400, "", "the body is not JSON: NaN is no number"),
        (b'{"score": -Infinity}', 400, "", "the body is not JSON: -Infinity is no number"),
        (b'{"score": 1e999}', 422, "score", "is a number too large"),
        (b'{"score": ' + b"9" * 400 + b"}", 422, "score", "is a number too large for its column"),
        (b'{"score": ' + b"9" * 5000 + b"}", 400, "", "the body is not JSON"),
        (b'{"email": "a", "email": "b"}', 400, "", "the body names a key twice in one object"),
        (b'{"email": "a\\u0000"}', 422, "email", "holds a NUL character"),
        (b'{"email": "\\ud83d"}', 422, "email", "holds half a character (a lone surrogate)"),
        (b'{"address": [{"a\\u0000": 1}]}', 422, "address[0]", "holds a NUL character"),
        (b'{"address": ' + b"[" * 70 + b"]" * 70 + b"}", 400, "", "is nested too deeply"),
        (b'{"a":' * 1500 + b"1" + b"}" * 1500, 400, "", "the body is nested too deeply"),
        (b"[" * 4900 + b"]" * 4900, 400, "", "the body is nested too deeply"),
    ],
)
def test_a_body_that_cannot_be_kept_is_refused(
    sender: Pushing, data: bytes, status: int, field: str, message: str
) -> None:
    answer = sender.send("PATCH", "/profiles/u1", data=data, headers={"Content-Type": "application/json"})
    assert refused(answer) == (status, field, message)
    assert sender.inbox() == []


def test_a_batch_is_taken_whole_or_not_at_all(sender: Pushing) -> None:
    good = {"key": "u1", "attributes": {"email": "a"}}
    bad = {"key": "u2", "attributes": {"visits": 0.5}}
    answer = sender.send("POST", "/changes", {"profiles": [good, bad, good]})

    assert refused(answer) == (422, "profiles[1].attributes.visits", "must be a whole number")
    assert sender.inbox() == []


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer \xff"]
)
def test_who_has_not_the_token_is_told_so_and_nothing_else(
    sender: Pushing, authorization: str | None
) -> None:
    before = sender.metric('audiencesync_intake_refused_total{status="401"}') or 0
    given = {"Authorization": authorization} if authorization is not None else {"Authorization": "x"}
    for path, data in (("/profiles/u1", b"{"), ("/profiles/", b"x" * 50_000)):
        answer = sender.send("PATCH", path, data=data, headers=given)
        assert refused(answer) == (401, "Authorization", "must hold the token")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert sender.metric('audiencesync_intake_refused_total{status="401"}') == before + 2


def test_a_push_that_finds_no_path_or_not_its_method_is_counted_and_what_is_no_push_is_not(
    sender: Pushing,
) -> None:
    def counted() -> list[float]:
        return [
            sender.metric(f'audiencesync_intake_refused_total{{status="{one}"}}') or 0 for one in (404, 405)
        ]

    missing, mistaken = counted()
    for number, (method, path) in enumerate(
        [("POST", "/profiles/u1"), ("GET", "/changes"), ("PATCH", "/memberships/a%2Fb/u1")], 1
    ):
        answer = sender.send(method, path)
        assert (answer.status_code, answer.headers["Allow"] != "") == (405, True)
        assert counted() == [missing, mistaken + number]
    for number, path in enumerate(["/profiles", "/changes/", "/v1/identify"], 1):
        assert sender.send("POST", path).status_code == 404
        assert counted() == [missing + number, mistaken + 3]
    for method, path in (("GET", "/favicon.ico"), ("GET", "/"), ("POST", "/metrics"), ("POST", "/profilesx")):
        sender.send(method, path)
    assert counted() == [missing + 3, mistaken + 3]


def test_other_media_types_and_packings_are_refused(sender: Pushing) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "", "application/json5"):
        answer = sender.send("PATCH", "/profiles/u1", data=b"{}", headers={"Content-Type": kind})
        assert refused(answer) == (415, "Content-Type", "must be application/json")
    kinds = {"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "br"}
    answer = sender.send("PATCH", "/profiles/u1", data=b"{}", headers=kinds)
    assert refused(answer) == (415, "Content-Encoding", "must be gzip, or absent")


def test_a_body_may_be_packed(sender: Pushing) -> None:
    packed = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    body = gzip.compress(b'{"email": "a"}')
    assert sender.send("PATCH", "/profiles/u1", data=body, headers=packed).status_code == 200
    for broken in (body[:-3], body + b"more", b"{}"):
        answer = sender.send("PATCH", "/profiles/u1", data=broken, headers=packed)
        assert answer.status_code == 400
    assert len(sender.inbox()) == 1


def test_a_body_that_is_too_large_is_refused_however_it_comes(sender: Pushing) -> None:
    large = b'{"email": "' + b"x" * 1_000_000 + b'"}'
    kind = {"Content-Type": "application/json"}
    bomb = gzip.compress(b" " * 50_000_000)
    for data, headers in (
        (large, kind),
        (iter([large[:5000], large[5000:]]), kind),
        (bomb, {**kind, "Content-Encoding": "gzip"}),
        (gzip.compress(b"x" * 10_001), {**kind, "Content-Encoding": "gzip"}),
    ):
        answer = sender.send("PATCH", "/profiles/u1", data=data, headers=headers)
        assert refused(answer) == (413, "", "the body is larger than 10000 bytes (daemon.intake.max_body)")
    fits = b'{"email":"' + b"x" * 9988 + b'"}'
    assert sender.send("PATCH", "/profiles/u1", data=fits, headers=kind).status_code == 200


def test_no_word_of_an_answer_repeats_a_value(sender: Pushing) -> None:
    for body in (
        {"visits": "hunter2"}, {"born": "hunter2"}, {"address": ["hunter2\0"]}, {"tags": [{"hunter2": 1}]},
    ):  # fmt: skip
        answer = sender.send("POST", "/changes", {"profiles": [{"key": "hunter2", "attributes": body}]})
        assert answer.status_code == 422
        assert "hunter2" not in answer.json()["error"]["message"]


def test_many_at_once_are_all_kept_in_one_order(sender: Pushing) -> None:
    def push(number: int) -> int:
        return sender.send("PATCH", f"/profiles/u{number}", {"visits": number}).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(push, range(200))) == {200}
    rows = sender.inbox()
    assert {row["profile_key"] for row in rows} == {f"u{number}" for number in range(200)}
    assert [row["number"] for row in rows] == list(range(rows[0]["number"], rows[0]["number"] + 200))


def test_pushes_go_on_while_the_store_is_opened_anew(sender: Pushing) -> None:
    ended = threading.Event()
    codes: list[int] = []

    def push() -> None:
        while not ended.is_set():
            codes.append(sender.send("PATCH", "/profiles/u1", {}).status_code)

    thread = threading.Thread(target=push)
    thread.start()
    for _ in range(3):
        before = len(codes)
        while len(codes) < before + 3:
            time.sleep(0.01)
        begun = time.monotonic()
        sender.holding.renew()
        assert time.monotonic() - begun < 5, "whoever writes gives the store back"
    ended.set()
    thread.join()
    assert set(codes) == {200}
    assert len(sender.inbox()) == len(codes)


def test_changes_stay_in_their_order_and_are_dated_by_the_clock_though_it_is_put_back(
    sender: Pushing,
) -> None:
    sender.send("PATCH", "/profiles/u1", {})
    sender.clock.sleep(-3600)
    try:
        sender.send("PATCH", "/profiles/u2", {})
    finally:
        sender.clock.sleep(3600)
    first, second = sender.inbox()
    assert (first["profile_key"], second["profile_key"]) == ("u1", "u2")
    assert first["received_at"] - second["received_at"] == timedelta(hours=1)


def test_what_waits_is_counted(sender: Pushing) -> None:
    before = sender.metric('audiencesync_intake_changes_total{change="membership"}') or 0
    assert sender.metric("audiencesync_inbox_rows") == 0
    sender.send("PUT", "/memberships/buyers/u1")
    sender.clock.sleep(30)
    assert sender.metric('audiencesync_intake_changes_total{change="membership"}') == before + 1
    assert sender.metric("audiencesync_inbox_rows") == 1
    assert sender.metric("audiencesync_inbox_oldest_seconds") == 30
    assert (
        "1 pushed change waits for a run, the oldest since 2026-03-01 12:00" in sender.send("GET", "/").text
    )


def test_a_sender_who_hangs_up_in_the_middle_does_no_harm(sender: Pushing) -> None:
    host, port = sender.url.removeprefix("http://").split(":")
    for begun in (b'{"email"', b""):
        with socket.create_connection((host, int(port))) as line:
            head = f"PATCH /profiles/u1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
            line.sendall(
                f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n".encode() + begun
            )
    assert sender.send("PATCH", "/profiles/u2", {}).status_code == 200
    assert [row["profile_key"] for row in sender.inbox()] == ["u2"]


def test_numbers_go_on_after_what_is_in_the_inbox_already(tmp_path: Path) -> None:
    for _ in range(2):
        with pushing(tmp_path, config()) as sender:
            sender.send("PATCH", "/profiles/u1", {})
            numbers = [row["number"] for row in sender.inbox()]
    assert numbers == [1, 2]
