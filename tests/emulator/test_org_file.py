"""`--org`: custom objects and fields, rules, security and records from a file; and words for its mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .test_state import fails

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .conftest import Client, Emulator

ORG = """
organization: {name: Acme, edition: Enterprise Edition, sandbox: true, daily_api_calls: 1000, bulk_pace_s: 0}
users:
  - username: sync@acme.example
  - {username: left@acme.example, active: false}
  - {username: desk@acme.example}
objects:
  Loyalty__c:
    label: Loyalty
    plural: Loyalties
    fields:
      Key__c: {label: Key, type: Number, precision: 18, scale: 0, externalId: true, unique: true}
      Level__c: {label: Level, type: Picklist, values: [Gold, Silver]}
      Lead__c: {label: Lead, type: Lookup, referenceTo: Lead, relationshipName: Loyalties}
      Notes__c: {label: Notes, type: LongTextArea, length: 32768}
  Lead:
    fields:
      Tags__c: {label: Tags, type: MultiselectPicklist, values: [a, b, c]}
      Code__c: {label: Code, type: Text, length: 20, externalId: true}
record_types:
  - {name: Partner, object: Account, developer_name: Partner, picklists: {Rating: [Hot, Warm]}}
  - {name: Field, object: Contact, developer_name: Field}
hidden_fields: [Lead.Fax]
read_only_fields: [Lead.Title]
validation_rules:
  - {name: No, object: Lead, when: "Company = 'Blocked'", message: This company is blocked, field: Company}
duplicate_rules:
  - {name: SameMobile, object: Lead, fields: [MobilePhone], action: alert}
  - {name: SameFax, object: Contact, fields: [Fax], action: block}
assignment_rules:
  - {object: Case, owner: desk@acme.example}
records:
  Account:
    - {Name: Seeded, External_Id__c: seed-1}
  Contact:
    - {LastName: Child, Account: {External_Id__c: seed-1}}
"""
LEAD = {"LastName": "A", "Company": "C"}


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    from .conftest import start

    path = tmp_path_factory.mktemp("org") / "org.yaml"
    path.write_text(ORG)
    emulator = start("--org", str(path))
    yield emulator
    emulator.stop()


@pytest.fixture
def acme(org: Emulator) -> Client:
    token = org.login(aud="https://test.salesforce.com").json()["access_token"]
    from .conftest import Client

    return Client(org, token)


def field(client: Client, name: str, field_name: str) -> dict[str, Any] | None:
    fields = client("GET", f"/sobjects/{name}/describe").json()["fields"]
    return next((item for item in fields if item["name"] == field_name), None)


def refusal(client: Client, name: str, **values: Any) -> tuple[str, str]:
    error = client("POST", f"/sobjects/{name}", json=values).json()[0]
    return error["errorCode"], error["message"]


def test_a_sandbox_takes_the_test_audience_only(org: Emulator) -> None:
    assert org.greeting["username"] == "sync@acme.example"
    assert org.login().json()["error_description"] == "audience is invalid"


def test_a_custom_object_has_its_fields_and_prefix(acme: Client) -> None:
    made = acme.create("Loyalty__c", Name="L", Key__c=42, Level__c="Gold")
    key, level = field(acme, "Loyalty__c", "Key__c"), field(acme, "Loyalty__c", "Level__c")

    assert made.startswith("a00")
    assert key is not None
    assert (key["type"], key["externalId"], key["unique"]) == ("double", True, True)
    assert level is not None
    assert (level["restrictedPicklist"], len(level["picklistValues"])) == (True, 2)
    answer = acme("PATCH", "/sobjects/Loyalty__c/Key__c/42", json={"Level__c": "Silver"})
    assert (answer.status_code, answer.json()["id"]) == (200, made)


def test_restricted_picklists_take_only_their_values(acme: Client) -> None:
    assert refusal(acme, "Loyalty__c", Level__c="Tin") == (
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Level: bad value for restricted picklist field: Tin",
    )
    assert refusal(acme, "Lead", **LEAD, Tags__c="a;z")[1].endswith(": z")
    assert acme.create("Lead", **LEAD, Tags__c="a;b")


def test_a_validation_rule_refuses_in_the_administrators_words(acme: Client) -> None:
    assert refusal(acme, "Lead", LastName="A", Company="blocked") == (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "This company is blocked",
    )


def test_an_alert_lets_a_duplicate_pass_when_the_header_insists(acme: Client) -> None:
    lead = {**LEAD, "MobilePhone": "555"}
    first = acme.create("Lead", **lead)
    answer = acme("POST", "/sobjects/Lead", json=lead)
    header = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    insisted = acme("POST", "/sobjects/Lead", json=lead, headers=header)
    job = acme.bulk("Lead", "insert", "LastName,Company,MobilePhone\nA,C,555\n")

    error = answer.json()[0]
    assert (error["errorCode"], error["message"]) == ("DUPLICATES_DETECTED", "Use one of these records?")
    match = error["duplicateResut"]["matchResults"][0]["matchRecords"][0]
    assert match["record"]["Id"] == first
    assert insisted.status_code == 201
    assert job["numberRecordsFailed"] == 1


def test_a_blocking_rule_takes_no_insisting(acme: Client) -> None:
    acme.create("Contact", LastName="A", Fax="1")
    header = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    answer = acme("POST", "/sobjects/Contact", json={"LastName": "B", "Fax": "1"}, headers=header)

    assert answer.json()[0]["errorCode"] == "DUPLICATES_DETECTED"


def test_a_hidden_field_does_not_exist_for_the_user(acme: Client) -> None:
    job = acme.bulk("Lead", "insert", "LastName,Company,Fax\nA,C,1\n")
    query = acme("GET", "/query", params={"q": "SELECT Fax FROM Lead"})

    assert field(acme, "Lead", "Fax") is None
    assert refusal(acme, "Lead", **LEAD, Fax="1") == (
        "INVALID_FIELD",
        "No such column 'Fax' on sobject of type Lead",
    )
    assert job["errorMessage"] == "InvalidBatch : Field name not found : Fax"
    assert query.json()[0]["errorCode"] == "INVALID_FIELD"


def test_a_read_only_field_is_seen_and_refused(acme: Client) -> None:
    seen = field(acme, "Lead", "Title")

    assert seen is not None
    assert (seen["createable"], seen["updateable"]) == (False, False)
    assert refusal(acme, "Lead", **LEAD, Title="x")[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_key_that_is_not_unique_matches_with_case(acme: Client) -> None:
    acme.create("Lead", **LEAD, Code__c="abc")
    rows = [{**LEAD, "Code__c": "ABC"}]

    assert acme.collection("PATCH", "Lead", rows, "Code__c").json()[0]["created"] is True


def test_seeded_records_are_there(acme: Client) -> None:
    body = acme(
        "GET", "/query", params={"q": "SELECT Account.Name FROM Contact WHERE LastName = 'Child'"}
    ).json()

    assert body["records"][0]["Account"]["Name"] == "Seeded"


def test_an_assignment_rule_runs_unless_the_header_says_no(acme: Client) -> None:
    def owner(case: str) -> str:
        query = f"SELECT Owner.Username FROM Case WHERE Id = '{case}'"
        body = acme("GET", "/query", params={"q": query}).json()
        return str(body["records"][0]["Owner"]["Username"])

    ruled = acme.create("Case", Subject="a")
    off = {"Sforce-Auto-Assign": "FALSE"}
    plain = acme("POST", "/sobjects/Case", json={"Subject": "b"}, headers=off).json()["id"]
    job = acme.bulk("Case", "insert", "Subject\nc\n")
    bulk = acme.results(job["id"], "successfulResults").splitlines()[1].split(",")[0].strip('"')

    assert owner(ruled) == "desk@acme.example"
    assert owner(plain) == owner(bulk) == "sync@acme.example"
    acme("PATCH", f"/sobjects/Case/{plain}", json={"Subject": "d"}, headers=off)
    acme("PATCH", f"/sobjects/Case/{bulk}", json={"Subject": "d"})
    assert (owner(plain), owner(bulk)) == ("sync@acme.example", "desk@acme.example")


def test_a_record_type_narrows_picklists_that_describe_shows_whole(acme: Client) -> None:
    infos = acme("GET", "/sobjects/Account/describe").json()["recordTypeInfos"]
    partner = next(item["recordTypeId"] for item in infos if item["name"] == "Partner")
    job = acme.bulk("Account", "insert", "Name,RecordType.Name,Rating\nA,Partner,Cold\nB,Partner,Hot\n")
    other = acme("GET", "/sobjects/Contact/describe").json()["recordTypeInfos"][0]["recordTypeId"]

    assert refusal(acme, "Account", Name="A", RecordTypeId=partner, Rating="Cold") == (
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Account Rating: bad value for restricted picklist field: Cold",
    )
    assert acme.create("Account", Name="A", Rating="Cold")
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (2, 1)
    assert refusal(acme, "Account", Name="A", RecordTypeId=other)[0] == "INVALID_CROSS_REFERENCE_KEY"


def test_the_picklists_of_a_record_type_are_what_it_leaves(acme: Client) -> None:
    infos = acme("GET", "/sobjects/Account/describe").json()["recordTypeInfos"]
    ids = {item["developerName"]: item["recordTypeId"] for item in infos}

    def values(record_type: str) -> dict[str, list[str]]:
        path = f"/ui-api/object-info/account/picklist-values/{record_type}"
        fields = acme("GET", path).json()["picklistFieldValues"]
        return {name: [one["value"] for one in field["values"]] for name, field in fields.items()}

    master, partner = values(ids["Master"]), values(ids["Partner"][:15])
    assert master["Rating"] == ["Hot", "Warm", "Cold"]
    assert partner == {**master, "Rating": ["Hot", "Warm"]}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("Contact/picklist-values/{Partner}", 404, "NOT_FOUND"),
        ("Account/picklist-values/012", 404, "NOT_FOUND"),
        ("Nope/picklist-values/{Master}", 404, "NOT_FOUND"),
        ("Task/picklist-values/{Master}", 400, "INVALID_TYPE"),
        ("PermissionSet/picklist-values/{Master}", 400, "INVALID_TYPE"),
    ],
)
def test_a_record_type_that_is_not_the_objects_has_no_picklists(
    acme: Client, path: str, status: int, code: str
) -> None:
    infos = acme("GET", "/sobjects/Account/describe").json()["recordTypeInfos"]
    ids = {item["developerName"]: item["recordTypeId"] for item in infos}

    answer = acme("GET", f"/ui-api/object-info/{path.format(**ids)}")

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("objetcs: {}", "objetcs: Extra inputs are not permitted"),
        ("organization: {sandbox: perhaps}", "organization.sandbox"),
        ("objects: {Lead: {fields: {Tier__c: {type: Text}}}}", "objects.Lead.fields.Tier__c.length"),
        ("objects: {Lead: {fields: {Tier__c: {type: Txt}}}}", "objects.Lead.fields.Tier__c.type"),
        ("objects: {Ledd: {}}", "objects.Ledd: there is no standard object"),
        (
            "objects: {A__c: {fields: {B__c: {type: Lookup, referenceTo: Nope}}}}",
            "objects.A__c.fields.B__c.referenceTo: there is no object Nope",
        ),
        (
            "validation_rules: [{name: a, object: Lead, when: 'Nope = 1', message: m}]",
            "validation_rules.0.when",
        ),
        ("duplicate_rules: [{name: a, object: Lead, fields: [Nope]}]", "duplicate_rules.0.fields"),
        ("records: {Account: [{Name: ok}, {}]}", "records.Account.1: REQUIRED_FIELD_MISSING"),
        ("hidden_fields: [Lead.Nope]", "hidden_fields: there is no field Lead.Nope"),
        (
            "record_types: [{name: a, object: Lead, developer_name: a, picklists: {Company: [x]}}]",
            "record_types.0.picklists.Company",
        ),
        ("assignment_rules: [{object: Case, owner: no@x.y}]", "assignment_rules.0.owner"),
        ("a: [", "is neither YAML nor JSON"),
    ],
)
def test_a_mistake_is_named_with_the_file_and_its_key(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "org.yaml"
    path.write_text(text)
    said = fails("--org", str(path))

    assert str(path) in said
    assert place in said


def test_a_missing_org_file_is_named(tmp_path: Path) -> None:
    assert "cannot be read" in fails("--org", str(tmp_path / "none.yaml"))


def test_a_state_keeps_records_of_custom_objects(launch: Callable[..., Emulator], tmp_path: Path) -> None:
    path, state = tmp_path / "org.yaml", str(tmp_path / "state")
    path.write_text("objects: {A__c: {fields: {K__c: {type: Text, length: 5, externalId: true}}}}\n")
    first = launch("--org", str(path), "--state", state)
    made = first.client().create("A__c", Name="x", K__c="k")
    first.stop()
    second = launch("--org", str(path), "--state", state)

    assert second.client().read("A__c", made)["K__c"] == "k"
    second.stop()
    assert "start with the --org file that defines A__c" in fails("--state", state)
