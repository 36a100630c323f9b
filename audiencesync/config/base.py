"""The checked kinds of text that config models are made of."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from audiencesync.config.references import (
    SecretRef,
    check_attach,
    check_relation,
    check_secret,
    check_spark,
)

_SEGMENT = r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*"
_API_NAME = rf"{_SEGMENT}(?:__{_SEGMENT}){{0,3}}"
_MAPPED = rf"{_API_NAME}|(?:{_API_NAME}:)?{_API_NAME}\.{_API_NAME}"
_LONGEST_AUDIENCE = 80
_REFERENCE = r"^\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)\}$"

Data: TypeAlias = object
"""What a file may hold, before it is checked."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Strict(BaseModel):
    """A key we do not know is a mistake, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)


def wrong(what: str) -> PydanticCustomError:
    """A mistake in our own words; they are shown as they are."""
    return PydanticCustomError("plain", "{what}", {"what": what})


def _schema(pattern: str, **more: Any) -> WithJsonSchema:  # noqa: ANN401 - JSON Schema keywords
    """The pattern as editors see it: a reference stands for any text."""
    return WithJsonSchema({"type": "string", "pattern": rf"^(?:{pattern})$|\$\{{env:", **more})


def _matches(pattern: str, what: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise wrong(what)
        return text

    return AfterValidator(check)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise wrong("must not be empty")
    return text


def _audience_name(text: str) -> str:
    if not 1 <= len(text) <= _LONGEST_AUDIENCE:
        raise wrong(f"an audience name has 1 to {_LONGEST_AUDIENCE} characters, not {len(text)}")
    if ";" in text:
        raise wrong("an audience name holds no ';', which separates names in Salesforce")
    if any(
        not (char.isprintable() or char.isspace()) or char in "\t\r\n\v\f\x85\u2028\u2029" for char in text
    ):
        raise wrong("an audience name holds no control characters or line breaks")
    if text != text.strip():
        raise wrong("an audience name neither begins nor ends with a space")
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or re.search(r"\s", text):
        raise wrong("must be a URL such as https://login.salesforce.com")
    if "@" in parts.netloc:
        raise wrong("must not hold a user name or password; they belong in connection.auth")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise wrong("must begin with https:// (http:// is for localhost alone)")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise wrong("must end after the host: no path, no '?', no '#'")
    return f"{parts.scheme}://{parts.netloc}"


def _file_name(value: object) -> object:
    return _not_blank(value) if isinstance(value, str) else value


def _optional_file_name(value: object) -> object:
    """An empty variable says that there is none."""
    return None if isinstance(value, str) and not value.strip() else value


def _relation(text: str) -> str:
    if what := check_relation(text):
        raise wrong(what)
    return text


def _expression(text: str) -> str:
    """Without the semicolon at its end; a comment ends with its line, and not with what is put behind it."""
    kept = text.rstrip("; \t\r\n") if text.rstrip().endswith(";") else text
    return f"{kept}\n" if "--" in kept.rpartition("\n")[2] else kept


def _version_text(value: object) -> object:
    """Take 66.0 without quotes, which YAML reads as a number."""
    return f"{float(value):.1f}" if isinstance(value, int | float) and not isinstance(value, bool) else value


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of time as a config writes them.

    Attributes:
        units: What a unit is worth, the longest first.
        least: The least number of them.
        examples: For a mistake.
    """

    units: Mapping[str, timedelta]
    least: int
    examples: str

    @property
    def pattern(self) -> str:
        """A number and a unit."""
        number = "[1-9][0-9]{0,5}" if self.least else "(?:0|[1-9][0-9]{0,5})"
        return f"({number})({'|'.join(self.units)})"

    def read(self, value: object) -> timedelta:
        """What a config says."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(self.pattern, value) if isinstance(value, str) else None
        if not found:
            raise wrong(f"must be a length of time such as {self.examples}")
        return int(found[1]) * self.units[found[2]]

    def text(self, length: timedelta) -> str:
        """The same as it is written, in the longest unit that says it."""
        unit = next(unit for unit, worth in self.units.items() if length % worth == timedelta())
        return f"{length // self.units[unit]}{unit}"


LENGTHS = Lengths(
    {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)},
    least=1,
    examples="90s, 15m, 6h or 1d",
)
DELAYS = Lengths(
    {"m": timedelta(minutes=1), "s": timedelta(seconds=1), "ms": timedelta(milliseconds=1)},
    least=0,
    examples="200ms, 5s or 1m",
)


def _secret_validator(parent: str, check: Callable[[str, str], str | None]) -> PlainValidator:
    def read(value: object, info: ValidationInfo) -> SecretRef:
        if isinstance(value, SecretRef):
            return value
        key = str(info.field_name)
        if not isinstance(value, str):
            raise wrong(f"must be a reference; write {key}: ${{env:NAME}} or {key}: ${{file:PATH}}")
        if not value.strip():
            raise wrong("must not be empty")
        if what := check(value, key):
            raise wrong(what)
        path = (*parent.split("."), key)
        place: Callable[[object], str] = (info.context or {}).get("line_of", lambda _: "")
        return SecretRef(value, key=".".join(path), place=place(path))

    return PlainValidator(read)


Text: TypeAlias = Annotated[
    str, AfterValidator(_not_blank), WithJsonSchema({"type": "string", "minLength": 1})
]
"""Any text that says something."""

Column: TypeAlias = Text
"""A column of the source, in any case."""

Relation: TypeAlias = Annotated[Text, AfterValidator(_relation)]
"""Anything that may follow FROM in DuckDB, or a SELECT."""

Expression: TypeAlias = Annotated[Text, AfterValidator(_expression)]
"""A condition or a value over the columns of one row."""

Url: TypeAlias = Annotated[Text, AfterValidator(_url), _schema("https?://.+")]
"""Scheme and host, without a slash at the end."""

ApiVersion: TypeAlias = Annotated[
    str,
    _matches(r"[1-9][0-9]{1,2}\.0", 'must be a version such as "66.0"'),
    BeforeValidator(_version_text),
    WithJsonSchema({"type": ["string", "number"], "pattern": r"^[1-9][0-9]{1,2}\.0$|\$\{env:"}),
]
"""Two or three digits and `.0`."""

ObjectName: TypeAlias = Annotated[
    Text,
    _matches(_API_NAME, "must be the API name of a Salesforce object, such as Lead or Visit__c"),
    _schema(_API_NAME),
]
"""API name of an object."""

FieldName: TypeAlias = Annotated[
    Text,
    _matches(_API_NAME, "must be the API name of a Salesforce field, such as LastName or Tier__c"),
    _schema(_API_NAME),
]
"""API name of a field of the object itself."""

MappedField: TypeAlias = Annotated[
    Text,
    _matches(
        _MAPPED,
        "must be the API name of a Salesforce field, such as LastName, Tier__c, Account.Ext__c or "
        "User:Owner.Username",
    ),
    WithJsonSchema({"type": "string", "pattern": rf"^(?:{_MAPPED})$"}),
]
"""API name of a field or of a parent's: `Account.Ext__c`, `User:Owner.Username` if several are possible."""

SyncName: TypeAlias = Annotated[
    Text,
    _matches("[a-z][a-z0-9_]*", "must begin with a small letter and hold only small letters, digits and '_'"),
    _schema("[a-z][a-z0-9_]*"),
]
"""What a sync is called on the command line and in the store."""

AffinityName: TypeAlias = Annotated[
    Text,
    _matches("[A-Za-z_][A-Za-z0-9_]*", "must be a column name of letters, digits and '_'"),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}),
]
"""The column that an affinity relation becomes."""

AudienceName: TypeAlias = Annotated[
    str,
    AfterValidator(_audience_name),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": _LONGEST_AUDIENCE,
            "pattern": r"^[^;\s]([^;]*[^;\s])?$",
        }
    ),
]
"""What an audience is called, in Salesforce too."""

FileName: TypeAlias = Annotated[
    Path, BeforeValidator(_file_name), WithJsonSchema({"type": "string", "minLength": 1})
]
"""A file; a relative name starts from the folder of the config."""

OptionalFileName: TypeAlias = Annotated[
    Path | None, BeforeValidator(_optional_file_name), WithJsonSchema({"type": ["string", "null"]})
]
"""A file, or null or an empty text for none."""

Count: TypeAlias = Annotated[int, Field(strict=True, ge=0)]
"""A whole number, 0 or more."""

Share: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=1)]
"""A part of a whole, 0 to 1."""

Switch: TypeAlias = Annotated[bool, Field(strict=True)]
"""true or false."""

Duration: TypeAlias = Annotated[
    timedelta,
    PlainValidator(LENGTHS.read),
    PlainSerializer(LENGTHS.text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{LENGTHS.pattern}$"}),
]
"""A length of time: a whole number of seconds, minutes, hours or days."""

Delay: TypeAlias = Annotated[
    timedelta,
    PlainValidator(DELAYS.read),
    PlainSerializer(DELAYS.text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{DELAYS.pattern}$"}),
]
"""A length of time down to a thousandth of a second."""

Secret: TypeAlias = Annotated[
    SecretRef,
    _secret_validator("connection.auth", check_secret),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _REFERENCE}, mode="validation"),
]
"""A secret, by reference alone."""

AlertUrl: TypeAlias = Annotated[
    SecretRef,
    _secret_validator("daemon.alerts", check_secret),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _REFERENCE}, mode="validation"),
]
"""Where a notification goes: a secret, since such an address holds a token."""

IntakeToken: TypeAlias = Annotated[
    SecretRef,
    _secret_validator("daemon.intake", check_secret),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _REFERENCE}, mode="validation"),
]
"""What a sender proves itself with."""

SparkUrl: TypeAlias = Annotated[
    SecretRef,
    _secret_validator("engine", lambda text, _: check_spark(text)),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "minLength": 1, "pattern": r"^sc://|\$\{"}, mode="validation"),
]
"""A Spark Connect server; a token in its URL is a reference."""

Attachment: TypeAlias = Annotated[
    SecretRef,
    _secret_validator("source", lambda text, _: check_attach(text)),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "minLength": 1}, mode="validation"),
]
"""A database: a file, or a URL whose password is a reference."""
