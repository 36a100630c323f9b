"""Reads the source of one run where it lies on a Spark cluster: views there, and here their columns alone."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from audiencesync.cluster import Cluster, quote_name
from audiencesync.config.models import Source as SourceConfig
from audiencesync.records import MembershipTotals, SourceTotals
from audiencesync.source.failures import failing_as
from audiencesync.source.refusals import (
    MEMBERSHIPS,
    OURS,
    PROFILES,
    refuse_names_of_ours,
    refuse_no_truth,
    refuse_nulls,
    refuse_repeats,
    refuse_unfit,
)
from audiencesync.source.staging import Staged, parsed, require, unfit_key
from audiencesync.store import EXACT, WHOLE_NUMBERS, ColumnType, Store

T = TypeVar("T")

_ARRIVING = "stage_arriving"
_MEMBERS = "stage_membership"


class SparkSource:
    """The user's data behind `stage_profile` and `stage_membership` of a cluster.

    In the store `stage_profile` has the same columns and no rows: expressions of the config are tried on it.
    Every run compares everything; the cluster reads all of it anyway.
    """

    def __init__(self, store: Store, cluster: Cluster, config: SourceConfig) -> None:
        self._store = store
        self._cluster = cluster
        self._config = config
        self._membership_key: str | None = None

    def stage(self) -> dict[str, ColumnType]:
        """Make `stage_profile` and `stage_membership` readable there.

        Returns:
            The profile columns.

        Raises:
            SourceError: A relation cannot be read or lacks a column that the config names.
        """
        config = self._config.profiles
        profiles = self._named("stage_profile_raw", PROFILES, config.relation)
        require(profiles, [config.key])
        refuse_names_of_ours(profiles)
        self._cluster.make(
            "stage_profile_source",
            place=PROFILES,
            view="stage_profile",
            rows="stage_profile_raw",
            key=_key(profiles, config.key),
            spelt={},
            valueless=[],
            affinities={},
        )
        columns = self._columns("stage_profile", PROFILES)
        self._stage_memberships()
        return {name: kind for name, kind in columns.items() if name != OURS}

    def check(self) -> SourceTotals:
        """Count the profiles and refuse null and repeated keys.

        Raises:
            SourceError: A key is null or repeated; the message shows examples.
        """
        key = self._config.profiles.key
        nothing = {"updated_at": None, "since_type": None}
        (totals,) = self._cluster.rows(
            "profile_totals",
            place=PROFILES,
            profiles="stage_profile",
            key=key,
            key_hash="_profile_key",
            apart=False,
            **nothing,
        )
        refuse_unfit(PROFILES, key, totals)
        if totals["key_hashes"] < totals["profiles"]:
            repeats = self._cluster.rows("profile_repeats", place=PROFILES, profiles="stage_profile")
            refuse_repeats(key, [(row["profile_key"], row["profiles"], row["keys"]) for row in repeats])
        memberships = self._config.memberships
        if memberships is not None:
            (nulls,) = self._cluster.rows(
                "membership_totals",
                place=MEMBERSHIPS,
                key=memberships.key,
                key_text=self._membership_key,
                audience=memberships.audience,
                apart=False,
                **nothing,
            )
            refuse_nulls(memberships.key, memberships.audience, nulls)
        return SourceTotals(
            int(totals["profiles"]),
            shared_hashes=False,
            watermark=None,
            since=None,
            memberships=MembershipTotals(),
        )

    def memberships_are_gone(self) -> bool:
        """The memberships have no row."""
        if self._config.memberships is None:
            return False
        (found,) = self._cluster.rows("membership_any", place=MEMBERSHIPS)
        return not found["held"]

    def check_keys(self) -> bool:
        """They were checked already, by their text."""
        return False

    def forgiving(self, do: Callable[[], T]) -> T:
        """Do what reads the profiles; nothing is pushed over what lies on a cluster."""
        return do()

    def narrow(self, columns: Sequence[str]) -> bool:  # noqa: ARG002  (it is asked for those it needs)
        """Nothing needs to be at hand: the cluster looks at what it is asked to, by the text of the keys."""
        return False

    def widen(self, affinities: str) -> None:
        """There are no relations of affinities on a cluster."""

    def _stage_memberships(self) -> None:
        config = self._config.memberships
        if config is None:
            self._cluster.make("stage_membership_source", place=MEMBERSHIPS, view=_MEMBERS, empty=True)
            return
        staged = self._named("stage_membership_raw", MEMBERSHIPS, config.relation)
        require(staged, [name for name in (config.key, config.audience, config.active) if name])
        if config.active:
            refuse_no_truth(config.active, staged.kind(config.active))
        self._membership_key = _key(staged, config.key)
        self._cluster.make(
            "stage_membership_source",
            place=MEMBERSHIPS,
            view=_MEMBERS,
            empty=False,
            key=self._membership_key,
            audience=_text(staged, config.audience),
            active=config.active,
        )

    def _named(self, name: str, place: str, text: str) -> Staged:
        self._cluster.make("stage_view", place=place, name=name, relation=parsed(place, text).bracketed)
        return Staged(name, place, self._columns(name, place))

    def _columns(self, name: str, place: str) -> dict[str, ColumnType]:
        """Columns of a view there, as a table of that name without rows here."""
        schema = self._cluster.schema(name, place=place)
        with failing_as(place), self._store.staged(_ARRIVING, schema.empty_table()):
            self._store.run("stage_table", name=name, reader=_ARRIVING, casts={})
            return self._store.columns(name)


def _key(staged: Staged, column: str) -> str:
    """Spark SQL for the text of a key column: the text that DuckDB makes of the same value.

    Raises:
        SourceError: The column is of a type that cannot identify a profile.
    """
    kind = staged.kind(column)
    name = quote_name(staged.spelt(column))
    text = f"CAST({name} AS STRING)"
    if kind.kind in {"varchar", "null"} | WHOLE_NUMBERS.keys():
        return text
    if kind.kind == "decimal":
        return _decimal(text)
    if kind.kind in EXACT:
        return _whole(name, kind)
    raise unfit_key(staged, column)


def _text(staged: Staged, column: str) -> str:
    """Spark SQL for a column's values as text, as DuckDB makes it."""
    kind, name = staged.kind(column), quote_name(staged.spelt(column))
    text = f"CAST({name} AS STRING)"
    if kind.kind == "decimal":
        return _decimal(text)
    return f"coalesce({_whole(name, kind)}, {text})" if kind.kind in EXACT else text


def _decimal(text: str) -> str:
    """The text of a decimal without the zeros that only its scale puts at its end."""
    short = f"trim(TRAILING '.' FROM trim(TRAILING '0' FROM {text}))"
    return f"CASE WHEN instr({text}, '.') > 0 THEN {short} ELSE {text} END"


def _whole(name: str, kind: ColumnType) -> str:
    """A whole number kept as floating point; NULL for any other."""
    return (
        f"CASE WHEN abs({name}) < {EXACT[kind.kind]} AND {name} = floor({name}) "
        f"THEN CAST(CAST({name} AS BIGINT) AS STRING) END"
    )
