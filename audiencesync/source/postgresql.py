"""An attached PostgreSQL database: one read-only transaction, its rows streamed by COPY."""

import re
from typing import Any

from audiencesync.source import literals
from audiencesync.source.literals import Literal
from audiencesync.source.relation import Relation
from audiencesync.source.remote import Remote, RemoteColumn, RemoteRelation
from audiencesync.store import quote_name

_CONNECT_SECONDS = 15
_SESSION = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL standard_conforming_strings = on",
    "SET LOCAL DateStyle = 'ISO'",
    "SET LOCAL TimeZone = 'UTC'",
)

_INTEGERS = frozenset({"int2", "int4", "int8"})
_FLOATS = frozenset({"float4", "float8"})
_TEXTS = frozenset({"text", "varchar", "name"})
_MOMENTS = frozenset({"date", "timestamp", "timestamptz"})
_SCALARS = _INTEGERS | _FLOATS | _TEXTS | _MOMENTS | {"numeric", "bool", "time", "json", "jsonb", "uuid"}
_ARRAYS = frozenset(f"_{kind}" for kind in _INTEGERS | _FLOATS | _MOMENTS | {"text", "varchar", "bool"})
_AS_THEY_ARE = _SCALARS | _ARRAYS | {"interval", "bytea"}
"""Types that arrive as what they are; of any other we take PostgreSQL's text."""

_UNBOUNDED = "DECIMAL(38, 10)"
_MOST_DIGITS = 38
_HEADER = 4
"""PostgreSQL adds this to the precision and scale that it packs into one number."""

_REFUSED = {
    "password authentication failed": "the user name or password is wrong",
    "no password supplied": "a password is needed and none is given",
    "no pg_hba.conf entry": "the server does not let this user in from here",
    "Connection refused": "no server answers at that host and port",
    "No such file or directory": "no server answers at that socket",
    "could not translate host name": "the host is not known",
    "timeout expired": f"the server did not answer in {_CONNECT_SECONDS} seconds",
    "starting up": "the server is starting up",
    "shutting down": "the server is shutting down",
    "too many": "the server has no connection to spare",
    "SSL": "the encrypted connection could not be made",
    "certificate": "the encrypted connection could not be made",
}
_SAID = re.compile(r"[^\W\d_]+: {2}(.*)")
_HARMLESS = re.compile(r"in a read-only transaction$|^canceling statement due to|^permission denied")
_ABOUT_THE_STATEMENT = ("0A", "25", "28", "40", "42", "53", "55", "57")


class Postgresql(Remote):
    """A PostgreSQL database, or one that speaks its protocol."""

    def _connect(self) -> Any:  # noqa: ANN401  (the drivers ship no types)
        # a driver is a shared library; a project that reads files needs none
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415

        address = self._address
        if "connect_timeout" not in address:
            address += f"{'&' if '?' in address else '?'}connect_timeout={_CONNECT_SECONDS}"
        return dbapi.connect(address)

    def _begin(self) -> None:
        for statement in _SESSION:
            self._run(statement)

    def _look_at(self, place: str, relation: Relation) -> RemoteRelation:
        columns = []
        with self._connection.cursor() as cursor:
            schema = cursor.adbc_execute_schema(f"SELECT * FROM {relation.bracketed} AS relation")  # noqa: S608
        for item in schema:
            facts = {key.decode(): value.decode() for key, value in (item.metadata or {}).items()}
            kind = facts.get("POSTGRESQL:type", "unknown")
            columns.append(self._column(item.name, kind, int(facts.get("POSTGRESQL:typmod", "-1"))))
        return RemoteRelation(place, f"{relation.bracketed} AS relation", columns)

    def _column(self, name: str, kind: str, modifier: int) -> RemoteColumn:
        bare = quote_name(name)
        as_text = f"CAST({bare} AS text)"
        value = bare
        if kind in _MOMENTS:
            value = f"CASE WHEN isfinite({bare}) THEN {bare} END"  # Salesforce knows no infinite date either
        elif kind not in _AS_THEY_ARE:
            value = f"CAST({bare} AS text[])" if self._is_array(kind) else as_text
        written = _literals(kind)
        key_literal, mark_literal = written or (literals.text, literals.text)
        compared = bare if written else as_text  # without a cast, an index may serve
        return RemoteColumn(
            name,
            kind,
            value,
            compared=compared,
            ordered=f'{compared} COLLATE "C"' if mark_literal is literals.text else compared,
            distinct=bare if key_literal is literals.number else as_text,
            key_literal=key_literal,
            mark_literal=mark_literal,
            cast=_decimal(modifier) if kind == "numeric" else None,
        )

    def _is_array(self, kind: str) -> bool:
        unnamed = re.fullmatch(r"unnamed<oid:(\d+)>", kind)
        if unnamed:
            found = self._fetch(
                f"SELECT CAST(typcategory AS text) FROM pg_catalog.pg_type WHERE oid = {unnamed[1]}"  # noqa: S608
            )
            return found == [("A",)]
        return kind.startswith("_")

    def _explain(self, error: Exception, relation: RemoteRelation | None) -> tuple[str, str]:  # noqa: ARG002
        words = str(error)
        state = str(getattr(error, "sqlstate", None) or "")
        said = _SAID.search(words)
        if self._connection is None:
            return _no_connection(words, said[1] if said else "")
        if state == "42501" and said:
            return f"PostgreSQL says: {said[1]}", "GRANT the login of `source.attach` SELECT on it"
        # in the middle of a stream there is no state
        if said and (state.startswith(_ABOUT_THE_STATEMENT) or _HARMLESS.search(said[1])):
            return (
                f"PostgreSQL says: {said[1]}",
                "check the relation against the database; it is PostgreSQL that runs the SQL",
            )
        if any(lost in words for lost in ("server closed the connection", "terminating connection")):
            return "the server closed the connection", "run again when the server is well"
        # the words of every other error may quote a value
        return (
            f"a value in it cannot be computed or converted{f' (SQLSTATE {state})' if state else ''}",
            "run the SELECT in psql to see it; if `updated_at` has another type than before, use --full once",
        )


def _literals(kind: str) -> tuple[Literal, Literal] | None:
    """How keys and watermarks of a type are written; None where only its text can be compared."""
    if kind in _MOMENTS:
        return literals.moment(kind), literals.moment(kind)
    if kind in _FLOATS:
        return literals.number, literals.at_least
    alike = {"numeric": literals.number, "uuid": literals.uuid}
    alike |= dict.fromkeys(_INTEGERS, literals.integer) | dict.fromkeys(_TEXTS, literals.text)
    return (alike[kind], alike[kind]) if kind in alike else None


def _decimal(modifier: int) -> str:
    """The DuckDB type for a numeric, which travels as text since Arrow has no unbounded decimal."""
    digits, scale = (modifier - _HEADER) >> 16, (modifier - _HEADER) & 0xFFFF
    if modifier < 0 or not 0 < digits <= _MOST_DIGITS or scale > digits:
        return _UNBOUNDED
    # DuckDB writes 0.5 as .5 where there is no room before the point
    return f"DECIMAL({max(digits, min(scale + 1, _MOST_DIGITS))}, {scale})"


def _no_connection(words: str, said: str) -> tuple[str, str]:
    hint = "check `source.attach`, and try the same address with psql"
    for sign, meaning in _REFUSED.items():
        if sign in words:
            return meaning, hint
    missing = re.match(r'(database|role) "[^"]*" does not exist', said)
    if missing:
        return f"the {missing[1]} does not exist", hint
    # libpq quotes the part of the address that it does not understand, and that may be the password
    return (
        "the connection cannot be made",
        f"{hint}; a special character in a password must be written as %40 (@), %2F (/), %3A (:) or %25 (%)",
    )
