"""What became of each row: bugs of other exporters with errors and results, which we do not have."""

import csv
import random
import tracemalloc
from pathlib import Path

import pytest

from audiencesync.cli.main import main
from audiencesync.plan import PACKING
from audiencesync.records import Route, RunStatus
from audiencesync.salesforce.bulk import ResultKind
from audiencesync.salesforce.org import Org
from tests.sync.test_sync_crash import kill_at
from tests.world import World, person


@pytest.mark.usefixtures("by_bulk")
def test_the_results_of_a_bulk_job_are_read_row_by_row(world: World) -> None:
    """B2: nobody asked what became of a closed job; every one counted as a success."""
    world.people([person(1), person(2, email="broken@@example"), person(3)])

    report = world.run_one()

    assert (report.status, report.accepted, report.rejected) == (RunStatus.PARTIAL, 2, 1)
    pushes = world.last_pushes()
    assert {key: push[2] for key, push in pushes.items()} == {
        "p1": "accepted",
        "p2": "rejected",
        "p3": "accepted",
    }
    assert pushes["p2"][3] == "INVALID_EMAIL_ADDRESS"


def test_a_refused_row_is_not_forgotten_though_its_source_has_not_changed(world: World, route: Route) -> None:
    """B4: what was read counted as sent, so that a refused row was forgotten until its source changed."""
    world.people([person(1), person(2)])
    world.org.create(LastName="Holder", Company="n/a", External_Id__c="taken")
    world.sync["extra_fields"]["External_Id__c"] = "ext"
    world.people([person(1, ext="free"), person(2, ext="taken")])
    assert world.run_one().rejected == 1
    (holder,) = (lead for lead in world.org.records() if lead["LastName"] == "Holder")
    world.org.edit(holder["Id"], External_Id__c=None)
    assert world.run_one().parked == 1  # it waits in sight

    report = world.run_one(retry=())

    assert (report.routes[route], report.accepted, report.parked) == (1, 1, 0)
    assert world.leads()["p2@example.com"]["External_Id__c"] == "taken"


def test_a_row_that_has_gone_from_the_source_is_noticed(world: World, route: Route) -> None:
    """B4: removed rows were never detected."""
    world.people([person(1), person(2)])
    world.run_one()
    world.people([person(1)])

    report = world.run_one()

    assert (report.exited, report.routes[route]) == (1, 1)
    assert world.leads()["p2@example.com"]["Audiences__c"] is None


@pytest.mark.parametrize("code", [0, 1])
def test_the_exit_code_tells_refused_rows(
    world: World, route: Route, capsys: pytest.CaptureFixture[str], code: int
) -> None:
    """B8: failed rows were not looked at, and the program ended with 0."""
    people = [person(1), person(2, email="broken@@example" if code else "whole@example.com")]
    world.people(people)
    world.project()

    assert main(["run", "-c", str(world.folder / "audiencesync.yaml")]) == code

    assert world.sql("SELECT DISTINCT route FROM ledger") == [(route.value,)]
    assert ("INVALID_EMAIL_ADDRESS" in "".join(capsys.readouterr())) is bool(code)


@pytest.mark.usefixtures("by_bulk")
def test_refused_rows_of_a_job_are_kept_with_their_reason(world: World) -> None:
    """B10: failures of staged loads were dropped, without a trace to repeat them from."""
    world.people([person(1, email="broken@@example"), person(2)])
    world.run_one()

    assert world.sql("SELECT profile_key, error_code, job_id IS NOT NULL FROM ledger ORDER BY ALL") == [
        ("p1", "INVALID_EMAIL_ADDRESS", True),
        ("p2", None, True),
    ]
    world.people([person(1, email="mended@example.com"), person(2)])
    assert world.run_one().accepted == 1


@pytest.mark.usefixtures("by_bulk")
def test_more_than_one_upload_can_take_travels_in_several_jobs_and_never_through_memory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B10: the whole load was one text in memory and one upload, which fails above 150 MB."""
    monkeypatch.setitem(PACKING, "job_bytes", 4_000_000)
    world.sync["extra_fields"]["Description"] = "about"
    world.people([person(number, about="é" * 5_000) for number in range(1_000)])
    sizes = []
    real = Org.upload

    def weighed(org: Org, job_id: str, path: Path) -> None:
        sizes.append(path.stat().st_size)
        real(org, job_id, path)

    monkeypatch.setattr(Org, "upload", weighed)
    tracemalloc.start()
    try:
        report = world.run_one()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (report.accepted, report.routes[Route.BULK]) == (1_000, 1_000)
    assert len(sizes) == 3
    assert max(sizes) < 4_100_000
    assert peak < 3_000_000  # a third of what was sent; the engine writes the files and reads the answers


@pytest.mark.usefixtures("by_bulk")
def test_a_job_that_was_on_its_way_when_the_process_died_is_read_row_by_row(world: World) -> None:
    """B12: which row was which stood in memory only, and a restart lost it."""
    people = [person(number) for number in range(30)]
    people[7]["email"] = "broken@@example"
    world.people(people)
    kill_at(world, "closed", "bulk")

    world.run_one()

    of_the_killed_run = dict(
        world.sql("SELECT profile_key, outcome FROM ledger WHERE run_id = (SELECT min(run_id) FROM run)")
    )
    assert of_the_killed_run == {one["id"]: "rejected" if one["id"] == "p7" else "accepted" for one in people}
    ids = dict(world.sql("SELECT profile_key, salesforce_id FROM ledger WHERE outcome = 'accepted'"))
    assert {lead["LastName"]: lead["Id"] for lead in world.org.records()} == {
        f"Name {key[1:]}": record_id for key, record_id in ids.items()
    }


@pytest.mark.usefixtures("by_bulk")
def test_results_in_another_order_and_with_other_values_find_their_rows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B15: result rows come in no order and with tidied values; only the match value tells them apart."""
    people = [person(number) for number in range(40)]
    for number in (3, 20, 39):
        people[number]["email"] = f"broken{number}@@example"
    world.people(people)
    real = Org.download

    def shuffled(org: Org, job_id: str, kind: ResultKind, path: Path) -> None:
        real(org, job_id, kind, path)
        with path.open(newline="", encoding="utf-8") as file:
            head, *rows = list(csv.reader(file))
        random.Random(4).shuffle(rows)
        tidied = {head.index("LastName"), head.index("Phone")} if "LastName" in head else set()
        rows = [
            [cell.upper() + "0" if place in tidied else cell for place, cell in enumerate(row)]
            for row in rows
        ]
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([head, *rows])

    monkeypatch.setattr(Org, "download", shuffled)

    report = world.run_one()

    assert (report.accepted, report.rejected, report.unknown) == (37, 3, 0)
    refused = world.sql("SELECT profile_key FROM ledger WHERE outcome = 'rejected' ORDER BY ALL")
    assert refused == [("p20",), ("p3",), ("p39",)]
    ids = dict(world.sql("SELECT match_value, salesforce_id FROM ledger WHERE outcome = 'accepted'"))
    assert ids == {lead["Email"]: lead["Id"] for lead in world.org.records()}
