"""From a path in the text to a field of the org, and to its value in a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audiencesync.emulator.soql.errors import SoqlError, located

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audiencesync.emulator.soql.nodes import Path, Source
    from audiencesync.emulator.soql.views import FieldView, Getter, ObjectView, OrgView, Record

MAX_LEVELS = 5
_ADVICE = "Please reference your WSDL or the describe call for the appropriate names."

# Fields of the Name object, which stands for the parent where a relationship has several kinds of parents.
# Source: Object Reference, "Name".
_NAME_FIELDS = {
    name.lower(): (name, kind)
    for name, kind in (
        ("Id", "id"),
        ("Name", "string"),
        ("Type", "picklist"),
        ("FirstName", "string"),
        ("LastName", "string"),
        ("Alias", "string"),
        ("Email", "email"),
        ("IsActive", "boolean"),
        ("Phone", "phone"),
        ("ProfileId", "reference"),
        ("RecordTypeId", "reference"),
        ("Title", "string"),
        ("Username", "string"),
        ("UserRoleId", "reference"),
    )
}


@dataclass(frozen=True, slots=True)
class PlainField:
    """A field that no object lists: one of the Name object, or what a function gives."""

    name: str
    type: str
    label: str = ""
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    aggregatable: bool = True
    case_sensitive: bool = False
    reference_to: Sequence[str] = ()
    relationship_name: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One hop to a parent.

    Attributes:
        relationship: Its name, as describe writes it.
        field: API name of the reference field.
        targets: Objects the parent may be of.
    """

    relationship: str
    field: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A field found at the end of a path."""

    field: FieldView
    steps: tuple[Step, ...]
    pos: int

    @property
    def path(self) -> tuple[str, ...]:
        """Relationship names and the field name, as describe writes them."""
        return (*(step.relationship for step in self.steps), self.field.name)

    @property
    def key(self) -> str:
        """The same for every way to write the path."""
        return ".".join(self.path).lower()


def parent_of(org: OrgView, step: Step, record: Record) -> tuple[ObjectView | None, Record | None]:
    """The parent of one record and its object; None where there is none or it is not known."""
    parent_id = record.get(step.field)
    if not isinstance(parent_id, str):
        return None, None
    for target in step.targets:
        view = org.object(target)
        if view is not None and (len(step.targets) == 1 or parent_id.startswith(view.key_prefix)):
            return view, org.record(view.name, parent_id)
    return None, None


def getter(org: OrgView, ref: FieldRef) -> Getter:
    """A function that reads the field from a record of the queried object.

    A checkbox that a record does not carry is false; without the parent it is null.
    """
    name, absent = ref.field.name, False if ref.field.type == "boolean" else None
    if not ref.steps:
        return lambda record: record.get(name, absent)
    steps = ref.steps
    if len(steps) == 1 and len(steps[0].targets) == 1:
        link, target, fetch = steps[0].field, steps[0].targets[0], org.record

        def near(record: Record) -> object:
            parent_id = record.get(link)
            parent = fetch(target, parent_id) if isinstance(parent_id, str) else None
            return None if parent is None else parent.get(name, absent)

        return near
    polymorphic = len(steps[-1].targets) > 1

    def far(record: Record) -> object:
        view, current = parent_of(org, steps[0], record)
        for step in steps[1:]:
            if current is None:
                return None
            view, current = parent_of(org, step, current)
        if current is None:
            return None
        return view.name if polymorphic and name == "Type" and view is not None else current.get(name, absent)

    return far


@dataclass(frozen=True)
class Scope:
    """What names mean inside one SELECT: its object, the aliases, and the text for error messages."""

    text: str
    org: OrgView
    view: ObjectView
    aliases: dict[str, tuple[Step, ...]]

    def error(self, pos: int, code: str, message: str) -> SoqlError:
        """An error that points into the statement."""
        return located(self.text, pos, code, message)

    def field(self, path: Path) -> FieldRef:
        """Find the field a path leads to.

        Raises:
            SoqlError: `INVALID_FIELD`: an unknown relationship or field, or more than five levels.
        """
        parts = path.parts
        view: ObjectView | None = self.view
        steps: tuple[Step, ...] = ()
        if len(parts) > 1 and parts[0].lower() in self.aliases:
            steps = self.aliases[parts[0].lower()]
            parts = parts[1:]
            if steps:
                view = self._target(steps[-1])
        if len(steps) + len(parts) - 1 > MAX_LEVELS:
            message = f"SOQL relationship paths cannot be longer than {MAX_LEVELS} levels: {path.text}"
            raise self.error(path.pos, "INVALID_FIELD", message)
        for name in parts[:-1]:
            step = self._step(view, name, path.pos)
            view = self._target(step)
            steps = (*steps, step)
        return FieldRef(self._field(view, parts[-1], path.pos), steps, path.pos)

    def relationship(self, path: Path) -> tuple[Step, ...]:
        """Find the parents a path of relationships leads to, for TYPEOF.

        Raises:
            SoqlError: `INVALID_FIELD`: an unknown relationship.
        """
        parts = path.parts
        view: ObjectView | None = self.view
        steps: tuple[Step, ...] = ()
        if len(parts) > 1 and parts[0].lower() in self.aliases:
            steps, parts = self.aliases[parts[0].lower()], parts[1:]
        for name in parts:
            step = self._step(view, name, path.pos)
            view = self._target(step)
            steps = (*steps, step)
        return steps

    def _target(self, step: Step) -> ObjectView | None:
        return self.org.object(step.targets[0]) if len(step.targets) == 1 else None

    def _step(self, view: ObjectView | None, name: str, pos: int) -> Step:
        lower = name.lower()
        for field in view.fields.values() if view is not None else ():
            relationship = field.relationship_name
            if relationship is not None and relationship.lower() == lower and field.reference_to:
                step = Step(relationship, field.name, tuple(field.reference_to))
                if len(step.targets) > 1 or self._target(step) is not None:
                    return step
        message = (
            f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
            f"relationship, be sure to append the '__r' after the custom relationship name. {_ADVICE}"
        )
        raise self.error(pos, "INVALID_FIELD", message)

    def _field(self, view: ObjectView | None, name: str, pos: int) -> FieldView:
        if view is None:
            known = _NAME_FIELDS.get(name.lower())
            if known is not None:
                return PlainField(known[0], known[1], label=known[0])
        else:
            found = view.fields.get(name.lower())
            if found is not None:
                return found
        entity = "Name" if view is None else view.name
        message = (
            f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be "
            f"sure to append the '__c' after the custom field name. {_ADVICE}"
        )
        raise self.error(pos, "INVALID_FIELD", message)


def _unknown_object(text: str, pos: int, name: str) -> SoqlError:
    message = (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to "
        f"append the '__c' after the entity name. {_ADVICE}"
    )
    return located(text, pos, "INVALID_TYPE", message)


def root_scope(text: str, org: OrgView, sources: Sequence[Source]) -> Scope:
    """The names of a statement's FROM clause.

    Raises:
        SoqlError: `INVALID_TYPE`: no such object.
    """
    first = sources[0]
    name = first.path.text
    view = org.object(name) if len(first.path.parts) == 1 else None
    if view is None:
        raise _unknown_object(text, first.path.pos, name)
    scope = Scope(text, org, view, {view.name.lower(): ()})
    if first.alias:
        scope.aliases[first.alias.lower()] = ()
    for source in sources[1:]:
        steps = scope.relationship(source.path)
        scope.aliases[(source.alias or source.path.parts[-1]).lower()] = steps
    return scope


def child_scope(parent: Scope, sources: Sequence[Source]) -> tuple[Scope, str, str]:
    """The names of a child subquery's FROM clause, the reference field, and the relationship's name.

    Raises:
        SoqlError: `INVALID_TYPE`: no such child relationship.
    """
    first = sources[0]
    *prefix, name = first.path.parts
    found = None
    if len(prefix) <= 1 and all(parent.aliases.get(part.lower()) == () for part in prefix):
        found = parent.view.child_relationships.get(name.lower())
    view = None if found is None else parent.org.object(found[0])
    if found is None or view is None:
        message = (
            f"Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to "
            "use a custom relationship, be sure to append the '__r' after the custom relationship name. "
            f"{_ADVICE}"
        )
        raise parent.error(first.path.pos, "INVALID_TYPE", message)
    scope = Scope(parent.text, parent.org, view, {view.name.lower(): (), name.lower(): ()})
    if first.alias:
        scope.aliases[first.alias.lower()] = ()
    known = 3
    return scope, found[1], found[2] if len(found) >= known else name
