"""What went wrong with a relation, in words that quote no value of the data."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from audiencesync.errors import SourceError
from audiencesync.store import PARQUET_DAMAGED, SqlFailed

_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
ALIKE = (
    "write the files with the same columns; with union_by_name = true a column that a file lacks counts as "
    "empty there, and what it fills is cleared"
)
_KNOWN = (
    (
        re.compile("Value with unterminated quote found"),
        "the quote of a value is left open",
        (
            "close it, or wait until the file is written; "
            "where quotes mean nothing, say quote = '' in read_csv(...)"
        ),
    ),
    (
        re.compile(
            '^Invalid Input Error: Failed to read file "(?P<file>[^"]*)": schema mismatch in glob: '
            'column "(?P<column>[^"]*)"'
        ),
        "{file} has no column {column!r}, which another of its files has",
        ALIKE,
    ),
    (
        re.compile(
            '^Conversion Error: Error while reading file "(?P<file>[^"]*)": '
            'failed to cast column "(?P<column>[^"]*)" from type'
        ),
        "a value of column {column!r} in {file} does not fit the type that the column has in another file",
        "write the files with one type, or CAST it in a SELECT for each, joined by UNION ALL BY NAME",
    ),
    (
        re.compile('^Invalid Input Error: Invalid string encoding found in Parquet file "(?P<file>[^"]*)"'),
        "{file} holds text that is not UTF-8",
        "write the file again with its text in UTF-8",
    ),
    (
        re.compile(r'(?s)^Invalid Input Error: Malformed JSON in file "(?P<file>[^"]*)".*invalid UTF-8'),
        "{file} holds text that is not UTF-8",
        "write the file again with its text in UTF-8",
    ),
    (
        PARQUET_DAMAGED,
        "a Parquet file is damaged",
        "check that each of its files is whole; which one is not, a SELECT from one file at a time tells",
    ),
    (
        re.compile("Maximum line size of"),
        "the line is longer than a line may be",
        "close a quote that is left open; if the line is right, say max_line_size = 20000000 to read_csv",
    ),
    (
        re.compile(
            r"^\w[\w ]*: (No magic bytes|Footer length error|Failed to read file|Malformed JSON in file"
            r"|.*(too small to be a|not a) Parquet)"
        ),
        None,
        "check that the file is whole and of the kind that its name says",
    ),
    (
        re.compile("Error when sniffing file|CSV Parser state machine"),
        "the file is not CSV, or its lines do not agree",
        (
            "look for more or fewer values than in the first line, open quotes and line ends of two kinds; "
            "or name delim, quote, escape, header and encoding in read_csv(...)"
        ),
    ),
    (
        re.compile(
            "Schema mismatch between globbed files.*\nMain file schema: (?P<other>.*)\n"
            "Current file: (?P<file>.*)"
        ),
        "{file} has other columns than {other}",
        ALIKE,
    ),
    (
        re.compile("[Ii]nvalid unicode|not utf-8"),
        "the text is not UTF-8",
        "save the file as UTF-8, or name its encoding in read_csv(..., encoding = 'latin-1')",
    ),
)
"""What DuckDB may say of data, our words for it (None: its own first line is safe), and the cure. Groups of
the sign are names of files and columns."""

_LINE = re.compile(r"CSV Error on Line: (\d+)|in (?:line|record/value) (\d+)")
_COLUMN = re.compile(r'Error when converting column "([^"]*)"')
# only names of types: anything else in the sentence may be a value
_WANTED = re.compile(
    r"\b(U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DOUBLE|FLOAT|DECIMAL\(\d+, ?\d+\)|DATE|TIME|BOOLEAN|UUID"
    r"|INT32|INT64|TIMESTAMP(?:_NS| WITH TIME ZONE)?)\b"
)
_COLUMN_COUNT = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")


@contextmanager
def failing_as(place: str, *, casts: dict[str, str] | None = None) -> Iterator[None]:
    """Inside, a statement that fails means that the relation at `place` of the config cannot be read.

    Args:
        place: Such as `source.profiles`.
        casts: Columns of another database and the types they are given on arrival.
    """
    try:
        yield
    except SqlFailed as failure:
        raise unreadable(place, failure, casts) from None


def blamed(failure: SqlFailed, place: str | None = None) -> SourceError:
    """The failure of a plan over a bad value: a file that is read in place may turn out bad only there.

    Args:
        failure: What DuckDB said.
        place: The rule or mapping that the value does not suit; None: none is known to fail.
    """
    if place is None:
        return unreadable("source", failure)
    reason, _ = _of_data(str(failure.__cause__), {}, place)
    return SourceError(
        f"{place} fails over the data: {reason}",
        hint="mend the value in the source, or say TRY_CAST, which makes nothing of what does not fit",
    )


def unreadable(place: str, failure: SqlFailed, casts: dict[str, str] | None = None) -> SourceError:
    """The failure as the user should read it."""
    if not failure.about_data:
        reason, hint = _of_statement(failure.reason, place)
    else:
        reason, hint = _of_data(str(failure.__cause__), casts or {}, place)
    return SourceError(f"{place} cannot be read: {_URL.sub('(address)', reason)}", hint=hint)


def _of_statement(reason: str, place: str) -> tuple[str, str]:
    held = re.search(r"Conflicting lock is held in (.*?) \(PID (\d+)\)", reason)
    if held:
        program = held[1].rsplit("/", 1)[-1]
        return (
            f"the file is held by process {held[2]} ({program})",
            "wait until that process has closed it; DuckDB lets nobody read while one process writes",
        )
    if "already attached by database" in reason:
        return "the file is open already, as the store", "give the store a file of its own"
    if "extension" in reason.lower():
        # the rest tells where this machine keeps extensions
        return (
            "it needs a DuckDB extension that is not part of the package",
            "read SQLite and PostgreSQL through `source.attach`, and copy remote files to this machine first",
        )
    return reason, f"check `{place}` in the config"


def _of_data(words: str, casts: dict[str, str], place: str) -> tuple[str, str]:
    """Only what is known to hold no value is taken over from DuckDB's words."""
    line = _LINE.search(words)
    where = f"line {next(filter(None, line.groups()))}: " if line else ""
    first = words.split("\n", 1)[0].split(": ", 1)[-1].strip()
    for sign, reason, hint in _KNOWN:
        if found := sign.search(words):
            return f"{where}{reason.format(**found.groupdict())}" if reason else first, hint
    count, column = _COLUMN_COUNT.search(words), _COLUMN.search(words)
    # the type is named last, behind the value that is quoted
    wanted = _WANTED.search(words.split("\n\n", 1)[0].rsplit(" to ", 1)[-1])
    hint = (
        "mend the value, or take the column as text: types = {...} in read_csv(...), "
        f"CAST or TRY_CAST in a SELECT of `{place}`"
    )
    if count:
        reason = f"there are {count[2]} columns instead of {count[1]}"
        hint = "mend the line; often a quote or a separator inside a value is not escaped"
    elif casts and not where:
        listed = ", ".join(f"{name} ({kind})" for name, kind in casts.items())
        reason = f"a value does not fit the type of its column, one of {listed}"
        hint = "NaN, Infinity and longer numbers have no place there: cast the column in the SELECT"
    elif wanted:
        reason = f"a value{f' of column {column[1]!r}' if column else ''} is not a {wanted[1]}"
    elif where:
        reason, hint = "it cannot be read", "mend the line, or name the file's quote, escape and delim"
    else:
        reason, hint = "a value in it cannot be read", "look for a CAST that fails, or a file that is damaged"
    return f"{where}{reason}", hint
