"""Without a match field each new member becomes one record, exactly once, whatever happens on the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audiencesync.export.recovery import LONGEST_REQUEST
from audiencesync.records import Route, RunStatus
from audiencesync.salesforce.org import Org
from tests.sync.test_sync_crash import kill_at
from tests.world import World, person, send_by_bulk

PEOPLE: list[dict[str, Any]] = [
    {**one, "about": ""}
    for one in (
        person(1),
        person(2),
        person(3, name="Twin", company="Same"),
        person(4, name="Twin", company="Same"),
    )
]
LATER = LONGEST_REQUEST + timedelta(minutes=1)


@pytest.fixture(params=["bulk", "collections"])
def fresh(request: pytest.FixtureRequest, world: World) -> World:
    """New records go by Bulk jobs; with a header that these do not take, by Collections."""
    world.sync.update(
        match_field=None, required_fields={"LastName": "name", "Company": "company"}, extra_fields={}
    )
    world.sync["extra_fields"] = {"Description": "about"}
    if request.param == "collections":
        world.sync["assignment_rule"] = True
    world.people(PEOPLE)
    return world


by_collections = pytest.mark.parametrize("fresh", ["collections"], indirect=True)
by_bulk_jobs = pytest.mark.parametrize("fresh", ["bulk"], indirect=True)


def names(world: World) -> list[str]:
    return sorted(one["LastName"] for one in world.org.records())


def check_each_once(world: World) -> None:
    """One record each, and every profile knows its own."""
    assert names(world) == ["Name 1", "Name 2", "Twin", "Twin"]
    known = {one for (one,) in world.sql("SELECT salesforce_id FROM record")}
    assert known == {one["Id"] for one in world.org.records()}
    assert world.sql("SELECT count(*) FROM outbox") == [(0,)]
    assert world.run_one().planned == 0


def jobs_begun(world: World) -> int:
    return sum(one["method"] == "POST" and "jobs/ingest" in one["path"] for one in world.org.requests())


def writes(world: World) -> int:
    return sum(
        "composite/sobjects" in one["path"] or "jobs/ingest" in one["path"] for one in world.org.requests()
    )


def test_each_new_member_becomes_one_record_and_is_updated_by_its_id_from_then_on(fresh: World) -> None:
    first = fresh.run_one()
    assert (first.created, first.routes[Route.BULK]) == (4, 0 if fresh.sync.get("assignment_rule") else 4)
    check_each_once(fresh)
    ids = dict(fresh.sql("SELECT profile_key, salesforce_id FROM record"))

    fresh.people([PEOPLE[0] | {"about": "new"}, *PEOPLE[1:3], PEOPLE[3] | {"name": "Other"}])
    assert (fresh.run_one().updated, names(fresh)) == (2, ["Name 1", "Name 2", "Other", "Twin"])
    assert {one["Id"]: one["LastName"] for one in fresh.org.records()}[ids["p4"]] == "Other"

    fresh.people(PEOPLE[:3])
    assert fresh.run_one().exited == 1
    fresh.people(PEOPLE)
    assert (fresh.run_one().updated, len(fresh.org.records())) == (1, 4)  # she is who she was
    check_each_once(fresh)


@by_bulk_jobs
@pytest.mark.parametrize(
    "point",
    ["job intent written", "job created", "uploaded", "closed", "results fetched"],
)
def test_a_run_killed_at_any_step_of_a_job_makes_each_record_once(fresh: World, point: str) -> None:
    kill_at(fresh, point)

    report = fresh.run_one()

    assert report.unknown == 0
    check_each_once(fresh)


@by_collections
@pytest.mark.parametrize("point", ["planned", "intent written", "sent", "outcome written"])
def test_a_run_killed_while_it_sends_a_request_makes_each_record_once(fresh: World, point: str) -> None:
    kill_at(fresh, point)

    report = fresh.run_one()
    if point == "intent written":
        # the request might still be under way: nothing is sent, and every run says so
        assert (report.status, report.unknown, fresh.run_one().unknown) == (RunStatus.PARTIAL, 4, 4)
        assert fresh.org.records() == []
        fresh.clock.ahead = LATER
        report = fresh.run_one()
        fresh.clock.ahead = timedelta()

    assert report.unknown == 0
    check_each_once(fresh)


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("drop_before", "composite/sobjects"),
        ("drop_after", "composite/sobjects"),
        ("truncate_body", "composite/sobjects"),
        ("drop_after", "/ingest$"),
        ("drop_after", "/batches"),
        ("drop_after", "jobs/ingest/[^/]*$"),
        ("truncate_body", "/successfulResults"),
    ],
)
def test_a_lost_answer_makes_no_record_twice(world: World, kind: str, step: str) -> None:
    world.sync.update(
        match_field=None, required_fields={"LastName": "name", "Company": "company"}, extra_fields={}
    )
    world.sync["assignment_rule"] = step == "composite/sobjects"
    world.people(PEOPLE)
    world.org.fault(kind, match={"path": step})

    first = world.run_one()
    if kind == "drop_before":  # it might still arrive
        assert (first.unknown, world.org.records()) == (4, [])
    world.clock.ahead = LATER
    world.run()

    world.clock.ahead = timedelta()
    check_each_once(world)


CLOSE: dict[str, Any] = {"method": "PATCH", "path": "jobs/ingest/"}
LOOK: dict[str, Any] = {"method": "GET", "path": "jobs/ingest/[^/]*$"}
OPEN = {"id": "750000000000001AAA", "state": "Open"}


@contextmanager
def jobs_at_work(world: World) -> Iterator[None]:
    """Jobs that are closed meanwhile do not come to their end before the block does."""
    world.org.admin("POST", "settings", {"bulk_pace_s": 60})
    try:
        yield
    finally:
        world.org.admin("POST", "settings", {"bulk_pace_s": 0})


def states(world: World) -> list[str]:
    """Of all jobs that were made in this test."""
    made = {one["path"] for one in world.org.requests() if one["method"] == "PUT"}
    jobs = world.org.admin("GET", "jobs")["jobs"]
    return [job["state"] for job in jobs if any(job["id"] in path for path in made)]


@by_bulk_jobs
@pytest.mark.parametrize("second", ["drop_before", "drop_after", "status"])
def test_a_job_that_may_have_been_closed_is_left_to_say_itself_what_it_made(
    fresh: World, second: str
) -> None:
    """The first close was carried out, and neither a second one nor a question was answered."""
    fresh.org.fault("drop_after", match=CLOSE)
    fresh.org.fault(second, status=429, match=CLOSE, skip=1, times=5)
    fresh.org.fault("status", status=503, match=LOOK, times=10)

    with jobs_at_work(fresh):
        first = fresh.run_one()
    fresh.org.admin("DELETE", "faults")
    assert (first.status, first.unknown) == (RunStatus.PAUSED, 4)

    assert fresh.run_one().planned == 0
    assert states(fresh) == ["JobComplete"]
    check_each_once(fresh)


@by_bulk_jobs
def test_a_job_that_is_still_called_open_after_it_was_closed_is_closed_once_and_waited_for(
    fresh: World,
) -> None:
    """The answer was lost, whoever was asked had not heard of it yet, and a job takes no second close."""
    fresh.org.fault("drop_after", match=CLOSE)
    fresh.org.fault("status", status=200, body=OPEN, match=LOOK)

    report = fresh.run_one()

    assert (report.status, report.created) == (RunStatus.SUCCEEDED, 4)
    assert states(fresh) == ["JobComplete"]
    check_each_once(fresh)


@by_bulk_jobs
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_before"},
        {"kind": "status", "status": 429},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 400, "body": [{"message": "no", "errorCode": "INVALIDJOBSTATE"}]},
        {"kind": "expire_session"},
    ],
    ids=["lost", "turned away", "unavailable", "refused", "signed out"],
)
def test_a_job_that_could_not_be_closed_is_given_up_by_the_next_run_and_its_rows_sent_by_another(
    fresh: World, fault: dict[str, Any]
) -> None:
    fresh.org.fault(**fault, match=CLOSE, times=9)

    first = fresh.run_one()
    fresh.org.admin("DELETE", "faults")
    assert (first.trouble is not None, first.unknown, fresh.org.records()) == (True, 4, [])

    assert fresh.run_one().created == 4
    assert states(fresh) == ["Aborted", "JobComplete"]
    check_each_once(fresh)


@by_bulk_jobs
def test_a_job_given_up_as_open_that_was_at_work_all_the_same_is_believed(
    fresh: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_at(fresh, "closed")
    ((job_id,),) = fresh.sql("SELECT job_id FROM batch")
    fresh.org.fault("status", status=200, body=OPEN | {"id": job_id}, match=LOOK)
    with monkeypatch.context() as patch:
        patch.setattr(Org, "abort", lambda *_: None)  # it came too late

        assert fresh.run_one().planned == 0

    check_each_once(fresh)


@by_collections
def test_what_nobody_can_decide_stays_open_and_is_told_until_somebody_says_retry(fresh: World) -> None:
    """An automation of the org changed what we made, so that it cannot be recognised."""
    kill_at(fresh, "sent")
    for one in fresh.org.records():
        fresh.org.edit(one["Id"], LastName="changed by a flow")
    fresh.clock.ahead = LATER
    fresh.org.admin("DELETE", "requests")

    for _ in range(2):
        told = fresh.run()
        assert (told.exit_code, told.syncs[0].unknown, writes(fresh)) == (1, 4, 0)
        assert [(one["outcome"], one["error_code"], one["rows"]) for one in told.codes] == [
            ("unknown", "ANSWER_LOST", 4)
        ]
    assert fresh.run_one(retry=("INVALID_EMAIL_ADDRESS",)).unknown == 4
    for one in fresh.org.records()[:2]:
        fresh.org.remove(one["Id"])

    report = fresh.run_one(retry=("ANSWER_LOST",))

    assert (report.created, report.unknown, report.parked) == (4, 0, 0)
    assert len(fresh.org.records()) == 6  # somebody said so
    fresh.clock.ahead = timedelta()
    assert fresh.run_one().planned == 0


def test_a_new_record_without_a_value_has_the_default_of_its_org_on_every_route(fresh: World) -> None:
    fresh.sync["extra_fields"]["Status"] = "status"
    fresh.people([{**one, "status": ""} for one in PEOPLE])

    fresh.run_one()

    assert {one["Status"] for one in fresh.org.records()} == {"Open - Not Contacted"}
    check_each_once(fresh)


@by_bulk_jobs
def test_the_rows_of_a_job_that_salesforce_has_forgotten_are_told_until_somebody_says_retry(
    fresh: World,
) -> None:
    kill_at(fresh, "closed")
    for one in fresh.org.records():
        if one["LastName"] != "Twin":
            fresh.org.remove(one["Id"])  # it can no longer be told whether these were made
    gone = [{"message": "gone", "errorCode": "NOT_FOUND"}]
    fresh.org.fault("status", status=404, body=gone, match={"path": "jobs/ingest/"}, times=3)

    for _ in range(2):
        report = fresh.run_one()
        assert (report.unknown, names(fresh)) == (2, ["Twin", "Twin"])  # those that are there are found
    fresh.run_one(retry=())

    check_each_once(fresh)


@pytest.fixture
def one_result_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the rows that a job made, the last has no result, however often it is asked for."""
    download = Org.download

    def all_but_one(org: Org, job_id: str, kind: Any, path: Path) -> None:
        download(org, job_id, kind, path)
        if kind == "successfulResults":
            path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))

    monkeypatch.setattr(Org, "download", all_but_one)


@by_bulk_jobs
@pytest.mark.usefixtures("one_result_missing")
@pytest.mark.parametrize("rows", [2, 4])
def test_a_row_that_a_job_made_and_has_no_result_for_is_found_by_what_it_says(
    fresh: World, rows: int
) -> None:
    if rows < 4:
        fresh.org.fault("fail_job", object="Lead", rows=rows)  # it comes to no more rows than these
    fresh.run_one()
    assert len(fresh.org.records()) == rows

    for _ in range(2):  # the job of the rest has a row without a result, too
        fresh.run_one()

    check_each_once(fresh)


@by_bulk_jobs
@pytest.mark.usefixtures("one_result_missing")
@pytest.mark.parametrize(("rows", "unknown"), [(2, 3), (4, 1)])
def test_a_row_that_a_job_may_have_made_is_told_until_somebody_says_retry(
    fresh: World, rows: int, unknown: int
) -> None:
    """An automation of the org changed what we made; of which row it has no result, nobody knows."""
    if rows < 4:
        fresh.org.fault("fail_job", object="Lead", rows=rows)
    fresh.run_one()
    for one in fresh.org.records():
        fresh.org.edit(one["Id"], Company="changed by a flow")
    fresh.org.admin("DELETE", "requests")

    for _ in range(2):
        report = fresh.run_one()
        assert (report.status, report.unknown, jobs_begun(fresh)) == (RunStatus.PARTIAL, unknown, 0)
    assert len(fresh.org.records()) == rows

    fresh.run_one(retry=("ANSWER_LOST",))

    assert len(fresh.org.records()) == rows + unknown  # somebody said so


@by_collections
def test_records_that_another_sync_made_are_not_taken_for_lost_ones(fresh: World) -> None:
    fresh.sync["audiences"] = ["news"]
    fresh.config["syncs"].append(fresh.sync | {"name": "others", "audiences": ["vip"]})
    fresh.people([*PEOPLE, person(9, about="", audiences=["vip"])])
    fresh.org.fault("drop_before", match={"path": "composite/sobjects"})

    lost, other = fresh.run().syncs
    assert (lost.unknown, other.created) == (4, 1)
    fresh.clock.ahead = LATER
    first, second = fresh.run().syncs

    assert (first.created, second.planned) == (4, 0)
    assert names(fresh) == ["Name 1", "Name 2", "Name 9", "Twin", "Twin"]


def test_a_record_that_was_deleted_is_made_anew_once(fresh: World) -> None:
    fresh.run_one()
    gone = dict(fresh.sql("SELECT profile_key, salesforce_id FROM record"))["p1"]
    fresh.org.remove(gone)
    fresh.people([PEOPLE[0] | {"about": "new"}, *PEOPLE[1:]])

    assert fresh.run_one().rejected == 1
    assert fresh.run_one().created == 1
    check_each_once(fresh)


def test_no_member_becomes_two_records_by_a_backfill_or_a_new_mapping(fresh: World) -> None:
    fresh.run_one()
    assert (fresh.run_one(backfill=True).created, len(fresh.org.records())) == (0, 4)
    changed: dict[str, Any] = {"Title": {"value": "Ms"}}
    fresh.sync["extra_fields"] |= changed
    fresh.sync["guards"]["max_mapping_change_ratio"] = 1
    assert (fresh.run_one().updated, len(fresh.org.records())) == (4, 4)


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("route", ["bulk", "collections"])
def test_a_record_is_not_taken_for_gone_when_its_new_parent_is(
    world: World, route: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if route == "bulk":
        send_by_bulk(monkeypatch)
    account = world.org.create("Account", Name="A")["id"]
    world.org.remove(account, "Account")
    world.sync.update(object="Contact", match_field=None, required_fields={"LastName": "name"})
    world.sync["extra_fields"] = {"AccountId": "account"}
    del world.sync["send_audiences_to"]
    world.people([person(1, account="")])
    world.run_one()
    world.people([person(1, account=account)])
    if not told:
        world.org.fault("status", match={"path": "/query"}, times=99)
    assert world.run_one().rejected == 1
    world.org.admin("DELETE", "faults")
    assert world.run_one().rejected == int(not told)  # nobody could tell, so she came round again
    assert world.run_one().planned == 0

    world.people([person(1, account="", name="New")])

    assert world.run_one().updated == 1
    assert [one["LastName"] for one in world.org.records("Contact")] == ["New"]
