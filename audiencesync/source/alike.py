"""Files that are read as one name the same columns: what one lacks would count as empty in all its rows."""

from audiencesync.errors import SourceError
from audiencesync.source.failures import ALIKE, failing_as
from audiencesync.source.relation import FileCall, Relation
from audiencesync.store import Store

_OF_AN_EMPTY_FILE = {"json"}
_SAID = frozenset({"union_by_name", "columns"})
"""Options that say what a file without a column means."""


def check_alike(store: Store, place: str, relation: Relation) -> None:
    """Refuse JSON files of which one has no row with a column that another has.

    Of CSV and Parquet DuckDB does so itself. A look at the first rows of a file tells in most cases.

    Raises:
        SourceError: With the name of the file and the column.
    """
    for call in relation.json_calls:
        if call.given & _SAID:
            continue
        with failing_as(place):
            files = [row["file"] for row in store.rows("files_named", files=call.files)]
            named = {file: set(store.columns(call.of(file))) for file in files} if len(files) > 1 else {}
            wanted = set().union(*named.values()) - _OF_AN_EMPTY_FILE
            lacking = (file for file, names in named.items() if names != _OF_AN_EMPTY_FILE and wanted - names)
            for file in lacking:
                _check_whole(store, place, call, file, wanted)


def _check_whole(store: Store, place: str, call: FileCall, file: str, wanted: set[str]) -> None:
    missing = wanted - set(store.columns(call.of(file, whole=True)))
    if missing:
        raise SourceError(
            f"{place} cannot be read: {file} has no column {min(missing)!r}, which another of its files has",
            hint=ALIKE,
        )
