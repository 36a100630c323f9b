"""One field's value: read from JSON or CSV, then cleaned as the save layer does.

Reading differs by API (a wrong type breaks a whole JSON call, but only one CSV row); cleaning is the
same for all: trim, length, e-mail, range, picklist, rounding.

Source:
    REST API guide, "Valid Date and DateTime Formats"; Bulk API 2.0 guide, "Valid CSV Record Rows";
    recorded replies listed in docs/salesforce.md.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from audiencesync.emulator import ids
from audiencesync.emulator.errors import ApiError, RowRefused
from audiencesync.emulator.schema import NUMBER_TYPES, TEXT_TYPES, Field, Value

Reader = Callable[[object], Value]
TextReader = Callable[[str], Value]
Cleaner = Callable[[Value], Value]

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(\.\d{1,3})?(Z|[+-]\d\d:?\d\d)")
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?Z?")
_FIRST_YEAR, _LAST_YEAR = 1700, 4000
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INTEGER = re.compile(r"[+-]?\d+")
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+)*"
    r"@([A-Za-z0-9\u0080-\U0010ffff]([A-Za-z0-9\u0080-\U0010ffff-]*[A-Za-z0-9\u0080-\U0010ffff])?\.)+"
    r"[A-Za-z0-9\u0080-\U0010ffff]([A-Za-z0-9\u0080-\U0010ffff-]*[A-Za-z0-9\u0080-\U0010ffff])?"
)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_XSD = {
    "boolean": "boolean",
    "int": "int",
    "double": "double",
    "currency": "double",
    "percent": "double",
    "date": "date",
    "datetime": "dateTime",
    "time": "time",
}


class _Unreadable(Exception):
    """The text is no value of the field's type."""


def iso(moment: dt.datetime) -> str:
    """A moment as Salesforce prints it: UTC, to the second, milliseconds always zero."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def parse_iso(text: str) -> dt.datetime | None:
    """A moment with a time zone, as the REST guide allows it; None for anything else."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    head, seconds, _, zone = match.groups()
    try:
        return dt.datetime.fromisoformat(f"{head}{seconds or ':00'}{'+00:00' if zone == 'Z' else zone}")
    except ValueError:
        return None


def _as_text(text: str) -> Value:
    return text


def _as_boolean(text: str) -> Value:
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise _Unreadable
    return value


def _as_int(text: str) -> Value:
    if not _INTEGER.fullmatch(text):
        raise _Unreadable
    return int(text)


def _as_double(text: str) -> Value:
    if not _NUMBER.fullmatch(text):
        raise _Unreadable
    return float(text)


def _as_date(text: str) -> Value:
    if not _DATE.fullmatch(text):
        raise _Unreadable
    try:
        _check_year(dt.date.fromisoformat(text))
    except ValueError as error:
        raise _Unreadable from error
    return text


def _check_year(date: dt.date) -> None:
    """Source: SOQL and SOSL Reference, "Date Formats and Date Literals"; which error comes is chosen."""
    if not _FIRST_YEAR <= date.year <= _LAST_YEAR:
        raise _Unreadable


def _as_time(text: str) -> Value:
    match = _TIME.fullmatch(text)
    if match is None:
        raise _Unreadable
    fraction = (match[1] or ".").ljust(4, "0")
    return f"{text[:8]}{fraction}Z"


def _as_moment(text: str) -> Value:
    moment = parse_iso(text)
    if moment is None:
        raise _Unreadable
    _check_year(moment.astimezone(dt.UTC))
    return iso(moment)


_PARSERS: dict[str, TextReader] = {
    "boolean": _as_boolean,
    "int": _as_int,
    "date": _as_date,
    "datetime": _as_moment,
    "time": _as_time,
    **dict.fromkeys(NUMBER_TYPES, _as_double),
}


def text_reader(field: Field, column: int) -> TextReader:
    """A function that reads one CSV cell; a wrong type refuses the row.

    Source:
        Recorded `failedResults`: "Failed to deserialize field at col 4. Due to, '6/15/19' is not a valid
        value for the type xsd:date". Whether columns count from 0 or 1 is not known.
    """
    parse = _PARSERS.get(field.type)
    if parse is None:
        return _as_text

    def read(text: str) -> Value:
        try:
            return parse(text)
        except _Unreadable:
            kind = _XSD[field.type]
            message = (
                f"Failed to deserialize field at col {column}. "
                f"Due to, '{text}' is not a valid value for the type xsd:{kind}"
            )
            raise RowRefused("INVALID_FIELD", message, field.name) from None

    return read


def json_reader(field: Field) -> Reader:
    """A function that reads one JSON value; a wrong type refuses the whole call.

    Numbers may be texts, as in the guide's own examples; anything else is of its field's JSON type.

    Source:
        Recorded: "Cannot deserialize instance of datetime from VALUE_STRING value ... or request may be
        missing a required field at [line:1, column:129]", "... of boolean from VALUE_STRING value 1 ...",
        "Cannot deserialize instance of multipicklist from START_ARRAY value [line:1, column:842]".
    """
    parse = _PARSERS.get(field.type, _as_text)
    numeric = field.type == "int" or field.type in NUMBER_TYPES

    def read(value: object) -> Value:
        if value is None:
            return None
        if isinstance(value, bool):
            if field.type == "boolean":
                return value
        elif isinstance(value, int | float) and numeric:
            if field.type in NUMBER_TYPES:
                return float(value)
            if isinstance(value, int):
                return value
        elif isinstance(value, str) and field.type != "boolean":
            try:
                return parse(value)
            except _Unreadable:
                raise _parser_error(field, value) from None
        raise _parser_error(field, value)

    return read


def _parser_error(field: Field, value: object) -> ApiError:
    start = f"Cannot deserialize instance of {field.type} from "
    place = "[line:1, column:1]"
    if isinstance(value, list | dict):
        token = "START_ARRAY" if isinstance(value, list) else "START_OBJECT"
        return ApiError(400, "JSON_PARSER_ERROR", f"{start}{token} value {place}")
    shown = str(value).lower() if isinstance(value, bool) else value
    message = f"{start}{_token(value)} value {shown} or request may be missing a required field at {place}"
    return ApiError(400, "JSON_PARSER_ERROR", message)


def _token(value: object) -> str:
    if isinstance(value, bool):
        return f"VALUE_{str(value).upper()}"
    if isinstance(value, str):
        return "VALUE_STRING"
    return "VALUE_NUMBER_INT" if isinstance(value, int) else "VALUE_NUMBER_FLOAT"


def cleaner(field: Field) -> Cleaner:
    """A function that turns a read value into what is stored, or refuses the row."""
    if field.type == "boolean":
        return _clean_boolean(field)
    if field.type == "int":
        return _clean_int(field)
    if field.type in NUMBER_TYPES:
        return _clean_double(field)
    if field.type in TEXT_TYPES:
        return _clean_text(field)
    if field.type in {"reference", "id"}:
        return _clean_id(field)
    return _keep


def _keep(value: Value) -> Value:
    return value


def _clean_boolean(field: Field) -> Cleaner:
    def clean(value: Value) -> Value:
        if value is None:
            message = f"{field.label}: value not of required type: null"
            raise RowRefused("INVALID_TYPE_ON_FIELD_IN_RECORD", message, field.name)
        return value

    return clean


def _clean_int(field: Field) -> Cleaner:
    limit = 10**field.digits

    def clean(value: Value) -> Value:
        if value is not None and abs(int(value)) >= limit:
            raise _out_of_range(field, value)
        return value

    return clean


def _clean_double(field: Field) -> Cleaner:
    limit = 10.0 ** (field.precision - field.scale)
    step = Decimal(1).scaleb(-field.scale)

    def clean(value: Value) -> Value:
        if value is None:
            return None
        number = float(value)
        if not abs(number) < limit:
            raise _out_of_range(field, value)
        rounded = round(number, field.scale)
        if rounded != number:
            rounded = float(Decimal(repr(number)).quantize(step, ROUND_HALF_UP))
        if abs(rounded) >= limit:
            raise _out_of_range(field, value)
        return rounded

    return clean


def _out_of_range(field: Field, value: Value) -> RowRefused:
    shown = int(value) if isinstance(value, float) and value.is_integer() else value
    message = f"{field.label}: value outside of valid range on numeric field: {shown}"
    return RowRefused("NUMBER_OUTSIDE_VALID_RANGE", message, field.name)


def _clean_text(field: Field) -> Cleaner:
    """Trim, treat blank as null, check the length, then what the type asks for.

    Length counts UTF-16 units, the strict reading: a character beyond the basic plane counts twice.
    """
    length = field.length
    check = _text_check(field)
    multiline = field.type == "textarea"
    # Source: Salesforce Help 000384328, "Addresses are stored as lower case in Salesforce"
    lower = field.type == "email"

    def clean(value: Value) -> Value:
        if value is None:
            return None
        text = str(value).strip()
        if not text:
            return None
        if multiline and "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if len(text) > length or (not text.isascii() and len(text.encode("utf-16-le")) > 2 * length):
            message = f"{field.label}: data value too large: {text} (max length={length})"
            raise RowRefused("STRING_TOO_LONG", message, field.name)
        if check is not None:
            check(text)
        return text.lower() if lower else text

    return clean


def _text_check(field: Field) -> Callable[[str], None] | None:
    if field.type == "email":
        return lambda text: _check_email(field, text)
    if field.restricted:
        allowed = frozenset(choice.value for choice in field.choices if choice.active)
        return lambda text: _check_choice(field, allowed, text)
    return None


def _check_email(field: Field, text: str) -> None:
    """Letters of any script pass: the org has Email Address Internationalization switched on.

    Source: Salesforce Help 000384328, "Email Address Format Technical Standards Validation".
    """
    if not _EMAIL.fullmatch(text):
        message = f"{field.label}: invalid email address: {text}"
        raise RowRefused("INVALID_EMAIL_ADDRESS", message, field.name)


def _check_choice(field: Field, allowed: frozenset[str], text: str) -> None:
    chosen = text.split(";") if field.type == "multipicklist" else [text]
    for item in chosen:
        if item not in allowed:
            message = f"{field.label}: bad value for restricted picklist field: {item}"
            raise RowRefused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, field.name)


def _clean_id(field: Field) -> Cleaner:
    def clean(value: Value) -> Value:
        if value is None or value == "":
            return None
        found = ids.to_long(str(value))
        if found is None:
            message = f"{field.label}: id value of incorrect type: {value}"
            raise RowRefused("MALFORMED_ID", message, field.name)
        return found

    return clean


def match_key(field: Field) -> Callable[[Value], Value]:
    """How two values of a match or unique field are compared.

    Source:
        Apex guide, "Upserting Records": a custom field matches without case only when it is unique and
        treats ABC and abc as duplicates; standard fields match without case.
    """
    exact = field.case_sensitive or (field.custom and not field.unique)
    if exact or field.type not in TEXT_TYPES:
        return _keep
    return _lower


def _lower(value: Value) -> Value:
    return value.lower() if isinstance(value, str) else value
