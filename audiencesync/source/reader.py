"""Opens the source, checks its columns and keys, and stages its relations for the plan."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audiencesync.config.models import AffinityRelation, MembershipRelation, ProfileRelation
from audiencesync.config.models import Source as SourceConfig
from audiencesync.errors import SourceError
from audiencesync.source import remote
from audiencesync.source.remote import Remote
from audiencesync.store import ColumnType, SqlFailed, Store

_SQLITE_HEADER = b"SQLite format 3\x00"
_IS_QUERY = re.compile(r"\s*(select|with|from|values|table|pivot|\()\b", re.IGNORECASE)
_READS_FILES = re.compile(r"\s*('|(read_\w+|parquet_scan|sniff_csv|glob|range)\s*\()", re.IGNORECASE)


@dataclass(frozen=True)
class SourceTotals:
    """What one reading of the source found.

    Attributes:
        profiles: Profiles read: all of them, or those changed since the watermark.
        watermark: The greatest `updated_at`, as text; None without that column or without rows.
        since: Where an incremental read began; None when everything was read.
    """

    profiles: int
    watermark: str | None
    since: str | None


class Source:
    """The user's data behind `stage_profile` and `stage_membership`.

    Files and DuckDB relations become views and are read where they lie; SQLite and PostgreSQL rows are
    copied into temporary tables, since those databases can be read only once at a time.
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
        self._remote = self._attach(attach, base) if attach else None

    @property
    def incremental_possible(self) -> bool:
        """The source says when a profile last changed."""
        return self._config.profiles.updated_at is not None

    def stage(self, *, since: str | None) -> dict[str, ColumnType]:
        """Make `stage_profile` and `stage_membership` readable.

        Args:
            since: Read only profiles whose `updated_at` is this or later; None reads all.

        Returns:
            The profile columns, affinity relations included.

        Raises:
            SourceError: A relation cannot be read or lacks a column that the config names.
        """
        profiles = self._config.profiles
        self._stage_relation("stage_profile_raw", "source.profiles", profiles, since=since)
        self._require(
            "stage_profile_raw", "source.profiles", [profiles.key, *filter(None, [profiles.updated_at])]
        )
        affinities = {
            name: self._stage_affinity(name, config) for name, config in self._config.affinities.items()
        }
        self._store.run("stage_profile", key=profiles.key, affinities=affinities)
        self._stage_memberships()
        return {
            name: kind
            for name, kind in self._store.columns("stage_profile").items()
            if name != "_profile_key"
        }

    def check(self, *, since: str | None) -> SourceTotals:
        """Count the profiles and refuse null and repeated keys.

        Raises:
            SourceError: A key is null or repeated; the message shows examples.
        """
        updated_at = self._config.profiles.updated_at
        template = {"updated_at": updated_at, "since_type": None}
        parameters = None
        if since is not None and updated_at is not None:
            template["since_type"] = self._store.columns("stage_profile")[updated_at].text
            parameters = {"since": since}
        try:
            totals = self._store.row("profile_totals", parameters, **template)
            repeats = self._store.rows("profile_repeats", parameters, **template)
            nulls = self._store.row("membership_nulls")
        except SqlFailed as failure:
            raise _unreadable("source.profiles", failure) from failure
        if totals["null_keys"]:
            raise SourceError(
                f"source.profiles: {totals['null_keys']} of {totals['profiles']} rows have no "
                f"{self._config.profiles.key}",
                hint="every profile needs a key; filter such rows out in `source.profiles.from`",
            )
        if repeats:
            examples = ", ".join(
                f"{shown_key(row['profile_key'])} ({row['profiles']} times)" for row in repeats
            )
            raise SourceError(
                f"source.profiles: {repeats[0]['keys']} values of {self._config.profiles.key} "
                f"are repeated, among them {examples}",
                hint="one row a profile: choose one in `source.profiles.from`, for instance with QUALIFY",
            )
        for column, count in nulls.items():
            if count:
                raise SourceError(
                    f"source.memberships: {count} rows have no {column.removeprefix('null_').rstrip('s')}",
                    hint="filter such rows out in `source.memberships.from`",
                )
        return SourceTotals(int(totals["profiles"]), totals["watermark"], since)

    def fetch_missing(self) -> None:
        """Read the profiles of `stage_scope` that an incremental read of another database left out."""
        if self._remote is None or _READS_FILES.match(self._config.profiles.relation):
            return
        keys = [str(row["profile_key"]) for row in self._store.rows("missing_keys")]
        profiles = self._config.profiles
        for select in remote.select_keys(_relation(profiles.relation, alias=True), profiles.key, keys):
            with self._remote.reading("source.profiles", select) as reader:
                numerics = remote.numeric_columns(reader.schema)
                with self._store.staged("stage_arriving", reader):
                    self._store.run(
                        "stage_append",
                        name="stage_profile_raw",
                        reader="stage_arriving",
                        numerics=numerics,
                        key=profiles.key,
                    )

    def _attach(self, address: str, base: Path) -> Remote | None:
        if re.match(r"postgres(ql)?://", address):
            return Remote("postgresql", address)
        path = base / address
        try:
            with path.open("rb") as file:
                header = file.read(16)
        except OSError as error:
            raise SourceError(
                f"source.attach: {path.name} cannot be read: {error.strerror}",
                hint="check the path in `source.attach`",
            ) from error
        if header == _SQLITE_HEADER:
            return Remote("sqlite", str(path))
        try:
            self._store.run("attach_source", path=str(path))
        except SqlFailed as failure:
            raise _unreadable("source.attach", failure) from failure
        return None

    def _stage_relation(
        self,
        view: str,
        place: str,
        config: ProfileRelation | MembershipRelation | AffinityRelation,
        *,
        since: str | None = None,
    ) -> None:
        if self._remote is not None and not _READS_FILES.match(config.relation):
            relation = _relation(config.relation, alias=True)
            updated_at = config.updated_at if isinstance(config, ProfileRelation) else None
            select = (
                remote.select_since(relation, updated_at, since)
                if since is not None and updated_at is not None
                else remote.select_all(relation)
            )
            with self._remote.reading(place, select) as reader:
                numerics = remote.numeric_columns(reader.schema)
                with self._store.staged("stage_arriving", reader):
                    self._store.run("stage_table", name=view, reader="stage_arriving", numerics=numerics)
            return
        try:
            self._store.run("stage_view", name=view, relation=_relation(config.relation, alias=False))
        except SqlFailed as failure:
            raise _unreadable(place, failure) from failure

    def _stage_affinity(self, name: str, config: AffinityRelation) -> Mapping[str, str]:
        view = f"stage_affinity_{name}"
        place = f"source.affinities.{name}"
        self._stage_relation(view, place, config)
        self._require(view, place, [config.key, config.affinity, config.weight])
        return {"view": view, "key": config.key, "affinity": config.affinity, "weight": config.weight}

    def _stage_memberships(self) -> None:
        memberships = self._config.memberships
        if memberships is None:
            self._store.run("stage_membership", empty=True)
            return
        self._stage_relation("stage_membership_raw", "source.memberships", memberships)
        self._require("stage_membership_raw", "source.memberships", [memberships.key, memberships.audience])
        self._store.run("stage_membership", empty=False, key=memberships.key, audience=memberships.audience)

    def _require(self, view: str, place: str, wanted: list[str]) -> None:
        present = {name.lower() for name in self._store.columns(view)}
        for column in wanted:
            if column.lower() not in present:
                raise SourceError(
                    f"{place}: there is no column {column!r}; the columns are {', '.join(sorted(present))}",
                    hint=f"name one of them in `{place}`, or add the column to its `from`",
                )


def shown_key(key: str) -> str:
    """A profile key as an error may show it: one that is an e-mail address is masked."""
    name, at, host = key.partition("@")
    return f"{name[:1]}***@***{host[-3:]}" if at else key


def _relation(text: str, *, alias: bool) -> str:
    """What may follow FROM: a SELECT is put in brackets, with a name where the database demands one."""
    text = text.strip().rstrip(";")
    if _IS_QUERY.match(text):
        return f"({text}) AS relation" if alias else f"({text})"
    return text


def _unreadable(place: str, failure: SqlFailed) -> SourceError:
    return SourceError(f"{place} cannot be read: {failure.reason}", hint=f"check `{place}` in the config")
