"""User Interface API: what a record type leaves of its object's picklists.

Source:
    User Interface API guide, "Get Values for All Picklist Fields of a Record Type"; recorded answers.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from audiencesync.emulator import ids
from audiencesync.emulator.describe import MASTER
from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.http import Call, Reply, Route, route

if TYPE_CHECKING:
    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.schema import Choice, Field

_SINCE = 42
_UNSUPPORTED = frozenset({"Event", "Task"})


def picklist_values(instance: Instance, call: Call) -> Reply:
    """`GET /ui-api/object-info/{name}/picklist-values/{record type}`."""
    if float(call.version) < _SINCE:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    view = instance.view(call, call.args["name"])
    if view.kind.setup or view.kind.name in _UNSUPPORTED:
        raise ApiError(400, "INVALID_TYPE", f"Object {view.kind.name} is not supported in UI API")
    record_type = ids.to_long(call.args["type"])
    rule = instance.org.record_types.get(record_type or "")
    if record_type != MASTER["Id"] and (rule is None or rule.object_name != view.kind.name):
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    base = f"/services/data/v{call.version}/ui-api/object-info/{view.kind.name}/picklist-values/{record_type}"
    found = {
        item.name: _field(item, rule.picklists.get(item.name) if rule else None, f"{base}/{item.name}")
        for item in view.kind.fields
        if item.type in {"picklist", "multipicklist"}
    }
    return Reply(200, _tagged({"picklistFieldValues": found}))


def _field(item: Field, left: frozenset[str] | None, url: str) -> dict[str, object]:
    """One picklist; values that are not active are absent."""
    choices = [choice for choice in item.choices if choice.active and (left is None or choice.value in left)]
    default = next((_value(choice) for choice in choices if choice.default), None)
    values = [_value(choice) for choice in choices]
    return _tagged({"controllerValues": {}, "defaultValue": default, "url": url, "values": values})


def _value(choice: Choice) -> dict[str, object]:
    return {"attributes": None, "label": choice.label, "validFor": [], "value": choice.value}


def _tagged(body: dict[str, object]) -> dict[str, object]:
    return {**body, "eTag": hashlib.sha256(json.dumps(body).encode()).hexdigest()[:32]}


ROUTES: list[Route] = [
    route(
        "GET", "/services/data/v{version}/ui-api/object-info/{name}/picklist-values/{type}", picklist_values
    )
]
