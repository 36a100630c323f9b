"""What Segment's libraries send, and what it says to us."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.intake.helpers import TOKEN, Pushing, config, pushing

SEGMENT = {"track": {"Order Completed": "buyers"}, "page": {"Pricing": "a/b"}}
COLUMNS = {
    "id": "VARCHAR",
    "kind": "VARCHAR",
    "group_id": "VARCHAR",
    "email": "VARCHAR",
    "employees": "INTEGER",
    "company": "JSON",
}
BASIC = "Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushing]:
    made = config(segment=SEGMENT)
    made["source"]["profiles"] = {"columns": COLUMNS, "key": "id"}
    with pushing(tmp_path_factory.mktemp("segment"), made) as one:
        yield one


@pytest.fixture
def sender(shared: Pushing) -> Pushing:
    """Its inbox is empty."""
    shared.inbox()
    with shared.holding.working() as store:
        store._connection.execute("DELETE FROM store.inbox")
    return shared


def say(sender: Pushing, call: str, body: Any, **headers: str) -> Any:
    return sender.send("POST", f"/v1/{call}", body, headers={"Authorization": BASIC, **headers})


def said(sender: Pushing) -> list[tuple[Any, ...]]:
    """The inbox: change and key, and what else the change holds."""
    return [
        (row["change"], row["profile_key"])
        + ((json.loads(row["attributes"]),) if row["attributes"] else ())
        + tuple(row[name] for name in ("audience", "member", "previous") if row[name] is not None)
        for row in sender.inbox()
    ]


@pytest.mark.parametrize(
    ("call", "body", "expected"),
    [
        (
            "identify",
            {"userId": "u1", "traits": {"EMAIL": "a@x.org", "company": {"name": "X"}, "plan": "a"}},
            [("profile", "u1", {"email": "a@x.org", "company": {"name": "X"}, "plan": "a", "kind": "user"})],
        ),
        ("i", {"anonymousId": 7, "traits": None}, [("profile", "7", {"kind": "user"})]),
        ("i", {"userId": "u1", "traits": {"id": "x", "kind": "x"}}, [("profile", "u1", {"kind": "user"})]),
        (
            "identify",
            {"userId": "", "anonymousId": "a1", "traits": {"Email": "x", "email": "y"}},
            [("profile", "a1", {"email": "y", "kind": "user"})],
        ),
        (
            "group",
            {"groupId": "g1", "userId": "u1", "traits": {"employees": 5, "company": "Acme"}},
            [
                ("profile", "group:g1", {"employees": 5, "company": "Acme", "kind": "group"}),
                ("profile", "u1", {"group_id": "g1"}),
            ],
        ),
        ("g", {"groupId": 5}, [("profile", "group:5", {"kind": "group"})]),
        ("track", {"userId": "u1", "event": "Order Completed"}, [("membership", "u1", "buyers", True)]),
        ("t", {"userId": "u1", "event": "Order Begun"}, []),
        ("page", {"userId": "u1", "name": "Pricing"}, [("membership", "u1", "a/b", True)]),
        ("p", {"userId": "u1", "name": None}, []),
        ("screen", {"userId": "u1", "name": "Pricing"}, []),
        ("alias", {"previousId": "a1", "userId": "u1"}, [("alias", "u1", "a1")]),
    ],
)  # fmt: skip
def test_each_call_says_what_segments_spec_means(
    sender: Pushing, call: str, body: Any, expected: list[tuple[Any, ...]]
) -> None:
    answer = say(sender, call, body)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert said(sender) == expected


@pytest.mark.parametrize(
    ("call", "body", "field"),
    [
        ("identify", [], ""),
        ("identify", {"traits": {}}, "anonymousId"),
        ("identify", {"userId": {"a": 1}}, "userId"),
        ("identify", {"userId": "group:7"}, "userId"),
        ("identify", {"userId": "u1", "traits": "x"}, "traits"),
        ("identify", {"userId": "u1", "traits": {"employees": "many"}}, "traits.employees"),
        ("identify", {"userId": "u1", "traits": {"email": {"a": 1}}}, "traits.email"),
        ("identify", {"userId": "u1", "traits": {"email": "a\0"}}, "traits.email"),
        ("identify", {"userId": "u1", "integrations": []}, "integrations"),
        ("identify", {"userId": "u1", "integrations": {"Salesforce": "yes"}}, "integrations.Salesforce"),
        ("group", {"userId": "u1"}, "groupId"),
        ("group", {"groupId": 1.5}, "groupId"),
        ("track", {"userId": "u1"}, "event"),
        ("track", {"event": "x"}, "anonymousId"),
        ("alias", {"userId": "u1"}, "previousId"),
        ("batch", {"batch": {}}, "batch"),
        ("batch", {}, "batch"),
    ],
)
def test_what_does_not_fit_is_a_400_that_the_library_does_not_try_again(
    sender: Pushing, call: str, body: Any, field: str
) -> None:
    refused = f'audiencesync_segment_messages_total{{result="refused",type="{call}"}}'
    before = sender.metric(refused) or 0
    answer = say(sender, call, body)
    assert answer.status_code == 400
    assert (sender.metric(refused) or 0) == before + (call != "batch")
    told = answer.json()
    assert (told["success"], told["code"], told["error"]["field"]) == (False, "invalid_request", field)
    assert told["message"].startswith(f"{field}: " if field else "must be")
    assert said(sender) == []


@pytest.mark.parametrize(
    ("integrations", "by_default", "opt_in"),
    [
        (None, True, False),
        ({}, True, False),
        ({"All": True}, True, False),
        ({"All": False}, False, False),
        ({"Salesforce": True}, True, True),
        ({"Salesforce": {"list": 1}}, True, True),
        ({"Salesforce": False}, False, False),
        ({"All": False, "Salesforce": True}, True, True),
        ({"All": True, "Salesforce": False}, False, False),
        ({"All": False, "Mixpanel": True}, False, False),
    ],
)
def test_integrations_decide_which_messages_are_ours(
    sender: Pushing, integrations: Any, by_default: bool, opt_in: bool
) -> None:
    from audiencesync.config.models import Segment
    from audiencesync.intake.segment import hear

    message = {"userId": "u1", "integrations": integrations}
    for choice, expected in ((False, by_default), (True, opt_in)):
        heard = hear(sender.intake.shape, Segment(opt_in=choice), "identify", message)
        assert bool(heard.changes) == expected, choice
        assert (heard.taken, heard.unused) == ((["identify"], []) if expected else ([], ["identify"]))


def test_a_batch_keeps_its_order_and_what_it_says_for_all(sender: Pushing) -> None:
    batch = [
        {"type": "identify", "userId": "u1"},
        {"type": "track", "userId": "u1", "event": "Order Completed", "integrations": {"Salesforce": True}},
        {"type": "identify", "userId": "u2", "integrations": {"All": True}},
    ]
    answer = say(sender, "batch", {"batch": batch, "integrations": {"All": False}, "context": {}})
    assert answer.status_code == 200
    assert said(sender) == [("membership", "u1", "buyers", True), ("profile", "u2", {"kind": "user"})]


def test_of_a_batch_the_good_messages_are_kept_and_the_bad_ones_counted_and_told(
    sender: Pushing, capfd: pytest.CaptureFixture[str]
) -> None:
    name = 'audiencesync_segment_messages_total{result="%s",type="%s"}'
    before = [sender.metric(name % one) or 0 for one in (("refused", "identify"), ("refused", "unknown"))]
    batch = [
        {"type": "identify", "userId": "u1", "traits": {"employees": "hunter2"}},
        {"type": "identify", "userId": "u2", "traits": {"friends": {"hunter2": "\0"}}},
        {"type": "identify", "userId": "u3"},
        {"type": ["identify"]},
        "hunter2",
        {"type": "hunter2"},
    ]
    assert say(sender, "batch", {"batch": batch}).status_code == 200
    assert said(sender) == [("profile", "u3", {"kind": "user"})]
    after = [sender.metric(name % one) for one in (("refused", "identify"), ("refused", "unknown"))]
    assert after == [before[0] + 2, before[1] + 3]
    told = "".join(capfd.readouterr())
    assert told.count("intake_refused") == 5
    assert "batch[0].traits.employees" in told
    assert "batch[5].type" in told
    assert "hunter2" not in told


def test_the_write_key_is_the_token(sender: Pushing) -> None:
    wrong = "Basic " + base64.b64encode(b"other:").decode()
    for given, status in (
        (BASIC, 200),
        (f"Bearer {TOKEN}", 200),
        (wrong, 401),
        ("Basic ÿ", 401),
        ("Basic =", 401),
    ):
        answer = say(sender, "identify", {"userId": "u1"}, Authorization=given.encode("latin-1"))  # type: ignore[arg-type]
        assert answer.status_code == status, given
    assert answer.json()["code"] == "invalid_request"


def test_browsers_send_json_as_text(sender: Pushing) -> None:
    body = {"userId": "u1"}
    assert say(sender, "identify", body, **{"Content-Type": "text/plain"}).status_code == 200
    assert say(sender, "identify", body, **{"Content-Type": "text/html"}).status_code == 415


def test_a_path_that_segment_has_not_is_not_there(sender: Pushing) -> None:
    assert say(sender, "nix", {}).status_code == 404
    assert sender.send("GET", "/v1/identify").status_code == 405
