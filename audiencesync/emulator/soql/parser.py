"""From the text of a statement to its nodes."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from audiencesync.emulator.soql.errors import SoqlError, located
from audiencesync.emulator.soql.nodes import (
    Call,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Expression,
    Literal,
    Membership,
    Negation,
    OrderItem,
    Path,
    Query,
    SelectChild,
    SelectField,
    Selection,
    SelectTypeOf,
    Source,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_STATEMENT = 100_000

Items = list[Any]


def _pos(token: Token) -> int:
    return token.start_pos or 0


def _literal(kind: str) -> Callable[[_ToNodes, Items], Literal]:
    def build(_: _ToNodes, items: Items) -> Literal:
        return Literal(kind, str(items[0]), pos=_pos(items[0]))

    return build


class _ToNodes(Transformer[Token, Query]):
    """Builds nodes bottom-up while the parser runs; each method gets what its rule matched."""

    number = _literal("number")
    date = _literal("date")
    datetime = _literal("datetime")
    time = _literal("time")
    boolean = _literal("boolean")
    null = _literal("null")

    def start(self, items: Items) -> Query:
        query: Query = items[0]
        return query

    def string(self, items: Items) -> Literal:
        return Literal("string", str(items[0])[1:-1], pos=_pos(items[0]))

    def range(self, items: Items) -> Literal:
        name, count = items
        return Literal("range", str(name), None if count is None else int(count), pos=_pos(name))

    def bind(self, items: Items) -> Literal:
        return Literal("bind", ".".join(items), pos=_pos(items[0]))

    def path(self, items: Items) -> Path:
        return Path(tuple(str(item) for item in items), pos=_pos(items[0]))

    def call(self, items: Items) -> Call:
        name, *args = items
        return Call(str(name), tuple(item for item in args if item is not None), pos=_pos(name))

    def comparison(self, items: Items) -> Comparison:
        operand, operator, value = items
        return Comparison(operand, {"<>": "!="}.get(operator, operator.upper()), value)

    def value_list(self, items: Items) -> tuple[Literal, ...]:
        return tuple(items)

    def subselect(self, items: Items) -> Query:
        query: Query = items[0]
        return query

    def membership(self, items: Items) -> Membership:
        operand, negated, _, values = items
        return Membership(operand, negated is not None, (values,) if isinstance(values, Literal) else values)

    def selection(self, items: Items) -> Selection:
        operand, operator, values = items
        listed = (values,) if isinstance(values, Literal) else values
        return Selection(operand, operator.upper() == "EXCLUDES", listed)

    def conjunction(self, items: Items) -> Conjunction:
        return Conjunction(tuple(item for item in items if not isinstance(item, Token)))

    def disjunction(self, items: Items) -> Disjunction:
        return Disjunction(tuple(item for item in items if not isinstance(item, Token)))

    def negation(self, items: Items) -> Negation:
        return Negation(items[1])

    def select_field(self, items: Items) -> SelectField:
        expression, alias = items
        return SelectField(expression, None if alias is None else str(alias))

    def select_child(self, items: Items) -> SelectChild:
        return SelectChild(items[0])

    def when(self, items: Items) -> tuple[str, tuple[Path, ...]]:
        _, name, _, *paths = items
        return str(name), tuple(paths)

    def otherwise(self, items: Items) -> tuple[Path, ...]:
        return tuple(items[1:])

    def select_typeof(self, items: Items) -> SelectTypeOf:
        _, relationship, *branches, otherwise, _ = items
        return SelectTypeOf(relationship, tuple(branches), otherwise or ())

    def source(self, items: Items) -> Source:
        path, _, alias = items
        return Source(path, None if alias is None else str(alias))

    def sources(self, items: Items) -> tuple[Source, ...]:
        return tuple(items)

    def using(self, items: Items) -> str | None:
        return str(items[2]) if items else None

    def where(self, items: Items) -> Condition | None:
        return items[1] if items else None

    having = where

    def with_clause(self, items: Items) -> str | None:
        return str(items[1]) if items else None

    def group_by(self, items: Items) -> tuple[Expression, ...]:
        return tuple(items[2:])

    def order_by(self, items: Items) -> tuple[OrderItem, ...]:
        return tuple(items[2:])

    def order_item(self, items: Items) -> OrderItem:
        expression, direction, _, nulls = items
        descending = direction is not None and direction.upper() == "DESC"
        return OrderItem(expression, descending, nulls is not None and nulls.upper() == "LAST")

    def limit(self, items: Items) -> int | None:
        return int(items[1]) if items else None

    offset = limit

    def all_rows(self, items: Items) -> bool:
        return bool(items)

    def for_clause(self, items: Items) -> str:
        return str(items[1])

    def for_clauses(self, items: Items) -> tuple[str, ...]:
        return tuple(items)

    def update(self, items: Items) -> tuple[str, ...]:
        return tuple(str(item) for item in items[1:])

    def query(self, items: Items) -> Query:
        cut = next(at for at, item in enumerate(items) if isinstance(item, Token) and item.type == "FROM")
        sources, scope, where, mode, groups, having, order, limit, offset, all_rows, purposes, updates = (
            items[cut + 1 :]
        )
        return Query(
            select=tuple(items[1:cut]),
            sources=sources,
            scope=scope,
            where=where,
            with_mode=mode,
            group_by=groups,
            having=having,
            order_by=order,
            limit=limit,
            offset=offset,
            all_rows=all_rows,
            purposes=purposes,
            updates=updates,
        )


@cache
def _grammar() -> Lark:
    text = files(__package__).joinpath("soql.lark").read_text("utf-8")
    return Lark(text, parser="lalr", lexer="contextual", transformer=_ToNodes(), maybe_placeholders=True)


def _unexpected(text: str, pos: int, found: str) -> SoqlError:
    return located(text, pos, "MALFORMED_QUERY", f"unexpected token: '{found}'", syntax=True)


def _bad_character(text: str, pos: int) -> SoqlError:
    if text[pos] == "'":
        row, column = text.count("\n", 0, pos) + 1, pos - text.rfind("\n", 0, pos) - 1
        message = f"line {row}:{column} mismatched character '<EOF>' expecting '''"
        return located(text, pos, "MALFORMED_QUERY", message, syntax=True)
    return _unexpected(text, pos, text[pos])


def parse(text: str) -> Query:
    """Read one statement.

    Raises:
        SoqlError: `MALFORMED_QUERY`: empty, over 100,000 characters, or not SOQL.

    Source:
        Salesforce Developer Limits quick reference, "SOQL and SOSL limits".
    """
    if not text.strip():
        raise SoqlError("MALFORMED_QUERY", "SOQL statements cannot be empty or null")
    if len(text) > MAX_STATEMENT:
        raise SoqlError(
            "MALFORMED_QUERY", f"SOQL statements cannot be longer than {MAX_STATEMENT} characters."
        )
    try:
        # with a transformer inside the parser the result is what the transformer built, not a tree
        return cast("Query", _grammar().parse(text))
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise _unexpected(text, len(text), "<EOF>") from None
        raise _unexpected(text, _pos(error.token), str(error.token)) from None
    except UnexpectedCharacters as error:
        raise _bad_character(text, error.pos_in_stream or 0) from None
