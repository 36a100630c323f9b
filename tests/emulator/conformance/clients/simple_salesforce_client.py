"""Drives simple-salesforce against the emulator; one JSON object a check on standard output."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

ORG = json.loads(Path(sys.argv[1]).read_text())
LEAD = {"LastName": "L", "Company": "C"}


def connect() -> Any:
    session = requests.Session()
    session.trust_env = False
    session.verify = ORG["ca_bundle"]
    return Salesforce(
        instance_url=ORG["instance_url"], session_id=ORG["access_token"], session=session, version="66.0"
    )


def check(name: str, proves: str, run: Callable[[], bool]) -> None:
    problem = None
    try:
        if not run():
            problem = "gave another answer"
    except (SalesforceError, requests.RequestException, LookupError, ValueError) as error:
        problem = f"{type(error).__name__}: {error}"
    sys.stdout.write(json.dumps({"check": name, "proves": proves, "problem": problem}) + "\n")


def crud(sf: Any) -> bool:
    made = sf.Account.create({"Name": "SS"})["id"]
    sf.Account.update(made, {"Name": "SS2"})
    read = sf.Account.get(made)["Name"]
    return bool(read == "SS2" and sf.Account.delete(made) == 204)


def upsert(sf: Any) -> bool:
    return [sf.Lead.upsert("External_Id__c/ss-1", LEAD) for _ in range(2)] == [201, 200]


def bulk(sf: Any) -> bool:
    rows = [{**LEAD, "Email": f"ss{at}@example.com"} for at in range(300)]
    (info,) = sf.bulk2.Lead.upsert(records=rows, external_id_field="Email", wait=0.1)
    return bool(info["numberRecordsProcessed"] == 300 and info["numberRecordsFailed"] == 0)


def query(sf: Any) -> bool:
    found = sf.query_all("SELECT Id FROM Lead WHERE Email LIKE 'ss%@example.com'")
    return bool(found["totalSize"] == 300)


def bulk_query(sf: Any) -> bool:
    text = "".join(sf.bulk2.Lead.query("SELECT Email FROM Lead WHERE Email LIKE 'ss%@example.com'", wait=0.1))
    return text.count("@example.com") == 300


def refused(sf: Any) -> bool:
    try:
        sf.Lead.create({})
    except SalesforceError as error:
        content: Any = error.content
        return bool(content[0]["errorCode"] == "REQUIRED_FIELD_MISSING")
    return False


def main() -> None:
    sf = connect()
    check("crud", "create, update, get, delete", lambda: crud(sf))
    check("upsert", "201, then 200", lambda: upsert(sf))
    check("bulk upsert", "Bulk 2.0 ingest end to end", lambda: bulk(sf))
    check("query_all", "query with its trailing slash", lambda: query(sf))
    check("bulk query", "Sforce-Locator and Sforce-NumberOfRecords", lambda: bulk_query(sf))
    check("describe", "describe", lambda: sf.Lead.describe()["name"] == "Lead")
    check("limits", "limits", lambda: sf.limits()["DailyApiRequests"]["Max"] == 15_000)
    check("api usage", "Sforce-Limit-Info", lambda: sf.api_usage["api-usage"].total == 15_000)
    check("error", "error bodies", lambda: refused(sf))


if __name__ == "__main__":
    main()
