"""The life of a Bulk job, and what is known when an answer is lost."""

import datetime as dt
import json
from pathlib import Path

import pytest
import requests
import responses

from audiencesync.errors import AnswerLost, SalesforceRefused, SalesforceUnavailable
from audiencesync.records import Job, JobState, OpenJob, Operation, WriteOptions
from audiencesync.salesforce import bulk
from audiencesync.salesforce.session import Session

from .helpers import API, CountingMeter, HeldClock

JOB = "7505e000000001AAAQ"
JOBS = API + "jobs/ingest"
ONE = f"{JOBS}/{JOB}"


def _info(state: str, **more: object) -> dict[str, object]:
    return {"id": JOB, "state": state, "apiVersion": 66.0, **more}


def _lost(web: responses.RequestsMock) -> None:
    web.patch(ONE, body=requests.exceptions.ReadTimeout())


def test_a_job_says_what_its_file_looks_like(
    org: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    org.post(JOBS, json=_info("Open"))

    assert bulk.create_job(session, "Lead", Operation.UPSERT, "Email", WriteOptions()) == JOB

    assert json.loads(org.calls[-1].request.body or b"") == {
        "object": "Lead",
        "operation": "upsert",
        "externalIdFieldName": "Email",
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    assert meter.charged == ["bulk_create"]


def test_an_update_job_has_no_match_field(org: responses.RequestsMock, session: Session) -> None:
    org.post(JOBS, json=_info("Open"))

    bulk.create_job(session, "Lead", Operation.UPDATE, None, WriteOptions())

    assert "externalIdFieldName" not in json.loads(org.calls[-1].request.body or b"")


@pytest.mark.parametrize(
    "options", [WriteOptions(assignment_rule=True), WriteOptions(duplicate_allow_save=True)]
)
def test_what_a_job_cannot_do_is_never_silently_left_undone(
    web: responses.RequestsMock, session: Session, options: WriteOptions
) -> None:
    assert not bulk.honours(options, Operation.UPSERT)
    with pytest.raises(ValueError, match="Bulk"):
        bulk.create_job(session, "Lead", Operation.UPSERT, "Email", options)


def test_a_field_that_cannot_be_matched_by_is_refused(org: responses.RequestsMock, session: Session) -> None:
    message = (
        "InvalidJob : Field name provided, Phone does not match an External ID, Salesforce Id, "
        "or indexed field for Lead"
    )
    org.post(JOBS, json=[{"errorCode": "INVALIDJOB", "message": message}], status=400)

    with pytest.raises(SalesforceRefused, match="Phone") as caught:
        bulk.create_job(session, "Lead", Operation.UPSERT, "Phone", WriteOptions())

    assert "External ID" in caught.value.hint


@pytest.mark.parametrize("body", ["{}", "[]", '"x"', '{"id": 7}', ""])
def test_a_job_without_a_readable_id_is_a_lost_answer(
    org: responses.RequestsMock, session: Session, body: str
) -> None:
    org.post(JOBS, body=body)
    with pytest.raises(AnswerLost):
        bulk.create_job(session, "Lead", Operation.UPSERT, "Email", WriteOptions())


def test_an_upload_is_the_file(
    org: responses.RequestsMock, session: Session, meter: CountingMeter, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("Email\nzoë@example.org\n", encoding="utf-8")
    org.put(f"{ONE}/batches", status=201)

    bulk.upload(session, JOB, path)

    assert org.calls[-1].request.headers["Content-Type"] == "text/csv; charset=UTF-8"
    assert meter.charged == ["bulk_upload"]


def test_a_lost_upload_is_not_repeated(org: responses.RequestsMock, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("Email\nx\n")
    org.put(f"{ONE}/batches", body=requests.exceptions.ReadTimeout())

    with pytest.raises(AnswerLost):
        bulk.upload(session, JOB, path)

    assert len(org.calls) == 2


def test_closing_and_aborting_are_told_apart_by_the_meter(
    org: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    org.patch(ONE, json=_info("UploadComplete"))

    bulk.close(session, JOB)
    assert json.loads(org.calls[-1].request.body or b"") == {"state": "UploadComplete"}
    bulk.abort(session, JOB)
    assert json.loads(org.calls[-1].request.body or b"") == {"state": "Aborted"}

    assert meter.charged == ["bulk_close", "bulk_abort"]


@pytest.mark.parametrize("state", ["UploadComplete", "InProgress", "JobComplete", "Failed"])
def test_a_lost_close_is_settled_by_the_jobs_own_word(
    org: responses.RequestsMock, session: Session, meter: CountingMeter, state: str
) -> None:
    _lost(org)
    org.get(ONE, json=_info(state))

    bulk.close(session, JOB)

    assert meter.charged == ["bulk_close", "bulk_poll"]


def test_a_lost_close_of_a_job_still_open_is_asked_for_again(
    org: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    _lost(org)
    org.patch(ONE, json=_info("UploadComplete"))
    org.get(ONE, json=_info("Open"))

    bulk.close(session, JOB)

    assert meter.charged == ["bulk_close", "bulk_poll", "bulk_close"]


def test_a_close_that_stays_unanswered_is_lost(org: responses.RequestsMock, session: Session) -> None:
    _lost(org)
    org.get(ONE, status=503)

    with pytest.raises(AnswerLost):
        bulk.close(session, JOB)


REFUSED = [{"errorCode": "INVALIDJOBSTATE", "message": "InvalidJobState : it is InProgress"}]


@pytest.mark.parametrize("status", [400, 429])
def test_a_second_close_that_is_turned_away_is_settled_by_the_jobs_own_word(
    org: responses.RequestsMock, session: Session, meter: CountingMeter, status: int
) -> None:
    """The first was carried out, and whoever was asked in between had not heard of it yet."""
    _lost(org)
    org.get(ONE, json=_info("Open"))
    for _ in range(1 if status == 400 else 5):  # what passes is tried again
        org.patch(ONE, json=REFUSED, status=status)
    org.get(ONE, json=_info("InProgress"))

    bulk.close(session, JOB)

    assert meter.charged[-1] == "bulk_poll"


def test_a_close_that_may_have_been_carried_out_is_lost_whatever_the_second_is_answered(
    org: responses.RequestsMock, session: Session
) -> None:
    _lost(org)
    org.get(ONE, json=_info("Open"))
    org.patch(ONE, json=REFUSED, status=400)

    with pytest.raises(AnswerLost):
        bulk.close(session, JOB)


def test_a_first_close_that_is_refused_was_not_carried_out(
    org: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    org.patch(ONE, json=REFUSED, status=400)

    with pytest.raises(SalesforceRefused):
        bulk.close(session, JOB)

    assert meter.charged == ["bulk_close"]


def test_a_lost_abort_is_not_settled_by_a_job_that_goes_on(
    org: responses.RequestsMock, session: Session
) -> None:
    _lost(org)
    org.patch(ONE, json=_info("Aborted"))
    org.get(ONE, json=_info("InProgress"))

    bulk.abort(session, JOB)

    assert [call.request.method for call in org.calls] == ["POST", "PATCH", "GET", "PATCH"]


def test_a_job_is_read(org: responses.RequestsMock, session: Session) -> None:
    org.get(
        ONE,
        json=_info(
            "Failed", numberRecordsProcessed=7, numberRecordsFailed=2, errorMessage="InvalidBatch : x"
        ),
    )

    assert bulk.job(session, JOB) == Job(
        JOB, JobState.FAILED, processed=7, failed=2, error="InvalidBatch : x"
    )


@pytest.mark.parametrize("document", [{}, [], {"id": JOB, "state": "Sleeping"}, {"state": "Open"}])
def test_an_unreadable_job_means_later(
    org: responses.RequestsMock, session: Session, document: object
) -> None:
    org.get(ONE, json=document)
    with pytest.raises(SalesforceUnavailable):
        bulk.job(session, JOB)


def test_waiting_looks_soon_and_then_ever_more_seldom(
    org: responses.RequestsMock, session: Session, clock: HeldClock
) -> None:
    states = ["UploadComplete", *["InProgress"] * 7, "JobComplete"]
    for state in states:
        org.get(ONE, json=_info(state))
    seen: list[JobState] = []

    last = bulk.wait(session, JOB, clock, lambda job: seen.append(job.state))

    assert last.state is JobState.COMPLETE
    assert seen == [JobState(state) for state in states]
    assert clock.slept == [0.25, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_job_of_an_hour_costs_few_looks(
    org: responses.RequestsMock, session: Session, clock: HeldClock, meter: CountingMeter
) -> None:
    end = clock.now().timestamp() + 3600

    def look(_: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        return 200, {}, json.dumps(_info("JobComplete" if clock.now().timestamp() > end else "InProgress"))

    org.add_callback(responses.GET, ONE, look)

    bulk.wait(session, JOB, clock, lambda _: None)

    assert len(meter.charged) <= 25


def test_results_land_on_disk_as_they_came(
    org: responses.RequestsMock, session: Session, meter: CountingMeter, tmp_path: Path
) -> None:
    body = '"sf__Id","sf__Error",Email\n"","X:y:--","zoë\r\n@example.org"\n'.encode()
    org.get(f"{ONE}/failedResults", body=body, content_type="text/csv")

    bulk.download(session, JOB, "failedResults", tmp_path / "out.csv")

    assert (tmp_path / "out.csv").read_bytes() == body
    assert meter.charged == ["bulk_results"]


def test_results_in_pages_become_one_file(
    org: responses.RequestsMock, session: Session, tmp_path: Path
) -> None:
    """No locator is documented for ingest results; should one come, no row is left behind."""
    address = f"{ONE}/successfulResults"
    org.get(address, body="h\n1\n", headers={"Sforce-Locator": "next"})
    org.get(f"{address}?locator=next", body="h\n2\n", headers={"Sforce-Locator": "null"})

    bulk.download(session, JOB, "successfulResults", tmp_path / "out.csv")

    assert (tmp_path / "out.csv").read_text() == "h\n1\n2\n"


def test_only_our_open_jobs_are_listed(
    org: responses.RequestsMock, session: Session, meter: CountingMeter
) -> None:
    ours = {
        "createdById": "005000000000001AAA",
        "object": "Lead",
        "operation": "upsert",
        "createdDate": "2026-11-21T12:00:00.000+0000",
    }
    first = [
        {"id": "a", "state": "Open", **ours},
        {"id": "b", "state": "JobComplete", **ours},
        {"id": "c", "state": "Open", **ours, "createdById": "005000000000009AAA"},
        {"id": "d", "state": "Open", **ours, "jobType": "Classic"},
        "nonsense",
    ]
    more = "/services/data/v66.0/jobs/ingest?queryLocator=x"
    org.get(f"{JOBS}?jobType=V2Ingest", json={"done": False, "nextRecordsUrl": more, "records": first})
    second = [{"id": "e", "state": "Open", **ours, "createdById": "005000000000001"}]
    org.get(f"{JOBS}?queryLocator=x", json={"done": True, "nextRecordsUrl": None, "records": second})

    jobs = bulk.jobs_open(session)

    assert [job.id for job in jobs] == ["a", "e"]
    assert jobs[0] == OpenJob(
        "a", "Lead", "upsert", dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC), "005000000000001AAA"
    )
    assert meter.charged == ["bulk_poll", "bulk_poll"]


@pytest.mark.parametrize("created", ["", "yesterday", "2026-11-21T12:00:00", None])
def test_a_job_of_an_unknown_time_is_not_guessed_about(
    org: responses.RequestsMock, session: Session, created: object
) -> None:
    entry = {
        "id": "a",
        "state": "Open",
        "object": "Lead",
        "operation": "upsert",
        "createdById": "005",
        "createdDate": created,
    }
    org.get(JOBS, json={"done": True, "records": [entry]})
    with pytest.raises(SalesforceUnavailable):
        bulk.jobs_open(session)
