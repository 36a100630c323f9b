"""The page under `/`: objects, records, jobs and the API meter, for a person with a browser."""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

import jinja2

from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.http import Call, Reply, Route, route

if TYPE_CHECKING:
    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.schema import ObjectType, Record

_PAGE_ROWS = 50
_RECENT = 20


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("audiencesync.emulator"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )


def home(instance: Instance, _: Call) -> Reply:
    """`GET /`."""
    org = instance.org
    counted = [(kind, org.table(kind.name).size) for kind in org.schema]
    data = sorted((item for item in counted if not item[0].setup), key=lambda item: -item[1])
    return _html(
        "home.html",
        instance,
        objects=data,
        setup=[item for item in counted if item[0].setup],
        jobs=list(reversed(instance.jobs.all.values()))[:_RECENT],
        requests=[item for item in reversed(instance.log) if item["path"].startswith("/services/")][:_RECENT],
        faults=[item for item in instance.faults.script if item.struck < item.times],
    )


def records(instance: Instance, call: Call) -> Reply:
    """`GET /object/{name}?page=`: records, newest last, with the fields that any of them has."""
    kind = _kind(instance, call)
    table = instance.org.table(kind.name)
    page = call.number("page", 1)
    rows = list(islice(table.records.values(), (page - 1) * _PAGE_ROWS, page * _PAGE_ROWS))
    return _html(
        "object.html",
        instance,
        kind=kind,
        columns=_columns(kind, rows),
        rows=rows,
        page=page,
        pages=max(1, -(-len(table.records) // _PAGE_ROWS)),
        total=len(table.records),
    )


def record(instance: Instance, call: Call) -> Reply:
    """`GET /object/{name}/{id}`: one record, field by field."""
    kind = _kind(instance, call)
    found = instance.org.table(kind.name).records.get(call.args["id"])
    if found is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return _html("record.html", instance, kind=kind, record=found)


def job(instance: Instance, call: Call) -> Reply:
    """`GET /job/{id}`."""
    found = instance.jobs.all.get(call.args["id"])
    if found is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return _html("job.html", instance, job=found)


def _columns(kind: ObjectType, rows: list[Record]) -> list[str]:
    """Fields that say something: not the system's, and not at their default everywhere."""
    system = {"CreatedById", "LastModifiedById", "SystemModstamp", "CreatedDate", "OwnerId", "IsDeleted"}
    return [
        item.name
        for item in kind.fields
        if item.name not in system and any(row.get(item.name) not in (None, item.default) for row in rows)
    ]


def _kind(instance: Instance, call: Call) -> ObjectType:
    kind = instance.org.schema.find(call.args["name"])
    if kind is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return kind


def _html(template: str, instance: Instance, **values: object) -> Reply:
    org = instance.org
    page = _environment().get_template(template)
    text = page.render(
        org=org, settings=org.settings, now=org.now(), used=org.meter.used, limit=org.meter.limit, **values
    )
    return Reply(200, text.encode(), content_type="text/html;charset=UTF-8")


ROUTES: list[Route] = [
    route("GET", "/", home, public=True),
    route("GET", "/object/{name}", records, public=True),
    route("GET", "/object/{name}/{id}", record, public=True),
    route("GET", "/job/{id}", job, public=True),
]
