"""The cheapest route: a run costs what its plan foresaw, and an org that refuses a route loses nothing."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiencesync.config.models import Sync
from audiencesync.export import jobs, requests
from audiencesync.plan import PACKING, Room, routes
from audiencesync.plan.routes import Load, choose_routes
from audiencesync.records import Allowances, Job, Matching, Operation, Route, RunStatus, Way
from audiencesync.reports import SyncReport
from audiencesync.salesforce.org import Org as Salesforce
from tests.world import Org, World, opened, person, send_by_bulk

LIFTED = Allowances(exits=True, clears=True, creates=True)
DATA = "/services/data/v"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four rows a Collections request, twenty a Composite, so that a job pays from 121 rows on."""
    monkeypatch.setattr(routes, "COLLECTION_ROWS", 4)
    monkeypatch.setattr(routes, "COMPOSITE_ROWS", 20)
    monkeypatch.setattr(requests, "PIECE_ROWS", 4)
    monkeypatch.setitem(PACKING, "collection_rows", 4)


@pytest.fixture
def no_composite(world: World) -> Any:
    """The org refuses Collections in a Composite."""
    world.org.admin("POST", "settings", {"composite_collections": 0})
    yield
    world.org.admin("POST", "settings", {"composite_collections": 5})


def spent(world: World) -> dict[str, int]:
    """Calls of the latest run by what a plan says of them: one poll a job, and no describe."""
    rows = world.sql(
        "SELECT kind, count(*) FROM api_call WHERE run_id = (SELECT max(run_id) FROM run) GROUP BY ALL"
    )
    kinds = dict(rows)
    jobs_made = kinds.get("bulk_create", 0)
    once = sum(kinds.get(f"bulk_{step}", 0) for step in ("create", "upload", "close", "results"))
    queries = sum(kinds.get(kind, 0) for kind in ("query", "bulk_query_create", "bulk_query_results"))
    return {
        "look_ups": queries,
        "collections": kinds.get("collections", 0),
        "composite": kinds.get("composite", 0),
        "bulk": once + jobs_made,
    }


def billed(world: World) -> list[str]:
    """What reached the org and costs a call."""
    return [one["path"] for one in world.org.requests() if DATA in one["path"]]


def plan_and_run(world: World) -> tuple[SyncReport, SyncReport]:
    (planned,) = world.plan(allowed=LIFTED).syncs
    world.org.admin("DELETE", "requests")
    return planned, world.run_one(allowed=LIFTED)


def people(kept: int, new: int, *, phone: str, odd: int = 0, apart: int = 0) -> list[dict[str, Any]]:
    """So many rows; some that a Bulk CSV cannot carry, and some that a Composite cannot."""
    rows = [person(number, phone=phone, fax=f"+7 {number}") for number in range(kept)]
    rows += [person(number, fax=f"+7 {number}") for number in range(1000, 1000 + new)]
    for row in rows[:odd]:
        row["name"] = "#N/A"
    for row in rows[odd // 2 : odd // 2 + apart]:
        row["company"] = "the @{ten} of us"
    return rows


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("match_field", "day"),
    [
        ("Email", (3, 0, 0, 0)),  # one request
        ("Email", (0, 5, 0, 2)),  # just more than one
        ("Email", (30, 21, 3, 9)),  # several Composites, and rows apart
        ("Email", (4, 130, 0, 0)),  # a job beside a request
        ("Email", (125, 0, 7, 0)),  # a job, and a Composite for what no file can carry
        ("Email", (125, 0, 7, 3)),  # ... and some of that no Composite either
        ("Email", (9, 0, 0, 9)),  # nothing for a Composite
        ("Fax", (30, 21, 3, 9)),  # look-ups for new members
        ("Fax", (4, 130, 0, 0)),
    ],
)
def test_a_run_costs_the_calls_that_its_plan_foresaw(
    world: World, match_field: str, day: tuple[int, int, int, int]
) -> None:
    """Updates, new records and deletes in one run."""
    kept, new, odd, apart = day
    world.sync.update(match_field=match_field, on_exit="delete")
    world.people(people(kept + 6, 0, phone="+1"))
    world.run_one()
    world.people(people(kept, new, phone="+2", odd=odd, apart=apart))

    planned, report = plan_and_run(world)

    assert spent(world) == planned.calls
    assert report.routes == planned.routes
    assert (report.accepted, report.rejected, report.planned) == (kept + new + 6, 0, planned.planned)
    assert len(billed(world)) == report.api_calls
    assert world.run_one().planned == 0


def test_nothing_to_send_costs_nothing_and_one_new_member_only_her_request(world: World) -> None:
    world.people([person(1)])
    world.run_one()
    world.org.admin("DELETE", "requests")

    assert world.run_one().api_calls == 0
    world.clock.ahead = timedelta(hours=23)
    world.people([person(1), person(2)])
    assert world.run_one().api_calls == 1
    world.clock.ahead = timedelta(hours=25)
    world.people([person(1), person(2), person(3)])
    assert world.run_one().api_calls == 2  # describe is a day old

    assert [path.rpartition("/")[2] for path in billed(world)] == ["Email", "describe", "Email"]


def test_a_thousand_changes_and_new_members_take_two_write_calls(world: World) -> None:
    world.people([person(number) for number in range(600)])
    assert world.run_one().api_calls == 2
    world.people([person(number, phone="+9") for number in range(1000)])

    report = world.run_one()

    assert (report.accepted, report.created, report.api_calls) == (1000, 400, 2)


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kept=st.integers(1, 140),
    new=st.integers(0, 140),
    odd=st.integers(0, 30),
    apart=st.integers(0, 30),
    composite=st.booleans(),
    prefer=st.sampled_from(["few_calls", "speed"]),
)
@pytest.mark.usefixtures("small")
def test_whatever_there_is_to_send_costs_what_the_plan_foresaw(shared_org: Org, **size: Any) -> None:
    shared_org.clean()
    shared_org.admin("POST", "settings", {"composite_collections": 5})
    composite, prefer = size.pop("composite"), size.pop("prefer")
    with TemporaryDirectory() as folder:
        world = World(Path(folder), shared_org)
        world.sync.update(on_exit="delete", prefer=prefer)
        world.people(people(size["kept"] + 6, 0, phone="+1"))
        world.run_one()
        if not composite:
            with opened(world.folder / "store.duckdb") as store:
                store.execute("INSERT INTO learned VALUES ('no composite', now()::TIMESTAMP)")
        world.people(people(**size, phone="+2"))

        planned, report = plan_and_run(world)

        assert spent(world) == planned.calls
        assert (report.routes, report.accepted) == (planned.routes, planned.planned)
        assert world.run_one().planned == 0


@pytest.mark.slow
def test_twenty_thousand_changes_and_new_members_take_two_jobs(world: World) -> None:
    world.people([person(number) for number in range(7_000)])
    assert world.run_one().accepted == 7_000
    world.people([person(number, phone="+9") for number in range(20_000)])

    planned, report = plan_and_run(world)

    assert (report.accepted, report.created, report.routes[Route.BULK]) == (20_000, 13_000, 20_000)
    assert spent(world) == planned.calls == {"look_ups": 0, "collections": 0, "composite": 0, "bulk": 12}


def load(operation: Operation, rows: int, *, jobs_needed: int = 1) -> Load:
    return Load(
        object="Lead",
        operation=operation,
        rows=rows,
        unfit=0,
        apart=0,
        unfit_apart=0,
        collections=-(-rows // routes.COLLECTION_ROWS),
        composite=-(-rows // routes.COMPOSITE_ROWS),
        apart_collections=0,
        unfit_collections=0,
        unfit_composite=0,
        jobs=jobs_needed,
    )


def routed(loads: list[Load], *, room: Room | None = None, **more: Any) -> tuple[dict[Route, int], int]:
    """Rows by route, and calls in all, by the plan's arithmetic alone."""
    plan = choose_routes(sync_config(**more), Matching(Way.NATIVE, ("Email",)), loads, room or Room())
    return dict(plan.rows), sum(plan.calls.values())


def sync_config(**more: Any) -> Sync:
    required = {"LastName": {"from": "name"}, "Company": {"from": "company"}, "Email": {"from": "email"}}
    return Sync.model_validate(
        {
            "name": "leads",
            "object": "Lead",
            "match_field": "Email",
            "audiences": ["news"],
            "required_fields": required,
            **more,
        }
    )


@pytest.mark.parametrize("updates", [0, 1, 1_000, 50_000, 99_000, 100_000])
def test_by_arithmetic_a_hundred_thousand_changes_take_twelve_calls_at_most(updates: int) -> None:
    rows, calls = routed([load(Operation.UPDATE, updates), load(Operation.UPSERT, 100_000 - updates)])

    assert (sum(rows.values()), calls <= 12) == (100_000, True)


def test_who_prefers_speed_gets_requests_up_to_ten_thousand_rows_unless_the_budget_is_short() -> None:
    ten, more = [load(Operation.UPSERT, 10_000)], [load(Operation.UPSERT, 10_001)]

    assert routed(ten)[0][Route.BULK] == 10_000
    assert routed(ten, prefer="speed") == ({**dict.fromkeys(Route, 0), Route.COMPOSITE: 10_000}, 10)
    assert routed(more, prefer="speed")[0][Route.BULK] == 10_001
    assert routed(ten, prefer="speed", room=Room(calls_left=100))[0][Route.COMPOSITE] == 10_000
    assert routed(ten, prefer="speed", room=Room(calls_left=99))[0][Route.BULK] == 10_000
    refused = Room(calls_left=100, composite=False)
    assert routed(ten, prefer="speed", room=refused)[0][Route.BULK] == 10_000


@pytest.mark.usefixtures("small")
def test_who_prefers_speed_is_answered_at_once_where_a_job_would_be_cheaper(world: World) -> None:
    world.people([person(number) for number in range(130)])
    assert world.plan().syncs[0].routes[Route.BULK] == 130
    world.sync["prefer"] = "speed"

    planned, report = plan_and_run(world)

    assert (report.routes[Route.COMPOSITE], report.api_calls, planned.calls["composite"]) == (130, 7, 7)


@pytest.mark.usefixtures("small", "no_composite")
def test_an_org_that_refuses_composite_gets_collections_and_is_asked_again_after_a_week(world: World) -> None:
    def on_day(day: int, numbers: range) -> tuple[SyncReport, SyncReport, list[str]]:
        world.clock.ahead = timedelta(days=day)
        world.people([person(number) for number in range(numbers.stop)])
        planned, report = plan_and_run(world)
        assert (report.status, report.accepted, report.created) == (
            RunStatus.SUCCEEDED,
            len(numbers),
            len(numbers),
        )
        assert len(world.org.records()) == numbers.stop
        return planned, report, [path.rpartition("/")[2] for path in billed(world)]

    planned, report, asked = on_day(0, range(10))
    assert planned.routes[Route.COMPOSITE] == 10  # nobody knew
    assert asked == ["composite", "Email", "Email", "Email"]
    assert report.routes == {**dict.fromkeys(Route, 0), Route.COLLECTIONS: 10}

    planned, report, asked = on_day(6, range(10, 20))
    assert planned.calls == spent(world)
    assert planned.calls["collections"] == 3
    assert asked == ["Email"] * 3

    assert on_day(8, range(20, 30))[2][0] == "composite"


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("status", [400, 404])
def test_composite_is_not_blamed_for_what_collections_meets_as_well(world: World, status: int) -> None:
    """Such as an API version that the org does not have."""
    world.people([person(number) for number in range(10)])
    nothing = [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]
    world.org.fault("status", status=status, body=nothing, match={"path": "/composite"}, times=2)

    report = world.run_one()

    assert (report.status, report.deferred) == (RunStatus.FAILED, 10)
    assert world.sql("SELECT count(*) FROM learned") == [(0,)]
    assert world.run_one().routes[Route.COMPOSITE] == 10


@pytest.fixture
def several_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    send_by_bulk(monkeypatch)
    monkeypatch.setitem(PACKING, "job_rows", 20)
    monkeypatch.setattr(jobs, "JOBS_AT_ONCE", 3)


@pytest.mark.usefixtures("several_jobs")
@pytest.mark.parametrize("cut", ["job_rows", "job_bytes"])
def test_files_are_cut_and_a_few_jobs_run_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    if cut == "job_bytes":
        monkeypatch.setitem(PACKING, "job_rows", 1_000_000)
        monkeypatch.setitem(PACKING, "job_bytes", 1_500)
    world.people([person(number) for number in range(130)])
    running: set[str] = set()
    peak = 0

    def closing(org: Salesforce, job_id: str) -> None:
        nonlocal peak
        close(org, job_id)
        running.add(job_id)
        peak = max(peak, len(running))

    def waiting(org: Salesforce, job_id: str, *more: Any) -> Job:
        job = wait(org, job_id, *more)
        running.discard(job_id)
        return job

    close, wait = Salesforce.close, Salesforce.wait
    monkeypatch.setattr(Salesforce, "close", closing)
    monkeypatch.setattr(Salesforce, "wait", waiting)

    planned, report = plan_and_run(world)

    uploads = [one["method"] for one in world.org.requests()].count("PUT")
    assert uploads >= 7
    assert planned.calls["bulk"] == uploads * routes.BULK_CALLS
    assert (report.accepted, peak, running) == (130, 3, set())


FIELDS = [
    "Title",
    "City",
    "State",
    "Country",
    "PostalCode",
    "Street",
    "Website",
    "Description",
    "MobilePhone",
]


@pytest.mark.usefixtures("several_jobs")
@pytest.mark.parametrize("match_field", ["Email", "External_Id__c"])
@pytest.mark.parametrize(
    ("values", "changed"),
    [
        (['{"a":"b"}', '"', ""], '""'),
        (["x"], "y"),  # a column of nine for a row
        (["x"], ""),
        (["\\", "a\nb", "ö, ß"], "\U0001f600"),
    ],
    ids=["quotes", "one letter", "cleared", "other signs"],
)
def test_no_file_is_larger_than_it_was_planned(
    world: World, monkeypatch: pytest.MonkeyPatch, match_field: str, values: list[str], changed: str
) -> None:
    """Of new members, of updates of one field each, and of exits."""
    monkeypatch.setitem(PACKING, "job_rows", 1_000_000)
    monkeypatch.setitem(PACKING, "job_bytes", 3_000)
    world.sync["match_field"] = match_field
    world.sync["extra_fields"] = {"External_Id__c": "id", **{name: name.lower() for name in FIELDS}}
    files: list[list[bytes]] = []

    def uploading(org: Salesforce, job_id: str, path: Path) -> None:
        files.append(path.read_bytes().splitlines(keepends=True))
        upload(org, job_id, path)

    upload = Salesforce.upload
    monkeypatch.setattr(Salesforce, "upload", uploading)
    people = [
        person(number, **{name.lower(): values[place % len(values)] for place, name in enumerate(FIELDS)})
        for number in range(150)
    ]
    world.people(people)
    assert world.run_one(allowed=LIFTED).accepted == 150
    world.people([one | {FIELDS[place % 9].lower(): changed} for place, one in enumerate(people[:120])])
    assert world.run_one(allowed=LIFTED).rejected == 0

    assert len(files) > 4
    assert all(sum(map(len, lines[1:-1])) <= 3_000 for lines in files)


@pytest.mark.usefixtures("several_jobs")
def test_a_job_that_fails_leaves_those_beside_it_settled_and_no_other_begun(world: World) -> None:
    world.people([person(number) for number in range(130)])
    world.org.fault("fail_job", object="Lead", rows=7, skip=1)

    report = world.run_one()

    assert (report.status, report.unknown) == (RunStatus.PAUSED, 0)
    assert report.accepted in {47, 67}  # the failing job, and the two or three that ran beside or before it
    assert report.deferred == 130 - report.accepted
    assert world.run_one().accepted == 130 - report.accepted
    assert len(world.org.records()) == 130


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "truncate_body"},
        {"kind": "expire_session"},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 200, "html": True},
    ],
    ids=lambda fault: "-".join(str(part) for part in fault.values()),
)
def test_a_composite_whose_answer_is_lost_writes_each_row_once(world: World, fault: dict[str, Any]) -> None:
    world.people([person(number) for number in range(50)])
    world.org.fault(**fault, match={"path": "/composite$"}, skip=1)

    report = world.run_one()

    assert (report.accepted, report.unknown, report.deferred) == (50, 0, 0)
    assert len(world.org.records()) == 50
    assert world.run_one().planned == 0


def test_who_leaves_beside_rows_that_are_sent_whole_is_cleared_of_a_field_that_is_mapped_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_by_bulk(monkeypatch)
    world.sync["on_exit"] = "clear_all"
    world.people([person(number, fax=f"{number}") for number in range(4)])
    assert world.run_one().created == 4
    del world.sync["extra_fields"]["Fax"]
    world.people([person(number) for number in range(3)])

    everything = Allowances(mapping_change=True, exits=True, clears=True)
    report = world.run_one(backfill=True, allowed=everything)

    assert (report.accepted, report.routes[Route.BULK]) == (4, 4)
    assert {one["Fax"] for one in world.org.records()} == {"0", "1", "2", None}
