"""The whole client against the local Salesforce: over TLS, as a process, with trouble on the line."""

import csv
import dataclasses
import datetime as dt
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from audiencesync.errors import AnswerLost, BudgetSpent, RouteRefused, SalesforceRefused
from audiencesync.records import JobState, Operation, Row, RowResult, WriteOptions
from audiencesync.salesforce import bulk, rows
from audiencesync.salesforce.auth import JwtBearer
from audiencesync.salesforce.composite import write_together
from audiencesync.salesforce.describe import describe, dump, load
from audiencesync.salesforce.limits import api_versions, limits
from audiencesync.salesforce.org import Org
from audiencesync.salesforce.query import query, select_matching
from audiencesync.salesforce.session import Session

from .helpers import CountingMeter, rsa_pem

PLAIN = WriteOptions()


class HastyClock:
    """The real time, shifted; waits are cut short."""

    def __init__(self, shift_s: float = 0) -> None:
        self.shift = dt.timedelta(seconds=shift_s)

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.shift

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.02))


@dataclasses.dataclass
class Emulator:
    greeting: dict[str, str]

    def grant(self, **changes: str) -> JwtBearer:
        plain = JwtBearer(
            login_url=self.greeting["login_url"],
            consumer_key=self.greeting["consumer_key"],
            username=self.greeting["username"],
            private_key=Path(self.greeting["private_key_file"]).read_text(),
        )
        return dataclasses.replace(plain, **changes)

    def session(
        self, *, meter: CountingMeter | None = None, shift_s: float = 0, grant: JwtBearer | None = None
    ) -> Session:
        return Session.connect(
            grant or self.grant(),
            api_version="66.0",
            ca_bundle=Path(self.greeting["ca_bundle"]),
            meter=meter or CountingMeter(),
            clock=HastyClock(shift_s),
        )

    def admin(self, method: str, path: str, document: object = None) -> dict[str, object]:
        answer = requests.request(
            method,
            f"{self.greeting['instance_url']}/__admin__/{path}",
            json=document,
            verify=self.greeting["ca_bundle"],
            timeout=30,
        )
        assert answer.ok, answer.text
        return dict(answer.json()) if answer.content else {}

    def fault(self, kind: str, path: str, **more: object) -> None:
        self.admin("POST", "faults", {"kind": kind, "path": path, **more})

    def calls(self) -> object:
        return self.admin("GET", "counters")["api_calls_total"]


@pytest.fixture(scope="module")
def process() -> Iterator[Emulator]:
    command = [sys.executable, "-m", "audiencesync.emulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        emulator = Emulator(json.loads(running.stdout.readline()))
        emulator.admin("POST", "settings", {"bulk_pace_s": 0})
        yield emulator
        running.terminate()


@pytest.fixture
def emulator(process: Emulator) -> Iterator[Emulator]:
    process.admin("DELETE", "faults")
    yield process
    process.admin("DELETE", "faults")
    process.admin("POST", "app", {"approved": True})


@pytest.fixture
def live(emulator: Emulator, meter: CountingMeter) -> Iterator[Session]:
    with emulator.session(meter=meter) as session:
        yield session


def _leads(name: str, count: int) -> list[Row]:
    return [
        {"Email": f"{name}.{n}@example.org", "LastName": f"Zoë {n}", "Company": "n/a"} for n in range(count)
    ]


def _file(path: Path, sent: list[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(sent[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(sent)
    return path


def _results(session: Session, job_id: str, kind: bulk.ResultKind, path: Path) -> list[dict[str, str]]:
    bulk.download(session, job_id, kind, path)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _start(session: Session, path: Path) -> str:
    job_id = bulk.create_job(session, "Lead", Operation.UPSERT, "Email", PLAIN)
    bulk.upload(session, job_id, path)
    bulk.close(session, job_id)
    return job_id


@pytest.mark.parametrize("audience", ["", "https://login.salesforce.com"])
def test_a_sign_in_is_accepted(emulator: Emulator, audience: str) -> None:
    with emulator.session(grant=emulator.grant(audience=audience)) as session:
        assert session.user_id.startswith("005")


@pytest.mark.parametrize(
    ("changes", "code", "cure"),
    [
        ({"audience": "https://test.salesforce.com"}, "invalid_grant", "sandbox"),
        ({"username": "nobody@example.com"}, "invalid_grant", "auth.username"),
        ({"consumer_key": "3MVGunknown"}, "invalid_client_id", "Consumer Key"),
        ({"private_key": rsa_pem()}, "invalid_grant", "certificate"),
    ],
)
def test_each_refusal_has_its_cure(emulator: Emulator, changes: dict[str, str], code: str, cure: str) -> None:
    session = emulator.session(grant=emulator.grant(**changes))
    with session, pytest.raises(SalesforceRefused) as caught:
        limits(session)

    assert caught.value.code == code
    assert cure in caught.value.hint


def test_a_user_who_is_not_approved_is_told_how_to_be(emulator: Emulator) -> None:
    emulator.admin("POST", "app", {"approved": False})
    with emulator.session() as session, pytest.raises(SalesforceRefused) as caught:
        limits(session)

    assert "pre-authorized" in caught.value.hint


def test_a_wrong_clock_is_named_with_its_error(emulator: Emulator) -> None:
    with (
        emulator.session(shift_s=-1000) as session,
        pytest.raises(SalesforceRefused, match="behind") as caught,
    ):
        limits(session)

    assert "NTP" in caught.value.hint


def test_without_its_authority_the_server_is_not_trusted(emulator: Emulator) -> None:
    session = Session.connect(
        emulator.grant(), api_version="66.0", ca_bundle=None, meter=CountingMeter(), clock=HastyClock()
    )
    with session, pytest.raises(SalesforceRefused, match="certificate"):
        limits(session)


def test_an_object_is_described_and_cached(live: Session) -> None:
    lead = describe(live, "lead")

    assert lead.name == "Lead"
    assert lead.fields["email"].may_match
    assert lead.fields["company"].required_on_create
    assert not lead.fields["phone"].may_match
    assert load(dump(lead)) == lead


def test_an_unknown_object_and_an_unknown_version_are_refused(emulator: Emulator, live: Session) -> None:
    with pytest.raises(SalesforceRefused) as unknown:
        describe(live, "Nope__c")
    assert unknown.value.status == 404
    assert "66.0" in api_versions(live)


def test_our_count_of_calls_is_the_orgs(emulator: Emulator, live: Session, meter: CountingMeter) -> None:
    before = emulator.calls()
    assert isinstance(before, int)

    describe(live, "Lead")
    limits(live)
    api_versions(live)
    list(query(live, "SELECT Id FROM Lead LIMIT 1"))
    rows.upsert(live, "Lead", "Email", _leads("count", 2), PLAIN)

    assert emulator.calls() == before + 4
    assert meter.charged == ["describe", "limits", "query", "collections"]
    assert meter.usages[-1][0] == emulator.admin("GET", "counters")["api_calls_24h"]


def test_rows_are_created_updated_and_refused_one_by_one(live: Session) -> None:
    good, bad = _leads("rows", 2)
    assert [result.created for result in rows.upsert(live, "Lead", "Email", [good], PLAIN)] == [True]

    first, second = rows.upsert(live, "Lead", "Email", [good, {**bad, "LastName": None}], PLAIN)

    assert (first.accepted, first.created) == (True, False)
    assert (second.accepted, second.code, second.fields) == (False, "REQUIRED_FIELD_MISSING", ("LastName",))


def test_records_are_updated_created_and_deleted_by_id(live: Session) -> None:
    (made,) = rows.create(live, "Lead", _leads("by-id", 1), PLAIN)
    assert made.created
    assert made.salesforce_id is not None

    (changed,) = rows.update(live, "Lead", [{"Id": made.salesforce_id, "Phone": "+49 1"}], PLAIN)
    assert changed == RowResult(accepted=True, salesforce_id=made.salesforce_id, created=False)
    (gone,) = rows.delete(live, [made.salesforce_id])
    assert gone.accepted
    (missing,) = rows.update(live, "Lead", [{"Id": made.salesforce_id, "Phone": "1"}], PLAIN)
    assert missing.code == "ENTITY_IS_DELETED"


def _pieces(name: str, *, of: int, pieces: int) -> list[rows.Request]:
    sent = _leads(name, of * pieces)
    return [
        rows.request(Operation.UPSERT, "Lead", "Email", sent[at : at + of])
        for at in range(0, of * pieces, of)
    ]


def test_a_thousand_rows_travel_in_one_call(emulator: Emulator, live: Session, meter: CountingMeter) -> None:
    before = emulator.calls()
    assert isinstance(before, int)

    results = write_together(live, _pieces("together", of=200, pieces=5), PLAIN)

    assert [len(piece) if isinstance(piece, list) else piece for piece in results] == [200] * 5
    assert {row.created for piece in results if isinstance(piece, list) for row in piece} == {True}
    assert (emulator.calls(), meter.charged) == (before + 1, ["composite"])


def test_every_operation_travels_together(live: Session) -> None:
    def done(operation: Operation, sent: list[Row]) -> list[RowResult]:
        (piece,) = write_together(live, [rows.request(operation, "Lead", None, sent)], PLAIN)
        assert isinstance(piece, list)
        return piece

    (made,) = done(Operation.INSERT, _leads("operations", 1))
    (changed,) = done(Operation.UPDATE, [{"Id": made.salesforce_id, "Phone": "1"}])
    (gone,) = done(Operation.DELETE, [{"Id": made.salesforce_id}])

    assert (made.created, changed.created, gone.accepted) == (True, False, True)


def test_a_piece_that_fails_takes_no_other_with_it(emulator: Emulator, live: Session) -> None:
    first, second, third, fourth = _pieces("apart", of=2, pieces=4)
    bad = rows.request(Operation.UPSERT, "Lead", "Email", [{**_leads("apart", 1)[0], "Nope__c": "x"}])
    match = {"method": "PATCH", "path": "composite/sobjects"}
    emulator.admin("POST", "faults", {"kind": "status", "match": match, "status": 503, "skip": 2})

    results = write_together(live, [first, bad, second, third, fourth], PLAIN)

    assert [type(one) for one in results] == [list, SalesforceRefused, AnswerLost, list, list]
    assert len(list(query(live, "SELECT Id FROM Lead WHERE Email LIKE 'apart.%'"))) == 6


def test_an_org_that_takes_fewer_pieces_says_so_and_applies_none(emulator: Emulator, live: Session) -> None:
    emulator.admin("POST", "settings", {"composite_collections": 2})
    with pytest.raises(RouteRefused):
        write_together(live, _pieces("fewer", of=1, pieces=3), PLAIN)
    emulator.admin("POST", "settings", {"composite_collections": 5})

    assert list(query(live, "SELECT Id FROM Lead WHERE Email LIKE 'fewer.%'")) == []


def test_text_that_looks_like_a_reference_arrives_as_it_is(live: Session) -> None:
    plain, odd = _leads("reference", 2)
    name = "@{piece0[0].id}"
    pieces: list[list[Row]] = [[plain], [{**odd, "LastName": name}]]

    write_together(live, [rows.request(Operation.INSERT, "Lead", None, piece) for piece in pieces], PLAIN)

    found = query(live, "SELECT LastName FROM Lead WHERE Email = 'reference.1@example.org'")
    assert list(found) == [{"LastName": name}]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncate_body"])
def test_a_composite_whose_answer_is_cut_is_in_doubt_as_a_whole(
    emulator: Emulator, live: Session, meter: CountingMeter, kind: str
) -> None:
    emulator.fault(kind, "/composite$")

    with pytest.raises(AnswerLost):
        write_together(live, _pieces(f"half-{kind}", of=2, pieces=2), PLAIN)

    assert meter.charged == ["composite"]
    written = list(query(live, f"SELECT Id FROM Lead WHERE Email LIKE 'half-{kind}.%'"))
    assert len(written) == (0 if kind == "drop_before" else 4)


def test_a_parent_is_named_by_its_external_id_and_cleared(live: Session) -> None:
    rows.upsert(live, "Account", "External_Id__c", [{"External_Id__c": "A-1", "Name": "Acme"}], PLAIN)
    contact = {"Email": "parent@example.org", "LastName": "x"}
    owner: Row = {**contact, "Account.External_Id__c": "A-1"}

    (named,) = rows.upsert(live, "Contact", "Email", [owner], PLAIN)
    (found,) = query(live, "SELECT Account.Name FROM Contact WHERE Email = 'parent@example.org'")
    (cleared,) = rows.upsert(live, "Contact", "Email", [{**contact, "Account.External_Id__c": None}], PLAIN)
    (then,) = query(live, "SELECT AccountId FROM Contact WHERE Email = 'parent@example.org'")
    (unknown,) = rows.upsert(live, "Contact", "Email", [{**contact, "Account.External_Id__c": "no"}], PLAIN)

    assert (named.accepted, cleared.accepted) == (True, True)
    assert found == {"Account": {"Name": "Acme"}}
    assert then == {"AccountId": None}
    assert (unknown.code, unknown.fields) == ("INVALID_FIELD", ("External_Id__c",))


def test_a_whole_refusal_names_the_field(live: Session) -> None:
    row: Row = {**_leads("whole", 1)[0], "Nope__c": "x"}
    with pytest.raises(SalesforceRefused, match="Nope__c") as caught:
        rows.upsert(live, "Lead", "Email", [row], PLAIN)

    assert (caught.value.code, caught.value.status) == ("INVALID_FIELD", 400)


def test_values_are_looked_up_whatever_is_in_them(live: Session) -> None:
    names = ["O'Brien", 'back\\slash "quoted"', "名前", "a%b_c", "line\nbreak"]
    sent: list[Row] = [
        {"Email": f"lookup.{n}@example.org", "LastName": name, "Company": "c"} for n, name in enumerate(names)
    ]
    assert all(result.accepted for result in rows.upsert(live, "Lead", "Email", sent, PLAIN))

    found = [
        record["LastName"]
        for statement in select_matching("Lead", ["Id", "LastName"], ["LastName"], [[name] for name in names])
        for record in query(live, statement)
    ]

    assert sorted(map(str, found)) == sorted(names)


def test_records_are_found_by_several_fields(live: Session) -> None:
    org = Org(live, HastyClock())
    rows.upsert(live, "Lead", "Email", [{**one, "Phone": "1"} for one in _leads("several", 3)], PLAIN)
    keys = [["several.0@example.org", "Zoë 0"], ["several.1@example.org", "Zoë 0"]]

    found = list(org.find("Lead", ["Email"], ["Email", "LastName"], keys))

    assert found == [{"Email": "several.0@example.org"}]
    assert org.statements("Lead", ["Email"], ["Email", "LastName"], keys) == 1


def test_every_record_comes_by_a_bulk_query(
    emulator: Emulator, live: Session, meter: CountingMeter, tmp_path: Path
) -> None:
    sent: list[Row] = [
        {"LastName": 'two\nlines "quoted"', "Company": "all", "Email": "all.0@example.org", "Fax": "7"},
        {"LastName": "Zoë, 名前", "Company": "all", "Email": "all.1@example.org", "Fax": "7"},
        {"LastName": "none", "Company": "all", "Email": "all.2@example.org"},
    ]
    rows.create(live, "Lead", sent, PLAIN)
    emulator.fault("truncate_body", "/results", times=1)
    meter.charged.clear()

    count = Org(live, HastyClock()).find_all("Lead", ["LastName", "Email"], "Fax", tmp_path / "all.csv")

    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert sorted(found, key=lambda row: row["Email"]) == [
        {"LastName": one["LastName"], "Email": one["Email"]} for one in sent[:2]
    ]
    polls = meter.charged.count("bulk_query_poll")
    assert count == 2
    results = ["bulk_query_results"] * 2
    assert meter.charged == ["bulk_query_create", *["bulk_query_poll"] * polls, *results]


def test_a_bulk_query_of_nothing_is_a_header(live: Session, tmp_path: Path) -> None:
    assert Org(live, HastyClock()).find_all("Opportunity", ["Id"], None, tmp_path / "none.csv") == 0
    assert (tmp_path / "none.csv").read_text().strip().replace('"', "") == "Id"


def test_a_bulk_query_for_an_unknown_field_is_refused(live: Session, tmp_path: Path) -> None:
    with pytest.raises(SalesforceRefused) as caught:
        Org(live, HastyClock()).find_all("Lead", ["Nope__c"], None, tmp_path / "no.csv")
    assert caught.value.code == "INVALID_FIELD"


def test_two_thousand_and_more_records_come_page_by_page(
    live: Session, meter: CountingMeter, tmp_path: Path
) -> None:
    job_id = _start(live, _file(tmp_path / "in.csv", _leads("pages", 2100)))
    assert bulk.wait(live, job_id, HastyClock(), lambda _: None).processed == 2100
    meter.charged.clear()

    found = list(query(live, "SELECT Email FROM Lead WHERE Email LIKE 'pages.%'"))

    assert len(found) == 2100
    assert meter.charged == ["query", "query"]


def test_a_job_goes_from_file_to_results(live: Session, meter: CountingMeter, tmp_path: Path) -> None:
    sent = _leads("bulk", 300)
    sent[7] = {**sent[7], "Email": "not an address"}

    job_id = _start(live, _file(tmp_path / "in.csv", sent))
    looks: list[JobState] = []
    done = bulk.wait(live, job_id, HastyClock(), lambda job: looks.append(job.state))
    accepted = _results(live, job_id, "successfulResults", tmp_path / "ok.csv")
    refused = _results(live, job_id, "failedResults", tmp_path / "bad.csv")
    left = _results(live, job_id, "unprocessedrecords", tmp_path / "left.csv")

    assert (done.state, done.processed, done.failed) == (JobState.COMPLETE, 300, 1)
    assert (len(accepted), len(refused), len(left)) == (299, 1, 0)
    assert {row["LastName"] for row in accepted} | {"Zoë 7"} == {str(row["LastName"]) for row in sent}
    assert refused[0]["sf__Error"].startswith("INVALID_EMAIL_ADDRESS:")
    polls = ["bulk_poll"] * len(looks)
    assert meter.charged == ["bulk_create", "bulk_upload", "bulk_close", *polls, *["bulk_results"] * 3]


def test_a_job_with_an_unknown_column_fails_as_a_whole(live: Session, tmp_path: Path) -> None:
    job_id = _start(live, _file(tmp_path / "in.csv", [{"Email": "x@example.org", "Nope__c": "1"}]))

    done = bulk.wait(live, job_id, HastyClock(), lambda _: None)

    assert (done.state, done.processed) == (JobState.FAILED, 0)
    assert "Nope__c" in done.error


def test_a_field_that_cannot_be_matched_by_opens_no_job(live: Session) -> None:
    with pytest.raises(SalesforceRefused) as caught:
        bulk.create_job(live, "Lead", Operation.UPSERT, "Phone", PLAIN)

    assert caught.value.code == "INVALIDJOB"


def test_an_open_job_is_found_and_given_up(live: Session) -> None:
    job_id = bulk.create_job(live, "Lead", Operation.UPDATE, None, PLAIN)
    (found,) = [job for job in Org(live, HastyClock()).jobs_open() if job.id == job_id]
    assert (found.object_name, found.operation, found.created_by) == ("Lead", "update", live.user_id)
    assert abs(found.created - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)

    bulk.abort(live, job_id)

    assert bulk.job(live, job_id).state is JobState.ABORTED
    assert job_id not in [job.id for job in bulk.jobs_open(live)]


def test_a_session_that_ends_half_way_is_renewed(
    emulator: Emulator, live: Session, meter: CountingMeter, tmp_path: Path
) -> None:
    path = _file(tmp_path / "in.csv", _leads("expire", 50))
    job_id = bulk.create_job(live, "Lead", Operation.UPSERT, "Email", PLAIN)
    emulator.admin("POST", "sessions/expire")
    bulk.upload(live, job_id, path)
    emulator.admin("POST", "sessions/expire")
    bulk.close(live, job_id)
    emulator.admin("POST", "sessions/expire")
    done = bulk.wait(live, job_id, HastyClock(), lambda _: None)
    emulator.admin("POST", "sessions/expire")
    accepted = _results(live, job_id, "successfulResults", tmp_path / "ok.csv")

    assert (done.processed, done.failed, len(accepted)) == (50, 0, 50)
    assert meter.charged.count("bulk_upload") == 2


def test_a_session_that_ends_in_the_middle_of_an_upload_is_renewed(
    emulator: Emulator, live: Session, tmp_path: Path
) -> None:
    """The refusal comes while megabytes are still on their way."""
    path = _file(tmp_path / "in.csv", _leads("big", 60_000))
    job_id = bulk.create_job(live, "Lead", Operation.UPSERT, "Email", PLAIN)
    emulator.fault("expire_session", "/batches")

    bulk.upload(live, job_id, path)

    bulk.abort(live, job_id)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncate_body"])
def test_a_write_whose_answer_is_cut_is_neither_repeated_nor_acknowledged(
    emulator: Emulator, live: Session, meter: CountingMeter, kind: str
) -> None:
    emulator.fault(kind, "composite/sobjects", method="PATCH")

    with pytest.raises(AnswerLost):
        rows.upsert(live, "Lead", "Email", _leads(kind, 3), PLAIN)

    assert meter.charged == ["collections"]
    written = list(query(live, f"SELECT Id FROM Lead WHERE Email LIKE '{kind}.%'"))
    assert len(written) == (0 if kind == "drop_before" else 3)


@pytest.mark.parametrize("html", [True, False])
def test_a_503_is_in_doubt_for_a_write_and_passes_for_a_read(
    emulator: Emulator, live: Session, html: bool
) -> None:
    emulator.fault("status", "composite/sobjects", status=503, html=html)
    emulator.fault("status", "/limits", status=503, html=html, times=2)

    with pytest.raises(AnswerLost):
        rows.upsert(live, "Lead", "Email", _leads("down", 1), PLAIN)
    assert limits(live)["DailyApiRequests"].allowed > 0


@pytest.mark.parametrize("kind", ["drop_after", "truncate_body"])
def test_a_cut_result_file_comes_whole_in_the_end(
    emulator: Emulator, live: Session, tmp_path: Path, kind: str
) -> None:
    job_id = _start(live, _file(tmp_path / "in.csv", _leads(f"cut-{kind}", 500)))
    bulk.wait(live, job_id, HastyClock(), lambda _: None)
    emulator.fault(kind, "successfulResults", times=2)

    assert len(_results(live, job_id, "successfulResults", tmp_path / "ok.csv")) == 500


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_lost_close_is_settled(emulator: Emulator, live: Session, tmp_path: Path, kind: str) -> None:
    path = _file(tmp_path / "in.csv", _leads(f"close-{kind}", 5))
    job_id = bulk.create_job(live, "Lead", Operation.UPSERT, "Email", PLAIN)
    bulk.upload(live, job_id, path)
    emulator.fault(kind, f"jobs/ingest/{job_id}", method="PATCH")

    bulk.close(live, job_id)

    assert bulk.wait(live, job_id, HastyClock(), lambda _: None).processed == 5


def test_a_second_upload_is_refused(live: Session, tmp_path: Path) -> None:
    path = _file(tmp_path / "in.csv", _leads("twice", 5))
    job_id = bulk.create_job(live, "Lead", Operation.UPSERT, "Email", PLAIN)
    bulk.upload(live, job_id, path)

    with pytest.raises(SalesforceRefused):
        bulk.upload(live, job_id, path)


def test_an_org_without_calls_left_pauses_the_work(emulator: Emulator, live: Session) -> None:
    before = emulator.admin("GET", "counters")
    emulator.admin("POST", "limits", {"daily_limit": 10, "used": 10})
    try:
        with pytest.raises(BudgetSpent):
            limits(live)
    finally:
        restored = {"daily_limit": before["daily_limit"], "used": before["api_calls_24h"]}
        emulator.admin("POST", "limits", restored)
