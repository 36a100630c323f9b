"""What a session does with each answer: renew, retry, refuse, or say that nobody knows."""

import threading
import traceback

import pytest
import requests
import responses
import urllib3.exceptions
from requests import PreparedRequest

from audiencesync.errors import (
    AnswerLost,
    AudienceSyncError,
    BudgetSpent,
    OtherOrg,
    SalesforceRefused,
    SalesforceUnavailable,
)
from audiencesync.salesforce.session import Session

from .helpers import API, INSTANCE, LOGIN, TOKEN_URL, CountingMeter, HeldClock, grant, token_document

EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def _write(session: Session) -> object:
    return session.write("collections", "PATCH", "composite/sobjects/Lead/Email", document={"a": 1})


def _read(session: Session) -> object:
    return session.get_json("limits", "limits")


def _paths(web: responses.RequestsMock) -> list[str]:
    return [str(call.request.url).rpartition("/")[2] for call in web.calls]


def test_nothing_is_sent_before_the_first_request(
    web: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    assert meter.charged == []
    assert len(web.calls) == 0


def test_sign_in_is_not_billed_and_the_rest_is(
    org: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    org.get(API + "limits", json={})
    org.get(INSTANCE + "/services/data/", json=[])

    _read(session)
    session.get_json(None, "/services/data/")

    assert meter.charged == ["limits"]
    assert len(org.calls) == 3


def test_a_session_that_ended_is_renewed_once_and_the_replay_is_billed(
    org: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    org.post(TOKEN_URL, json=token_document(access_token="00Dxx!AQtoken2"))
    org.patch(API + "composite/sobjects/Lead/Email", json=EXPIRED, status=401)
    org.patch(API + "composite/sobjects/Lead/Email", json=[])

    assert _write(session) == []

    assert meter.charged == ["collections", "collections"]
    assert _paths(org) == ["token", "Email", "token", "Email"]
    assert org.calls[3].request.headers["Authorization"] == "Bearer 00Dxx!AQtoken2"
    assert org.calls[1].request.body == org.calls[3].request.body
    lost = {"Authorization"}
    assert {k: v for k, v in org.calls[1].request.headers.items() if k not in lost} == {
        k: v for k, v in org.calls[3].request.headers.items() if k not in lost
    }


@pytest.mark.parametrize("body", ["", "<html>401</html>", '{"message":"x"}', "[]", "null"])
def test_a_second_401_is_a_refusal_whatever_its_body(
    org: responses.RequestsMock, session: Session, body: str
) -> None:
    org.post(TOKEN_URL, json=token_document(access_token="00Dxx!AQtoken2"))
    org.patch(API + "composite/sobjects/Lead/Email", body=body, status=401)

    with pytest.raises(SalesforceRefused) as caught:
        _write(session)

    assert caught.value.status == 401
    assert len(org.calls) == 4


def test_a_401_that_no_token_can_mend_is_refused_at_once(
    org: responses.RequestsMock, session: Session
) -> None:
    body = [
        {"message": "This session is not valid for use with the REST API", "errorCode": "INVALID_SESSION_ID"}
    ]
    org.get(API + "limits", json=body, status=401)

    with pytest.raises(SalesforceRefused):
        _read(session)

    assert len(org.calls) == 2


def test_a_renewed_session_may_live_elsewhere(org: responses.RequestsMock, session: Session) -> None:
    """simple-salesforce keeps the old host after a renewal."""
    org.post(TOKEN_URL, json=token_document("https://moved.my.salesforce.com"))
    org.get(API + "limits", json=EXPIRED, status=401)
    org.get("https://moved.my.salesforce.com/services/data/v66.0/limits", json={"moved": True})

    assert _read(session) == {"moved": True}


def test_threads_share_one_renewal(
    web: responses.RequestsMock, pem: str, clock: HeldClock, meter: CountingMeter
) -> None:
    """Four threads meet the end of the session together; the token host sees two requests in all."""
    together = threading.Barrier(4)
    tokens = iter(("00Dxx!AQtoken1", "00Dxx!AQtoken2", "00Dxx!AQtoken3"))

    def token(_: PreparedRequest) -> tuple[int, dict[str, str], str]:
        return 200, {}, f'{{"access_token": "{next(tokens)}", "instance_url": "{INSTANCE}"}}'

    def limits(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        if request.headers["Authorization"].endswith("token1"):
            together.wait(timeout=10)
            return 401, {}, '[{"errorCode": "INVALID_SESSION_ID", "message": ""}]'
        return 200, {}, "{}"

    web.add_callback(responses.POST, TOKEN_URL, token)
    web.add_callback(responses.GET, API + "limits", limits)
    answers: list[object] = []
    with Session.connect(
        grant(pem), api_version="v66.0", ca_bundle=None, meter=meter, clock=clock
    ) as session:
        threads = [threading.Thread(target=lambda: answers.append(_read(session))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)

    assert answers == [{}, {}, {}, {}]
    assert _paths(web).count("token") == 2


READ_TROUBLE = [
    {"body": "<html>busy</html>", "status": 503},
    {"body": "", "status": 500},
    {"body": "<html>sign in</html>", "status": 200},
    {"body": '{"cut": ', "status": 200},
    {"json": [{"errorCode": "SERVER_UNAVAILABLE", "message": "x"}], "status": 503},
    {
        "json": [
            {"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentPerOrgLongTxn Limit exceeded."}
        ],
        "status": 403,
    },
    {"json": [{"errorCode": "QUERY_TIMEOUT", "message": "x"}], "status": 400},
    {"body": "", "status": 420},
    {"body": "", "status": 429},
    {"body": requests.exceptions.ReadTimeout()},
    {"body": requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError("reset"))},
    {"body": requests.exceptions.ConnectTimeout()},
    {"body": requests.exceptions.ChunkedEncodingError()},
]


@pytest.mark.parametrize("trouble", READ_TROUBLE)
def test_a_read_is_tried_again(
    org: responses.RequestsMock,
    session: Session,
    meter: CountingMeter,
    clock: HeldClock,
    trouble: dict[str, object],
) -> None:
    org.get(API + "limits", **trouble)
    org.get(API + "limits", json={"fine": True})

    assert _read(session) == {"fine": True}

    assert meter.charged == ["limits", "limits"]
    assert len(clock.slept) == 1


def test_a_read_is_given_up_after_five_attempts(org: responses.RequestsMock, session: Session) -> None:
    org.get(API + "limits", body="<html>", status=503)

    with pytest.raises(SalesforceUnavailable):
        _read(session)

    assert len(org.calls) == 6


@pytest.mark.parametrize(
    "trouble",
    [
        {"body": "<html>busy</html>", "status": 503},
        {"body": "", "status": 500},
        {"json": [{"errorCode": "UNKNOWN_EXCEPTION", "message": "x"}], "status": 500},
        {"body": "<html>sign in</html>", "status": 200},
        {"body": "<html>blocked</html>", "status": 403},
        {"json": {"error": "blocked by the proxy"}, "status": 403},
        {"body": '[{"success": tr', "status": 200},
        {"body": "", "status": 408},
        {"body": requests.exceptions.ReadTimeout()},
        {"body": requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError("reset"))},
        {"body": requests.exceptions.ChunkedEncodingError()},
        {"body": requests.exceptions.ContentDecodingError()},
        {"body": requests.exceptions.SSLError("decryption failed")},
    ],
)
def test_a_write_in_doubt_is_never_sent_again(
    org: responses.RequestsMock, session: Session, meter: CountingMeter, trouble: dict[str, object]
) -> None:
    org.patch(API + "composite/sobjects/Lead/Email", **trouble)

    with pytest.raises(AnswerLost):
        _write(session)

    assert meter.charged == ["collections"]
    assert len(org.calls) == 2


@pytest.mark.parametrize(
    "trouble",
    [
        {"body": requests.exceptions.ConnectTimeout()},
        {"body": requests.exceptions.ProxyError()},
        {
            "body": requests.exceptions.ConnectionError(
                urllib3.exceptions.MaxRetryError(
                    None,  # type: ignore[arg-type]
                    "/",
                    urllib3.exceptions.NameResolutionError("h", None, OSError()),  # type: ignore[arg-type]
                )
            )
        },
        {
            "json": [
                {"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentRequests Limit exceeded."}
            ],
            "status": 403,
        },
        {"json": [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "x"}], "status": 400},
        {"body": "", "status": 429},
    ],
)
def test_a_write_that_surely_was_not_applied_is_sent_again(
    org: responses.RequestsMock, session: Session, meter: CountingMeter, trouble: dict[str, object]
) -> None:
    org.patch(API + "composite/sobjects/Lead/Email", **trouble)
    org.patch(API + "composite/sobjects/Lead/Email", json=[])

    assert _write(session) == []

    assert meter.charged == ["collections", "collections"]


def test_an_org_without_calls_left_ends_the_work_at_once(
    org: responses.RequestsMock, session: Session
) -> None:
    body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
    org.get(API + "limits", json=body, status=403)

    with pytest.raises(BudgetSpent) as caught:
        _read(session)

    assert caught.value.seconds_left == 3600
    assert len(org.calls) == 2


def test_a_spent_budget_stops_the_call(org: responses.RequestsMock, pem: str, clock: HeldClock) -> None:
    org.get(API + "limits", json={})
    meter = CountingMeter(budget=1)
    with Session.connect(grant(pem), api_version="66.0", ca_bundle=None, meter=meter, clock=clock) as session:
        _read(session)
        with pytest.raises(BudgetSpent):
            _read(session)

    assert len(org.calls) == 2


@pytest.mark.parametrize(
    "case",
    [
        (404, [{"errorCode": "NOT_FOUND", "message": "x"}], "NOT_FOUND", "does not exist"),
        (410, [{"errorCode": "GONE", "message": "x"}], "GONE", "api_version"),
        (403, [{"errorCode": "API_DISABLED_FOR_ORG", "message": "x"}], "API_DISABLED_FOR_ORG", "API Enabled"),
        (400, {"errorCode": "INVALID_TYPE", "message": "x"}, "INVALID_TYPE", "object"),
        (400, [{"errorCode": "SOMETHING_NEW", "message": "x"}], "SOMETHING_NEW", "administrator"),
    ],
)
def test_a_refusal_has_its_code_and_a_cure(
    org: responses.RequestsMock, session: Session, case: tuple[int, object, str, str]
) -> None:
    status, body, code, hint = case
    org.patch(API + "composite/sobjects/Lead/Email", json=body, status=status)

    with pytest.raises(SalesforceRefused) as caught:
        _write(session)

    assert (code, status) == (caught.value.code, caught.value.status)
    assert hint in caught.value.hint


def test_a_refused_field_is_named(org: responses.RequestsMock, session: Session) -> None:
    body = [{"errorCode": "INVALID_FIELD", "message": "No such column 'Foo__c' on sobject of type Lead"}]
    org.patch(API + "composite/sobjects/Lead/Email", json=body, status=400)

    with pytest.raises(SalesforceRefused, match="Foo__c"):
        _write(session)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused_and_the_token_goes_nowhere(
    org: responses.RequestsMock, session: Session, status: int
) -> None:
    elsewhere = {"Location": "https://elsewhere.example/"}
    org.get(API + "limits", status=status, headers=elsewhere)

    with pytest.raises(SalesforceRefused, match="redirected"):
        _read(session)

    assert len(org.calls) == 2


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("api-usage=18/5000", [(18, 5000)]),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=sample-connected-app)", [(25, 5000)]),
        ("per-app-api-usage=17/250(appName=x); api-usage=25/5000", [(25, 5000)]),
        ("per-app-api-usage=17/250(appName=x)", []),
        ("api-usage=1/0", []),
        ("nonsense", []),
    ],
)
def test_the_orgs_usage_is_read_from_every_answer(
    org: responses.RequestsMock,
    session: Session,
    meter: CountingMeter,
    header: str,
    expected: list[tuple[int, int]],
) -> None:
    org.get(API + "limits", json=[], status=404, headers={"Sforce-Limit-Info": header})

    with pytest.raises(SalesforceRefused):
        _read(session)

    assert expected == meter.usages


def test_no_word_of_salesforce_or_of_a_query_enters_an_error(
    org: responses.RequestsMock, session: Session
) -> None:
    marked = "canary@people.example"
    body = [{"errorCode": "MALFORMED_QUERY", "message": f"near {marked}", "fields": [marked]}]
    org.get(API + "query", json=body, status=400)
    org.get(API + "query", body=requests.exceptions.ConnectionError(f"/query?q={marked}"))

    for _ in range(2):
        with pytest.raises(AudienceSyncError) as caught:
            session.get("query", "query", params={"q": f"SELECT Id FROM Lead WHERE Email='{marked}'"})
        shown = "".join(traceback.format_exception(caught.value)) + caught.value.hint
        assert marked not in shown


@pytest.mark.parametrize("told", ["00D50000000IZ3Z/00550000001fg5O", "00D50000000IZ3ZEAW/00550000001fg5OAAQ"])
def test_whose_session_it_is_comes_with_the_sign_in(
    web: responses.RequestsMock, session: Session, meter: CountingMeter, told: str
) -> None:
    """Salesforce's own example of an identity URL holds short Ids."""
    web.post(TOKEN_URL, json={**token_document(), "id": f"https://login.salesforce.com/id/{told}"})
    assert session.user_id == "00550000001fg5OAAQ"
    assert meter.charged == []


def test_a_renewed_session_never_goes_on_in_another_org(
    org: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    """A sandbox that was refreshed has the address and the users of before, and a new Id."""
    refreshed = token_document(access_token="00Dyy!AQtoken2")
    org.post(TOKEN_URL, json={**refreshed, "id": f"{LOGIN}/id/00D000000000002EAA/005000000000001AAA"})
    org.patch(API + "composite/sobjects/Lead/Email", json=EXPIRED, status=401)

    for _ in range(2):
        with pytest.raises(OtherOrg, match=r"org 00D000000000001EAA, and .* to 00D000000000002EAA"):
            _write(session)

    assert {
        call.request.headers["Authorization"] for call in org.calls if "/data/" in str(call.request.url)
    } == {"Bearer 00Dxx!AQtoken1"}


def test_whose_session_it_is_is_asked_once_where_the_sign_in_does_not_say(
    web: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    web.post(TOKEN_URL, json={**token_document(), "id": None})
    asked = web.get(INSTANCE + "/services/oauth2/userinfo", json={"user_id": "00550000001fg5OAAQ"})

    assert (session.user_id, session.user_id) == ("00550000001fg5OAAQ", "00550000001fg5OAAQ")

    assert asked.call_count == 1
    assert meter.charged == []


def test_nobody_is_no_user(web: responses.RequestsMock, session: Session) -> None:
    web.post(TOKEN_URL, json={**token_document(), "id": None})
    web.get(INSTANCE + "/services/oauth2/userinfo", json={})
    with pytest.raises(SalesforceUnavailable, match="whose"):
        assert session.user_id


def test_the_client_is_named_so_that_our_own_changes_can_be_told(
    org: responses.RequestsMock, session: Session
) -> None:
    org.get(API + "limits", json={})

    _read(session)

    assert org.calls[1].request.headers["Sforce-Call-Options"] == "client=audiencesync"
    assert "gzip" in org.calls[1].request.headers["Accept-Encoding"]
