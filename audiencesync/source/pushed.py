"""What was pushed: taken over from the inbox once a run begins, and laid over the rows of the source."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from audiencesync.config.columns import folded
from audiencesync.store import (
    ColumnType,
    Journal,
    Place,
    Store,
    forget_entries,
    journal_entries,
    plain,
    quote_name,
)

_NESTED = frozenset({"list", "array", "struct", "map", "union"})
_OF_NO_TYPE = "null"
"""The type of a text file's column in which no line has a value."""
_JSON = ColumnType("JSON", "json")
_TAKES_ALL = frozenset({"varchar", "json", _OF_NO_TYPE})


_CLOCKS_DIFFER = timedelta(seconds=10)
"""A clock that is put back by less has done no harm that is worth a look at all that was ever pushed."""
_AT_ONCE = 20_000
"""Changes that are put into the inbox together; their texts are in memory meanwhile."""


class Waiting(NamedTuple):
    """What was accepted and not taken over: how many changes, and since when (UTC without a zone)."""

    changes: int
    oldest: datetime | None


def journal_of(store: Store) -> Journal:
    """The journal that what is pushed goes into; one for each store."""
    return Journal(store.journal_folder, _place(store))


def waiting(store: Store) -> Waiting:
    """Count the changes that no run has taken over yet."""
    found = store.row("inbox_waiting")
    changes, oldest = int(found["rows"]), found["oldest"]
    for entry in journal_entries(store.journal_folder, _place(store)):
        changes += entry.size
        oldest = oldest or datetime.fromisoformat(entry.read()["received_at"][0])
    return Waiting(changes, oldest)


def take_out(store: Store) -> None:
    """Put what the journal has into the inbox, each change once whatever ends it."""
    for changes, place in _lots(store):
        with store.transaction():
            store.run("inbox_add", changes)
            store.run("journal_move", place._asdict())
    forget_entries(store.journal_folder, _place(store))


def _lots(store: Store) -> Iterator[tuple[Mapping[str, list[object]], Place]]:
    """The changes of the journal, many at once, with where they end."""
    lot: dict[str, list[object]] = {}
    place = None
    for entry in journal_entries(store.journal_folder, _place(store)):
        place = entry.place
        for name, values in entry.read().items():
            lot.setdefault(name, []).extend(values)
        if len(lot["changes"]) >= _AT_ONCE:
            yield lot, place
            lot = {}
    if lot and place is not None:
        yield lot, place


def _place(store: Store) -> Place:
    row = store.row("journal_place")
    return Place(row["file"], row["byte"])


def take_over(store: Store, now: datetime) -> None:
    """Take the accepted changes over, and have the syncs look again at the profiles that they are about.

    Args:
        store: Holds the inbox; the journal may go on growing.
        now: The time; nothing was pushed later.
    """
    take_out(store)
    _put_back(store, now.astimezone(UTC).replace(tzinfo=None))
    ready = store.row("inbox_ready")
    latest, last = ready["latest"], ready["number"]
    # what comes meanwhile waits for the next run: it may come faster than it is taken over
    while last is not None:
        with store.transaction():
            given_up = _take_over_aliases(store, last)
            store.run("stage_inbox", {"last": last})
            store.run("stage_pushed_key", {"given_up": given_up})
            store.run("stage_pushed_profile")
            store.run("stage_pushed_membership")
            store.run("pushed_replace", table="pushed_profile")
            store.run("pushed_replace", table="pushed_membership")
            store.run("inbox_pending")
            store.run("inbox_out", {"last": last})
        last = store.row("inbox_ready")["number"] if last < latest else None


def _put_back(store: Store, now: datetime) -> None:
    """Should the clock have been ahead when something was pushed, the source has its word all the same."""
    latest = store.row("journal_place")["latest"]
    if latest is not None and latest > now + _CLOCKS_DIFFER:
        with store.transaction():
            store.run("pushed_ahead", {"now": now, "ahead": (latest - now) // timedelta(microseconds=1)})


def _take_over_aliases(store: Store, last: int) -> list[str]:
    """Keys that were given up; whoever was given up for them goes along, so that no chain comes to be."""
    given_up = []
    for alias in store.rows("inbox_aliases", {"last": last}):
        key, previous = (_stands_for(store, alias[name]) for name in ("profile_key", "previous"))
        if key == previous:
            continue  # they are one already
        store.run("alias_move", {"previous": previous, "key": key})
        store.run("alias_add", {"previous": previous, "key": key})
        given_up.append(previous)
    return given_up


def _stands_for(store: Store, key: str) -> str:
    found = store.rows("alias_of", {"key": key})
    return str(found[0]["profile_key"]) if found else key


@dataclass(frozen=True, slots=True)
class PushedColumn:
    """A column of the profiles as pushes may fill it.

    Attributes:
        pointer: Where it is in the JSON of what was pushed; None where nothing can be pushed.
        number: Its place among those that can be, from 1.
        said: SQL for the value that was pushed.
        cast: The value may fit the column no more, should the column have become another since.
    """

    name: str
    pointer: str | None = None
    number: int = 0
    said: str | None = None
    cast: bool = False


def pushed_columns(columns: Mapping[str, ColumnType], *, fixed: Sequence[str]) -> list[PushedColumn]:
    """The columns of the profiles, in order.

    Args:
        columns: Of `stage_profile_source`.
        fixed: Those that nobody pushes.
    """
    kept = {folded(name) for name in fixed}
    found: list[PushedColumn] = []
    number = 0
    for name, kind in columns.items():
        if folded(name) in kept:
            found.append(PushedColumn(name))
            continue
        number += 1
        pointer = "/" + name.replace("~", "~0").replace("/", "~1")
        said = _said(f"_plan_pushed[{number}]", kind)
        found.append(PushedColumn(name, pointer, number, said, cast=kind.kind not in _TAKES_ALL))
    return found


def changed_at(column: str | None) -> str:
    """SQL for the microseconds since 1970 at which a row of the source changed; NULL where nobody knows."""
    if column is None:
        return "CAST(NULL AS BIGINT)"
    name = quote_name(column)
    return f"CASE WHEN isfinite({name}) THEN epoch_us(CAST({name} AS TIMESTAMP)) END"


def _said(json: str, kind: ColumnType) -> str:
    if kind.kind == "json":
        return f"CASE WHEN json_type({json}) <> 'NULL' THEN {json} END"
    if kind.kind in _NESTED:
        return f"CAST({json} AS {kind.text})"
    if kind.kind in {"varchar", _OF_NO_TYPE}:
        return plain(json, _JSON)
    return f"CAST({json} ->> '$' AS {kind.text})"


def key_type(kind: ColumnType) -> str:
    """What the text of a key is cast to."""
    return "VARCHAR" if kind.kind == _OF_NO_TYPE else kind.text
