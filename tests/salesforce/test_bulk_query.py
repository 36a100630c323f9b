"""Bulk queries: pages that become one file, and files that are never short without a word."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import responses
from responses import matchers

from audiencesync.errors import BudgetSpent, SalesforceRefused, SalesforceUnavailable
from audiencesync.salesforce.bulk_query import find_all
from audiencesync.salesforce.session import Session

from .helpers import API, CountingMeter, HeldClock

JOBS = API + "jobs/query"
JOB = f"{JOBS}/750Q1"
RESULTS = f"{JOB}/results"


def _job(org: responses.RequestsMock, **ended: object) -> None:
    org.post(JOBS, json={"id": "750Q1", "state": "UploadComplete"})
    org.get(JOB, json={"id": "750Q1", "state": "InProgress"})
    org.get(JOB, json={"id": "750Q1", "state": "JobComplete", **ended})


def _page(org: responses.RequestsMock, body: str, headers: Mapping[str, str], locator: str = "") -> None:
    params = {"locator": locator} if locator else {}
    org.get(
        RESULTS,
        body=body.encode(),
        headers=dict(headers),
        content_type="text/csv",
        match=[matchers.query_param_matcher(params)],
    )


def test_pages_become_one_file(
    org: responses.RequestsMock, session: Session, meter: CountingMeter, clock: HeldClock, tmp_path: Path
) -> None:
    _job(org, numberRecordsProcessed=4)
    first = {"Sforce-Locator": "AAA", "Sforce-NumberOfRecords": "2"}
    _page(org, '"Id","Email"\n"1","zoë@x"\n"2","two\nlines"', first)
    _page(org, '"Id","Email"\n"3","a ""b"" c"\n', {"Sforce-Locator": "BBB"}, "AAA")
    _page(org, '"Id","Email"\n"4",""\n', {"Sforce-Locator": "null", "Sforce-NumberOfRecords": "1"}, "BBB")

    assert find_all(session, "Lead", ["Id", "Email"], "Email", tmp_path / "all.csv") == 4

    assert (tmp_path / "all.csv").read_text(encoding="utf-8") == (
        '"Id","Email"\n"1","zoë@x"\n"2","two\nlines"\n"3","a ""b"" c"\n"4",""\n'
    )
    assert [path.name for path in tmp_path.iterdir()] == ["all.csv"]
    polls = ["bulk_query_poll"] * 2
    assert meter.charged == ["bulk_query_create", *polls, *["bulk_query_results"] * 3]
    assert clock.slept == [0.25, 1.0]
    sent = json.loads(org.calls[1].request.body or b"")
    assert sent["query"] == "SELECT Id, Email FROM Lead WHERE Email != null"


def test_a_short_page_is_asked_for_again(
    org: responses.RequestsMock, session: Session, meter: CountingMeter, tmp_path: Path
) -> None:
    _job(org, numberRecordsProcessed=2)
    headers = {"Sforce-Locator": "null", "Sforce-NumberOfRecords": "2"}
    _page(org, '"Id"\n"1"\n', headers)
    _page(org, '"Id"\n"1"\n"2"\n', headers)

    assert find_all(session, "Lead", ["Id"], None, tmp_path / "all.csv") == 2
    assert meter.charged.count("bulk_query_results") == 2


def test_a_locator_that_got_lost_is_noticed(
    org: responses.RequestsMock, session: Session, tmp_path: Path
) -> None:
    """A proxy that drops headers must not turn the first page into the whole."""
    _job(org, numberRecordsProcessed=3)
    _page(org, '"Id"\n"1"\n', {})

    with pytest.raises(SalesforceUnavailable, match="3 records and gave 1"):
        find_all(session, "Lead", ["Id"], None, tmp_path / "all.csv")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("body", ["", '"Id"\n', '"Id"'])
def test_nothing_found_is_a_header(
    org: responses.RequestsMock, session: Session, tmp_path: Path, body: str
) -> None:
    _job(org, numberRecordsProcessed=0)
    _page(org, body, {"Sforce-Locator": "null", "Sforce-NumberOfRecords": "0"})

    assert find_all(session, "Lead", ["Id"], None, tmp_path / "all.csv") == 0
    assert (tmp_path / "all.csv").read_text().replace('"', "") == "Id\n"


@pytest.mark.parametrize(
    ("error", "raised", "said"),
    [
        ("", SalesforceUnavailable, "750Q1 ended as Failed"),
        ("QUERY_TIMEOUT: took too long", SalesforceUnavailable, "750Q1 ended as Failed"),
        ("ExceededQuota : TotalJobs Limit exceeded", BudgetSpent, "quota of the org is used up"),
        ("InvalidEntity : Opportunity is not supported", SalesforceRefused, "750Q1 ended as Failed"),
    ],
)
def test_a_job_that_failed_leaves_no_file(  # noqa: PLR0917
    org: responses.RequestsMock,
    session: Session,
    tmp_path: Path,
    error: str,
    raised: type[Exception],
    said: str,
) -> None:
    _job(org, state="Failed", errorMessage=error)
    with pytest.raises(raised, match=said):
        find_all(session, "Lead", ["Id"], None, tmp_path / "all.csv")
    assert list(tmp_path.iterdir()) == []


def test_results_of_another_version_are_refused_and_not_asked_for_again(
    org: responses.RequestsMock, session: Session, meter: CountingMeter, tmp_path: Path
) -> None:
    _job(org, numberRecordsProcessed=1)
    org.get(RESULTS, json=[{"errorCode": "INVALID_API_VERSION", "message": "x"}], status=409)
    with pytest.raises(SalesforceRefused) as caught:
        find_all(session, "Lead", ["Id"], None, tmp_path / "all.csv")
    assert caught.value.status == 409
    assert meter.charged.count("bulk_query_results") == 1


def test_a_lost_job_changes_nothing_and_means_later(
    org: responses.RequestsMock, session: Session, tmp_path: Path
) -> None:
    org.post(JOBS, status=502)
    with pytest.raises(SalesforceUnavailable):
        find_all(session, "Lead", ["Id"], None, tmp_path / "all.csv")


@pytest.mark.parametrize("name", ["Id FROM User", "", "FIELDS(ALL)"])
def test_only_names_go_into_the_statement(web: responses.RequestsMock, session: Session, name: str) -> None:
    with pytest.raises(ValueError, match="characters"):
        find_all(session, "Lead", [name], None, Path("unused"))
