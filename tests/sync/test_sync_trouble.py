"""Lost answers, refusals, locks, spent budgets: nothing twice, nothing lost, and it is said."""

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audiencesync.audit import looking
from audiencesync.errors import SalesforceRefused
from audiencesync.progress import Silent
from audiencesync.records import Route, RowResult, RunStatus, WriteOptions
from audiencesync.salesforce import composite, rows
from audiencesync.salesforce.bulk import ResultKind
from audiencesync.salesforce.org import Org
from audiencesync.salesforce.session import Session
from audiencesync.store import Store
from tests.world import World, person

COLLECTIONS = {"path": "composite/sobjects"}


def writes(world: World) -> int:
    """Collections requests that reached the org."""
    return sum(
        1
        for request in world.org.requests()
        if "composite/sobjects" in request["path"] and request["method"] != "GET"
    )


def test_an_answer_lost_after_the_write_is_found_out_and_the_write_not_repeated(world: World) -> None:
    world.people([person(1), person(2)])
    world.org.fault("drop_after", match=COLLECTIONS)

    report = world.run_one()

    assert (report.accepted, report.unknown) == (2, 0)
    assert writes(world) == 1
    assert world.run_one().planned == 0


def test_a_write_that_never_arrived_is_sent_again(world: World) -> None:
    world.people([person(1), person(2)])
    world.org.fault("drop_before", match=COLLECTIONS)

    assert world.run_one().accepted == 2
    assert len(world.org.records()) == 2


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "truncate_body"])
def test_an_answer_that_cannot_be_found_out_is_unknown_until_the_next_run_asks(
    world: World, kind: str
) -> None:
    world.people([person(1), person(2)])
    world.org.fault(kind, match=COLLECTIONS)
    world.org.fault("status", status=503, match={"path": "/query"}, times=99)

    report = world.run_one()

    assert (report.status, report.unknown, report.accepted) == (RunStatus.PAUSED, 2, 0)
    world.org.admin("DELETE", "faults")
    report = world.run_one()
    assert report.accepted == (2 if kind == "drop_before" else 0)
    assert sorted(world.leads()) == ["p1@example.com", "p2@example.com"]
    assert len(world.org.records()) == 2
    assert world.run_one().planned == 0


def test_a_run_that_cannot_ask_either_says_whose_rows_are_unknown(world: World) -> None:
    world.people([person(1), person(2)])
    world.org.fault("drop_before", match=COLLECTIONS)
    world.org.fault("status", status=503, match={"path": "/query"}, times=99)
    (first,) = world.run().syncs
    assert (first.unknown, first.unknown_earlier) == (2, 0)
    assert "unknown_earlier" not in first.document()

    (plan,) = world.plan().syncs
    assert (plan.status, plan.unknown, plan.planned, plan.api_calls) == (RunStatus.PARTIAL, 2, 0, 0)

    report = world.run_one()

    assert (report.status, report.unknown, report.unknown_earlier) == (RunStatus.PAUSED, 2, 2)
    assert report.document()["unknown_earlier"] == 2


def test_a_plan_does_not_call_a_member_unchanged_whose_answer_is_still_out(world: World) -> None:
    people = [person(1), person(2)]
    world.people(people)
    world.run_one()
    world.people([person(1, phone="+9"), people[1]])
    world.org.fault("drop_before", match={"path": "composite/sobjects|/query"}, times=99)
    assert world.run().syncs[0].unknown == 1

    (plan,) = world.plan().syncs

    assert (plan.members, plan.unchanged, plan.unknown, plan.changed, plan.planned) == (2, 1, 1, 0, 0)
    world.org.admin("DELETE", "faults")
    assert world.run_one().accepted == 1


def test_an_exit_whose_answer_was_lost_is_not_sent_twice(world: World) -> None:
    world.people([person(1), person(2)])
    world.run_one()
    world.people([person(1)])
    world.org.fault("drop_after", match=COLLECTIONS)

    assert world.run_one().accepted == 1
    assert world.leads()["p2@example.com"]["Audiences__c"] is None
    assert world.run_one().planned == 0


def test_a_locked_row_is_sent_again_after_a_pause_and_its_neighbours_are_not(world: World) -> None:
    world.people([person(1), person(2), person(3)])
    world.run_one()
    world.people([person(number, phone="+9") for number in (1, 2, 3)])
    world.org.fault("lock_rows", object="Lead", field="Email", values=["p2@example.com"], times=2)

    report = world.run_one()

    assert (report.accepted, report.rejected) == (3, 0)
    attempts = world.sql(
        "SELECT profile_key, attempt, outcome, error_code FROM ledger WHERE reason = 'trigger' ORDER BY ALL"
    )
    assert attempts == [
        ("p1", 1, "accepted", None),
        ("p2", 1, "rejected", "UNABLE_TO_LOCK_ROW"),
        ("p2", 2, "rejected", "UNABLE_TO_LOCK_ROW"),
        ("p2", 3, "accepted", None),
        ("p3", 1, "accepted", None),
    ]


class Counted(Silent):
    """Sees how many rows are said to be done."""

    done = 0

    def advance(self, rows: int) -> None:
        self.done += rows


def test_a_row_that_is_tried_again_counts_once_in_the_progress(world: World) -> None:
    world.people([person(number) for number in range(1, 4)])
    locked = ["p1@example.com", "p2@example.com"]
    world.org.fault("lock_rows", object="Lead", field="Email", values=locked[:1], times=2)
    world.org.fault("lock_rows", object="Lead", field="Email", values=locked[1:], times=99)
    progress = Counted()

    (report,) = world.run(progress=progress).syncs

    assert (report.accepted, report.rejected) == (2, 1)
    assert progress.done == 3


def test_a_session_that_ends_in_the_middle_is_renewed_once(world: World) -> None:
    world.people([person(number) for number in range(450)])
    world.org.fault("expire_session", match=COLLECTIONS, skip=1)

    report = world.run_one()

    assert (report.accepted, report.status) == (450, RunStatus.SUCCEEDED)


def test_a_request_refused_for_one_row_costs_no_neighbour(world: World) -> None:
    world.people([person(number) for number in range(1, 9)])
    refusal = [{"message": "Cannot deserialize", "errorCode": "JSON_PARSER_ERROR"}]
    # eight, then the first four, then the first two, then the first one: that one is the guilty row
    world.org.fault("status", status=400, body=refusal, match=COLLECTIONS, times=4)

    report = world.run_one()

    assert (report.accepted, report.rejected) == (7, 1)
    assert world.last_pushes()["p1"][2:4] == ("rejected", "JSON_PARSER_ERROR")


def test_a_refusal_that_every_row_would_meet_stops_the_sync_and_keeps_the_state(world: World) -> None:
    world.people([person(1), person(2)])
    refusal = [{"message": "No such column", "errorCode": "INVALID_FIELD"}]
    world.org.fault("status", status=400, body=refusal, match=COLLECTIONS, times=1)

    report = world.run_one()

    assert report.trouble is not None
    assert (report.trouble.exit_code, report.deferred, report.planned) == (6, 2, 0)
    assert world.run_one().accepted == 2


def test_an_unapproved_app_is_said_with_its_cure(world: World) -> None:
    world.people([person(1)])
    world.org.admin("POST", "app", {"approved": False})
    try:
        report = world.run_one()
    finally:
        world.org.admin("POST", "app", {"approved": True})

    assert report.trouble is not None
    assert report.trouble.exit_code == 6
    assert "approve" in f"{report.trouble.message} {report.trouble.hint}"


def test_a_sign_in_refused_in_front_of_a_write_stops_the_sync_and_blames_no_row(world: World) -> None:
    world.people([person(1)])
    world.run_one()
    world.people([person(number) for number in range(1, 9)])
    (world.folder / "consumer_key").write_text("unknown")

    report = world.run_one()

    assert report.trouble is not None
    assert (report.trouble.exit_code, report.planned, report.deferred) == (6, 0, 7)
    (world.folder / "consumer_key").write_text(world.org.greeting["consumer_key"])
    assert world.run_one().accepted == 7


def test_a_spent_budget_pauses_the_run_and_a_later_one_goes_on_where_it_stopped(world: World) -> None:
    world.sync["max_daily_api_calls"] = 3
    world.people([person(number) for number in range(3900)])

    report = world.run_one()

    assert (report.status, report.accepted, report.deferred, report.api_calls) == (
        RunStatus.PAUSED,
        2000,
        1900,
        3,
    )
    assert world.run_one().accepted == 0
    world.clock.ahead = timedelta(hours=25)
    report = world.run_one()
    assert (report.accepted, report.deferred) == (1900, 0)  # describe had grown old, and took a call
    assert len(world.org.records()) == 3900


def test_the_orgs_own_reserve_is_never_touched(world: World) -> None:
    world.config["connection"]["reserve_org_api_calls"] = 0.5
    world.people([person(number) for number in range(2900)])
    used = world.org.admin("GET", "counters")["api_calls_24h"]
    world.org.admin("POST", "limits", {"daily_limit": 2 * (used + 3), "used": used})
    try:
        report = world.run_one()
    finally:
        world.org.admin("POST", "limits", {"daily_limit": 1_000_000, "used": 0})

    assert (report.status, report.api_calls, report.accepted) == (RunStatus.PAUSED, 3, 2000)


@pytest.mark.usefixtures("by_bulk")
@pytest.mark.parametrize("rows", [0, 170])
def test_a_failed_bulk_job_keeps_what_it_wrote_and_the_rest_comes_round_again(
    world: World, rows: int
) -> None:
    world.people([person(number) for number in range(300)])
    world.org.fault("fail_job", object="Lead", rows=rows)

    report = world.run_one()

    assert report.trouble is not None
    assert (report.accepted, report.deferred) == (rows, 300 - rows)
    report = world.run_one()
    assert (report.accepted, report.created) == (300 - rows, 300 - rows)
    assert len(world.org.records()) == 300


@pytest.mark.usefixtures("by_bulk")
@pytest.mark.parametrize("step", ["jobs/ingest$", "batches$", "jobs/ingest/[^/]+$"])
@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_bulk_job_whose_answer_is_lost_at_any_step_writes_each_row_once(
    world: World, step: str, kind: str
) -> None:
    world.people([person(number) for number in range(300)])
    world.org.fault(kind, match={"path": step})

    world.run_one()
    world.run_one()

    assert len(world.org.records()) == 300
    assert world.run_one().planned == 0


@pytest.mark.usefixtures("by_bulk")
def test_rows_missing_from_a_jobs_results_are_unknown_and_the_job_is_asked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.people([person(number) for number in range(300)])
    real = Org.download

    def short(org: Org, job_id: str, kind: ResultKind, path: Path) -> None:
        real(org, job_id, kind, path)
        if kind == "successfulResults":
            path.write_text("".join(path.read_text().splitlines(keepends=True)[:-10]))

    with monkeypatch.context() as patch:
        patch.setattr(Org, "download", short)
        report = world.run_one()

    assert (report.status, report.accepted, report.unknown) == (RunStatus.PAUSED, 290, 10)
    assert world.run_one().planned == 0
    assert world.sql("SELECT outcome, count(*) FROM ledger GROUP BY ALL") == [("accepted", 300)]


@pytest.mark.usefixtures("by_bulk")
def test_bulk_rows_that_are_refused_are_told_apart_by_their_key(world: World) -> None:
    people = [person(number) for number in range(300)]
    for number in (17, 250, 299):
        people[number]["email"] = f"broken{number}@@example"
    world.people(people)

    report = world.run_one()

    assert (report.accepted, report.rejected, report.routes[Route.BULK]) == (297, 3, 300)
    refused = {key for key, push in world.last_pushes().items() if push[2] == "rejected"}
    assert refused == {"p17", "p250", "p299"}
    assert {world.last_pushes()[key][3] for key in refused} == {"INVALID_EMAIL_ADDRESS"}
    again = world.run_one()
    assert (again.planned, again.parked) == (0, 3)


ERRORS = {
    "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --": (
        "REQUIRED_FIELD_MISSING",
        "Required fields are missing: [LastName]",
    ),
    "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--": (
        "INVALID_CROSS_REFERENCE_KEY",
        "invalid cross reference id",
    ),
    "DUPLICATES_DETECTED:a:\nb: 00Q1,00Q2:First_Name__c,Email --": (
        "DUPLICATES_DETECTED",
        "a:\nb: 00Q1,00Q2",
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION:from 12:30 o'clock --": (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "from 12:30 o'clock",
    ),
    "DUPLICATE_VALUE:cut off in the midd": ("DUPLICATE_VALUE", "cut off in the midd"),
    "InvalidBatch:Records not processed:--": ("INVALIDBATCH", "Records not processed"),
    "InvalidBatch : Records not processed": ("INVALIDBATCH", "Records not processed"),
    "Smith: not a code --": ("UNKNOWN_ERROR", "Smith: not a code"),
    "not a code: at all": ("UNKNOWN_ERROR", "not a code: at all"),
    "": ("UNKNOWN_ERROR", None),
}


@pytest.mark.usefixtures("by_bulk")
def test_what_a_bulk_job_says_of_a_row_is_read_as_a_whole_code_and_its_message(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.people([person(number) for number in range(len(ERRORS))])

    def download(org: Org, job_id: str, kind: ResultKind, path: Path) -> None:
        told = ERRORS if kind == "failedResults" else []
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["sf__Id", "sf__Error" if told else "sf__Created", "Email"])
            rows.writerows(["", said, f"p{number}@example.com"] for number, said in enumerate(told))

    monkeypatch.setattr(Org, "download", download)

    assert world.run_one().rejected == len(ERRORS)
    assert world.sql("SELECT error_code, error_message FROM ledger ORDER BY profile_key") == list(
        ERRORS.values()
    )


@pytest.mark.usefixtures("by_bulk")
def test_a_locked_row_of_a_bulk_job_is_sent_again_in_the_same_run(world: World) -> None:
    world.people([person(number) for number in range(300)])
    world.run_one()
    world.people([person(number, phone="+9") for number in range(300)])
    world.org.fault("lock_rows", object="Lead", field="Email", values=["p2@example.com"])

    report = world.run_one()

    assert (report.accepted, report.rejected) == (300, 0)
    assert world.leads()["p2@example.com"]["Phone"] == "+9"


@pytest.mark.usefixtures("by_bulk")
@pytest.mark.parametrize("rows", [0, 170])
@pytest.mark.parametrize(
    "reason", ["ExceededQuota : ApiBatchItems Limit exceeded.", "InternalServerError : x"]
)
def test_a_job_that_salesforce_gives_up_for_a_quota_or_a_failure_of_its_own_pauses(
    world: World, rows: int, reason: str
) -> None:
    world.people([person(number) for number in range(300)])
    world.org.fault("fail_job", object="Lead", rows=rows, message=reason)

    report = world.run_one()

    assert (report.status, report.accepted, report.deferred) == (RunStatus.PAUSED, rows, 300 - rows)
    assert report.trouble is not None
    assert (report.trouble.exit_code, reason.partition(" ")[0] in report.trouble.message) == (75, True)
    assert world.run_one().accepted == 300 - rows
    assert len(world.org.records()) == 300


def row_errors(world: World, rows: int, code: str, message: str, times: int = 1) -> None:
    """Have the next Collections requests of so many rows answered with one error a row."""
    error = {"statusCode": code, "message": message, "fields": []}
    body = [{"success": False, "errors": [error]}] * rows
    world.org.fault("status", status=200, body=body, match=COLLECTIONS, times=times)


@pytest.mark.parametrize(
    ("code", "status", "exit_code"),
    [
        ("INVALID_FIELD_FOR_INSERT_UPDATE", RunStatus.FAILED, 6),
        ("STORAGE_LIMIT_EXCEEDED", RunStatus.FAILED, 6),
        ("EXCEEDEDQUOTA", RunStatus.PAUSED, 75),
    ],
)
def test_an_error_of_a_row_that_concerns_every_row_ends_the_sync_is_said_once_and_parks_nobody(
    world: World, code: str, status: RunStatus, exit_code: int
) -> None:
    world.people([person(number) for number in range(150)])
    row_errors(world, 150, code, "no")

    report = world.run_one()

    assert report.trouble is not None
    assert (report.status, report.trouble.exit_code, report.parked) == (status, exit_code, 0)
    assert report.trouble.message.count(code) == 1
    assert report.api_calls == 2  # describe was one
    assert (world.run_one().accepted, len(world.org.records())) == (150, 150)


@pytest.mark.parametrize("code", ["REQUEST_LIMIT_EXCEEDED", "ExceededQuota"])
def test_an_org_without_calls_left_pauses_the_run(world: World, code: str) -> None:
    world.people([person(1)])
    body = [{"message": "TotalRequests Limit exceeded.", "errorCode": code}]
    world.org.fault("status", status=403, body=body, match=COLLECTIONS)

    report = world.run_one()

    assert report.trouble is not None
    assert (report.status, report.trouble.kind, report.deferred) == (RunStatus.PAUSED, "BudgetSpent", 1)
    assert report.api_calls == 2  # describe was one; asking again would cost what is not there
    assert world.run_one().accepted == 1


def test_a_trigger_that_met_locks_too_often_is_tried_again_in_the_same_run(world: World) -> None:
    world.people([person(1), person(2)])
    trigger = "Too many retries of batch save in the presence of Apex triggers"
    row_errors(world, 2, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", trigger)

    report = world.run_one()

    assert (report.accepted, report.rejected, report.parked) == (2, 0, 0)


@pytest.mark.parametrize("many", [150, 1000])
def test_a_refused_request_is_halved_down_to_its_guilty_rows_in_few_calls(
    world: World, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    guilty = {"p7@example.com", f"p{many - 20}@example.com"}
    asked: list[int] = []

    def write(org: Org, *given: Any) -> Any:
        sent = given[3]
        asked.append(len(sent))
        if any(row["Email"] in guilty for row in sent):
            raise SalesforceRefused("no", hint="", code="JSON_PARSER_ERROR", status=400)
        return real(org, *given)

    def together(org: Org, *given: Any) -> Any:
        answers = []
        for piece in given[3]:
            try:
                answers.append(write(org, *given[:3], piece, *given[4:]))
            except SalesforceRefused as refusal:
                answers.append(refusal)
        return answers

    real = Org.write
    monkeypatch.setattr(Org, "write", write)
    monkeypatch.setattr(Org, "write_together", together)
    world.people([person(number) for number in range(many)])

    report = world.run_one()

    assert (report.accepted, report.rejected, report.parked) == (many - 2, 2, 2)
    assert {key for key, push in world.last_pushes().items() if push[2] == "rejected"} == {
        "p7",
        f"p{many - 20}",
    }
    assert len(asked) <= 5 + 2 * 2 * 8  # two calls a halving of 200, for each guilty row


def test_locked_rows_go_again_in_ever_smaller_requests_with_those_of_one_parent_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [person(number, company=f"a{number % 6}") for number in range(150)]
    for number in range(6):
        world.org.create("Account", Name=f"a{number}", External_Id__c=f"a{number}")
    world.sync.update(
        object="Contact",
        required_fields={"LastName": "name", "Email": "email"},
        extra_fields={"Account.External_Id__c": "company"},
    )
    world.people(people)
    locked = [one["email"] for one in people if one["company"] in {"a1", "a3", "a4"}]
    world.org.fault("lock_rows", object="Contact", field="Email", values=locked, times=2)
    sent: list[list[str]] = []

    def write(session: Session, one: rows.Request, options: WriteOptions) -> list[RowResult]:
        note(one)
        return alone(session, one, options)

    def write_together(session: Session, all_of: Any, options: WriteOptions) -> Any:
        for one in all_of:
            note(one)
        return together(session, all_of, options)

    def note(one: rows.Request) -> None:
        records: Any = (one.document or {})["records"]
        sent.append([record["Account"]["External_Id__c"] for record in records])

    alone, together = rows.write, composite.write_together
    monkeypatch.setattr(rows, "write", write)
    monkeypatch.setattr(composite, "write_together", write_together)

    report = world.run_one()

    assert (report.accepted, report.rejected, report.unknown) == (150, 0, 0)
    assert [len(one) for one in sent] == [150, 50, 25, *[10] * 7, 5]
    for attempt in (sent[:1], sent[1:3], sent[3:]):
        in_order = [parent for one in attempt for parent in one]
        assert in_order == sorted(in_order)
    assert [round(pause) for pause in world.clock.slept] == [1, 4]


def test_a_session_that_cannot_be_renewed_ends_the_sync_after_one_try(world: World) -> None:
    world.people([person(1)])
    world.run_one()
    world.people([person(1, phone="+9")])
    world.org.admin("DELETE", "requests")
    world.org.fault("expire_session", match=COLLECTIONS, times=9)

    report = world.run_one()

    assert report.trouble is not None
    assert (report.status, report.trouble.exit_code, report.deferred) == (RunStatus.FAILED, 6, 1)
    tokens = [one["path"] for one in world.org.requests() if one["path"].endswith("/token")]
    assert len(tokens) == 2
    world.org.admin("DELETE", "faults")
    assert world.run_one().accepted == 1


def test_what_is_unanswered_shows_in_status_until_the_next_run_has_asked(world: World) -> None:
    world.people([person(1), person(2)])
    world.org.fault("drop_after", match=COLLECTIONS)
    world.org.fault("status", status=503, match={"path": "/query"}, times=99)

    assert world.run_one().unknown == 2

    assert unanswered(world) == 2
    world.org.admin("DELETE", "faults")
    world.run_one()
    assert unanswered(world) == 0


def unanswered(world: World) -> int:
    with Store.open(world.folder / "store.duckdb", base=world.folder, read_only=True) as store:
        return int(looking.status(store, world.project())["syncs"][0]["unknown"])


@pytest.mark.parametrize(
    ("rule", "mapping", "place"),
    [
        ("name::INT > 0", "fax", "audiences.odd.where"),
        ("true", {"sql": "CAST(company AS INT) + 1"}, "syncs.0.extra_fields.Fax.sql"),
    ],
)
def test_a_cast_that_fails_is_said_of_the_rule_or_mapping_that_has_it(
    world: World, rule: str, mapping: Any, place: str
) -> None:
    world.config["audiences"] = {"odd": {"where": rule}}
    world.sync["audiences"].append("odd")
    world.sync["extra_fields"]["Fax"] = mapping
    world.people([person(1)])

    (report,) = world.run().syncs

    assert report.trouble is not None
    assert report.trouble.exit_code == 3
    assert report.trouble.message.endswith(f"{place} fails over the data: a value is not a INT32")
    assert "TRY_CAST" in report.trouble.hint
    assert "Name 1" not in report.trouble.message
