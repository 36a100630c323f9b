"""The field list: columns, nested shapes, `FIELDS()`, `TYPEOF` and child subqueries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audiencesync.emulator.soql.errors import SoqlError
from audiencesync.emulator.soql.grouping import is_aggregate
from audiencesync.emulator.soql.nodes import (
    Call,
    Comparison,
    Disjunction,
    Literal,
    Membership,
    Path,
    SelectChild,
    SelectField,
    SelectTypeOf,
)
from audiencesync.emulator.soql.operands import UNCHANGED, is_date_function, scalar_operand
from audiencesync.emulator.soql.paths import FieldRef, Scope, Step, getter
from audiencesync.emulator.soql.result import Children, Column, Leaf, Node, OneOf, Parent, Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from audiencesync.emulator.soql.grouping import Grouping
    from audiencesync.emulator.soql.nodes import Condition, Query
    from audiencesync.emulator.soql.result import ChildQuery
    from audiencesync.emulator.soql.views import ObjectView, Record

MAX_UNBOUNDED = 200
_CUSTOM = ("__c", "__pc", "__s")


@dataclass
class _Level:
    """A shape being built; parents asked for twice are merged."""

    view: ObjectView | None
    nodes: dict[str, Node | _Level] = field(default_factory=dict)
    step: Step | None = None

    def leaf(self, steps: tuple[Step, ...], key: str, node: Node, views: list[ObjectView | None]) -> None:
        level = self
        for step, view in zip(steps, views, strict=True):
            found = level.nodes.get(step.relationship)
            if not isinstance(found, _Level):
                found = _Level(view, step=step)
                level.nodes[step.relationship] = found
            level = found
        level.nodes[key] = node

    def shape(self) -> Shape:
        nodes: list[Node] = []
        for key, node in self.nodes.items():
            if not isinstance(node, _Level):
                nodes.append(node)
            elif node.step is not None:
                nodes.append(Parent(key, node.step, node.shape()))
        return Shape(self.view, tuple(nodes))


@dataclass(frozen=True, slots=True)
class Selection:
    """A compiled field list."""

    columns: tuple[Column, ...]
    shape: Shape


def _own(name: str) -> Callable[[Record], object]:
    return lambda record: record.get(name)


class SelectCompiler:
    """Compiles the field list of one SELECT.

    Args:
        scope: Names and text.
        query: The statement.
        grouping: Its groups, or None.
        child: Compiles a child subquery; gives its key and itself.
    """

    def __init__(
        self,
        scope: Scope,
        query: Query,
        grouping: Grouping | None,
        child: Callable[[Query], tuple[str, ChildQuery]],
    ) -> None:
        self._scope = scope
        self._query = query
        self._grouping = grouping
        self._child = child
        self._columns: list[Column] = []
        self._level = _Level(None if grouping else scope.view)
        self._taken: set[str] = set()
        self._expressions = 0

    def compile(self) -> Selection:
        """Make the columns and the shape.

        Raises:
            SoqlError: An item of the field list is refused.
        """
        for item in self._query.select:
            if isinstance(item, SelectChild):
                self._add_child(item)
            elif isinstance(item, SelectTypeOf):
                self._add_typeof(item)
            elif isinstance(item.expression, Call) and item.expression.name.upper() == "FIELDS":
                self._add_fields(item.expression)
            else:
                self._add(item)
        if not self._level.nodes:
            message = "'FIELDS(...)' expansion function must result in at least one field being selected."
            raise SoqlError("MALFORMED_QUERY", message)
        return Selection(tuple(self._columns), self._level.shape())

    def _add(self, item: SelectField) -> None:
        if self._grouping is not None:
            self._add_grouped(self._grouping, item)
            return
        expression = item.expression
        if isinstance(expression, Call) and is_date_function(expression):
            found = scalar_operand(self._scope, expression)
            message = f"Date function must be grouped: {found.label}"
            raise self._scope.error(expression.pos, "MALFORMED_QUERY", message)
        operand = scalar_operand(self._scope, expression)
        if item.alias is not None and isinstance(expression, Path):
            message = "only aggregate expressions use field aliasing"
            raise self._scope.error(expression.pos, "MALFORMED_QUERY", message)
        if operand.ref is not None:
            self._add_field(operand.ref, item.alias, expression)

    def _add_field(self, ref: FieldRef, alias: str | None, expression: Path | Call) -> None:
        call = expression if isinstance(expression, Call) else None
        function = None if call is None else call.name.upper()
        steps = () if alias else ref.steps
        name = alias or ref.field.name
        path = (*(step.relationship for step in steps), name)
        self._claim(".".join(path), name if not steps else ".".join(path))
        whole = getter(self._scope.org, ref)
        column = Column(
            name=name,
            path=path,
            field=ref.field,
            function=function,
            aggregate=False,
            display_name=_display(expression),
            steps=ref.steps,
            get=whole,
            format=function == "FORMAT",
        )
        self._columns.append(column)
        near = whole if alias else _own(ref.field.name)
        self._level.leaf(steps, name, Leaf(name, column, near), self._views(steps))

    def _add_grouped(self, grouping: Grouping, item: SelectField) -> None:
        expression = item.expression
        operand = grouping.operand(expression)
        computed = isinstance(expression, Call) and expression.name.upper() not in UNCHANGED
        name = item.alias
        if name is None and computed:
            name = f"expr{self._expressions}"
            self._expressions += 1
        name = name or operand.field.name
        if name.lower() in self._taken:
            raise self._scope.error(operand.pos, "MALFORMED_QUERY", f"duplicate alias: {name}")
        self._taken.add(name.lower())
        column = Column(
            name=name,
            path=(name,),
            field=operand.field,
            function=expression.name.upper() if isinstance(expression, Call) else None,
            aggregate=is_aggregate(expression) or computed or item.alias is not None,
            display_name=_display(expression),
            steps=(),
            get=operand.get,
            format=False,
        )
        self._columns.append(column)
        self._level.nodes[name] = Leaf(name, column, operand.get)

    def _claim(self, path: str, shown: str) -> None:
        if path.lower() in self._taken:
            raise SoqlError("INVALID_FIELD", f"duplicate field selected: {shown}")
        self._taken.add(path.lower())

    def _views(self, steps: tuple[Step, ...]) -> list[ObjectView | None]:
        org = self._scope.org
        return [org.object(step.targets[0]) if len(step.targets) == 1 else None for step in steps]

    def _add_fields(self, call: Call) -> None:
        """`FIELDS(ALL)`, `FIELDS(STANDARD)`, `FIELDS(CUSTOM)`.

        Source:
            SOQL and SOSL Reference, "SELECT": bounded and unbounded queries.
        """
        argument = call.args[0] if len(call.args) == 1 else None
        group = argument.text.upper() if isinstance(argument, Path) else ""
        if group not in {"ALL", "STANDARD", "CUSTOM"}:
            message = f"Invalid argument of FIELDS: {group or 'none'}"
            raise self._scope.error(call.pos, "MALFORMED_QUERY", message)
        if group != "STANDARD" and not self._few_rows():
            message = f"The SOQL FIELDS function must have a LIMIT of at most {MAX_UNBOUNDED}"
            raise SoqlError("MALFORMED_QUERY", message)
        for view in self._scope.view.fields.values():
            custom = view.name.lower().endswith(_CUSTOM)
            if group == "ALL" or custom is (group == "CUSTOM"):
                self._add(SelectField(Path((view.name,), pos=call.pos)))

    def _few_rows(self) -> bool:
        limit = self._query.limit
        return (limit is not None and limit <= MAX_UNBOUNDED) or _few_ids(self._query.where)

    def _add_child(self, item: SelectChild) -> None:
        if self._grouping is not None:
            message = "Aggregate queries cannot have child subqueries"
            raise self._scope.error(item.query.sources[0].path.pos, "MALFORMED_QUERY", message)
        key, query = self._child(item.query)
        self._claim(key, key)
        self._level.nodes[key] = Children(key, query)

    def _add_typeof(self, item: SelectTypeOf) -> None:
        """`TYPEOF`: the fields depend on what the parent is.

        Source:
            SOQL and SOSL Reference, "TYPEOF".
        """
        if self._grouping is not None:
            message = "TYPEOF is not allowed in aggregate queries"
            raise self._scope.error(item.relationship.pos, "MALFORMED_QUERY", message)
        *before, step = self._scope.relationship(item.relationship)
        if len(step.targets) == 1:
            message = f"TYPEOF can only be used with a polymorphic relationship: {item.relationship.text}"
            raise self._scope.error(item.relationship.pos, "MALFORMED_QUERY", message)
        shapes = {name.lower(): self._branch(item, name, paths) for name, paths in item.branches}
        otherwise = None
        if item.otherwise:
            polymorphic = Scope(self._scope.text, self._scope.org, self._scope.view, {"": (step,)})
            level = _Level(None)
            for path in item.otherwise:
                ref = polymorphic.field(Path(("", *path.parts), pos=path.pos))
                self._leaf(level, FieldRef(ref.field, ref.steps[1:], ref.pos))
            otherwise = level.shape()
        self._claim(item.relationship.text, item.relationship.text)
        views = self._views(tuple(before))
        self._level.leaf(
            tuple(before), step.relationship, OneOf(step.relationship, step, shapes, otherwise), views
        )

    def _branch(self, item: SelectTypeOf, name: str, paths: tuple[Path, ...]) -> Shape:
        view = self._scope.org.object(name)
        if view is None:
            message = f"sObject type '{name}' is not supported."
            raise self._scope.error(item.relationship.pos, "INVALID_TYPE", message)
        scope = Scope(self._scope.text, self._scope.org, view, {view.name.lower(): ()})
        level = _Level(view)
        for path in paths:
            self._leaf(level, scope.field(path))
        return level.shape()

    def _leaf(self, level: _Level, ref: FieldRef) -> None:
        name = ref.field.name
        column = Column(name, ref.path, ref.field, None, False, name, ref.steps, _own(name))  # noqa: FBT003
        level.leaf(ref.steps, name, Leaf(name, column, _own(name)), self._views(ref.steps))


def _display(expression: Path | Call | Literal) -> str:
    if isinstance(expression, Call):
        return f"{expression.name}({', '.join(_display(each) for each in expression.args)})"
    return expression.text


def _few_ids(condition: Condition | None) -> bool:
    """The condition names at most 200 Ids, so `FIELDS(ALL)` needs no LIMIT."""
    if isinstance(condition, Disjunction):
        return len(condition.items) <= MAX_UNBOUNDED and all(
            isinstance(item, Comparison) and _few_ids(item) for item in condition.items
        )
    if isinstance(condition, Comparison):
        return condition.operator == "=" and _is_id(condition.operand)
    if isinstance(condition, Membership) and isinstance(condition.values, tuple):
        return not condition.negated and _is_id(condition.operand) and len(condition.values) <= MAX_UNBOUNDED
    return False


def _is_id(expression: Path | Call) -> bool:
    return (
        isinstance(expression, Path) and expression.parts[-1].lower() == "id" and len(expression.parts) == 1
    )
