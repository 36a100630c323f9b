"""One relation of the config becomes one relation of ours, wherever its rows lie."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from audiencesync.config.columns import folded
from audiencesync.errors import SourceError
from audiencesync.source.alike import check_alike
from audiencesync.source.failures import failing_as
from audiencesync.source.keys import key_text
from audiencesync.source.relation import NotARelation, Relation
from audiencesync.source.remote import Remote, RemoteRelation, changed_since, with_keys
from audiencesync.store import ColumnType, SqlFailed, Store, plain, quote_name

_COLUMNS_SHOWN = 30
_OF_AN_EMPTY_FILE = frozenset({"column0", "json"})
_ARRIVING = "stage_arriving"
_GLANCE = "stage_glance"
_NOTHING = "1 = 0"


@dataclass(frozen=True)
class Staged:
    """A relation that can be read under a name of ours.

    Attributes:
        name: Our name.
        place: What the config calls it.
        columns: Its columns and their types.
        parsed: It was read from CSV or JSON.
        relation: What it was copied from, if from another database.
        files: SQL that reads its Parquet files, where it is nothing else: each of its rows has a place.
    """

    name: str
    place: str
    columns: Mapping[str, ColumnType]
    parsed: bool = False
    relation: Relation | None = None
    files: str | None = None

    def spelt(self, column: str) -> str:
        """A column as the relation spells it."""
        return next(name for name in self.columns if folded(name) == folded(column))

    def kind(self, column: str) -> ColumnType:
        """The type of a column, by its name in any case."""
        return self.columns[self.spelt(column)]

    def key(self, column: str, *, table: str | None = None) -> str:
        """SQL for the text of a key column.

        Raises:
            SourceError: The column is of a type that cannot identify a profile.
        """
        kind = self.kind(column)
        text = key_text(column, kind, table=table)
        if text is None:
            raise unfit_key(self, column)
        return text

    def text(self, column: str) -> str:
        """SQL for a column's values as text."""
        return f"CAST({plain(quote_name(self.spelt(column)), self.kind(column))} AS VARCHAR)"


class Stager:
    """Stages relations from files, DuckDB and one attached database."""

    def __init__(self, store: Store, remote: Remote | None) -> None:
        self._store = store
        self._remote = remote

    def stage(
        self,
        name: str,
        place: str,
        text: str,
        *,
        updated_at: str | None = None,
        since: str | None = None,
        later: bool = False,
    ) -> Staged:
        """Make a relation readable as `name`.

        CSV and JSON are parsed once, into a temporary table, and so are the rows of SQLite and PostgreSQL
        copied; what DuckDB reads as fast as its own tables becomes a view.

        Args:
            name: Our name for it.
            place: What the config calls it.
            text: What stands behind `from`.
            updated_at: The column that `since` is about.
            since: Another database need only give rows that changed at or after this.
            later: Another database need not give any rows yet; `append` reads those that are looked at.

        Raises:
            SourceError: The relation cannot be read.
        """
        relation = parsed(place, text)
        if self._remote is not None and not relation.reads_files:
            found = self._remote.look_at(place, relation)
            condition = None
            if later:
                condition = _NOTHING
            elif since is not None and updated_at is not None and found.has(updated_at):
                condition = changed_since(found.column(updated_at), since)
            self._copy(found, "stage_table", _rows(name), condition=condition)
            return self._named(name, place, _rows(name), relation=relation)
        if relation.reads_text:
            check_alike(self._store, place, relation)
            with failing_as(place):
                self._parse(_rows(name), relation)
            return self._named(name, place, _rows(name), parsed=True)
        staged = self._named(name, place, relation.bracketed)
        return replace(staged, files=relation.text if relation.is_parquet else None)

    def glance(self, place: str, text: str) -> Staged:
        """Learn the columns of a relation without reading its rows; there is no name to read it by.

        Raises:
            SourceError: The relation cannot be read.
        """
        relation = parsed(place, text)
        if self._remote is not None and not relation.reads_files:
            self._copy(self._remote.look_at(place, relation), "stage_table", _GLANCE, condition=_NOTHING)
            return Staged(_GLANCE, place, self._store.columns(_GLANCE))
        with failing_as(place):
            return Staged(
                "", place, self._store.columns(relation.read(whole=True)), parsed=relation.reads_text
            )

    def append(self, staged: Staged, key: str, keys: Sequence[str]) -> None:
        """Copy the rows of some keys from another database too, as far as they are not there.

        Raises:
            SourceError: The database cannot be read.
        """
        if staged.relation is None or self._remote is None:
            return
        found = self._remote.look_at(staged.place, staged.relation)
        for condition in with_keys(found.column(key), keys):
            name = found.column(key).name
            self._copy(found, "stage_append", _rows(staged.name), condition=condition, key=name)

    def exchange(self, staged: Staged, key: str, keys: Sequence[str]) -> None:
        """Have the rows of some keys from another database, and no others.

        Raises:
            SourceError: The database cannot be read.
        """
        if staged.relation is not None:
            self._store.run("stage_clear", name=_rows(staged.name))
            self.append(staged, key, keys)

    def repeats(self, staged: Staged, key: str, updated_at: str, since: str) -> list[tuple[str, int, int]]:
        """Keys that a row read since then shares with one that was left in another database.

        Returns:
            Five of them: the key, how many rows carry it, and how many keys repeat in all.
        """
        if staged.relation is None or self._remote is None:
            return []
        found = self._remote.look_at(staged.place, staged.relation)
        condition = changed_since(found.column(updated_at), since)
        return self._remote.repeated(found, found.column(key), condition)

    def is_empty_file(self, staged: Staged) -> bool:
        """A file without even a header."""
        if not staged.parsed or len(staged.columns) != 1 or not _OF_AN_EMPTY_FILE.issuperset(staged.columns):
            return False
        return not self._with_values(staged.name, list(staged.columns))

    def valueless(self, staged: Staged, keep: Sequence[str]) -> list[str]:
        """Columns of a text file in which no line has a value: what type they have nobody can tell."""
        kept = {folded(name) for name in keep}
        texts = [
            name
            for name, kind in staged.columns.items()
            if kind.kind == "varchar" and folded(name) not in kept
        ]
        if not staged.parsed or not texts:
            return []
        held = self._with_values(staged.name, texts)
        return [name for name in texts if name not in held]

    def _with_values(self, relation: str, columns: Sequence[str]) -> set[str]:
        row = self._store.row("columns_with_values", relation=relation, columns=columns)
        return {name for name, held in zip(columns, row.values(), strict=True) if held}

    def _parse(self, name: str, relation: Relation) -> None:
        try:
            self._store.run("stage_file", name=name, relation=relation.read(whole=True))
        except SqlFailed:
            # no guess fits all lines; one that fits the first makes DuckDB name the line that differs
            self._store.run("stage_file", name=name, relation=relation.read(whole=False))
            raise

    def _named(
        self, name: str, place: str, rows: str, *, parsed: bool = False, relation: Relation | None = None
    ) -> Staged:
        with failing_as(place):
            self._store.run("stage_view", name=name, relation=rows)
            return Staged(name, place, self._store.columns(name), parsed=parsed, relation=relation)

    def _copy(
        self, found: RemoteRelation, statement: str, name: str, *, condition: str | None, **template: object
    ) -> None:
        assert self._remote is not None  # noqa: S101  (for the type checker: there is a relation of it)
        with (
            failing_as(found.place, casts=found.casts),
            self._remote.reading(found, condition) as reader,
            self._store.staged(_ARRIVING, reader),
        ):
            self._store.run(statement, None, name=name, reader=_ARRIVING, casts=found.casts, **template)


def require(staged: Staged, wanted: Sequence[str]) -> None:
    """Refuse a relation that lacks a column which the config names.

    Raises:
        SourceError: With the columns there are. Those of a text file are only shown when they are alike:
            without a header, its first line is somebody's data.
    """
    present = {folded(name): name for name in staged.columns}
    for column in wanted:
        if folded(column) in present:
            continue
        near = difflib.get_close_matches(folded(column), present, n=1, cutoff=0.75)
        if near:
            known = f"did you mean {present[near[0]]!r}?"
        elif staged.parsed:
            known = f"the first line names {len(present)} others"
        else:
            shown = list(staged.columns)[:_COLUMNS_SHOWN]
            known = f"the columns are {', '.join(shown)}" + ("..." if len(present) > len(shown) else "")
        raise SourceError(
            f"{staged.place}: there is no column {column!r}; {known}",
            hint=f"name one of its columns in `{staged.place}`, or add the column to its `from`"
            + (
                "; a file needs a header, in each line as many values as there, and no quote left open"
                if staged.parsed
                else ""
            ),
        )


def unfit_key(staged: Staged, column: str) -> SourceError:
    """The refusal of a column that cannot identify a profile."""
    return SourceError(
        f"{staged.place}: {column} is a {staged.kind(column).text}, which cannot be a key",
        hint="a key is text, a whole number or a UUID; CAST it to one of these in a SELECT",
    )


def _rows(name: str) -> str:
    """The table that holds the rows, where they are copied."""
    return f"{name}_rows"


def parsed(place: str, text: str) -> Relation:
    """What stands behind `from`.

    Raises:
        SourceError: It cannot stand behind FROM.
    """
    try:
        return Relation.parse(text)
    except NotARelation as mistake:
        raise SourceError(
            f"{place} cannot be read: {mistake}",
            hint="`from` takes a table, a view, a table function such as read_csv('...'), or one SELECT",
        ) from None
