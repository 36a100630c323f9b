"""What users of other exporters complain about most: locks, duplicates, stuck jobs, triggers that fire."""

from dataclasses import replace

import pytest

from audiencesync.records import Job, JobState, Route, RunStatus
from audiencesync.salesforce import bulk, session
from audiencesync.salesforce.org import Org as Salesforce
from audiencesync.salesforce.transport import Transport
from tests.world import World, person, send_by_bulk

UPLOAD = {"method": "PUT", "path": "/batches$"}
RESULTS = {"path": "successfulResults$"}


def polls(world: World) -> int:
    return sum(
        1 for one in world.org.requests() if one["method"] == "GET" and one["path"].split("/")[-2] == "ingest"
    )


def test_locked_rows_are_sent_again_alone(world: World, route: Route) -> None:
    world.people([person(number) for number in range(5)])
    world.org.fault("lock_rows", object="Lead", field="Email", values=["p2@example.com"], times=1)

    report = world.run_one()

    assert (report.accepted, report.rejected) == (5, 0)
    attempts = world.sql("SELECT profile_key, count(*) FROM ledger GROUP BY ALL HAVING count(*) > 1")
    assert attempts == [("p2", 2)]
    assert world.sql("SELECT DISTINCT route FROM ledger WHERE outcome = 'rejected'") == [(route.value,)]


def test_a_write_that_timed_out_makes_no_duplicate(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer comes, after nobody waits for it any more."""
    monkeypatch.setattr(
        session,
        "Transport",
        lambda ca_bundle, timeout: Transport(ca_bundle=ca_bundle, timeout=(timeout[0], 1)),
    )
    world.people([person(1), person(2)])
    world.org.fault("slow", seconds=3, match={"path": "composite/sobjects"})

    report = world.run_one()

    assert (report.accepted, report.unknown) == (2, 0)
    assert len(world.org.records()) == 2
    assert world.run_one().planned == 0


def test_nothing_that_has_not_changed_fires_a_trigger(world: World, route: Route) -> None:
    world.people([person(1), person(2)])
    assert world.run_one().routes[route] == 2
    stamps = [lead["SystemModstamp"] for lead in world.org.records()]
    world.org.admin("DELETE", "requests")

    assert world.run_one().planned == 0

    assert [one["path"] for one in world.org.requests() if "__admin__" not in one["path"]] == []
    assert [lead["SystemModstamp"] for lead in world.org.records()] == stamps


@pytest.mark.usefixtures("by_bulk")
def test_a_job_that_is_stuck_for_an_hour_costs_few_polls(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = world.clock
    real = bulk.job

    def stuck(asking: session.Session, job_id: str) -> Job:
        seen = real(asking, job_id)
        return seen if sum(clock.slept) > 3600 else replace(seen, state=JobState.IN_PROGRESS)

    monkeypatch.setattr(bulk, "job", stuck)
    world.people([person(1), person(2)])

    report = world.run_one()

    assert report.accepted == 2
    assert polls(world) < 130


def test_a_duplicate_rule_that_may_be_passed_forces_a_route_that_can_say_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bulk API 2.0 knows no duplicate-rule header."""
    send_by_bulk(monkeypatch)
    world.sync["duplicate_rule"] = "allow_save"
    world.people([person(1), person(2)])

    report = world.run_one()

    assert (report.accepted, report.routes[Route.BULK]) == (2, 0)


def test_a_converted_lead_is_said_and_not_made_a_second_time(world: World, route: Route) -> None:
    world.org.create(
        LastName="Customer",
        Company="n/a",
        Email="p1@example.com",
        IsConverted=True,
        Status="Closed - Converted",
    )
    world.people([person(1), person(2)])

    report = world.run_one()

    assert (report.accepted, report.rejected, report.routes[route]) == (1, 1, 2)
    assert world.last_pushes()["p1"][3] == "CANNOT_UPDATE_CONVERTED_LEAD"
    assert len(world.org.records()) == 2


@pytest.mark.usefixtures("by_bulk")
def test_a_job_that_somebody_aborts_keeps_what_it_wrote_and_the_rest_comes_round_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.people([person(number) for number in range(30)])
    world.org.admin("POST", "settings", {"bulk_pace_s": 5})
    real = Salesforce.wait

    def given_up(org: Salesforce, job_id: str, *more: object) -> Job:
        org.abort(job_id)
        return real(org, job_id, *more)  # type: ignore[arg-type]

    try:
        with monkeypatch.context() as patch:
            patch.setattr(Salesforce, "wait", given_up)
            report = world.run_one()
    finally:
        world.org.admin("POST", "settings", {"bulk_pace_s": 0})

    assert report.trouble is not None
    assert "Aborted" in report.trouble.message
    assert report.accepted + report.deferred == 30
    world.run_one()
    assert len(world.org.records()) == 30
    assert world.run_one().planned == 0


@pytest.mark.usefixtures("by_bulk")
@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("expire_session", {"match": UPLOAD}),
        ("truncate_body", {"match": RESULTS}),
        ("drop_after", {"match": RESULTS}),
        ("status", {"match": RESULTS, "status": 503, "html": True}),
        ("status", {"match": RESULTS, "status": 200, "html": True}),
    ],
)
def test_trouble_around_a_job_that_passes_is_not_noticed(
    world: World, kind: str, more: dict[str, object]
) -> None:
    people = [person(number) for number in range(30)]
    people[9]["email"] = "broken@@example"
    world.people(people)
    world.org.fault(kind, **more)

    report = world.run_one()

    assert (report.accepted, report.rejected, report.unknown) == (29, 1, 0)
    assert sum(1 for one in world.org.requests() if one["method"] == "PUT") <= 2
    assert len(world.org.records()) == 29


@pytest.mark.parametrize("status", [200, 500, 502, 503])
def test_a_page_of_html_in_place_of_an_answer_is_no_answer(world: World, status: int) -> None:
    world.people([person(1), person(2)])
    world.org.fault("status", status=status, html=True, match={"path": "composite/sobjects"})

    report = world.run_one()

    assert (report.status, report.accepted, report.unknown) == (RunStatus.SUCCEEDED, 2, 0)
    assert len(world.org.records()) == 2
