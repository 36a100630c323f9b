"""The fields that a sync sends: its mappings joined with what describe says of them."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from audiencesync.config.load import Project
from audiencesync.config.models import OnNull, OnTooLong, Sync
from audiencesync.errors import ConfigError
from audiencesync.objects import FieldType, ObjectType
from audiencesync.plan.parents import parent_path, record_type, written_field
from audiencesync.plan.sources import Sources, place_of, sync_place
from audiencesync.plan.values import Problem, Rendering, holds_entries, joined, rendering

_LONG_TEXT = (
    "audiences, scores and affinities stand in a field of type Long Text Area (or another text): make one in "
    "Setup and name that"
)
_ONCE = "leave one of them out"
_SORTS = {
    **dict.fromkeys(("double", "int", "long"), "number"),
    "boolean": "checkbox",
    "datetime": "date/time",
    "picklist": "restricted picklist",
    "reference": "lookup",
}
"""What Setup calls a type, where that is not what describe calls it."""


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One Salesforce field of one sync.

    Attributes:
        name: API name as describe spells it.
        raw: SQL over profile columns; VARCHAR, or VARCHAR[] for a list of entries.
        rendered: What becomes of `raw_<n>`.
        entries: SQL for the list that the field is joined from, as `text_<n>`; None for any other field.
        skip: A NULL leaves the field alone instead of clearing it.
        required: The config says that no record is without it.
    """

    name: str
    raw: str
    rendered: Rendering
    entries: str | None = None
    skip: bool = False
    required: bool = False


def plan_fields(project: Project, sync: Sync, sources: Sources, target: ObjectType) -> list[FieldPlan]:
    """Join a sync's mappings with what describe says of their fields.

    Raises:
        ConfigError: A field does not exist, cannot be written, or cannot take what is sent to it.
    """
    place = sync_place(project, sync)
    plans: list[FieldPlan] = []
    mistakes: list[tuple[str, str]] = []
    written: dict[str, str] = {}
    for name, expression in sources.mapped.items():
        at = project.place((*place, *place_of(sync, name)))
        kind = target.field(name)
        if kind is None or not (kind.createable or kind.updateable or sync.match_fields == (name,)):
            mistakes.append((f"{at}: {_unusable(name, kind, target)}", _unknown(sync)))
            continue
        if name not in sync.mappings and not holds_entries(kind):
            mistakes.append((f"{at}: {_no_text(kind, target)}", _LONG_TEXT))
            continue
        other = written.setdefault(written_field(target, name), name)
        if other != name:
            mistakes.append((f"{at}: {name} and {other} both set {written_field(target, name)}", _ONCE))
        plans.append(field_plan(len(plans), name, expression, sync, target))
    if sync.send_audiences_to:
        kind = target.field(sync.send_audiences_to)
        at = project.place((*place, "send_audiences_to"))
        if kind is None or not kind.updateable:
            mistakes.append((f"{at}: {_unusable(sync.send_audiences_to, kind, target)}", _unknown(sync)))
        elif not holds_entries(kind):
            mistakes.append((f"{at}: {_no_text(kind, target)}", _LONG_TEXT))
        else:
            names = joined(kind, f"text_{len(plans)}", f"fitted_{len(plans)}")
            plans.append(FieldPlan(kind.name, "CAST(NULL AS VARCHAR)", names, "audience_names"))
    if mistakes:
        raise ConfigError(
            "\n".join(mistake for mistake, _ in mistakes),
            hint="; ".join(dict.fromkeys(hint for _, hint in mistakes)),
        )
    return plans


def field_plan(index: int, name: str, raw: str, sync: Sync, target: ObjectType) -> FieldPlan:
    """One field that is mapped, or that takes scores or affinities; `raw_<index>` will be its raw value."""
    kind = target.field(name)
    assert kind is not None  # noqa: S101  (the caller looked)
    raw_name, value_name = f"raw_{index}", f"value_{index}"
    mapping = sync.mappings.get(name)
    if mapping is None:
        rendered = joined(kind, f"text_{index}", f"fitted_{index}")
        if sync.send_affinities_to and sync.send_affinities_to.field == name:
            rendered = replace(rendered, problems=(*rendered.problems, _unweighed(sync, raw_name)))
        return FieldPlan(kind.name, raw, rendered, raw_name)
    path = parent_path(name)
    if path is not None and path.is_record_type:
        rendered = record_type(target, name, raw_name, value_name)
    else:
        cuts = sync.on_too_long is OnTooLong.TRUNCATE and name not in sync.match_fields and path is None
        rendered = rendering(kind, name, raw_name, value_name, may_cut=cuts)
    if kind.type == "boolean" and mapping.on_null is OnNull.CLEAR:
        raw = f"coalesce({raw}, 'false')"  # a checkbox is never empty
    if name in sync.required_fields:
        missing = Problem(f"{value_name} IS NULL", "REQUIRED_FIELD_MISSING", f"{name} is required and empty")
        rendered = replace(rendered, problems=(*rendered.problems, missing))
    skip = mapping.on_null is OnNull.SKIP or _never_empty(kind)
    return FieldPlan(kind.name, raw, rendered, skip=skip, required=name in sync.required_fields)


def cleared_never(
    held: Iterable[str], plans: Sequence[FieldPlan], sync: Sync, target: ObjectType
) -> Iterator[str]:
    """Fields that `on_exit: clear_all` leaves alone: a record cannot be without them, or they are gone.

    Args:
        held: Fields that records hold; one that is mapped no more may be gone in the org, or read-only.
        plans: What is mapped now.
        sync: Names the match fields.
        target: The object of the records.
    """
    needed = {name.lower() for name in sync.match_fields}
    needed |= {plan.name.lower() for plan in plans if plan.required}
    for name in held:
        path = parent_path(name)
        kind = target.reference(path.relation) if path else target.field(name)
        if name.lower() in needed or kind is None or not kind.updateable or _never_empty(kind):
            yield name


def _never_empty(kind: FieldType) -> bool:
    """Clearing the field is refused, even where the org fills it by itself, as a status or an owner."""
    return not kind.nillable and kind.type != "boolean"


def _unusable(name: str, kind: FieldType | None, target: ObjectType) -> str:
    if kind is not None:
        return f"{target.name}.{name} cannot be written (it is calculated or read-only)"
    near = difflib.get_close_matches(name, [field.name for field in target.fields.values()], n=1)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return f"{target.name} has no field {name!r}{guess}"


def _unknown(sync: Sync) -> str:
    return (
        f"check the spelling against {sync.object} in Setup; a field that exists but is not found "
        "lacks field-level security for the integration user"
    )


def _no_text(kind: FieldType, target: ObjectType) -> str:
    sort = _SORTS.get(kind.type, kind.type)
    return f"{target.name}.{kind.name} is a field of type {sort}, which holds no list of names"


def _unweighed(sync: Sync, raw: str) -> Problem:
    """What sf_heaviest could not read stands first, without a name."""
    assert sync.send_affinities_to is not None  # noqa: S101  (the caller looked)
    column = sync.send_affinities_to.column
    message = (
        f"column {column} takes names with a number for the weight of each, and what it holds is not that"
    )
    return Problem(f"len({raw}) > 0 AND {raw}[1] IS NULL", "INVALID_TYPE_ON_FIELD_IN_RECORD", message)
