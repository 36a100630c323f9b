"""Composite, Batch and Graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests

    from .conftest import Client

DATA = "/services/data/v66.0"


def sub(method: str, path: str, reference: str, body: object = None) -> dict[str, Any]:
    item = {"method": method, "url": DATA + path, "referenceId": reference}
    return {**item, "body": body} if body is not None else item


def limit_of(answer: requests.Response) -> object:
    """The code of a Composite refused for its size: one part that answers no request."""
    (part,) = answer.json()["compositeResponse"]
    assert (answer.status_code, part["httpStatusCode"], part["referenceId"]) == (200, 400, None)
    return part["body"][0]["errorCode"]


def used(client: Client) -> int:
    return int(client("GET", "/limits").headers["Sforce-Limit-Info"].split("=")[1].split("/")[0])


def test_later_subrequests_use_earlier_answers_and_all_cost_one_call(client: Client) -> None:
    requests = [
        sub("POST", "/sobjects/Account", "acc", {"Name": "Ref"}),
        sub("POST", "/sobjects/Contact", "con", {"LastName": "R", "AccountId": "@{acc.id}"}),
        sub("GET", "/sobjects/Contact/@{con.id}?fields=AccountId", "back"),
    ]
    before = used(client)
    body = client("POST", "/composite", json={"compositeRequest": requests}).json()["compositeResponse"]

    assert used(client) - before == 2
    assert [item["httpStatusCode"] for item in body] == [201, 201, 200]
    assert body[2]["body"]["AccountId"] == body[0]["body"]["id"]
    assert body[0]["httpHeaders"]["Location"].startswith(DATA)


def test_what_depends_on_a_failure_is_halted(client: Client) -> None:
    requests = [
        sub("POST", "/sobjects/Account", "acc", {}),
        sub("POST", "/sobjects/Contact", "con", {"LastName": "R", "AccountId": "@{acc.id}"}),
        sub("POST", "/sobjects/Account", "other", {"Name": "Stays"}),
    ]
    answer = client("POST", "/composite", json={"compositeRequest": requests})

    assert answer.status_code == 200
    body = answer.json()["compositeResponse"]
    assert [item["httpStatusCode"] for item in body] == [400, 400, 201]
    assert body[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_all_or_none_undoes_what_went_before(client: Client) -> None:
    requests = [
        sub("POST", "/sobjects/Account", "one", {"Name": "Undone 7531"}),
        sub("POST", "/sobjects/Account", "two", {}),
    ]
    body = client("POST", "/composite", json={"allOrNone": True, "compositeRequest": requests}).json()
    found = client("GET", "/query", params={"q": "SELECT Id FROM Account WHERE Name = 'Undone 7531'"}).json()

    assert [item["httpStatusCode"] for item in body["compositeResponse"]] == [400, 400]
    assert found["totalSize"] == 0


def test_five_collections_of_200_travel_in_one_call(client: Client) -> None:
    records = [{"attributes": {"type": "Lead"}, "LastName": f"L{at}", "Company": "C"} for at in range(200)]
    requests = [sub("POST", "/composite/sobjects", f"r{at}", {"records": records}) for at in range(6)]
    body = client("POST", "/composite", json={"compositeRequest": requests[:5]}).json()
    refused = client("POST", "/composite", json={"compositeRequest": requests})

    saved = [item["success"] for answer in body["compositeResponse"] for item in answer["body"]]
    assert saved == [True] * 1000
    assert limit_of(refused) == "LIMIT_EXCEEDED"


def test_limits_and_reference_names_are_checked_for_the_whole_call(client: Client) -> None:
    many = [sub("GET", "/limits", f"r{at}") for at in range(26)]
    odd = [sub("GET", "/limits", "with space")]
    headers = [{**sub("GET", "/limits", "h"), "httpHeaders": {"Authorization": "Bearer x"}}]

    assert limit_of(client("POST", "/composite", json={"compositeRequest": many})) == "LIMIT_EXCEEDED"
    for requests in (odd, headers):
        assert client("POST", "/composite", json={"compositeRequest": requests}).status_code == 400


def test_an_org_that_takes_fewer_collections_refuses_the_whole_call(client: Client) -> None:
    records = [{"attributes": {"type": "Lead"}, "LastName": "Few 4711", "Company": "C"}]
    requests = [sub("POST", "/composite/sobjects", f"r{at}", {"records": records}) for at in range(2)]
    client.emulator.admin("POST", "settings", composite_collections=1)
    refused = client("POST", "/composite", json={"compositeRequest": requests})
    client.emulator.admin("POST", "settings", composite_collections=5)
    found = client("GET", "/query", params={"q": "SELECT Id FROM Lead WHERE LastName = 'Few 4711'"}).json()

    assert limit_of(refused) == "LIMIT_EXCEEDED"
    assert found["totalSize"] == 0


def test_a_scripted_status_strikes_a_subrequest(client: Client) -> None:
    client.emulator.fault(
        "status", match={"method": "POST", "path": "/sobjects/Account$"}, status=503, skip=1
    )
    requests = [sub("POST", "/sobjects/Account", f"r{at}", {"Name": "Struck"}) for at in range(3)]
    body = client("POST", "/composite", json={"compositeRequest": requests}).json()["compositeResponse"]

    assert [item["httpStatusCode"] for item in body] == [201, 503, 201]


def test_each_request_of_a_batch_is_billed(client: Client) -> None:
    before = used(client)
    requests = [
        {"method": "GET", "url": "v66.0/limits"},
        {"method": "POST", "url": "v66.0/sobjects/Account", "richInput": {}},
        {"method": "GET", "url": "v66.0/sobjects"},
    ]
    body = client("POST", "/composite/batch", json={"batchRequests": requests}).json()
    halted = client("POST", "/composite/batch", json={"haltOnError": True, "batchRequests": requests}).json()

    assert used(client) - before == 7
    assert body["hasErrors"] is True
    assert [item["statusCode"] for item in body["results"]] == [200, 400, 200]
    assert [item["statusCode"] for item in halted["results"]] == [200, 400, 412]


def test_each_graph_stands_or_falls_alone(client: Client) -> None:
    good = [
        sub("POST", "/sobjects/Account", "acc", {"Name": "G"}),
        sub("POST", "/sobjects/Contact", "con", {"LastName": "G", "AccountId": "@{acc.id}"}),
    ]
    bad = [
        sub("POST", "/sobjects/Account", "acc", {"Name": "Graph 9642"}),
        sub("POST", "/sobjects/Contact", "con", {}),
    ]
    graphs = [{"graphId": "1", "compositeRequest": good}, {"graphId": "2", "compositeRequest": bad}]
    body = client("POST", "/composite/graph", json={"graphs": graphs}).json()["graphs"]
    found = client("GET", "/query", params={"q": "SELECT Id FROM Account WHERE Name = 'Graph 9642'"}).json()

    assert [item["isSuccessful"] for item in body] == [True, False]
    assert found["totalSize"] == 0
