"""Reads the source of one run: stages its relations for the plan, and refuses keys that identify nobody."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from audiencesync.config.columns import folded
from audiencesync.config.models import Source as SourceConfig
from audiencesync.errors import SourceError
from audiencesync.records import SourceTotals
from audiencesync.source.affinities import Affinities
from audiencesync.source.attached import attach as attach_database
from audiencesync.source.failures import failing_as
from audiencesync.source.memberships import Memberships
from audiencesync.source.moments import Moments
from audiencesync.source.pushed import PushedColumn, changed_at, key_type, pushed_columns
from audiencesync.source.refusals import (
    OURS,
    PROFILES,
    refuse_names_of_ours,
    refuse_repeats,
    refuse_unfit,
)
from audiencesync.source.staging import Staged, Stager, parsed, require
from audiencesync.store import ColumnType, SqlFailed, Store

T = TypeVar("T")

_SOURCE = "stage_profile_source"
_NEAR = "stage_profile_near"
_MANY = 1_000_000
"""From so many profiles on it is worth while to wait: the comparison may show that no key is repeated."""
_FEW, _LARGE = 5_000, 500_000
"""At most so few profiles are looked for by their place, among so many or more."""


class Source:
    """The user's data behind `stage_profile` and `stage_membership`.

    Whatever DuckDB reads as fast as its own tables is read where it lies. CSV and JSON are parsed once, and
    the rows of SQLite and PostgreSQL copied once, of one moment for all relations.
    """

    def __init__(self, store: Store, config: SourceConfig, *, base: Path, attach: str | None) -> None:
        """Attach the user's database, if any.

        Args:
            store: The open store, whose engine does the reading.
            config: The `source` part of the config.
            base: Folder that relative paths resolve against.
            attach: The revealed address of `source.attach`.

        Raises:
            SourceError: The database cannot be opened.
        """
        self._store = store
        self._config = config
        self._remote = attach_database(store, attach, base) if attach else None
        self._stager = Stager(store, self._remote)
        # profiles that are only pushed are in no database
        self._profile_stager = self._stager if config.profiles.columns is None else Stager(store, None)
        self._profiles: Staged | None = None
        self._memberships = Memberships(store, self._stager, config.memberships)
        self._affinities = Affinities(store, self._stager, config.affinities)
        self._remote_repeats: list[tuple[str, int, int]] = []
        self._columns: dict[str, ColumnType] = {}
        self._over: dict[str, Any] = {}
        self._seen_as: dict[str, Any] = {}
        self._shared: bool | None = None

    @property
    def _named_by_config(self) -> list[str]:
        """Columns of the profiles that `source.profiles` itself names, as it spells them."""
        config = self._config.profiles
        return [config.key, config.updated_at] if config.updated_at else [config.key]

    @property
    def incremental_possible(self) -> bool:
        """The source says when a profile last changed."""
        return self._config.profiles.updated_at is not None

    def profile_columns(self) -> dict[str, ColumnType]:
        """Learn the columns of the profiles; no row is read.

        Raises:
            SourceError: They cannot be read, or the key is none of them or of a type that cannot be one.
        """
        key = self._config.profiles.key
        with self._one_moment():
            glance = self._profile_stager.glance(PROFILES, self._config.profiles.relation)
        require(glance, [key])
        glance.key(key)
        return dict(glance.columns)

    def earliest(self, watermarks: Sequence[str]) -> str:
        """The watermark before which no sync has anything left to read.

        Args:
            watermarks: One or more, of one `updated_at`.

        Raises:
            SourceError: The profiles cannot be read, or `updated_at` has changed its type.
        """
        if len(set(watermarks)) == 1:
            return watermarks[0]
        profiles = self._config.profiles
        with self._one_moment():
            glance = self._stager.glance(PROFILES, profiles.relation)
        require(glance, [str(profiles.updated_at)])
        return self._moments(glance).least(watermarks)

    def earliest_membership(self, watermarks: Sequence[str]) -> str:
        """The same of the memberships.

        Raises:
            SourceError: They cannot be read, or their `updated_at` has changed its type.
        """
        with self._one_moment():
            return self._memberships.earliest(watermarks)

    def stage(
        self, *, since: str | None, memberships_since: str | None = None, later: bool = False
    ) -> dict[str, ColumnType]:
        """Make `stage_profile` and `stage_membership` readable, with what was pushed laid over the source.

        Args:
            since: Read only profiles whose `updated_at` is this or later, or none; None reads all.
            memberships_since: The same of the memberships.
            later: Read nothing yet; `narrow` reads those that are looked at.

        Returns:
            The profile columns, affinity relations included.

        Raises:
            SourceError: A relation cannot be read or lacks a column that the config names.
        """
        self._shared = None
        pushed = self._store.row("pushed_any")
        with self._one_moment():
            profiles = self._stage_profiles(since=since, later=later)
            affinities = self._affinities.stage(later=later or since is not None)
            self._memberships.stage(memberships_since, later=later, pushed=pushed["memberships"])
        key, updated_at = self._config.profiles.key, self._config.profiles.updated_at
        named = self._named_by_config
        with failing_as(PROFILES):
            self._seen_as = {
                "key": profiles.key(key, table="_profile"),
                "spelt": {profiles.spelt(name): name for name in named if profiles.spelt(name) != name},
                "valueless": self._stager.valueless(profiles, keep=named),
                "affinities": affinities,
            }
            self._store.run("stage_profile_source", view=_SOURCE, rows="stage_profile_raw", **self._seen_as)
            staged = self._store.columns(_SOURCE)
            self._columns = {name: kind for name, kind in staged.items() if name != OURS}
            self._over = {
                "pushed": pushed["profiles"],
                "key": key,
                "key_type": key_type(self._columns[key]),
                "changed_at": changed_at(updated_at if self._moments(profiles).is_a_time else None),
                "forgiving": False,
            }
            self._lay_over()
        return self._columns

    def check(self, *, since: str | None = None) -> SourceTotals:
        """Count the profiles and refuse null and repeated keys.

        Repeated ones are left to `check_keys` where all of many profiles are read, and to `narrow` where only
        those that changed are.

        Raises:
            SourceError: A key is null or repeated; the message shows examples.
        """
        key = self._config.profiles.key
        assert self._profiles is not None  # noqa: S101  (they are staged)
        query = parsed(PROFILES, self._config.profiles.relation).is_query
        apart = not (query or self._config.affinities or self._over["pushed"])
        moments = self._moments(self._profiles)
        template, parameters = moments.template(since), moments.since(since)
        with failing_as(PROFILES):
            moments.check("stage_profile_raw", since)
            totals = self.forgiving(
                lambda: self._store.row(
                    "profile_totals",
                    parameters,
                    profiles="stage_profile" if since is None else _SOURCE,
                    key=key,
                    key_hash="sf_key_hash(_profile_key)",
                    apart=apart,
                    **template,
                )
            )
        refuse_unfit(PROFILES, key, totals)
        refuse_repeats(key, self._remote_repeats)
        shared = None
        if not apart:
            shared = totals["key_hashes"] < totals["profiles"]
            if shared:
                self._refuse_repeats("stage_profile")
        elif since is None and totals["profiles"] < _MANY:
            shared = self.check_keys()
        memberships = self._memberships.check()
        return SourceTotals(int(totals["profiles"]), shared, totals["watermark"], since, memberships)

    def memberships_are_gone(self) -> bool:
        """The memberships were read whole, and have no row."""
        return self._memberships.are_gone()

    def check_keys(self) -> bool:
        """Refuse repeated keys; whether two keys that differ have the same hash.

        Raises:
            SourceError: A key is repeated; the message shows examples.
        """
        if self._shared is None:
            self._shared = self._shares("stage_profile")
        return self._shared

    def narrow(self, columns: Sequence[str]) -> bool:
        """Have the rows of `stage_scope` at hand: `stage_scoped_profile` and `stage_scoped_membership`.

        What an incremental read of another database left out is read now, of a later moment than the rest;
        as nothing depends on two profiles at once, a profile that is newer than expected is only up to date
        sooner.

        Args:
            columns: Those of the profiles that are needed.

        Returns:
            Two of their keys have the same hash.

        Raises:
            SourceError: The database cannot be read, or two profiles of the scope have one key.
        """
        with self._one_moment():
            if self._profiles is not None and self._profiles.relation is not None:
                missing = [str(row["profile_key"]) for row in self._store.rows("missing_keys")]
                self._stager.append(self._profiles, self._config.profiles.key, missing)
            scope = [str(row["profile_key"]) for row in self._store.rows("scope_out")]
            self._memberships.fetch(scope)
            self._affinities.narrow(scope)
        with failing_as(PROFILES):
            source, over = self._nearest(columns), self._pushed_columns(columns)
            self.forgiving(
                lambda: self._store.run(
                    "stage_scoped_profile", source=source, scoped=True, columns=over, **self._over
                )
            )
        # nobody has asked yet whether a profile that changed shares its key with one that did not
        shared = self._shares("stage_scoped_profile")
        self._memberships.narrow()
        return shared

    def widen(self, affinities: str) -> None:
        """Have the affinities of everybody, in the table of a relation that had those of `stage_scope`.

        Raises:
            SourceError: They cannot be read.
        """
        with self._one_moment():
            self._affinities.widen(affinities)

    def forgiving(self, do: Callable[[], T]) -> T:
        """Do what reads the profiles; once more, should a pushed value that does not fit its column end it.

        Such values are named then, and end nothing. A column may become another after a value was pushed for
        it; that is rare, and looking for it makes every statement slower.
        """
        try:
            return do()
        except SqlFailed as failure:
            if self._over["forgiving"] or not (self._over["pushed"] and failure.about_data):
                raise
        self._over["forgiving"] = True
        self._lay_over()
        return do()

    def _lay_over(self) -> None:
        columns = self._pushed_columns(self._columns)
        self._store.run("stage_profile", source=_SOURCE, scoped=False, columns=columns, **self._over)

    def _pushed_columns(self, names: Iterable[str]) -> list[PushedColumn]:
        fixed = [*self._named_by_config, *self._config.affinities]
        return pushed_columns({name: self._columns[name] for name in names}, fixed=fixed)

    def _nearest(self, columns: Sequence[str]) -> str:
        """The relation that gives the profiles of `stage_scope` for the least.

        A few of many that lie in Parquet files are found by their keys and fetched by their place: of the
        other columns, only those parts of a file are unpacked that hold one of them.
        """
        if self._profiles is None or self._profiles.files is None:
            return _SOURCE
        size = self._store.row("scope_size")
        if size["looked_at"] > _FEW or size["rows"] < _LARGE:
            return _SOURCE
        files, key = self._profiles.files, self._seen_as["key"]
        self._store.run("stage_place", files=files, key=key)
        needed = {folded(name) for name in (*self._named_by_config, *columns)}
        held = [name for name in self._profiles.columns if folded(name) in needed]
        # each place is looked for; else all that lies between the first and the last is read
        with self._store.setting("dynamic_or_filter_threshold", _FEW):
            self._store.run("stage_placed", files=files, columns=held)
        if not self._store.row("placed_whole", key=key)["whole"]:
            return _SOURCE
        self._store.run("stage_profile_source", view=_NEAR, rows="stage_placed", **self._seen_as)
        return _NEAR

    def _shares(self, profiles: str) -> bool:
        with failing_as(PROFILES):
            shared = bool(self._store.row("profile_hashes", profiles=profiles)["shared"])
        if shared:
            self._refuse_repeats(profiles)
        return shared

    def _refuse_repeats(self, profiles: str) -> None:
        with failing_as(PROFILES):
            repeats = self._store.rows("profile_repeats", profiles=profiles)
        found = [(row["profile_key"], row["profiles"], row["keys"]) for row in repeats]
        refuse_repeats(self._config.profiles.key, found)

    @contextmanager
    def _one_moment(self) -> Iterator[None]:
        with self._remote.snapshot() if self._remote is not None else nullcontext():
            yield

    def _stage_profiles(self, *, since: str | None, later: bool) -> Staged:
        config = self._config.profiles
        staged = self._profile_stager.stage(
            "stage_profile_raw",
            PROFILES,
            config.relation,
            updated_at=config.updated_at,
            since=since,
            later=later,
        )
        if self._stager.is_empty_file(staged):
            raise SourceError(
                f"{PROFILES}: the file is empty, not even its columns are known",
                hint="a source without profiles still has a header; check what writes the file",
            )
        require(staged, self._named_by_config)
        refuse_names_of_ours(staged)
        taken = {folded(name) for name in staged.columns}
        for name in self._config.affinities:
            if folded(name) in taken:
                raise SourceError(
                    f"source.affinities.{name}: the profiles have a column of that name already",
                    hint="give the affinity relation, or the column, another name",
                )
            taken.add(folded(name))
        self._moments(staged)
        self._profiles = staged
        self._remote_repeats = []
        if since is not None and config.updated_at is not None:
            self._remote_repeats = self._stager.repeats(staged, config.key, config.updated_at, since)
        return staged

    def _moments(self, staged: Staged) -> Moments:
        column = self._config.profiles.updated_at
        return Moments(self._store, PROFILES, column, staged.kind(column) if column else None)
