"""Asking Salesforce which records carry the match values of a plan, before anything is decided."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from audiencesync.config.models import OnExit, Sync, SyncMode
from audiencesync.objects import FieldType, FilterValue, ObjectType
from audiencesync.plan.values import rendering
from audiencesync.records import Matching, Way
from audiencesync.store import Store, quote_name, quote_text

QUERY_VALUES = 2_000
"""Match values that are asked for by SOQL, 200 or so at a time; more of them take one Bulk query.

A Bulk query reads the whole object for four calls or so, and takes its time: it must save more than it costs.
"""

NO_RECORD_AGE = timedelta(hours=24)
"""How long a member who has no record, and may not be given one, is not looked up again as she is."""

_CONVERTED = ("IsConverted", "ConvertedContactId")


class Finder(Protocol):
    """What a look-up asks of Salesforce."""

    def find(
        self,
        object_name: str,
        fields: Sequence[str],
        by: Sequence[str],
        values: Sequence[Sequence[FilterValue]],
    ) -> Iterator[dict[str, object]]:
        """Records whose fields `by` have one of these groups of values."""
        ...

    def find_all(self, object_name: str, fields: Sequence[str], present: str | None, path: Path) -> int:
        """Write every record to a CSV file, those without a value in `present` left out."""
        ...


def look_up(
    store: Store,
    sync: Sync,
    matching: Matching,
    objects: Sequence[ObjectType],
    *,
    finder: Callable[[], Finder],
) -> None:
    """Find the records of members and leavers whose Id is not known; `plan_match` has them afterwards.

    Args:
        store: Holds `plan_candidate`, `plan_rendered`, `plan_acked` and `plan_record`.
        sync: Says what may happen to records.
        matching: The match fields.
        objects: Where to look, in this order; what is found in one is not looked for in the next.
        finder: Salesforce, asked for only when there is something to look up.
    """
    store.run("plan_match")
    if not matching.fields or matching.way is Way.ID:
        return
    store.run(
        "plan_wanted",
        {
            "members": matching.way is Way.LOOKUP,
            "acknowledged": sync.mode is not SyncMode.CREATE_ONLY,
            "leavers": sync.on_exit is not OnExit.KEEP and sync.mode is not SyncMode.CREATE_ONLY,
        },
    )
    contacts = next((one.name for one in objects if one.name == "Contact"), None)
    for target in objects:
        wanted = int(store.row("plan_wanted_count")["wanted"])
        if wanted:
            _look_into(store, finder(), matching, target, wanted=wanted, contacts=contacts)
    if followed := [row["salesforce_id"] for row in store.rows("plan_match_followed")]:
        there = finder().find(str(contacts), ["Id"], ["Id"], [[one] for one in followed])
        store.run("plan_match_gone", {"there": [record["Id"] for record in there]})


def _look_into(
    store: Store,
    finder: Finder,
    matching: Matching,
    target: ObjectType,
    *,
    wanted: int,
    contacts: str | None,
) -> None:
    leads = target.name == "Lead" and all(target.field(name) for name in _CONVERTED)
    kinds = [kind for name in matching.fields if (kind := target.field(name)) is not None]
    keys = [kind.name for kind in kinds]
    # a field may be asked for once only
    columns = list(dict.fromkeys(["Id", "CreatedDate", *keys, *(_CONVERTED if leads else ())]))
    template: dict[str, object] = {"key": _key(kinds, matching), "leads": leads}
    parameters = {"object": target.name} | ({"converted_to": contacts} if leads else {})
    if wanted > QUERY_VALUES:
        with store.scratch() as folder:
            path = folder / "records.csv"
            # a checkbox is never empty, and to Salesforce one that is not ticked is
            present = next((kind.name for kind in kinds if kind.type != "boolean"), None)
            finder.find_all(target.name, columns, present, path)
            store.run("plan_match_add", parameters, **template, relation=_csv(path))
        return
    values = [row["match_values"] for row in store.rows("plan_wanted_list")]
    literals = [[kind.filter_value(text) for text, kind in zip(each, kinds, strict=True)] for each in values]
    found = finder.find(target.name, columns, keys, literals)
    table = pa.Table.from_pylist(
        [{name: _text(record.get(name)) for name in columns} for record in found],
        schema=pa.schema([(name, pa.string()) for name in columns]),
    )
    with store.staged("stage_found", table):
        store.run("plan_match_add", parameters, **template, relation="stage_found")


def _key(kinds: Sequence[FieldType], matching: Matching) -> str:
    """SQL: the match key of a found row, made as that of a member is."""
    parts = []
    for kind in kinds:
        column = quote_name(kind.name)
        value = rendering(kind, kind.name, column, column, may_cut=False).value
        parts.append(value if kind.name in matching.exact else f"lower({value})")
    return " || chr(31) || ".join(parts)


def _csv(path: Path) -> str:
    return (
        f"read_csv({quote_text(str(path))}, header = true, all_varchar = true, quote = '\"', escape = '\"', "
        "delim = ',', parallel = false, max_line_size = 16777216)"
    )


def _text(value: object) -> str | None:
    """A value of an answer as a CSV would have it."""
    if value is None or isinstance(value, Mapping):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
