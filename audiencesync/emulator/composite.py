"""Composite, Batch and Graph: several calls in one.

Source:
    REST API guide, "Composite", "Composite Batch", "Composite Graph".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeGuard
from urllib.parse import parse_qsl

from audiencesync.emulator.changes import Savepoint
from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.http import JSON, Call, Reply, Route, route

if TYPE_CHECKING:
    from audiencesync.emulator.instance import Instance

MAX_SUBREQUESTS = 25
MAX_GRAPHS, MAX_NODES = 75, 500
_REFERENCE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_USE = re.compile(r"@\{([A-Za-z][A-Za-z0-9_]*)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")
_HEAVY = re.compile(r"/services/data/v[^/]+/(query|queryAll|composite/sobjects)(/.*)?", re.IGNORECASE)
_FORBIDDEN_HEADERS = frozenset({"accept", "authorization", "content-type"})
_ERROR_FROM = 400
_NO_SUBREQUESTS = ("/jobs/", "/composite/batch", "/ui-api/")
_HALTED = {
    "errorCode": "PROCESSING_HALTED",
    "message": "The transaction was rolled back since another operation in the same transaction failed.",
}


class _Unresolved(Exception):
    """A subrequest refers to one that failed or has no such value."""


@dataclass
class _Sub:
    method: str
    url: str
    reference: str = ""
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)


def composite(instance: Instance, call: Call) -> Reply:
    """`POST /composite`: up to 25 subrequests, five of them queries or Collections; one API call."""
    body = call.json_object()
    most = instance.org.settings.composite_collections
    subs = _read_subs(body.get("compositeRequest"))
    if len(subs) > MAX_SUBREQUESTS:
        return _too_many(f"{MAX_SUBREQUESTS} operations")
    if sum(1 for sub in subs if _HEAVY.fullmatch(sub.url.partition("?")[0])) > most:
        return _too_many(f"{most} query or sObject Collections operations")
    _, answers = _run(instance, call, subs, all_or_none=body.get("allOrNone") is True)
    return Reply(200, {"compositeResponse": answers})


def _too_many(what: str) -> Reply:
    """A Composite that is too large: an answer with one part, which answers no request."""
    errors = [{"errorCode": "LIMIT_EXCEEDED", "message": f"The request can’t contain more than {what}."}]
    part = {"body": errors, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": None}
    return Reply(200, {"compositeResponse": [part]})


def graph(instance: Instance, call: Call) -> Reply:
    """`POST /composite/graph`: each graph succeeds or fails as a whole."""
    graphs = call.json_object().get("graphs")
    if not _objects(graphs) or len(graphs) > MAX_GRAPHS:
        raise ApiError(400, "INVALID_INPUT", f"A request takes from 1 to {MAX_GRAPHS} graphs")
    read = [(str(item.get("graphId", "")), _read_subs(item.get("compositeRequest"))) for item in graphs]
    if sum(len(subs) for _, subs in read) > MAX_NODES:
        raise ApiError(400, "LIMIT_EXCEEDED", f"A request takes at most {MAX_NODES} nodes")
    answers = []
    for graph_id, subs in read:
        fine, responses = _run(instance, call, subs, all_or_none=True)
        answers.append(
            {"graphId": graph_id, "graphResponse": {"compositeResponse": responses}, "isSuccessful": fine}
        )
    return Reply(200, {"graphs": answers})


def batch(instance: Instance, call: Call) -> Reply:
    """`POST /composite/batch`: independent subrequests, each billed as one call."""
    body = call.json_object()
    requests = body.get("batchRequests")
    if not _objects(requests) or len(requests) > MAX_SUBREQUESTS:
        raise ApiError(400, "INVALID_INPUT", f"A batch takes from 1 to {MAX_SUBREQUESTS} subrequests")
    instance.org.meter.charge(len(requests) - 1)
    results: list[dict[str, object]] = []
    failed = False
    for item in requests:
        if failed and body.get("haltOnError") is True:
            halted = [
                {"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}
            ]
            results.append({"statusCode": 412, "result": halted})
            continue
        url = "/services/data/" + str(item.get("url", "")).lstrip("/").removeprefix("services/data/")
        content = json.dumps(item["richInput"]).encode() if item.get("richInput") is not None else b""
        reply = _inner(instance, call, _Sub(str(item.get("method", "GET")), url), content)
        failed = failed or reply.status >= _ERROR_FROM
        results.append({"statusCode": reply.status, "result": _plain(reply)})
    return Reply(200, {"hasErrors": failed, "results": results})


def resources(_: Instance, call: Call) -> Reply:
    """`GET /composite`."""
    base = f"/services/data/v{call.version}/composite"
    return Reply(200, {name: f"{base}/{name}" for name in ("batch", "sobjects", "graph")})


def _objects(given: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(given, list) and bool(given) and all(isinstance(item, dict) for item in given)


def _read_subs(given: object) -> list[_Sub]:
    if not _objects(given):
        raise ApiError(400, "JSON_PARSER_ERROR", "compositeRequest must be an array of subrequests")
    subs = [_read_sub(item) for item in given]
    names = [sub.reference for sub in subs]
    if len(set(names)) != len(names):
        raise ApiError(400, "INVALID_INPUT", "referenceId must be unique in a request")
    return subs


def _read_sub(item: dict[str, Any]) -> _Sub:
    reference = item.get("referenceId")
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        raise ApiError(400, "JSON_PARSER_ERROR", f"Provided referenceId ('{reference}') is not valid")
    given = item.get("httpHeaders") or {}
    if not isinstance(given, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "httpHeaders must be an object")
    headers = {str(name).lower(): str(value) for name, value in given.items()}
    if _FORBIDDEN_HEADERS & set(headers):
        raise ApiError(
            400, "INVALID_INPUT", "Accept, Authorization and Content-Type are not allowed in httpHeaders"
        )
    return _Sub(
        str(item.get("method", "")).upper(), str(item.get("url", "")), reference, item.get("body"), headers
    )


def _run(
    instance: Instance, call: Call, subs: list[_Sub], *, all_or_none: bool
) -> tuple[bool, list[dict[str, object]]]:
    """Answer subrequests in order; with `all_or_none` a failure undoes them all."""
    answers: dict[str, Reply] = {}
    savepoint = Savepoint()
    instance.savepoint = savepoint if all_or_none else None
    try:
        for sub in subs:
            answers[sub.reference] = _answer(instance, call, sub, answers)
            if all_or_none and answers[sub.reference].status >= _ERROR_FROM:
                break
    finally:
        instance.savepoint = None
    fine = all(reply.status < _ERROR_FROM for reply in answers.values())
    if all_or_none:
        if fine:
            savepoint.keep(instance.commit)
        else:
            savepoint.undo()
            _halt(subs, answers)
    return fine, [
        {
            "body": _plain(answers[sub.reference]),
            "httpHeaders": _shown_headers(answers[sub.reference]),
            "httpStatusCode": answers[sub.reference].status,
            "referenceId": sub.reference,
        }
        for sub in subs
    ]


def _halt(subs: list[_Sub], answers: dict[str, Reply]) -> None:
    """All but the one that failed did not happen."""
    for sub in subs:
        reply = answers.get(sub.reference)
        if reply is None or reply.status < _ERROR_FROM:
            answers[sub.reference] = Reply(400, [_HALTED])


def _answer(instance: Instance, call: Call, sub: _Sub, answers: dict[str, Reply]) -> Reply:
    try:
        url = _resolve_text(sub.url, answers)
        content = json.dumps(_resolve(sub.body, answers)).encode() if sub.body is not None else b""
    except _Unresolved as problem:
        message = f"Invalid reference specified. {problem}"
        return Reply(400, [{"errorCode": "PROCESSING_HALTED", "message": message}])
    return _inner(instance, call, replace(sub, url=str(url)), content)


def _inner(instance: Instance, call: Call, sub: _Sub, content: bytes) -> Reply:
    path, _, query = sub.url.partition("?")
    kept = {name: value for name, value in call.headers.items() if name == "host"}
    inner = Call(
        method=sub.method.upper(),
        path=path.rstrip("/"),
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers={**kept, **sub.headers, "content-type": JSON},
        body=content,
        maybe_session=call.session,
    )
    if not path.startswith("/services/data/v") or any(part in path for part in _NO_SUBREQUESTS):
        return Reply(400, [{"errorCode": "INVALID_INPUT", "message": f"{path} cannot be a subrequest"}])
    fault = instance.faults.next(inner.method, sub.url, frozenset({"status"}))
    if fault is not None:
        status, _, scripted = fault.answer()
        return Reply(status, scripted.decode() if isinstance(scripted, bytes) else scripted)
    try:
        return instance.dispatch(inner)
    except ApiError as error:
        return Reply(error.status, error.body)


def _resolve(value: object, answers: dict[str, Reply]) -> object:
    if isinstance(value, dict):
        return {name: _resolve(item, answers) for name, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, answers) for item in value]
    return _resolve_text(value, answers) if isinstance(value, str) else value


def _resolve_text(text: str, answers: dict[str, Reply]) -> object:
    """Replace `@{reference.path}`; a text that is nothing else keeps the value's type."""
    whole = _USE.fullmatch(text)
    if whole is not None:
        return _look_up(whole, answers)
    return _USE.sub(lambda match: str(_look_up(match, answers)), text)


def _look_up(match: re.Match[str], answers: dict[str, Reply]) -> object:
    reference, path = match[1], match[2]
    reply = answers.get(reference)
    if reply is None or reply.status >= _ERROR_FROM:
        raise _Unresolved(f"No value for {reference}")
    value: Any = reply.body
    for step in _STEP.finditer(path):
        try:
            value = value[step[1]] if step[1] else value[int(step[2])]
        except (KeyError, IndexError, TypeError) as error:
            raise _Unresolved(f"{step[0]} does not exist in the response of {reference}") from error
    return value


def _plain(reply: Reply) -> object:
    return None if reply.body in (None, b"") else reply.body


def _shown_headers(reply: Reply) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name == "Location"}


_BASE = "/services/data/v{version}/composite"
ROUTES: list[Route] = [
    route("GET", _BASE, resources),
    route("POST", _BASE, composite),
    route("POST", f"{_BASE}/graph", graph),
    route("POST", f"{_BASE}/batch", batch),
]
