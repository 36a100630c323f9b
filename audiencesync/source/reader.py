"""Reads the source of one run: stages its relations for the plan, and refuses keys that identify nobody."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiencesync.config.models import AffinityRelation
from audiencesync.config.models import Source as SourceConfig
from audiencesync.errors import SourceError
from audiencesync.source.attached import attach as attach_database
from audiencesync.source.failures import failing_as
from audiencesync.source.keys import folded, shown_key
from audiencesync.source.staging import Staged, Stager, require
from audiencesync.store import ColumnType, SqlFailed, Store

PROFILES = "source.profiles"
MEMBERSHIPS = "source.memberships"
OURS = "_profile_key"
_PLANNED = "_plan_"
_MOMENTS = frozenset(
    {"date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"}
)
_ORDERED = frozenset(
    {
        "varchar", "null", "decimal", "tinyint", "smallint", "integer", "bigint", "hugeint",
        "utinyint", "usmallint", "uinteger", "ubigint", "uhugeint", "float", "double",
    }
)  # fmt: skip


@dataclass(frozen=True)
class SourceTotals:
    """What one reading of the source found.

    Attributes:
        profiles: Profiles read: all of them, or those changed since the watermark.
        shared_hashes: Two of their keys have the same hash.
        watermark: The greatest `updated_at`, as text; None without that column or without rows.
        since: Where an incremental read began; None when everything was read.
    """

    profiles: int
    shared_hashes: bool
    watermark: str | None
    since: str | None


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
        self._profiles: Staged | None = None
        self._memberships: Staged | None = None
        self._remote_repeats: list[tuple[str, int, int]] = []

    @property
    def incremental_possible(self) -> bool:
        """The source says when a profile last changed."""
        return self._config.profiles.updated_at is not None

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
        return self._least(watermarks, glance.kind(str(profiles.updated_at)))

    def stage(self, *, since: str | None) -> dict[str, ColumnType]:
        """Make `stage_profile` and `stage_membership` readable.

        Args:
            since: Read only profiles whose `updated_at` is this or later, or none; None reads all.

        Returns:
            The profile columns, affinity relations included.

        Raises:
            SourceError: A relation cannot be read or lacks a column that the config names.
        """
        with self._one_moment():
            profiles = self._stage_profiles(since=since)
            affinities = {
                name: self._stage_affinity(name, config) for name, config in self._config.affinities.items()
            }
            self._stage_memberships()
        key, updated_at = self._config.profiles.key, self._config.profiles.updated_at
        named = [name for name in (key, updated_at) if name]
        with failing_as(PROFILES):
            self._store.run(
                "stage_profile",
                key=profiles.key(key, table="_profile"),
                spelt={profiles.spelt(name): name for name in named if profiles.spelt(name) != name},
                valueless=self._stager.valueless(profiles, keep=named),
                affinities=affinities,
            )
            columns = self._store.columns("stage_profile")
        return {name: kind for name, kind in columns.items() if name != OURS}

    def check(self, *, since: str | None) -> SourceTotals:
        """Count the profiles and refuse null and repeated keys.

        Raises:
            SourceError: A key is null or repeated; the message shows examples.
        """
        key = self._config.profiles.key
        template, parameters = self._changed_since(since)
        with failing_as(PROFILES):
            totals = self._store.row(
                "profile_totals", parameters, key=key, key_hash="sf_key_hash(_profile_key)", **template
            )
        refuse_unfit(PROFILES, key, totals)
        shared = totals["key_hashes"] < totals["profiles"]
        repeats = []
        # keys of different hashes are different; an incremental read has to ask about the unchanged ones, too
        if shared or since is not None:
            with failing_as(PROFILES):
                repeats = self._store.rows("profile_repeats", parameters, scope=False, **template)
        found = [(row["profile_key"], row["profiles"], row["keys"]) for row in repeats]
        refuse_repeats(key, found or self._remote_repeats)
        self._check_memberships()
        return SourceTotals(int(totals["profiles"]), shared, totals["watermark"], since)

    def fetch_missing(self) -> None:
        """Read the profiles of `stage_scope` that an incremental read of another database left out.

        They are of a later moment than the rest; as nothing depends on two profiles at once, a profile that
        is newer than expected is only up to date sooner.

        Raises:
            SourceError: The database cannot be read, or two profiles of the scope have one key.
        """
        if self._profiles is not None and self._profiles.relation is not None:
            keys = [str(row["profile_key"]) for row in self._store.rows("missing_keys")]
            if keys:
                with self._one_moment():
                    self._stager.append(self._profiles, self._config.profiles.key, keys)
        with failing_as(PROFILES):
            repeats = self._store.rows("profile_repeats", scope=True, since_type=None)
        found = [(row["profile_key"], row["profiles"], row["keys"]) for row in repeats]
        refuse_repeats(self._config.profiles.key, found)

    @contextmanager
    def _one_moment(self) -> Iterator[None]:
        with self._remote.snapshot() if self._remote is not None else nullcontext():
            yield

    def _stage_profiles(self, *, since: str | None) -> Staged:
        config = self._config.profiles
        staged = self._stager.stage(
            "stage_profile_raw", PROFILES, config.relation, updated_at=config.updated_at, since=since
        )
        if self._stager.is_empty_file(staged):
            raise SourceError(
                f"{PROFILES}: the file is empty, not even its columns are known",
                hint="a source without profiles still has a header; check what writes the file",
            )
        require(staged, [config.key, *filter(None, [config.updated_at])])
        refuse_names_of_ours(staged)
        taken = {folded(name) for name in staged.columns}
        for name in self._config.affinities:
            if folded(name) in taken:
                raise SourceError(
                    f"source.affinities.{name}: the profiles have a column of that name already",
                    hint="give the affinity relation, or the column, another name",
                )
            taken.add(folded(name))
        if config.updated_at and staged.kind(config.updated_at).kind not in _ORDERED | _MOMENTS:
            raise SourceError(
                f"{PROFILES}: {config.updated_at} is a {staged.kind(config.updated_at).text}, which cannot "
                "say when a row changed",
                hint="`updated_at` is a date, a time, a number that grows, or such a text",
            )
        self._profiles = staged
        self._remote_repeats = []
        if since is not None and config.updated_at is not None:
            self._remote_repeats = self._stager.repeats(staged, config.key, config.updated_at, since)
        return staged

    def _stage_affinity(self, name: str, config: AffinityRelation) -> str:
        place = f"source.affinities.{name}"
        table = f"stage_affinity_{name}"
        staged = self._stager.stage(f"stage_raw_affinity_{name}", place, config.relation)
        if self._stager.is_empty_file(staged):
            self._store.run("stage_affinity", name=table, empty=True)
            return table
        require(staged, [config.key, config.affinity, config.weight])
        with failing_as(place):
            self._store.run(
                "stage_affinity",
                name=table,
                empty=False,
                relation=staged.name,
                key=staged.key(config.key),
                affinity=config.affinity,
                weight=config.weight,
            )
        return table

    def _stage_memberships(self) -> None:
        config = self._config.memberships
        self._memberships = None
        if config is not None:
            staged = self._stager.stage("stage_membership_raw", MEMBERSHIPS, config.relation)
            if not self._stager.is_empty_file(staged):
                require(staged, [config.key, config.audience])
                self._memberships = staged
                key = staged.key(config.key)
                with failing_as(MEMBERSHIPS):
                    self._store.run("stage_membership", empty=False, key=key, audience=config.audience)
                return
        self._store.run("stage_membership", empty=True)

    def _changed_since(self, since: str | None) -> tuple[dict[str, Any], dict[str, str] | None]:
        """How SQL asks whether a profile has changed."""
        updated_at = self._config.profiles.updated_at
        if updated_at is None:
            return {"updated_at": None, "since_type": None}, None
        kind = self._store.columns("stage_profile")[updated_at]
        template = {
            "updated_at": updated_at,
            "since_type": None if since is None else kind.text,
            "dated": kind.kind in _MOMENTS,
            "unbounded": kind.kind in _MOMENTS | {"float", "double"},
        }
        return template, None if since is None else {"since": self._least([since], kind)}

    def _least(self, watermarks: Sequence[str], kind: ColumnType) -> str:
        try:
            row = self._store.row("watermark_earliest", {"marks": list(watermarks)}, type=kind.text)
        except SqlFailed:
            raise SourceError(
                f"{PROFILES}: {self._config.profiles.updated_at} has another type than at the last run",
                hint="run once with --full, which reads everything",
            ) from None
        return str(row["watermark"])

    def _check_memberships(self) -> None:
        config, staged = self._config.memberships, self._memberships
        if config is None or staged is None:
            return
        with failing_as(MEMBERSHIPS):
            nulls = self._store.row(
                "membership_nulls",
                key=config.key,
                key_text=staged.key(config.key),
                audience=config.audience,
            )
        refuse_nulls(config.key, config.audience, nulls)


def refuse_names_of_ours(profiles: Staged) -> None:
    """Refuse profile columns whose names the plan needs itself."""
    taken = {folded(name) for name in profiles.columns}
    if ours := [name for name in taken if name == OURS or name.startswith(_PLANNED)]:
        raise SourceError(
            f"{PROFILES}: a column may not be called {ours[0]}, which is a name of ours",
            hint="give it another name with AS in a SELECT",
        )


def refuse_repeats(key: str, repeats: Sequence[tuple[str, int, int]]) -> None:
    """Refuse keys that several profiles carry: each a key, how many carry it, and how many repeat in all."""
    if repeats:
        examples = ", ".join(f"{shown_key(one)} ({rows} times)" for one, rows, _ in repeats)
        raise SourceError(
            f"{PROFILES}: {repeats[0][2]} values of {key} are repeated, among them {examples}",
            hint="one row a profile: choose one in `source.profiles.from`, for instance with QUALIFY",
        )


def refuse_nulls(key: str, audience: str, nulls: dict[str, Any]) -> None:
    """Refuse memberships that name no profile or no audience."""
    refuse_unfit(MEMBERSHIPS, key, nulls)
    if nulls["null_audiences"]:
        raise SourceError(
            f"{MEMBERSHIPS}: {nulls['null_audiences']} rows have no {audience}",
            hint=f"filter such rows out in `{MEMBERSHIPS}.from`",
        )


def refuse_unfit(place: str, key: str, counts: dict[str, Any]) -> None:
    """Refuse rows whose key is missing, or is a number that cannot be one."""
    if counts["null_keys"]:
        raise SourceError(
            f"{place}: {counts['null_keys']} rows have no {key}",
            hint=f"every row needs a key; filter the others out in `{place}.from`",
        )
    if counts["unfit_keys"]:
        raise SourceError(
            f"{place}: {counts['unfit_keys']} values of {key} are floating-point numbers that are not whole, "
            "or too large to be exact",
            hint="a key is text, a whole number or a UUID; CAST it to one of these in a SELECT",
        )
