"""What the config calls a relation: a table, a view, a file, a table function or a SELECT.

Only as much SQL is understood as is needed to put the text behind FROM in any engine: where it begins and
ends, whether it is a query, and whether it reads files, which only DuckDB can.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
      (?P<space>\s+ | --[^\n]* | /\*.*?\*/)
    | (?P<text>[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*" | `(?:[^`]|``)*`)
    | (?P<dollar>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<word>[^\W\d]\w*)
    | (?P<number>\d[\w.]*)
    | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_QUERY_WORDS = frozenset({"select", "with", "from", "values", "table", "pivot", "unpivot"})
_AFTER_A_QUERY = frozenset({"union", "intersect", "except", "order", "limit", "offset"})
_AFTER_A_TABLE = _AFTER_A_QUERY | {
    "anti", "asof", "cross", "full", "group", "having", "inner", "join", "left", "natural", "on", "pivot",
    "positional", "qualify", "right", "select", "semi", "tablesample", "unpivot", "using", "where", "window",
}  # fmt: skip
_FILE_FUNCTION = re.compile(r"read_\w+|parquet_scan|parquet_metadata|sniff_csv|glob", re.IGNORECASE)
_READER = re.compile(r"(st_)?read\w*|\w+_(scan|metadata)|sniff_csv|glob", re.IGNORECASE)
"""Functions whose first argument names files, those of DuckDB's extensions too."""
_PARQUET_FUNCTION = re.compile(r"read_parquet|parquet_scan", re.IGNORECASE)
_FILE_NAME = re.compile(
    r"\.(?P<kind>csv|tsv|json|jsonl|ndjson|parquet)(\.(gz|zst|bz2|xz))?['\"]$", re.IGNORECASE
)
_PARSED = re.compile(
    r"read_(?P<kind>csv|json|ndjson)(_auto|_objects|_objects_auto)?|read_text", re.IGNORECASE
)
_SAMPLED = re.compile(r"read_(?P<kind>csv|json|ndjson)(_auto)?", re.IGNORECASE)
_WHOLE = {
    "csv": {"sample_size": "-1", "files_to_sniff": "-1"},
    "json": {"sample_size": "-1", "maximum_sample_files": "-1"},
}
_DIALECT = {"quote": "'\"'", "comment": "''", "dateformat": "'%Y-%m-%d'"}
"""What a CSV file is unless its options say otherwise: left to guess, DuckDB takes an open quote for the sign
that no value is quoted, leaves out lines that begin with #, and reads 01/02/2024 as a day of February."""
_USER_KNOWS_TYPES = frozenset({"sample_size", "columns", "all_varchar", "auto_detect"})


class NotARelation(ValueError):
    """The text cannot stand behind FROM."""


class Token(NamedTuple):
    """A piece of SQL that is neither space nor comment, and its place among the pieces."""

    kind: str
    text: str
    place: int

    @property
    def word(self) -> str:
        """The keyword or name in small letters; empty for anything else."""
        return self.text.lower() if self.kind == "word" else ""


@dataclass(frozen=True)
class FileCall:
    """A function that reads files of text.

    Attributes:
        function: Its name.
        files: SQL for the files it reads.
        options: The rest of what it is given, as it stands behind the files.
        given: Words in it, the names of options among them.
    """

    function: str
    files: str
    options: str = ""
    given: frozenset[str] = frozenset()

    def of(self, file: str, *, whole: bool = False) -> str:
        """The same read of one file; `whole`: each of its rows has a say in what columns it has."""
        name = "'" + file.replace("'", "''") + "'"
        options = _options("json", set(self.given), whole=True) if whole else ""
        return f"{self.function}({name}{self.options}{options})"


@dataclass(frozen=True)
class Relation:
    """A relation of the user's, without comments and without the semicolon at its end."""

    tokens: tuple[Token, ...]
    pieces: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Relation":
        """Read what stands in the config.

        Raises:
            NotARelation: There is nothing in it, or more than one statement.
        """
        pieces: list[str] = []
        tokens: list[Token] = []
        for match in _TOKEN.finditer(text):
            kind = str(match.lastgroup)
            if kind != "space":
                tokens.append(Token("dollar" if kind == "tag" else kind, match[0], len(pieces)))
            # a comment may end a line: whatever is put behind it later would be swallowed
            pieces.append(" " if kind == "space" else match[0])
        while tokens and tokens[-1].text == ";":
            tokens.pop()
        if not tokens:
            raise NotARelation("there is no SQL in it")
        if any(token.text == ";" for token in tokens):
            raise NotARelation("it holds more than one statement")
        return cls(tuple(tokens), tuple(pieces[tokens[0].place : tokens[-1].place + 1]))

    @property
    def text(self) -> str:
        """The SQL that is left."""
        return "".join(self.pieces)

    @cached_property
    def is_query(self) -> bool:
        """It is a SELECT of some form, and not something to select from."""
        first = self.tokens[0]
        if first.text != "(":
            return first.word in _QUERY_WORDS
        rest = self.tokens[_closing(self.tokens, 0) + 1 :]
        return not rest or rest[0].word in _AFTER_A_QUERY

    @property
    def bracketed(self) -> str:
        """The rows as a subquery, to which any engine lets us add conditions."""
        return self._bracketed(self.text)

    @cached_property
    def reads_files(self) -> bool:
        """It names files, which an attached SQLite or PostgreSQL could not read."""
        return any(True for _ in self._files(_FILE_FUNCTION))

    @cached_property
    def reads_text(self) -> bool:
        """It parses CSV or JSON."""
        return any(kind != "parquet" for kind in self._files(_PARSED))

    @cached_property
    def local_files(self) -> tuple[str, ...]:
        """Names and patterns of the files here that it reads: what ends like one, and what a reader is given.

        Any other text is a value: a `'*'` that is compared with would be every file of the folder.
        """
        given: set[int] = set()
        for index, token in enumerate(self.tokens):
            if self._is_call(index) and _READER.fullmatch(token.text):
                given.update(_first_argument(self.tokens, index + 1))
        names = [
            token.text[1:-1].replace("''", "'")
            for index, token in enumerate(self.tokens)
            if token.kind in {"text", "quoted"} and (index in given or _FILE_NAME.search(token.text))
        ]
        return tuple(name for name in names if re.search(r"[./*]", name) and "://" not in name)

    @property
    def json_calls(self) -> Iterator[FileCall]:
        """Each read of JSON files."""
        for index, token in enumerate(self.tokens):
            called = self._is_call(index) and _SAMPLED.fullmatch(token.text)
            if called and called["kind"].lower() != "csv":
                end, files = _closing(self.tokens, index + 1), _first_argument(self.tokens, index + 1)
                if end < len(self.tokens):
                    given = frozenset(one.word for one in self.tokens[files.stop : end])
                    listed, options = self._between(files.start, files.stop), self._between(files.stop, end)
                    yield FileCall(token.text, listed, options, given)
            elif (
                self._is_file(index)
                and (match := _FILE_NAME.search(token.text))
                and "json" in match["kind"].lower()
            ):
                yield FileCall("read_json", _as_text(token.text))

    def _between(self, start: int, stop: int) -> str:
        """The SQL from one token up to another."""
        first = self.tokens[0].place
        return "".join(self.pieces[self.tokens[start].place - first : self.tokens[stop].place - first])

    @cached_property
    def is_parquet(self) -> bool:
        """It is one read of Parquet files and nothing besides."""
        if len(self.tokens) == 1:
            return set(self._files(_FILE_FUNCTION)) == {"parquet"}
        called = self._is_call(0) and _PARQUET_FUNCTION.fullmatch(self.tokens[0].text)
        return bool(called) and _closing(self.tokens, 1) == len(self.tokens) - 1

    def read(self, *, whole: bool) -> str:
        """The bracketed relation, with CSV in the one dialect that needs no guess.

        Args:
            whole: Every line of CSV and JSON has a say in the types of the columns. By default DuckDB looks
                at some 20,000 lines; if `31.7` or `007` comes later in a column of whole numbers, it reads
                32 and 7 and says nothing.
        """
        pieces = list(self.pieces)
        first = self.tokens[0].place
        for index, token in enumerate(self.tokens):
            if self._is_call(index) and (match := _SAMPLED.fullmatch(token.text)):
                closing = _closing(self.tokens, index + 1)
                given = {one.word for one in self.tokens[index + 2 : closing]}
                if closing < len(self.tokens):
                    options = _options(match["kind"], given, whole=whole)
                    pieces[self.tokens[closing].place - first] = f"{options})"
            elif self._is_file(index) and (match := _FILE_NAME.search(token.text)):
                pieces[token.place - first] = self._as_call(index, match["kind"].lower(), whole=whole)
        return self._bracketed("".join(pieces))

    def _bracketed(self, text: str) -> str:
        return f"({text})" if self.is_query else f"(SELECT * FROM {text})"  # noqa: S608

    def _files(self, function: re.Pattern[str]) -> Iterator[str]:
        """The kind of each file that is read."""
        for index, token in enumerate(self.tokens):
            if self._is_call(index) and (match := function.fullmatch(token.text)):
                yield match.groupdict().get("kind") or "text"
            elif self._is_file(index) and (match := _FILE_NAME.search(token.text)):
                yield match["kind"].lower()

    def _is_call(self, index: int) -> bool:
        following = self.tokens[index + 1 : index + 2]
        return self.tokens[index].kind == "word" and bool(following) and following[0].text == "("

    def _is_file(self, index: int) -> bool:
        """A file's name where a table's may stand: `extract(year FROM '2024-01-01')` reads no file."""
        if self.tokens[index].kind not in {"text", "quoted"}:
            return False
        before = self.tokens[index - 1].word if index else "from"
        return before in {"from", "join"} and bool(_FILE_NAME.search(self.tokens[index].text))

    def _as_call(self, index: int, kind: str, *, whole: bool) -> str:
        literal = self.tokens[index].text
        if kind == "parquet":
            return literal
        name = literal[1:-1]
        following = self.tokens[index + 1 : index + 2]
        named = bool(following) and following[0].kind in {"word", "quoted"}
        named = named and following[0].word not in _AFTER_A_TABLE
        # DuckDB calls the rows of 'data/people.csv' people, and the rest of the query may rely on it
        alias = "" if named else ' AS "' + PurePath(name.replace('"', '""')).name.split(".")[0] + '"'
        reader = "csv" if kind in {"csv", "tsv"} else "json"
        return f"read_{reader}({_as_text(literal)}{_options(reader, set(), whole=whole)}){alias}"


def _as_text(literal: str) -> str:
    """A file's name in SQL's quotes of texts, whichever it has."""
    return literal if literal[0] == "'" else "'" + literal[1:-1].replace("'", "''") + "'"


def _options(kind: str, given: set[str], *, whole: bool) -> str:
    reader = "csv" if kind.lower() == "csv" else "json"
    wanted = dict(_DIALECT) if reader == "csv" else {}
    if whole and not given & _USER_KNOWS_TYPES:
        wanted |= _WHOLE[reader]
    return "".join(f", {name} = {value}" for name, value in wanted.items() if name not in given)


def _closing(tokens: Sequence[Token], opening: int) -> int:
    """Index of the bracket that closes the one at `opening`; past the end when none does."""
    depth = 0
    for index in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[index].text, 0)
        if depth == 0:
            return index
    return len(tokens)


def _first_argument(tokens: Sequence[Token], opening: int) -> range:
    """Indexes of what stands between the bracket at `opening` and the comma or bracket that ends it."""
    depth = 0
    for index in range(opening, len(tokens)):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(tokens[index].text, 0)
        if depth == 0 or (depth == 1 and tokens[index].text == ","):
            return range(opening + 1, index)
    return range(opening + 1, len(tokens))
