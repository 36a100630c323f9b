"""Parents that a mapping names by one of their own fields: `Account.Ext__c`, `User:Owner.Username`.

Record types are named so too, but never travel so: their Ids stand in describe, and go by every route.
"""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from audiencesync.config.load import Project
from audiencesync.config.models import Sync
from audiencesync.errors import ConfigError
from audiencesync.objects import FieldType, ObjectType, RecordType
from audiencesync.plan.sources import place_of, sync_place
from audiencesync.plan.values import Problem, Rendering, lookup

RECORD_TYPE_ID = "RecordTypeId"

Describe = Callable[[str], ObjectType]
"""Tells what an object looks like, by its API name."""

_RECORD_TYPE = "recordtype"
_SHOWN = 5


class _Mistake(Exception):
    """What is wrong with a mapping key."""


@dataclass(frozen=True, slots=True)
class ParentPath:
    """A mapping key that names a parent: `Relation.Field`, or `Type:Relation.Field`."""

    type: str | None
    relation: str
    field: str

    def __str__(self) -> str:
        return f"{self.type}:{self.relation}.{self.field}" if self.type else f"{self.relation}.{self.field}"

    @property
    def is_record_type(self) -> bool:
        """It names a record type."""
        return self.relation.lower() == _RECORD_TYPE


def parent_path(name: str) -> ParentPath | None:
    """What a mapping key says of a parent; None for a field of the object itself."""
    relation, dot, field = name.partition(".")
    kind, _, relation = relation.rpartition(":")
    return ParentPath(kind or None, relation, field) if dot else None


def with_parents(project: Project, sync: Sync, target: ObjectType, describe: Describe) -> ObjectType:
    """The sync's object, with the fields of parents that its mappings name.

    Args:
        project: The config, for places in errors.
        sync: Whose mappings they are.
        target: Its object.
        describe: Tells of the parents' objects.

    Raises:
        ConfigError: A relationship or a parent's field does not exist, cannot be written or cannot match.

    Source:
        REST API Developer Guide, "Insert or Update (Upsert) a Record Using an External ID"; Bulk API 2.0
        guide, "Relationship Fields in a Header Row".
    """
    parents: dict[str, FieldType] = {}
    mistakes: list[str] = []
    for name in sync.mappings:
        path = parent_path(name)
        if path is None:
            continue
        find = _record_type_field if path.is_record_type else _parent
        try:
            parents[name.lower()] = find(target, path, describe)
        except _Mistake as mistake:
            keys = (*sync_place(project, sync), *place_of(sync, name))
            mistakes.append(f"{project.place(keys)}: {mistake}")
    if mistakes:
        raise ConfigError(
            "\n".join(mistakes),
            hint="a parent is named by its relationship and one of its External ID or idLookup fields, such "
            "as Account.Ext__c; what exists but is not found lacks field-level security for the integration "
            "user",
        )
    return replace(target, parents=parents) if parents else target


def written_field(target: ObjectType, name: str) -> str:
    """The field of the object itself that a mapping key sets."""
    path = parent_path(name)
    reference = target.reference(path.relation) if path else target.field(name)
    return reference.name if reference else name


def record_type(target: ObjectType, name: str, raw: str, value: str) -> Rendering:
    """How the name of a record type becomes its Id; an unknown name stops the row."""
    by_name = name.lower().endswith(".name")
    ids: dict[str, set[str]] = {}
    for one in assignable(target):
        ids.setdefault((one.name if by_name else one.developer_name).lower(), set()).add(one.id)
    shown = ", ".join(one.name if by_name else one.developer_name for one in assignable(target))
    known = {named: found.pop() for named, found in ids.items() if len(found) == 1}
    unknown = Problem(
        f"sf_text({raw}) IS NOT NULL AND {value} IS NULL",
        "INVALID_CROSS_REFERENCE_KEY",
        f"{name} takes one of {target.name}'s record types ({shown}), and the value is none",
    )
    return Rendering(lookup(known, f"lower(sf_text({raw}))"), (unknown,))


def assignable(target: ObjectType) -> Sequence[RecordType]:
    """Record types that the integration user may give to a record."""
    return [one for one in target.record_types if one.available and one.active and not one.master]


def _record_type_field(target: ObjectType, path: ParentPath, _: Describe) -> FieldType:
    kind = target.field(RECORD_TYPE_ID)
    if path.type or path.field.lower() not in {"name", "developername"}:
        raise _Mistake(f"a record type is named by RecordType.DeveloperName or .Name, not by {path}")
    if kind is None or not _writable(kind) or not assignable(target):
        raise _Mistake(f"{target.name} has no record types that the integration user may give to a record")
    return kind


def _parent(target: ObjectType, path: ParentPath, describe: Describe) -> FieldType:
    """The parent's field, under the name of its path."""
    reference = target.reference(path.relation)
    if reference is None or reference.relationship_name is None:
        known = sorted(one.relationship_name for one in target.fields.values() if one.relationship_name)
        raise _Mistake(f"{target.name} has no relationship {path.relation!r}{_near(path.relation, known)}")
    spelt = replace(path, relation=reference.relationship_name)
    parent = describe(_object_of(target, reference, spelt))
    match = _match_field(parent, path.field, f"{target.name}.{reference.name}")
    spelt = ParentPath(parent.name if path.type else None, spelt.relation, match.name)
    return replace(
        match,
        name=str(spelt),
        createable=reference.createable,
        updateable=reference.updateable,
        nillable=reference.nillable,
        defaulted_on_create=reference.defaulted_on_create,
        id_lookup=False,
        external_id=False,
        unique=False,
    )


def _object_of(target: ObjectType, reference: FieldType, path: ParentPath) -> str:
    """The parent's object; its name stands in the path exactly when there are several it could be."""
    kinds = reference.reference_to
    here = f"{target.name}.{path.relation}"
    if path.type is None and len(kinds) > 1:
        ways = _listed([str(replace(path, type=kind)) for kind in kinds])
        raise _Mistake(f"{here} is one of several objects, so the key says which: {ways}")
    if path.type is not None and len(kinds) == 1:
        raise _Mistake(f"{here} is always {kinds[0]}, so the key is {replace(path, type=None)}")
    wanted = [kind for kind in kinds if path.type is None or kind.lower() == path.type.lower()]
    if not wanted:
        raise _Mistake(f"{here} is never {path.type}; it is one of {_listed(kinds)}")
    if not _writable(reference):
        raise _Mistake(f"{target.name}.{reference.name} cannot be written (it is calculated or read-only)")
    return wanted[0]


def _match_field(parent: ObjectType, name: str, reference: str) -> FieldType:
    match = parent.field(name)
    usable = [one.name for one in parent.fields.values() if one.may_match and one.name != "Id"]
    if match is None:
        raise _Mistake(f"{parent.name} has no field {name!r}{_near(name, usable)}")
    if match.name == "Id":
        raise _Mistake(f"the Id of a parent goes to {reference} itself")
    if not match.may_match:
        raise _Mistake(
            f"{parent.name}.{match.name} is neither an External ID nor an idLookup field; "
            f"{_listed(usable) or 'no field'} may name the parent"
        )
    return match


def _writable(kind: FieldType) -> bool:
    return kind.createable or kind.updateable


def _near(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
