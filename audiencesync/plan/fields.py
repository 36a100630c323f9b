"""Each mapped field as SQL: its raw value, what Salesforce would store, and what may be wrong with it."""

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from audiencesync.config.load import Project
from audiencesync.config.models import FieldMapping, OnNull, OnTooLong, Sync
from audiencesync.errors import ConfigError
from audiencesync.records import FieldType, ObjectType
from audiencesync.store import ColumnType, SqlFailed, Store, quote_name, quote_text

MAX_LONG_TEXT = 32_768
"""Characters that audiences, scores and affinities are cut to, if their field holds as many."""

_NUMBERS = frozenset({"double", "currency", "percent"})
_BASIS_VERSION = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason to stop a row: `test` is the SQL condition; the message holds no value."""

    test: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One Salesforce field of one sync.

    Attributes:
        name: API name as describe spells it.
        raw: SQL over profile columns; VARCHAR, or VARCHAR[] for a list of entries.
        value: SQL over `raw_<n>`: the canonical text, NULL for an empty field.
        problems: What makes a row invalid.
        cut: SQL condition: something was left out to make the value fit; None when nothing ever is.
        skip: A NULL leaves the field alone instead of clearing it.
    """

    name: str
    raw: str
    value: str
    problems: tuple[Problem, ...] = ()
    cut: str | None = None
    skip: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """What a sync reads from a profile, before anything is known of Salesforce.

    Attributes:
        mapped: Salesforce field as configured -> SQL expression over profile columns.
        fingerprint: SQL expression; two rows with one fingerprint need no look at their values.
        basis: Changes when fingerprints of before and after cannot be compared.
    """

    mapped: Mapping[str, str]
    fingerprint: str
    basis: str


def read_sources(store: Store, project: Project, sync: Sync, columns: Mapping[str, ColumnType]) -> Sources:
    """Turn a sync's mappings into expressions over `stage_profile`, each tried on its own.

    Raises:
        ConfigError: An expression of the config is not valid over the profile columns.
    """
    mapped = {name: _expression(mapping, columns) for name, mapping in sync.mappings.items()}
    for group in ("required_fields", "extra_fields"):
        for name, mapping in getattr(sync, group).items():
            if mapping.sql is not None:
                _try(store, project, (*sync_place(project, sync), group, name, "sql"), mapping.sql)
    if sync.send_scores_to:
        entries = [
            f"{quote_text(score + '=')} || sf_score({quote_name(score)})"
            for score in sorted(sync.send_scores_to.scores)
        ]
        mapped[sync.send_scores_to.field] = (
            f"list_filter([{', '.join(entries)}], lambda entry: entry IS NOT NULL)"
        )
    if sync.send_affinities_to:
        kind = _column(columns, sync.send_affinities_to.column)
        entries_of = _entries(sync.send_affinities_to.column, kind)
        mapped[sync.send_affinities_to.field] = f"sf_heaviest({entries_of}, {sync.send_affinities_to.top})"
    triggers = _triggers(sync, mapped)
    described: list[object] = [_BASIS_VERSION, sync.match_field, sync.send_audiences_to, triggers]
    described += [sorted(mapped.items()), [[name, repr(one)] for name, one in sorted(sync.mappings.items())]]
    basis = hashlib.sha256(json.dumps(described).encode()).hexdigest()
    # the basis is hashed along: after a change of the mapping no old fingerprint can pass for a new one
    return Sources(mapped, f"hash({', '.join([quote_text(basis), *triggers])})", basis)


def check_rule(store: Store, project: Project, name: str, where: str) -> None:
    """Refuse a rule audience whose condition is not valid over the profile columns.

    Raises:
        ConfigError: With the rule's place in the config.
    """
    _try(store, project, ("audiences", name, "where"), f"CASE WHEN ({where}) THEN 1 END")


def plan_fields(project: Project, sync: Sync, sources: Sources, target: ObjectType) -> list[FieldPlan]:
    """Join a sync's mappings with what describe says of their fields.

    Raises:
        ConfigError: A field does not exist, cannot be written, or cannot take what is sent to it.
    """
    place = sync_place(project, sync)
    plans: list[FieldPlan] = []
    mistakes: list[str] = []
    for name, expression in sources.mapped.items():
        keys = (*place, *_place_of(sync, name))
        kind = target.field(name)
        if "." in name:
            kind = None  # a parent's field: its own object describes it
        elif kind is None or not (kind.createable or kind.updateable):
            mistakes.append(f"{project.place(keys)}: {_unusable(name, kind, target)}")
            continue
        plans.append(_field_plan(len(plans), name, expression, kind, sync))
    if sync.send_audiences_to:
        kind = target.field(sync.send_audiences_to)
        if kind is None or not kind.updateable:
            keys = (*place, "send_audiences_to")
            mistakes.append(f"{project.place(keys)}: {_unusable(sync.send_audiences_to, kind, target)}")
        else:
            size = min(kind.length or MAX_LONG_TEXT, MAX_LONG_TEXT)
            joined = "array_to_string(audience_names, ';')"
            plans.append(
                FieldPlan(
                    kind.name,
                    "CAST(NULL AS VARCHAR)",
                    f"sf_joined(audience_names, {size})",
                    cut=f"sf_length({joined}) > {size}",
                )
            )
    if sync.match_field is not None and not mistakes:
        kind = target.field(sync.match_field)
        if kind is not None and not kind.may_match:
            mistakes.append(f"{project.place((*place, 'match_field'))}: {_no_match_field(kind, target)}")
    if mistakes:
        raise ConfigError(
            "\n".join(mistakes),
            hint=f"check the spelling against {sync.object} in Setup; a field that exists but is not found "
            "lacks field-level security for the integration user",
        )
    return plans


def sync_place(project: Project, sync: Sync) -> tuple[str | int, ...]:
    """Where a sync stands in the config."""
    return ("syncs", [one.name for one in project.config.syncs].index(sync.name))


def _place_of(sync: Sync, name: str) -> tuple[str, ...]:
    if name in sync.required_fields:
        return ("required_fields", name)
    if name in sync.extra_fields:
        return ("extra_fields", name)
    if sync.send_scores_to and name == sync.send_scores_to.field:
        return ("send_scores_to", "field")
    return ("send_affinities_to", "field")


def _expression(mapping: FieldMapping, columns: Mapping[str, ColumnType]) -> str:
    """The mapping's value as VARCHAR, its default included."""
    if mapping.value is not None:
        return quote_text(_constant(mapping.value))
    if mapping.column is not None:
        source = quote_name(mapping.column)
        if _column(columns, mapping.column).kind == "list":
            source = f"array_to_string({source}, ';')"
    else:
        source = f"({mapping.sql})"
    default = "NULL" if mapping.default is None else quote_text(_constant(mapping.default))
    return f"CASE WHEN sf_missing({source}) THEN {default} ELSE CAST({source} AS VARCHAR) END"


def _constant(value: str | float | bool) -> str:  # noqa: FBT001  (a YAML scalar)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _column(columns: Mapping[str, ColumnType], name: str) -> ColumnType:
    return next(kind for column, kind in columns.items() if column.lower() == name.lower())


def _entries(column: str, kind: ColumnType) -> str:
    """An affinity column as a list of {k, v}, whatever its type."""
    source = quote_name(column)
    if kind.kind == "struct":
        members = (
            f"{{'k': {quote_text(name)}, 'v': CAST({source}.{quote_name(name)} AS DOUBLE)}}"
            for name in kind.members
        )
        return f"[{', '.join(members)}]"
    if kind.kind != "map":
        source = f"TRY_CAST(TRY_CAST({source} AS JSON) AS MAP(VARCHAR, DOUBLE))"
    return (
        f"list_transform(map_entries({source}), "
        "lambda entry: {'k': CAST(entry.key AS VARCHAR), 'v': CAST(entry.value AS DOUBLE)})"
    )


def _triggers(sync: Sync, mapped: Mapping[str, str]) -> list[str]:
    if sync.trigger_fields is not None:
        return [quote_name(column) for column in sync.trigger_fields]
    return sorted(mapped.values())


def _field_plan(index: int, name: str, raw: str, kind: FieldType | None, sync: Sync) -> FieldPlan:
    raw_name, value_name = f"raw_{index}", f"value_{index}"
    mapping = sync.mappings.get(name)
    if mapping is None:
        size = min(kind.length if kind and kind.length else MAX_LONG_TEXT, MAX_LONG_TEXT)
        joined = f"array_to_string({raw_name}, ';')"
        return FieldPlan(
            kind.name if kind else name,
            raw,
            f"sf_joined({raw_name}, {size})",
            cut=f"sf_length({joined}) > {size}",
        )
    problems = [
        Problem(
            f"contains({raw_name}, chr(0))",
            "CONTROL_CHARACTER",
            f"{name} contains a NUL character, which no route can carry",
        )
    ]
    value, cut = f"sf_text({raw_name})", None
    if kind is not None:
        value, extra = _typed(kind, raw_name, value_name)
        problems += extra
        if value.startswith(("sf_text", "sf_email")) and kind.length:
            too_long = f"sf_length(sf_text({raw_name})) > {kind.length}"
            if sync.on_too_long is OnTooLong.TRUNCATE and name != sync.match_field:
                value, cut = f"sf_text(sf_left(sf_text({raw_name}), {kind.length}))", too_long
            else:
                message = f"{name} holds {kind.length} characters and the value is longer"
                problems.append(Problem(too_long, "STRING_TOO_LONG", message))
        if kind.type == "boolean" and mapping.on_null is OnNull.CLEAR:
            raw = f"coalesce({raw}, 'false')"  # a checkbox is never empty
    if name in sync.required_fields:
        problems.append(
            Problem(f"{value_name} IS NULL", "REQUIRED_FIELD_MISSING", f"{name} is required and empty")
        )
    return FieldPlan(
        kind.name if kind else name, raw, value, tuple(problems), cut, mapping.on_null is OnNull.SKIP
    )


def _typed(kind: FieldType, raw: str, value: str) -> tuple[str, list[Problem]]:
    """The canonical text of a field's type, and how a value may fail to be of it."""
    wants = {"boolean": "true or false", "date": "a date", "datetime": "a date and time"}
    if kind.type in _NUMBERS:
        limit = "1" + "0" * max(kind.precision - kind.scale, 1)
        over = f"abs(TRY_CAST({value} AS DECIMAL(38, 18))) >= {limit}"
        return f"sf_number({raw}, {kind.scale})", [
            _mistyped(kind, raw, value, "a number"),
            Problem(over, "NUMBER_OUTSIDE_VALID_RANGE", f"{kind.name} holds numbers below {limit}"),
        ]
    if kind.type in {"int", "long"}:
        return f"sf_integer({raw})", [_mistyped(kind, raw, value, "a whole number")]
    if kind.type in wants:
        return f"sf_{kind.type}({raw})", [_mistyped(kind, raw, value, wants[kind.type])]
    if kind.type == "multipicklist":
        return f"sf_choices({raw})", []
    if kind.type == "email":
        return f"sf_email({raw})", []
    return f"sf_text({raw})", []


def _mistyped(kind: FieldType, raw: str, value: str, wanted: str) -> Problem:
    return Problem(
        f"{raw} IS NOT NULL AND {value} IS NULL",
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        f"{kind.name} takes {wanted}, and the value is none",
    )


def _unusable(name: str, kind: FieldType | None, target: ObjectType) -> str:
    if kind is not None:
        return f"{target.name}.{name} cannot be written (it is calculated or read-only)"
    near = difflib.get_close_matches(name, [field.name for field in target.fields.values()], n=1)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return f"{target.name} has no field {name!r}{guess}"


def _no_match_field(kind: FieldType, target: ObjectType) -> str:
    usable = ", ".join(sorted(field.name for field in target.fields.values() if field.may_match))
    return f"{target.name}.{kind.name} is neither an External ID nor an idLookup field; {usable} may match"


def _try(store: Store, project: Project, place: Sequence[str | int], expression: str) -> None:
    try:
        store.columns(f"(SELECT {expression} FROM stage_profile)")  # noqa: S608  (the user's own expression)
    except SqlFailed as failure:
        raise ConfigError(
            f"{project.place(tuple(place))}: {failure.reason}",
            hint="the expression is DuckDB SQL over the columns of source.profiles",
        ) from failure


def cleared_never(plans: Sequence[FieldPlan], sync: Sync, target: ObjectType) -> Iterator[str]:
    """Fields that `on_exit: clear_all` leaves alone: those a record cannot be without."""
    required = {name.lower() for name in sync.required_fields} | {(sync.match_field or "").lower()}
    for plan in plans:
        kind = target.field(plan.name)
        if plan.name.lower() in required or (kind is not None and kind.required_on_create):
            yield plan.name
