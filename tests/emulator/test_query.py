"""SOQL over REST and Bulk: pages, locators, metadata, errors."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Client, Emulator


def soql(client: Client, text: str, path: str = "/query", **more: str) -> dict[str, object]:
    answer = client("GET", path, params={"q": text, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def fill(client: Client, company: str, count: int) -> None:
    for start in range(0, count, 200):
        rows = [{"LastName": f"N{at}", "Company": company} for at in range(start, min(start + 200, count))]
        assert all(item["success"] for item in client.collection("POST", "Lead", rows).json())


def test_pages_are_followed_until_done(client: Client) -> None:
    fill(client, "Paged", 450)
    text = "SELECT LastName FROM Lead WHERE Company = 'paged' ORDER BY CreatedDate"
    headers = {"Sforce-Query-Options": "batchSize=200"}
    page = client("GET", "/query/", params={"q": text}, headers=headers).json()

    assert (page["totalSize"], page["done"], len(page["records"])) == (450, False, 200)
    assert page["nextRecordsUrl"].startswith("/services/data/v66.0/query/01g")
    seen = page["records"]
    while not page["done"]:
        page = client("GET", client.emulator.url + page["nextRecordsUrl"]).json()
        seen += page["records"]
    assert len({record["LastName"] for record in seen}) == 450
    assert "nextRecordsUrl" not in page


def test_simple_salesforce_reads_what_it_wrote(emulator: Emulator) -> None:
    sf = emulator.simple_salesforce()
    created = sf.Contact.create({"LastName": "Šimůnek", "Email": "sim@example.com"})

    found = sf.query_all("SELECT Id, Name FROM Contact WHERE Email = 'SIM@example.com'")

    assert [record["Id"] for record in found["records"]] == [created["id"]]


def test_deleted_records_show_only_in_query_all(client: Client) -> None:
    gone = client.create("Lead", LastName="Gone", Company="Bin", Email="bin@example.com")
    client("DELETE", f"/sobjects/Lead/{gone}")
    text = "SELECT Id, IsDeleted FROM Lead WHERE Email = 'bin@example.com'"

    assert soql(client, text)["totalSize"] == 0
    assert soql(client, text, "/queryAll")["totalSize"] == 1


def test_columns_true_answers_with_metadata_as_the_cli_expects(client: Client) -> None:
    body = soql(client, "SELECT Id, Owner.Name FROM Lead", columns="true")

    assert isinstance(body["columnMetadata"], list)
    assert body["entityName"] == "Lead"


def test_a_statement_that_is_wrong_says_where(client: Client) -> None:
    answer = client("GET", "/query", params={"q": "SELECT Id, Nope__c FROM Lead"})

    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "INVALID_FIELD"
    assert "ERROR at Row:1:Column:12" in answer.json()[0]["message"]


def test_long_text_cannot_be_filtered(client: Client) -> None:
    answer = client("GET", "/query", params={"q": "SELECT Id FROM Lead WHERE Audiences__c = 'x'"})

    assert answer.status_code == 400


def test_an_address_is_read_whole(client: Client) -> None:
    client.create("Contact", LastName="Home", MailingCity="Brno", Email="home@example.com")
    body = soql(client, "SELECT MailingAddress FROM Contact WHERE Email = 'home@example.com'")

    records = body["records"]
    assert isinstance(records, list)
    assert records[0]["MailingAddress"]["city"] == "Brno"


def test_an_unknown_locator_is_refused(client: Client) -> None:
    answer = client("GET", "/query/01gEm0000000999AAA-200")

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def query_job(client: Client, text: str, **more: str) -> str:
    body = {"operation": "query", "query": text, **more}
    answer = client("POST", "/jobs/query", json=body)
    assert answer.status_code == 200, answer.text
    job_id = str(answer.json()["id"])
    assert client.wait(job_id, "query")["state"] == "JobComplete"
    return job_id


def test_a_bulk_query_gives_pages_until_the_locator_is_null(client: Client) -> None:
    fill(client, "Bulked", 5)
    job_id = query_job(client, "SELECT Id, LastName FROM Lead WHERE Company = 'Bulked'")
    seen: list[list[str]] = []
    locator = None
    while locator != "null":
        page = client("GET", f"/jobs/query/{job_id}/results", params={"maxRecords": 2, "locator": locator})
        rows = list(csv.reader(io.StringIO(page.text)))
        assert rows[0] == ["Id", "LastName"]
        assert page.headers["Content-Type"] == "text/csv"
        assert int(page.headers["Sforce-NumberOfRecords"]) == len(rows) - 1
        seen += rows[1:]
        locator = page.headers["Sforce-Locator"]

    assert sorted(row[1] for row in seen) == ["N0", "N1", "N2", "N3", "N4"]


def test_bulk_results_belong_to_the_version_that_made_the_job(client: Client) -> None:
    job_id = query_job(client, "SELECT Id FROM User")
    client.version = "65.0"

    assert client("GET", f"/jobs/query/{job_id}/results").status_code == 409


def test_result_pages_lead_to_results(client: Client) -> None:
    job_id = query_job(client, "SELECT Id FROM User")
    body = client("GET", f"/jobs/query/{job_id}/resultPages").json()

    assert body["done"] is True
    assert client("GET", client.emulator.url + body["resultPages"][0]["resultUrl"]).status_code == 200


@pytest.mark.parametrize("text", ["SELECT COUNT(Id) FROM Lead", "SELECT Id FROM Lead OFFSET 5"])
def test_bulk_refuses_what_it_does_not_support(client: Client, text: str) -> None:
    answer = client("POST", "/jobs/query", json={"operation": "query", "query": text})

    assert answer.status_code == 400


def test_simple_salesforce_runs_a_bulk_query(emulator: Emulator) -> None:
    sf = emulator.simple_salesforce()
    pages = list(sf.bulk2.User.query("SELECT Id, Username FROM User", wait=0.1))

    assert "integration@example.com" in pages[0]
