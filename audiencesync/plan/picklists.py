"""What a record type leaves of its object's picklists."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from audiencesync.objects import ObjectType
from audiencesync.plan.fields import FieldPlan
from audiencesync.plan.parents import RECORD_TYPE_ID, assignable
from audiencesync.plan.values import CHOICES, outside_list
from audiencesync.store import Store, quote_text

Picklists = Callable[[str], Mapping[str, Sequence[str]]]
"""Record type -> field -> the values it leaves; a field that is absent is not narrowed."""


def narrow(
    store: Store, fields: Sequence[FieldPlan], target: ObjectType, picklists: Picklists
) -> Sequence[FieldPlan]:
    """Stop rows with a value that their record type does not have.

    Asks about record types in use alone, and only when a picklist is mapped too.

    Source:
        Object Reference, "Picklist Field Type"; describe knows the values of all record types together.
    """
    at = next((index for index, plan in enumerate(fields) if plan.name == RECORD_TYPE_ID), None)
    kinds = {index: target.field(plan.name) for index, plan in enumerate(fields)}
    mapped = {index: kind for index, kind in kinds.items() if kind is not None and kind.type in CHOICES}
    if at is None or not mapped:
        return fields
    names = {one.id: one.name for one in assignable(target)}
    used = store.rows("plan_record_types", index=at, raw=fields[at].raw, value=fields[at].rendered.value)
    narrowed = list(fields)
    for record_type in (row["id"] for row in used if row["id"] in names):
        allowed = picklists(record_type)
        for index, kind in mapped.items():
            if kind.name in allowed:
                whose = f"of record type {names[record_type]}"
                problem = outside_list(kind, f"value_{index}", allowed[kind.name], whose)
                problem = replace(problem, test=f"value_{at} = {quote_text(record_type)} AND {problem.test}")
                rendered = narrowed[index].rendered
                rendered = replace(rendered, problems=(*rendered.problems, problem))
                narrowed[index] = replace(narrowed[index], rendered=rendered)
    return narrowed
