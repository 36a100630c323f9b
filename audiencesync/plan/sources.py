"""What a sync reads from a profile: its mappings as SQL expressions, and what tells that they changed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audiencesync.cluster import Cluster
from audiencesync.config.columns import folded
from audiencesync.config.load import Project
from audiencesync.config.models import FieldMapping, Sync, SyncMode
from audiencesync.errors import ConfigError
from audiencesync.plan.fingerprint import fingerprint_there
from audiencesync.store import (
    EXACT,
    NEVER_BLANK,
    WHOLE_NUMBERS,
    ColumnType,
    SqlFailed,
    Store,
    plain,
    quote_name,
    quote_text,
)

_BASIS_VERSION = 2
_NUMBERS = WHOLE_NUMBERS.keys() | EXACT.keys() | {"decimal"}
_WITH_ENTRIES = frozenset({"map", "struct", "json", "varchar", "enum", "null"})

_NOT_OF_A_ROW = {
    *("name", "audiences", "prefer", "max_daily_api_calls", "priority", "guards"),
    *("every", "cron", "timezone", "watch", "push", "jitter"),
}
"""Options of a sync that do not say how a row is written; a row knows its audiences by itself."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a sync reads from a profile, before anything is known of Salesforce.

    Attributes:
        mapped: Salesforce field as configured -> SQL expression over profile columns.
        fingerprint: SQL expression; two rows with one fingerprint need no look at their values.
        row_hash: SQL expression over all that is read of a row, trigger field or not.
        basis: Changes when fingerprints of before and after cannot be compared.
    """

    mapped: Mapping[str, str]
    fingerprint: str
    row_hash: str
    basis: str


def read_sources(
    store: Store,
    project: Project,
    sync: Sync,
    columns: Mapping[str, ColumnType],
    cluster: Cluster | None,
) -> Sources:
    """Turn a sync's mappings into expressions over `stage_profile`, each tried on its own.

    Raises:
        ConfigError: An expression of the config is not valid over the profile columns.
    """
    mapped: dict[str, str] = {}
    for name, mapping in sync.mappings.items():
        kind = None if mapping.column is None else _column(columns, mapping.column)
        if mapping.sql is not None:
            place = (*sync_place(project, sync), *place_of(sync, name), "sql")
            kind = _try(store, project, place, mapping.sql)
        mapped[name] = expression(mapping, kind)
    if sync.send_scores_to:
        entries = []
        for score in sorted(sync.send_scores_to.scores):
            name = quote_text(score.replace(";", ",") + "=")
            entries.append(f"{name} || sf_score({_scored(quote_name(score), _column(columns, score))})")
        mapped[sync.send_scores_to.field] = (
            f"list_filter([{', '.join(entries)}], lambda entry: entry IS NOT NULL)"
        )
    if sync.send_affinities_to:
        kind = _column(columns, sync.send_affinities_to.column)
        if kind.kind not in _WITH_ENTRIES:
            at = project.place((*sync_place(project, sync), "send_affinities_to", "from"))
            raise ConfigError(
                f"{at}: {sync.send_affinities_to.column} is a {kind.text}, which names nothing",
                hint="affinities are a MAP, a struct or JSON text, each name with its weight, "
                "or a relation below source.affinities",
            )
        entries_of = _entries(sync.send_affinities_to.column, kind)
        mapped[sync.send_affinities_to.field] = f"sf_heaviest({entries_of}, {sync.send_affinities_to.top})"
    read = _read(sync, columns)
    triggers = (
        [quote_name(column) for column in sync.trigger_fields] if sync.trigger_fields is not None else read
    )
    described: list[object] = [_BASIS_VERSION, sync.match_field, sync.send_audiences_to, triggers]
    described += [sync.try_first.object, sync.try_first.omit] if sync.try_first else []
    described += [sorted(mapped.items()), [[name, repr(one)] for name, one in sorted(sync.mappings.items())]]
    if sync.mode is SyncMode.CREATE_ONLY:
        described.append("create_only")  # its fingerprints are of changes that Salesforce never saw
    if cluster is not None:
        described.append("spark")  # fingerprints of two engines are never taken for each other
    basis = hashlib.sha256(json.dumps(described).encode()).hexdigest()
    # the basis is hashed along: after a change of the mapping no old fingerprint can pass for a new one
    if cluster is None:
        fingerprint = f"hash({', '.join([quote_text(basis), *triggers])})"
    else:
        schema = cluster.schema("stage_profile", place="source.profiles")
        fingerprint = fingerprint_there(schema, _triggers_there(sync, columns), basis)
    row_hash = f"hash({', '.join(['0', *sorted({*triggers, *read})])})"
    return Sources(mapped, fingerprint, row_hash, basis)


def terms_of(sync: Sync) -> str:
    """The mapping, and the options of how rows are written: when they change, what was refused may pass."""
    said = sync.model_dump(mode="json", exclude=_NOT_OF_A_ROW)
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def check_rule(store: Store, project: Project, name: str, where: str, cluster: Cluster | None) -> None:
    """Refuse a rule audience whose condition is not valid over the profile columns, where these are.

    Raises:
        ConfigError: With the rule's place in the config.
    """
    if cluster is not None:
        relation = f"(SELECT 1 AS met FROM stage_profile WHERE ({where}))"  # noqa: S608
        if reason := cluster.complaint(relation):
            raise ConfigError(
                f"{project.place(('audiences', name, 'where'))}: {reason}",
                hint="a rule is Spark SQL over the columns of source.profiles, as `engine` says spark, "
                "and sees one row at a time",
            )
        return
    _try(store, project, ("audiences", name, "where"), f"CASE WHEN ({where}) THEN 1 END")


def sync_place(project: Project, sync: Sync) -> tuple[str | int, ...]:
    """Where a sync stands in the config."""
    return ("syncs", [one.name for one in project.config.syncs].index(sync.name))


def place_of(sync: Sync, name: str) -> tuple[str, ...]:
    """Where a field stands in its sync."""
    if name in sync.required_fields:
        return ("required_fields", name)
    if name in sync.extra_fields:
        return ("extra_fields", name)
    if sync.send_scores_to and name == sync.send_scores_to.field:
        return ("send_scores_to", "field")
    return ("send_affinities_to", "field")


def expression(mapping: FieldMapping, kind: ColumnType | None) -> str:
    """The mapping's value as VARCHAR, its default included.

    Args:
        mapping: A column, an expression or a constant.
        kind: The type of what it reads; None: it is a constant.
    """
    if kind is None:
        assert mapping.value is not None  # noqa: S101  (nothing else is left)
        return quote_text(_constant(mapping.value))
    source = plain(f"({mapping.sql})" if mapping.column is None else quote_name(mapping.column), kind)
    default = "NULL" if mapping.default is None else quote_text(_constant(mapping.default))
    if kind.kind in NEVER_BLANK:
        return f"coalesce(CAST({source} AS VARCHAR), {default})"
    return f"CASE WHEN sf_missing({source}) THEN {default} ELSE CAST({source} AS VARCHAR) END"


def _constant(value: str | float | bool) -> str:  # noqa: FBT001  (a YAML scalar)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _column(columns: Mapping[str, ColumnType], name: str) -> ColumnType:
    return columns[_spelt(columns, name)]


def _spelt(columns: Mapping[str, ColumnType], name: str) -> str:
    return next(column for column in columns if folded(column) == folded(name))


def _entries(column: str, kind: ColumnType) -> str:
    """An affinity column as a list of {k, v}, whatever its type; weights are numbers or any text."""
    source = quote_name(column)
    if kind.kind == "struct":
        numbers = all(part.kind in _NUMBERS for part in kind.parts)
        members = []
        for name, part in zip(kind.members, kind.parts, strict=True):
            weight = _weight(f"{source}.{quote_name(name)}", part, numbers=numbers)
            members.append(f"{{'k': {quote_text(name)}, 'v': {weight}}}")
        return f"[{', '.join(members)}]"
    entries, name, weight = f"sf_entries({source})", "entry.key", "entry.value"
    if kind.kind == "map":
        name = plain(name, kind.parts[0])
        numbers = kind.parts[1].kind in _NUMBERS
        entries, weight = f"map_entries({source})", _weight(weight, kind.parts[1], numbers=numbers)
    return f"list_transform({entries}, lambda entry: {{'k': CAST({name} AS VARCHAR), 'v': {weight}}})"


def _weight(source: str, kind: ColumnType, *, numbers: bool) -> str:
    return f"CAST({source} AS DOUBLE)" if numbers else f"CAST({plain(source, kind)} AS VARCHAR)"


def _scored(source: str, kind: ColumnType) -> str:
    """A number as it is: sf_score rounds it, and writes it as numbers are written."""
    return source if kind.kind in _NUMBERS else plain(source, kind)


def _read(sync: Sync, columns: Mapping[str, ColumnType]) -> list[str]:
    """What the mappings read, as it is: hashing that is far cheaper than hashing what they make of it."""
    read = {
        quote_name(_spelt(columns, mapping.column)) if mapping.column is not None else f"({mapping.sql})"
        for mapping in sync.mappings.values()
        if mapping.value is None
    }
    if sync.send_scores_to:
        read |= {quote_name(_spelt(columns, score)) for score in sync.send_scores_to.scores}
    if sync.send_affinities_to:
        read.add(quote_name(_spelt(columns, sync.send_affinities_to.column)))
    return sorted(read)


def _triggers_there(sync: Sync, columns: Mapping[str, ColumnType]) -> list[str]:
    """Columns whose values decide on Spark whether a profile differs.

    What the `sql` of a mapping reads only DuckDB knows: where there is one, any column may be part of it.
    """
    if sync.trigger_fields is not None:
        return [_spelt(columns, column) for column in sync.trigger_fields]
    if any(mapping.sql is not None for mapping in sync.mappings.values()):
        return list(columns)
    read = {mapping.column for mapping in sync.mappings.values() if mapping.column is not None}
    if sync.send_scores_to:
        read |= set(sync.send_scores_to.scores)
    if sync.send_affinities_to:
        read.add(sync.send_affinities_to.column)
    return sorted({_spelt(columns, name) for name in read})


def failing_place(store: Store, project: Project, sync: Sync) -> str | None:
    """The rule or mapping that fails over a value; None: the data itself cannot be read, or none."""
    tried: list[tuple[tuple[str | int, ...], str]] = [
        (("audiences", name, "where"), rule.where)
        for name, rule in project.config.audiences.items()
        if name in sync.audiences
    ]
    for name, mapping in sync.mappings.items():
        if mapping.sql is not None:
            tried.append(((*sync_place(project, sync), *place_of(sync, name), "sql"), mapping.sql))
    if _fails(store, "hash(stage_profile)"):
        return None
    return next((project.place(place) for place, sql in tried if _fails(store, f"({sql})")), None)


def _fails(store: Store, expression: str) -> bool:
    try:
        store.run("profile_tried", expression=expression)
    except SqlFailed as failure:
        return failure.about_data
    return False


def _try(store: Store, project: Project, place: Sequence[str | int], expression: str) -> ColumnType:
    """Look at an expression of the config without reading a row: what type its values are of."""
    # behind WHERE: what makes rows of its own, or looks at others than the one, is refused nowhere else
    relation = f"(SELECT ({expression}) AS said FROM stage_profile WHERE typeof(({expression})) = '')"  # noqa: S608  (the user's own)
    try:
        return store.columns(relation)["said"]
    except SqlFailed as failure:
        raise ConfigError(
            f"{project.place(tuple(place))}: {failure.reason}",
            hint="the expression is DuckDB SQL over the columns of source.profiles and sees one row "
            "at a time: unnest, aggregates and windows belong in a subquery or in source.profiles.from",
        ) from failure
