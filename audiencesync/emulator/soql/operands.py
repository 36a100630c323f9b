"""What may stand left of an operator or in a sort, group or field list: fields and functions of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audiencesync.emulator.soql.literals import as_date, as_datetime
from audiencesync.emulator.soql.nodes import Call, Path
from audiencesync.emulator.soql.paths import FieldRef, PlainField, Scope, getter

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from audiencesync.emulator.soql.nodes import Expression
    from audiencesync.emulator.soql.views import FieldView, Getter, Record

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
UNCHANGED = frozenset({"TOLABEL", "CONVERTCURRENCY", "FORMAT"})


@dataclass(frozen=True, slots=True)
class Operand:
    """A value read from a row.

    Attributes:
        key: The same for every way to write the expression.
        label: The expression as messages name it.
        field: The field, or a stand-in with the type of the function's result.
        ref: Where the field is; None for the result of a date or aggregate function.
        get: Reads the value.
        pos: Place in the statement.
    """

    key: str
    label: str
    field: FieldView
    ref: FieldRef | None
    get: Getter
    pos: int


def _week(day: int) -> int:
    return (day - 1) // 7 + 1


_DATE_FUNCTIONS: dict[str, Callable[[date], int]] = {
    "CALENDAR_MONTH": lambda day: day.month,
    "CALENDAR_QUARTER": lambda day: (day.month + 2) // 3,
    "CALENDAR_YEAR": lambda day: day.year,
    "FISCAL_MONTH": lambda day: day.month,
    "FISCAL_QUARTER": lambda day: (day.month + 2) // 3,
    "FISCAL_YEAR": lambda day: day.year,
    "DAY_IN_MONTH": lambda day: day.day,
    "DAY_IN_WEEK": lambda day: day.isoweekday() % 7 + 1,
    "DAY_IN_YEAR": lambda day: day.timetuple().tm_yday,
    "WEEK_IN_MONTH": lambda day: _week(day.day),
    "WEEK_IN_YEAR": lambda day: _week(day.timetuple().tm_yday),
}
_TIME_FUNCTIONS: dict[str, tuple[str, Callable[[datetime], object]]] = {
    "DAY_ONLY": ("date", lambda moment: moment.date()),
    "HOUR_IN_DAY": ("int", lambda moment: moment.hour),
}


def _date_getter(get: Getter, compute: Callable[[date], int]) -> Getter:
    def read(record: Record) -> object:
        day = as_date(_day_of(get(record)))
        return None if day is None else compute(day)

    return read


_DATE_TEXT = 10


def _day_of(value: object) -> object:
    return as_datetime(value) if isinstance(value, str) and len(value) > _DATE_TEXT else value


def _time_getter(get: Getter, compute: Callable[[datetime], object]) -> Getter:
    def read(record: Record) -> object:
        moment = as_datetime(get(record))
        return None if moment is None else compute(moment)

    return read


def field_operand(scope: Scope, path: Path) -> Operand:
    """A field."""
    ref = scope.field(path)
    return Operand(ref.key, path.parts[-1], ref.field, ref, getter(scope.org, ref), path.pos)


def is_date_function(call: Call) -> bool:
    """Whether a call is one of the date functions.

    Source:
        SOQL and SOSL Reference, "Date Functions".
    """
    return call.name.upper() in _DATE_FUNCTIONS or call.name.upper() in _TIME_FUNCTIONS


def _argument(scope: Scope, call: Call) -> Path:
    if len(call.args) == 1:
        argument = call.args[0]
        if isinstance(argument, Path):
            return argument
        if isinstance(argument, Call) and argument.name.upper() == "CONVERTTIMEZONE":
            return _argument(scope, argument)
    raise scope.error(call.pos, "MALFORMED_QUERY", f"Incorrect number or kind of arguments for {call.name}")


def scalar_operand(scope: Scope, expression: Expression) -> Operand:
    """A field or a function of one field.

    Date functions count in UTC, and fiscal years are calendar years.

    Raises:
        SoqlError: The function is unknown or does not take this field.
    """
    if isinstance(expression, Path):
        return field_operand(scope, expression)
    name = expression.name.upper()
    if name in AGGREGATES or name == "GROUPING":
        message = f"Aggregate function {expression.name} is not allowed here"
        raise scope.error(expression.pos, "MALFORMED_QUERY", message)
    if not is_date_function(expression) and name not in UNCHANGED:
        raise scope.error(expression.pos, "MALFORMED_QUERY", f"Invalid function name: {expression.name}")
    path = _argument(scope, expression)
    inner = field_operand(scope, path)
    key = f"{name.lower()}({inner.key})"
    label = f"{expression.name}({path.text})"
    if name in UNCHANGED:
        return Operand(key, inner.label, inner.field, inner.ref, inner.get, expression.pos)
    if inner.field.type not in {"date", "datetime"} or (
        name in _TIME_FUNCTIONS and inner.field.type == "date"
    ):
        message = f"Invalid function {expression.name} on field {path.text}"
        raise scope.error(expression.pos, "INVALID_FIELD", message)
    if name in _TIME_FUNCTIONS:
        kind, compute = _TIME_FUNCTIONS[name]
        return Operand(
            key, label, PlainField(label, kind), None, _time_getter(inner.get, compute), expression.pos
        )
    get = _date_getter(inner.get, _DATE_FUNCTIONS[name])
    return Operand(key, label, PlainField(label, "int"), None, get, expression.pos)
