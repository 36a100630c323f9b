"""One comparison of an operand with literals, checked against the field's type and made into a test.

Null is a value like any other: `!=` and NOT IN take rows without a value, and an empty string is null.
Texts compare without case unless the field is case-sensitive, and sort by their upper-case characters.
"""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audiencesync.emulator.soql import literals
from audiencesync.emulator.soql.ranges import date_range
from audiencesync.emulator.soql.views import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audiencesync.emulator.soql.errors import SoqlError
    from audiencesync.emulator.soql.nodes import Literal
    from audiencesync.emulator.soql.operands import Operand
    from audiencesync.emulator.soql.paths import Scope

Predicate = Callable[[Record], bool]
Normalise = Callable[[object], Any]

ID_TYPES = frozenset({"id", "reference"})
NUMBER_TYPES = frozenset({"double", "currency", "percent", "int", "long"})
_KINDS = {"boolean": "boolean", "date": "date", "datetime": "datetime", "time": "time"}
_NAMES = {"currency": "double", "percent": "double", "datetime": "dateTime", "id": "ID", "reference": "ID"}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {"<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge}


def literal_kind(field_type: str) -> str:
    """The kind of literal that fields of a type are compared with."""
    return "number" if field_type in NUMBER_TYPES else _KINDS.get(field_type, "string")


def _number(value: object) -> Decimal | int | None:
    if isinstance(value, float):
        return Decimal(repr(value))
    return value if isinstance(value, int | Decimal) else None


def _lower(value: object) -> str | None:
    return value.lower() if value and isinstance(value, str) else None


def _upper(value: object) -> str | None:
    return value.upper() if value and isinstance(value, str) else None


def _text(value: object) -> str | None:
    return value if value and isinstance(value, str) else None


def _time(value: object) -> time | None:
    if isinstance(value, str) and value:
        value = time.fromisoformat(value)
    return value.replace(tzinfo=None) if isinstance(value, time) else None


_NORMALISERS: dict[str, Normalise] = {
    "number": _number,
    "boolean": bool,
    "date": literals.as_date,
    "datetime": literals.as_datetime,
    "time": _time,
}


def normaliser(field_type: str, *, case_sensitive: bool, ordering: bool = False) -> Normalise:
    """From a record's value to one that compares as Salesforce compares; None for null.

    Source:
        SOQL and SOSL Reference, "ORDER BY" (upper-case characters in English locales).
    """
    typed = _NORMALISERS.get(literal_kind(field_type))
    if typed is not None:
        return typed
    if case_sensitive or field_type in ID_TYPES:
        return _text
    return _upper if ordering else _lower


class Comparer:
    """Makes tests of operands; knows the statement, for messages, and today, for date literals."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._today = scope.org.now().astimezone(UTC).date()

    def compare(self, operand: Operand, operator: str, literal: Literal) -> Predicate:
        """`operand operator literal`.

        Raises:
            SoqlError: The field cannot be filtered, or takes another operator or kind of value.
        """
        self._check(operand, operator)
        if operator == "LIKE":
            return self._like(operand, literal)
        if literal.kind == "range":
            return self._range(operand, operator, literal)
        ordering = operator in _ORDER
        normalise, get = self._reader(operand, ordering=ordering), operand.get
        key = None if literal.kind == "null" else normalise(self.value(operand, literal))
        if key is None:
            return self._null(operand, operator)
        if operator == "=":
            return lambda record: normalise(get(record)) == key
        if operator == "!=":
            return lambda record: normalise(get(record)) != key
        compare = _ORDER[operator]

        def ordered(record: Record) -> bool:
            value = normalise(get(record))
            return value is not None and compare(value, key)

        return ordered

    def member(self, operand: Operand, listed: Iterable[Literal], *, negated: bool) -> Predicate:
        """`operand IN (…)` or `NOT IN`.

        Raises:
            SoqlError: As for `compare`.
        """
        self._check(operand, "NOT IN" if negated else "IN")
        normalise, get = self._reader(operand), operand.get
        keys: set[object] = set()
        ranges: list[Predicate] = []
        for literal in listed:
            if literal.kind == "range":
                ranges.append(self._range(operand, "=", literal))
            else:
                keys.add(None if literal.kind == "null" else normalise(self.value(operand, literal)))
        if operand.field.type == "boolean" and None in keys:
            keys |= {False}
        if ranges:
            return lambda record: (
                (normalise(get(record)) in keys or any(test(record) for test in ranges)) is not negated
            )
        if negated:
            return lambda record: normalise(get(record)) not in keys
        return lambda record: normalise(get(record)) in keys

    def among(self, operand: Operand, keys: frozenset[str], *, negated: bool) -> Predicate:
        """A semi-join: the operand is one of these Ids; a null operand is in no list."""
        self._check(operand, "IN")
        get = operand.get
        if negated:
            return lambda record: get(record) not in keys
        return lambda record: get(record) in keys

    def select(self, operand: Operand, listed: Sequence[Literal], *, negated: bool) -> Predicate:
        """`operand INCLUDES (…)` or `EXCLUDES`; `'a;b'` asks for both.

        Source:
            SOQL and SOSL Reference, "Query Multi-Select Picklists".
        """
        self._check(operand, "EXCLUDES" if negated else "INCLUDES")
        wanted = [
            frozenset(str(self.value(operand, literal)).lower().split(";"))
            for literal in listed
            if literal.kind != "null"
        ]
        with_null = len(wanted) != len(listed)
        get = operand.get

        def includes(record: Record) -> bool:
            value = get(record)
            if not value or not isinstance(value, str):
                return with_null is not negated
            chosen = set(value.lower().split(";"))
            return any(each <= chosen for each in wanted) is not negated

        return includes

    def value(self, operand: Operand, literal: Literal) -> object:
        """A literal as the operand's type takes it.

        Raises:
            SoqlError: `INVALID_FIELD` for the wrong kind of literal, `INVALID_QUERY_FILTER_OPERATOR` for a
                malformed Id, `MALFORMED_QUERY` for an over-long or badly escaped string.
        """
        if literal.kind in {"bind", "range"}:
            raise self._bind(literal)
        kind = literal_kind(operand.field.type)
        if literal.kind != kind:
            raise self._mismatch(operand, kind)
        if kind == "string":
            text = self._string(literal)
            if operand.field.type not in ID_TYPES:
                return text
            found = literals.long_id(text)
            if found is None:
                raise self._scope.error(
                    operand.pos, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}"
                )
            return found
        return self._plain(literal)

    def _plain(self, literal: Literal) -> object:
        text = literal.text
        if literal.kind == "boolean":
            return text.lower() == "true"
        if literal.kind == "number":
            return literals.as_decimal(text)
        try:
            if literal.kind == "date":
                return date.fromisoformat(text)
            if literal.kind == "datetime":
                return datetime.fromisoformat(text.upper())
            return time.fromisoformat(text.upper().removesuffix("Z"))
        except ValueError:
            raise self._scope.error(
                literal.pos, "MALFORMED_QUERY", f"Invalid {literal.kind}: {text}"
            ) from None

    def _string(self, literal: Literal) -> str:
        try:
            text = literals.unescape(literal.text)
        except literals.IllegalEscapeError as error:
            message = (
                f"Invalid string literal '{literal.text}'. Illegal character sequence '\\{error.args[0]}' in "
                "string literal."
            )
            raise self._scope.error(literal.pos, "MALFORMED_QUERY", message) from None
        if len(text) > literals.MAX_STRING:
            message = f"String literal exceeds the maximum of {literals.MAX_STRING} characters"
            raise self._scope.error(literal.pos, "MALFORMED_QUERY", message)
        return text

    def _reader(self, operand: Operand, *, ordering: bool = False) -> Normalise:
        field = operand.field
        return normaliser(field.type, case_sensitive=field.case_sensitive, ordering=ordering)

    def _check(self, operand: Operand, operator: str) -> None:
        field = operand.field
        if field.type in {"address", "location"}:
            kind = "Address" if field.type == "address" else "Geolocation"
            message = f"{kind} fields can only be filtered using Distance expressions"
            raise self._scope.error(operand.pos, "INVALID_FIELD", message)
        if not field.filterable:
            message = f"field '{field.name}' can not be filtered in a query call"
            raise self._scope.error(operand.pos, "INVALID_FIELD", message)
        picking = operator in {"INCLUDES", "EXCLUDES"}
        ordering, like = operator in _ORDER, operator == "LIKE"
        refused = (
            (picking and field.type != "multipicklist")
            or (like and (field.type in ID_TYPES or literal_kind(field.type) != "string"))
            or (field.type == "multipicklist" and (like or ordering))
            or (field.type == "boolean" and ordering)
        )
        if refused:
            kind = "id" if field.type in ID_TYPES else field.type
            message = f"invalid operator on {kind} field"
            raise self._scope.error(operand.pos, "INVALID_QUERY_FILTER_OPERATOR", message)

    def _mismatch(self, operand: Operand, kind: str) -> SoqlError:
        field_type = operand.field.type
        name = (
            "string"
            if kind == "string" and field_type not in ID_TYPES
            else _NAMES.get(field_type, field_type)
        )
        quotes = "should be" if kind == "string" else "should not be"
        message = (
            f"value of filter criterion for field '{operand.label}' must be of type {name} and {quotes} "
            "enclosed in quotes"
        )
        return self._scope.error(operand.pos, "INVALID_FIELD", message)

    def _bind(self, literal: Literal) -> SoqlError:
        return self._scope.error(literal.pos, "MALFORMED_QUERY", "Bind variables only allowed in Apex code")

    def _like(self, operand: Operand, literal: Literal) -> Predicate:
        if literal.kind == "null":
            return self._null(operand, "=")
        if literal.kind == "bind":
            raise self._bind(literal)
        if literal.kind != "string":
            raise self._mismatch(operand, "string")
        if not self._string(literal):
            return self._null(operand, "=")
        matches = literals.like(literal.text, case_sensitive=operand.field.case_sensitive)
        get = operand.get

        def like(record: Record) -> bool:
            value = get(record)
            return isinstance(value, str) and value != "" and matches(value)

        return like

    def _null(self, operand: Operand, operator: str) -> Predicate:
        get = operand.get
        if operator in _ORDER:
            return lambda _: False
        if operand.field.type == "boolean":
            return (lambda record: not get(record)) if operator == "=" else (lambda record: bool(get(record)))
        if operator == "=":
            return lambda record: get(record) in (None, "")
        return lambda record: get(record) not in (None, "")

    def _range(self, operand: Operand, operator: str, literal: Literal) -> Predicate:
        try:
            found = date_range(literal.text, literal.count, self._today)
        except (ValueError, OverflowError):
            message = f"Invalid date literal: {literal.text}:{literal.count}"
            raise self._scope.error(literal.pos, "MALFORMED_QUERY", message) from None
        if found is None:
            raise self._bind(literal)
        kind = literal_kind(operand.field.type)
        if kind not in {"date", "datetime"}:
            raise self._mismatch(operand, kind)
        start, end = found if kind == "date" else (datetime.combine(day, time(), UTC) for day in found)
        normalise, get = self._reader(operand), operand.get
        tests: dict[str, Callable[[Any], bool]] = {
            "=": lambda value: start <= value < end,
            "!=": lambda value: not start <= value < end,
            "<": lambda value: value < start,
            "<=": lambda value: value < end,
            ">": lambda value: value >= end,
            ">=": lambda value: value >= start,
        }
        test, when_null = tests[operator], operator == "!="

        def within(record: Record) -> bool:
            value = normalise(get(record))
            return when_null if value is None else test(value)

        return within
