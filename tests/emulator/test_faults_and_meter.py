"""Scripted trouble, the API meter and the admin API."""

from __future__ import annotations

import time
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Client, Emulator

LEAD = {"LastName": "A", "Company": "C"}


def emails(emulator: Emulator) -> list[str | None]:
    return [record.get("Email") for record in emulator.admin("GET", "records/Lead")["records"]]


@pytest.mark.parametrize("status", [500, 502, 503])
@pytest.mark.parametrize("html", [True, False])
def test_an_http_error_strikes_as_often_as_scripted(client: Client, status: int, html: bool) -> None:
    client.emulator.fault(
        "status", match={"method": "GET", "path": "/limits"}, status=status, html=html, times=2
    )
    answers = [client("GET", "/limits") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert ("<html>" in answers[0].text) is html


def test_a_connection_dropped_before_reading_applies_nothing(client: Client, emulator: Emulator) -> None:
    emulator.fault("drop_before", match={"method": "POST", "path": "/sobjects/Lead"})
    with pytest.raises(requests.ConnectionError):
        client.create("Lead", **LEAD, Email="before@example.com")

    assert "before@example.com" not in emails(emulator)


def test_a_connection_dropped_after_applying_has_applied(client: Client, emulator: Emulator) -> None:
    emulator.fault("drop_after", match={"method": "POST", "path": "/sobjects/Lead"})
    with pytest.raises(requests.ConnectionError):
        client.create("Lead", **LEAD, Email="after@example.com")

    assert "after@example.com" in emails(emulator)


def test_a_truncated_body_ends_early(client: Client, emulator: Emulator) -> None:
    emulator.fault("truncate_body", match={"path": "/describe"})
    with pytest.raises(requests.RequestException):
        client("GET", "/sobjects/Lead/describe")

    assert client("GET", "/sobjects/Lead/describe").status_code == 200


def test_results_of_a_job_can_be_truncated_too(client: Client, emulator: Emulator) -> None:
    job = client.bulk("Lead", "insert", "LastName,Company\n" + "A,B\n" * 100)["id"]
    emulator.fault("truncate_body", match={"path": "/successfulResults"})
    with pytest.raises(requests.RequestException):
        client("GET", f"/jobs/ingest/{job}/successfulResults")

    assert client.results(job, "successfulResults").count("\n") == 101


def test_a_slow_answer_comes_after_the_work_is_done(client: Client, emulator: Emulator) -> None:
    emulator.fault("slow", match={"method": "POST", "path": "/sobjects/Lead"}, seconds=0.4)
    started = time.monotonic()
    client.create("Lead", **LEAD, Email="slow@example.com")

    assert time.monotonic() - started >= 0.4
    assert "slow@example.com" in emails(emulator)


def test_a_session_can_end_mid_way(client: Client, emulator: Emulator) -> None:
    emulator.fault("expire_session", match={"path": "/limits"}, skip=1)

    assert [client("GET", "/limits").status_code for _ in range(3)] == [200, 401, 401]
    assert emulator.client()("GET", "/limits").status_code == 200


def test_a_fault_that_does_not_exist_is_refused(emulator: Emulator) -> None:
    for body in ({"kind": "earthquake"}, {"kind": "slow", "second": 1}):
        answer = emulator.http.post(f"{emulator.url}/__admin__/faults", json=body)
        assert answer.status_code == 400


def test_the_daily_limit_is_enforced_and_a_day_later_forgotten(launch: Callable[..., Emulator]) -> None:
    emulator = launch()
    client = emulator.client()
    emulator.admin("POST", "limits", daily_limit=3)
    answers = [client("GET", "/limits") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 403]
    assert answers[2].headers["Sforce-Limit-Info"] == "api-usage=3/3"
    assert answers[2].json()["DailyApiRequests"]["Remaining"] == 0
    assert answers[3].json() == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]
    emulator.admin("POST", "clock", advance_s=86_400 + 60)
    assert emulator.client()("GET", "/limits").status_code == 200


def test_an_answer_tells_the_time_once_and_by_the_clock_of_the_org(launch: Callable[..., Emulator]) -> None:
    emulator = launch()
    told = []
    for _ in range(2):
        answer = emulator.http.get(f"{emulator.url}/services/data/")
        told.append(parsedate_to_datetime(answer.headers["Date"]))
        emulator.admin("POST", "clock", advance_s=86_400)

    assert timedelta(days=1) <= told[1] - told[0] < timedelta(days=1, minutes=1)


def test_versions_need_no_login_and_are_not_counted(launch: Callable[..., Emulator]) -> None:
    emulator = launch()
    answer = emulator.http.get(f"{emulator.url}/services/data/")

    assert "Sforce-Limit-Info" not in answer.headers
    assert answer.json()[-1] == {
        "label": "Winter '27",
        "url": "/services/data/v68.0",
        "version": "68.0",
    }
    assert answer.json()[0]["version"] == "31.0"
    assert emulator.admin("GET", "counters")["api_calls_total"] == 0


@pytest.mark.parametrize(("version", "status"), [("30.0", 410), ("69.0", 404), ("31.0", 200), ("68.0", 200)])
def test_versions_outside_the_range_are_gone_or_unknown(client: Client, version: str, status: int) -> None:
    client.version = version

    assert client("GET", "/limits").status_code == status


def test_a_record_edited_as_a_user_would_costs_no_api_call(client: Client, emulator: Emulator) -> None:
    lead = client.create("Lead", **LEAD)
    before = emulator.admin("GET", "counters")["api_calls_total"]
    emulator.admin("PATCH", f"records/Lead/{lead}", LastName="Edited")

    assert emulator.admin("GET", "counters")["api_calls_total"] == before
    assert client.read("Lead", lead)["LastName"] == "Edited"


def test_a_record_can_come_back_from_the_bin_until_it_is_emptied(launch: Callable[..., Emulator]) -> None:
    emulator = launch()
    client = emulator.client()
    one, two = (client.create("Lead", **LEAD) for _ in range(2))
    client("DELETE", f"/composite/sobjects?ids={one},{two}")
    emulator.admin("POST", f"records/Lead/{one}/undelete")
    emulator.admin("POST", "clock", advance_s=16 * 86_400)

    client = emulator.client()
    assert client.read("Lead", one)["IsDeleted"] is False
    assert client("GET", f"/sobjects/Lead/{two}").json()[0]["errorCode"] == "NOT_FOUND"


def test_an_object_is_emptied_in_one_go_as_a_user_would_empty_it(launch: Callable[..., Emulator]) -> None:
    emulator = launch()
    leads = [emulator.admin("POST", "records/Lead", **LEAD, Email=f"{n}@example.com")["id"] for n in range(3)]
    account = emulator.admin("POST", "records/Account", Name="stays")["id"]

    assert emulator.admin("DELETE", "records/Lead") == {"count": 3}

    assert emails(emulator) == []
    binned = emulator.admin("GET", "records/Lead?deleted=true")["records"]
    assert [(record["Id"], record["IsDeleted"]) for record in binned] == [(one, True) for one in leads]
    assert [record["Id"] for record in emulator.admin("GET", "records/Account")["records"]] == [account]


def test_the_request_log_holds_what_was_asked(client: Client, emulator: Emulator) -> None:
    emulator.admin("DELETE", "requests")
    client("GET", "/limits")
    (entry,) = [
        item for item in emulator.admin("GET", "requests")["requests"] if "__admin__" not in item["path"]
    ]

    assert (entry["method"], entry["path"], entry["status"], entry["api_calls"]) == (
        "GET",
        "/services/data/v66.0/limits",
        200,
        1,
    )
