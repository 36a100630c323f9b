"""query, queryAll and the pages after the first.

Source:
    REST API guide, "Query", "QueryAll", "Query More Results".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audiencesync.emulator.cursors import Cursor
from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.http import Call, Reply, Route, route
from audiencesync.emulator.soql import SoqlError, column_metadata, to_json_records
from audiencesync.emulator.soql_view import compile_query

if TYPE_CHECKING:
    from collections.abc import Callable

    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.soql import Plan, QueryResult

_MIN_BATCH, _MAX_BATCH = 200, 2000
_BATCH = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)
_LOCATOR = re.compile(r"(01g[0-9A-Za-z]{15})-(\d+)")


def query(*, include_deleted: bool) -> Callable[[Instance, Call], Reply]:
    """`GET /query?q=` and `GET /queryAll?q=`; `columns=true` asks for metadata in place of rows."""

    def answer(instance: Instance, call: Call) -> Reply:
        text = call.query.get("q")
        if not text:
            raise ApiError(400, "MALFORMED_QUERY", "SOQL statements cannot be empty or null")
        plan = compile_query(
            instance.org, instance.access, call.session.user_id, text, include_deleted=include_deleted
        )
        if call.query.get("columns", "").lower() == "true":
            return Reply(200, column_metadata(plan.describe()))
        result = _run(plan)
        key = instance.next_id("01g")
        cursor = Cursor(result, _batch_size(call), call.session.user_id)
        if len(result.rows) > cursor.batch:
            instance.cursors.put(key, cursor)
        return _page(cursor, key, 0, call.version)

    return answer


def more(instance: Instance, call: Call) -> Reply:
    """`GET /query/{locator}`."""
    match = _LOCATOR.fullmatch(call.args["locator"])
    cursor = instance.cursors.find(match[1], call.session.user_id) if match else None
    if match is None or cursor is None or int(match[2]) > len(cursor.result.rows):
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return _page(cursor, match[1], int(match[2]), call.version)


def _run(plan: Plan) -> QueryResult:
    try:
        return plan.run()
    except SoqlError as error:
        raise ApiError(400, error.code, error.message) from error


def _page(cursor: Cursor, key: str, start: int, version: str) -> Reply:
    result, stop = cursor.result, start + cursor.batch
    done = stop >= len(result.rows)
    body: dict[str, object] = {"totalSize": result.total_size, "done": done}
    if not done:
        body["nextRecordsUrl"] = f"/services/data/v{version}/query/{key}-{stop}"
    return Reply(200, {**body, "records": to_json_records(result, version, start=start, stop=stop)})


def _batch_size(call: Call) -> int:
    """`Sforce-Query-Options: batchSize=`, kept within what Salesforce allows."""
    match = _BATCH.search(call.headers.get("sforce-query-options", ""))
    return min(max(int(match[1]), _MIN_BATCH), _MAX_BATCH) if match else _MAX_BATCH


_DATA = "/services/data/v{version}"
ROUTES: list[Route] = [
    route("GET", f"{_DATA}/query", query(include_deleted=False)),
    route("GET", f"{_DATA}/queryAll", query(include_deleted=True)),
    route("GET", f"{_DATA}/query/{{locator}}", more),
    route("GET", f"{_DATA}/queryAll/{{locator}}", more),
    route("GET", f"{_DATA}/tooling/query", query(include_deleted=False)),
]
