"""Bulk API 2.0 ingest: states, CSV rules, results."""

from __future__ import annotations

import csv
import gzip
import io
import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Client, Emulator


QUOTE = "Failed to parse CSV. Found unescaped quote. A value with quote should be within a quote"


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_job_goes_through_its_states_and_results_come_shuffled_and_quoted(client: Client) -> None:
    mark = uuid.uuid4().hex
    lines = [f"{mark}{at}@example.com,Žižka{at},C" for at in range(300)]
    info = client.bulk(
        "Lead", "upsert", "\n".join(["Email,LastName,Company", *lines]) + "\n", externalIdFieldName="Email"
    )

    assert info["state"] == "JobComplete"
    assert info["apiVersion"] == 66.0
    assert info["jobType"] == "V2Ingest"
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (300, 0)
    answer = client("GET", f"/jobs/ingest/{info['id']}/successfulResults/")
    assert answer.headers["Content-Type"] == "text/csv"
    text = answer.content.decode()
    head, first, *_ = text.splitlines()
    assert head == '"sf__Id","sf__Created",Email,LastName,Company'
    assert first.count('"') == 10
    results = rows_of(text)
    assert [row["Email"] for row in results] != [line.partition(",")[0] for line in lines]
    assert {row["LastName"] for row in results} == {f"Žižka{at}" for at in range(300)}
    assert {row["sf__Created"] for row in results} == {"true"}


def test_create_answers_with_an_open_job(client: Client) -> None:
    body = client("POST", "/jobs/ingest/", json={"object": "lead", "operation": "insert"}).json()

    assert body["state"] == "Open"
    assert body["object"] == "Lead"
    assert body["contentUrl"] == f"services/data/v66.0/jobs/ingest/{body['id']}/batches"
    assert body["id"].startswith("750")
    assert (body["lineEnding"], body["columnDelimiter"]) == ("LF", "COMMA")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"object": "Account", "operation": "upsert", "externalIdFieldName": "Website"}, "INVALIDJOB"),
        ({"object": "Account", "operation": "upsert", "externalIdFieldName": "Nope__c"}, "INVALIDJOB"),
        ({"object": "Account", "operation": "upsert"}, "INVALIDJOB"),
        ({"object": "Account", "operation": "merge"}, "INVALIDJOB"),
        ({"object": "Nothing", "operation": "insert"}, "INVALIDENTITY"),
    ],
)
def test_a_job_that_cannot_work_is_refused_at_creation(
    client: Client, body: dict[str, str], code: str
) -> None:
    answer = client("POST", "/jobs/ingest", json=body)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
    if body.get("externalIdFieldName") == "Website":
        assert answer.json()[0]["message"] == (
            "InvalidJob : Field name provided, Website does not match an External ID, Salesforce Id, or "
            "indexed field for Account"
        )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("LastName,Nope__c\nA,B\n", "InvalidBatch : Field name not found : Nope__c"),
        (
            "LastName,Company\r\nA,B\r\n",
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        (
            'LastName,Company\n"A\r\nB",C\n',
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        (
            '\ufeff"LastName","Company"\nA,B\n',
            f"InvalidBatch : {QUOTE}",
        ),
        (
            "LastName,Company,Mother.External_Id__c\nA,B,c\n",
            "InvalidBatch : Unable to find relationship: Mother",
        ),
        (
            "LastName,Company,Lead:ConvertedAccount.External_Id__c\nA,B,c\n",
            "InvalidBatch : type is not needed for non polymorphic foreign key references: ConvertedAccount",
        ),
    ],
    ids=["column", "line ending", "line ending in quotes", "byte-order mark", "relationship", "type"],
)
def test_a_file_that_is_wrong_as_a_whole_fails_the_job_later_with_0_and_0(
    client: Client, data: str, message: str
) -> None:
    info = client.bulk("Lead", "insert", data)

    assert info["state"] == "Failed"
    assert info["errorMessage"] == message
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (0, 0)


def test_empty_leaves_alone_and_na_clears(client: Client) -> None:
    mark = uuid.uuid4().hex
    lead = client.create("Lead", LastName="A", Company="C", External_Id__c=mark, Phone="1", Title="T")
    data = f"External_Id__c,Phone,Title\n{mark},#N/A,\n"
    info = client.bulk("Lead", "upsert", data, externalIdFieldName="External_Id__c")

    record = client.read("Lead", lead)
    assert (record["Phone"], record["Title"]) == (None, "T")
    assert info["numberRecordsFailed"] == 0


def test_a_value_of_a_wrong_type_fails_only_its_row(client: Client) -> None:
    data = "LastName,Company,NumberOfEmployees\nA,C,12\nB,C,12.5\n"
    info = client.bulk("Lead", "insert", data)

    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (2, 1)
    (bad,) = rows_of(client.results(info["id"], "failedResults"))
    assert bad["sf__Error"] == (
        "INVALID_FIELD:Failed to deserialize field at col 3. Due to, '12.5' is not a valid value for the "
        "type xsd:int:NumberOfEmployees--"
    )


def test_a_space_before_a_quote_fails_only_its_row(client: Client) -> None:
    info = client.bulk("Lead", "insert", 'LastName,Company\nA, "C"\nB,"say ""hi"""\n')

    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (2, 1)


def test_line_breaks_in_quotes_and_other_delimiters_are_kept(client: Client) -> None:
    mark = uuid.uuid4().hex
    data = f'LastName;Company;Description\r\n{mark};C;"one, two"\r\n'
    info = client.bulk("Lead", "insert", data, columnDelimiter="SEMICOLON", lineEnding="CRLF")
    multi = client.bulk("Lead", "insert", f'LastName,Company,Description\n{mark}2,C,"a\nb"\n')

    text = client.results(info["id"], "successfulResults")
    assert text.startswith('"sf__Id";"sf__Created";LastName;Company;Description\r\n')
    (row,) = rows_of(client.results(multi["id"], "successfulResults"))
    assert client.read("Lead", row["sf__Id"])["Description"] == "a\nb"


def test_a_key_twice_in_one_chunk_fails_both_rows_in_another_it_updates(client: Client) -> None:
    mark = uuid.uuid4().hex
    lines = [f"{mark}{at},A,C" for at in range(250)]
    lines[1] = lines[0]
    lines[249] = lines[2]
    data = "\n".join(["External_Id__c,LastName,Company", *lines]) + "\n"
    info = client.bulk("Lead", "upsert", data, externalIdFieldName="External_Id__c")

    assert info["numberRecordsFailed"] == 2
    created = [row["sf__Created"] for row in rows_of(client.results(info["id"], "successfulResults"))]
    assert created.count("false") == 1


def test_keys_that_are_numbers_compare_as_numbers(launch: Callable[..., Emulator], tmp_path: Path) -> None:
    field = "{label: Number, type: Number, precision: 18, scale: 1, externalId: true, unique: true}"
    (tmp_path / "org.yaml").write_text(f"objects: {{Lead: {{fields: {{Number__c: {field}}}}}}}")
    client = launch("--org", str(tmp_path / "org.yaml")).client()
    head, key = "Number__c,LastName,Company\n", {"externalIdFieldName": "Number__c"}
    client.bulk("Lead", "upsert", head + "7,A,C\n", **key)

    again = client.bulk("Lead", "upsert", head + "7.0,B,C\n8,A,C\n8.00,B,C\n", **key)

    (row,) = rows_of(client.results(again["id"], "successfulResults"))
    assert (row["Number__c"], row["sf__Created"], again["numberRecordsFailed"]) == ("7.0", "false", 2)


def test_an_id_twice_in_one_chunk_fails_both_rows_in_another_the_later_one_stands(client: Client) -> None:
    near, far = (client.create("Lead", LastName="A", Company="C") for _ in range(2))
    lines = [f"{near},1", f"{near},2", f"{far},1", *["00QEm000000zzzz,1"] * 200, f"{far},2"]
    info = client.bulk("Lead", "update", "\n".join(["Id,Phone", *lines]) + "\n")

    failed = {row["sf__Error"] for row in rows_of(client.results(info["id"], "failedResults"))}
    assert f"DUPLICATE_VALUE:Duplicate id specified: {near}:Id--" in failed
    assert (client.read("Lead", near)["Phone"], client.read("Lead", far)["Phone"]) == (None, "2")


def test_data_is_uploaded_once_and_only_to_an_open_job(client: Client) -> None:
    job = client("POST", "/jobs/ingest", json={"object": "Lead", "operation": "insert"}).json()["id"]
    path, csv_type = f"/jobs/ingest/{job}/batches", {"Content-Type": "text/csv; charset=UTF-8"}
    first = client("PUT", path, data="LastName,Company\nA,B\n", headers=csv_type)
    second = client("PUT", path, data="LastName,Company\nA,B\n", headers=csv_type)

    assert (first.status_code, first.content) == (201, b"")
    assert (second.status_code, second.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    client("PATCH", f"/jobs/ingest/{job}", json={"state": "Aborted"})


def test_an_aborted_job_gives_its_rows_back(client: Client, emulator: Emulator) -> None:
    emulator.admin("POST", "settings", bulk_pace_s=30)
    job = client.start_job("Lead", "insert", "LastName,Company\nA,B\n")
    early = client("GET", f"/jobs/ingest/{job}/successfulResults")
    waiting = client("GET", f"/jobs/ingest/{job}").json()["state"]
    aborted = client("PATCH", f"/jobs/ingest/{job}", json={"state": "Aborted"}).json()
    emulator.admin("POST", "settings", bulk_pace_s=0)

    assert waiting == "UploadComplete"
    assert early.status_code == 400
    assert aborted["state"] == "Aborted"
    assert client.results(job, "unprocessedRecords") == "LastName,Company\nA,B\n"
    assert client("DELETE", f"/jobs/ingest/{job}").status_code == 204
    assert client("GET", f"/jobs/ingest/{job}").status_code == 404


def test_a_job_that_fails_half_way_leaves_the_rest_unprocessed(client: Client, emulator: Emulator) -> None:
    emulator.fault("fail_job", object="Lead", rows=3, message="InternalServerError : scripted")
    info = client.bulk("Lead", "insert", "LastName,Company\n" + "A,B\n" * 5)

    assert (info["state"], info["errorMessage"]) == ("Failed", "InternalServerError : scripted")
    assert info["numberRecordsProcessed"] == 3
    assert len(rows_of(client.results(info["id"], "successfulResults"))) == 3
    assert len(rows_of(client.results(info["id"], "unprocessedrecords"))) == 2


def test_a_job_is_gone_after_seven_days(launch: Callable[..., Emulator]) -> None:
    emulator = launch()
    job = emulator.client().bulk("Lead", "insert", "LastName,Company\nA,C\n")["id"]
    answers = []
    for _ in range(2):
        emulator.admin("POST", "clock", advance_s=3.6 * 86_400)
        answers.append(emulator.client()("GET", f"/jobs/ingest/{job}/successfulResults").status_code)

    assert answers == [200, 404]
    assert emulator.client()("GET", "/jobs/ingest").json()["records"] == []


def test_updates_and_deletes_go_by_id(client: Client) -> None:
    lead = client.create("Lead", LastName="A", Company="C")
    updated = client.bulk("Lead", "update", f"Id,LastName\n{lead},B\n00QEm000000zzzz,C\n")
    failed = rows_of(client.results(updated["id"], "failedResults"))
    deleted = client.bulk("Lead", "delete", f"Id\n{lead}\n")

    assert updated["numberRecordsFailed"] == 1
    assert failed[0]["sf__Error"] == "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--"
    assert deleted["numberRecordsFailed"] == 0
    assert client("GET", f"/sobjects/Lead/{lead}").json()[0]["errorCode"] == "ENTITY_IS_DELETED"


def test_a_delete_takes_ids_alone(client: Client) -> None:
    lead = client.create("Lead", LastName="A", Company="C")
    info = client.bulk("Lead", "delete", f"Id,LastName\n{lead},A\n")

    assert info["errorMessage"] == "InvalidBatch : The 'delete' batch must contain only ids"
    assert client.read("Lead", lead)["LastName"] == "A"


@pytest.mark.parametrize(("version", "known"), [("53.0", True), ("52.0", False)])
def test_the_id_of_a_failed_update_is_given_since_v53(client: Client, version: str, known: bool) -> None:
    lead = client.create("Lead", LastName="A", Company="C")
    client.version = version
    info = client.bulk("Lead", "update", f"Id,Email\n{lead},wrong\n00QEm000000zzzz,\n")

    wrong, gone = sorted(row["sf__Id"] for row in rows_of(client.results(info["id"], "failedResults")))[::-1]
    assert (wrong, gone) == (lead if known else "", "")


def test_an_empty_id_column_does_not_disturb_an_upsert(client: Client) -> None:
    mark = uuid.uuid4().hex
    data = f"Id,External_Id__c,LastName,Company\n,{mark},A,C\n"
    info = client.bulk("Lead", "upsert", data, externalIdFieldName="External_Id__c")

    assert info["numberRecordsFailed"] == 0


@pytest.mark.parametrize("operation", ["insert", "upsert"])
def test_an_id_has_no_place_where_it_is_not_the_key(client: Client, operation: str) -> None:
    lead, mark = client.create("Lead", LastName="A", Company="C"), uuid.uuid4().hex
    more = {"externalIdFieldName": "External_Id__c"} if operation == "upsert" else {}
    info = client.bulk("Lead", operation, f"Id,External_Id__c,LastName,Company\n{lead},{mark},B,C\n", **more)

    (bad,) = rows_of(client.results(info["id"], "failedResults"))
    assert bad["sf__Error"] == (
        f"INVALID_FIELD_FOR_INSERT_UPDATE:cannot specify Id in an {operation} call:Id--"
    )


def test_parents_by_external_id_in_a_column(client: Client, emulator: Emulator) -> None:
    mark = uuid.uuid4().hex
    account = client.create("Account", Name="P", External_Id__c=mark)
    user = emulator.greeting["username"]
    data = f"LastName,Account.External_Id__c,Owner.Username\nA,{mark},{user}\nB,none,{user}\n"
    info = client.bulk("Contact", "insert", data)

    (good,) = rows_of(client.results(info["id"], "successfulResults"))
    (bad,) = rows_of(client.results(info["id"], "failedResults"))
    assert client.read("Contact", good["sf__Id"])["AccountId"] == account
    assert bad["sf__Error"] == (
        "INVALID_FIELD:Foreign key external ID: none not found for field External_Id__c in entity Account:--"
    )


def test_a_polymorphic_parent_names_its_type_in_the_column(client: Client, emulator: Emulator) -> None:
    data = f"LastName,Company,User:Owner.Username\nA,C,{emulator.greeting['username']}\n"

    assert client.bulk("Lead", "insert", data)["numberRecordsFailed"] == 0
    assert client.bulk("Lead", "insert", data.replace("User:", ""))["state"] == "Failed"


def test_gzip_and_chunked_uploads_are_taken(client: Client) -> None:
    def blocks() -> Any:
        yield b"LastName,Company\n"
        yield b"A,B\n"

    for data, more in (
        (gzip.compress(b"LastName,Company\nA,B\n"), {"Content-Encoding": "gzip"}),
        (blocks(), {}),
    ):
        job = client("POST", "/jobs/ingest", json={"object": "Lead", "operation": "insert"}).json()["id"]
        headers = {"Content-Type": "text/csv", **more}
        assert client("PUT", f"/jobs/ingest/{job}/batches/", data=data, headers=headers).status_code == 201
        client("PATCH", f"/jobs/ingest/{job}/", json={"state": "UploadComplete"})
        assert client.wait(job)["numberRecordsProcessed"] == 1


@pytest.mark.parametrize(("size", "status"), [(100_000_000, 201), (100_000_001, 400)])
def test_an_upload_holds_100_mb(client: Client, size: int, status: int) -> None:
    job = client("POST", "/jobs/ingest", json={"object": "Lead", "operation": "insert"}).json()["id"]
    headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    data = gzip.compress(bytes(size), 1)

    assert client("PUT", f"/jobs/ingest/{job}/batches", data=data, headers=headers).status_code == status
    client("PATCH", f"/jobs/ingest/{job}", json={"state": "Aborted"})
    assert client("DELETE", f"/jobs/ingest/{job}").status_code == 204


def test_one_multipart_request_makes_and_closes_a_job(client: Client) -> None:
    job = '{"object": "Lead", "operation": "insert"}'
    parts = {
        "job": (None, job, "application/json"),
        "content": ("content", "LastName,Company\nA,B\n", "text/csv"),
    }
    answer = client("POST", "/jobs/ingest", files=parts)
    info = client.wait(answer.json()["id"])
    large = {**parts, "content": ("content", "LastName,Company\n" + "A,B\n" * 30_000, "text/csv")}

    assert answer.json()["state"] in {"UploadComplete", "InProgress", "JobComplete"}
    assert (info["state"], info["numberRecordsProcessed"]) == ("JobComplete", 1)
    assert client("POST", "/jobs/ingest", files=large).status_code == 400


def test_a_hard_delete_leaves_nothing_in_the_recycle_bin(client: Client) -> None:
    lead = client.create("Lead", LastName="A", Company="C")
    client.bulk("Lead", "hardDelete", f"Id\n{lead}\n")

    assert client("GET", f"/sobjects/Lead/{lead}").json()[0]["errorCode"] == "NOT_FOUND"


def test_simple_salesforce_upserts_in_bulk(emulator: Emulator) -> None:
    sf = emulator.simple_salesforce()
    mark = uuid.uuid4().hex
    records = [{"Email": f"{mark}{at}@example.com", "LastName": "A", "Company": "C"} for at in range(3)]
    results = sf.bulk2.Lead.upsert(records=records, external_id_field="Email", wait=0.1)

    assert results[0]["numberRecordsProcessed"] == 3
    assert results[0]["numberRecordsFailed"] == 0
