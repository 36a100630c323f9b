"""Memberships: who is listed in which audience, whole or as far as they changed."""

from collections.abc import Sequence
from typing import Any

from audiencesync.config.models import MembershipRelation
from audiencesync.records import MembershipTotals
from audiencesync.source.failures import failing_as
from audiencesync.source.moments import Moments
from audiencesync.source.pushed import changed_at
from audiencesync.source.refusals import MEMBERSHIPS, refuse_no_truth, refuse_nulls
from audiencesync.source.staging import Staged, Stager, parsed, require
from audiencesync.store import Store

_VIEW = "stage_membership_source"


class Memberships:
    """Memberships behind `stage_membership`, and behind `stage_membership_changed` whose of them changed."""

    def __init__(self, store: Store, stager: Stager, config: MembershipRelation | None) -> None:
        self._store = store
        self._stager = stager
        self._config = config
        self._staged: Staged | None = None
        self._since: str | None = None
        self._later = False
        self._over: dict[str, Any] = {}

    def stage(self, since: str | None, *, later: bool, pushed: bool) -> None:
        """Make `stage_membership` readable.

        Args:
            since: Another database need only give rows whose `updated_at` is this or later, or none; `narrow`
                reads the others of whom a plan looks at. None reads all.
            later: Another database need not give any rows yet.
            pushed: There are pushed memberships to lay over them.

        Raises:
            SourceError: The relation cannot be read or lacks a column that the config names.
        """
        self._staged, self._since, self._later = None, since, later
        self._over = {"pushed": pushed, "changed_at": None, "key": None, "audience": None}
        self._stage_source(since, later=later)
        with failing_as(MEMBERSHIPS):
            self._store.run("stage_membership", scoped=False, **self._over)

    def _stage_source(self, since: str | None, *, later: bool) -> None:
        config = self._config
        if config is None:
            self._store.run("stage_membership_source", view=_VIEW, empty=True)
            return
        staged = self._stager.stage(
            "stage_membership_raw",
            MEMBERSHIPS,
            config.relation,
            updated_at=config.updated_at,
            since=since,
            later=later,
        )
        if self._stager.is_empty_file(staged):
            self._store.run("stage_membership_source", view=_VIEW, empty=True)
            return
        named = (config.key, config.audience, config.updated_at, config.active)
        require(staged, [name for name in named if name])
        if config.active:
            refuse_no_truth(config.active, staged.kind(config.active))
        self._staged, self._since = staged, since
        moments = self._moments(staged)
        key = staged.key(config.key)
        audience = staged.text(config.audience)
        self._over |= {"key": key, "audience": audience}
        if moments.is_a_time:
            self._over["changed_at"] = changed_at(moments.column)
        with failing_as(MEMBERSHIPS):
            self._store.run(
                "stage_membership_source",
                view=_VIEW,
                empty=False,
                key=key,
                audience=audience,
                active=config.active,
            )
            if since is not None:
                self._store.run(
                    "stage_membership_changed", moments.since(since), key=key, **moments.template(since)
                )

    def check(self) -> MembershipTotals:
        """Refuse memberships that name nobody or nothing.

        Raises:
            SourceError: They do.
        """
        config, staged = self._config, self._staged
        if config is None or staged is None:
            return MembershipTotals(since=self._since)
        moments = self._moments(staged)
        with failing_as(MEMBERSHIPS):
            moments.check("stage_membership_raw", self._since)
            totals = self._store.row(
                "membership_totals",
                moments.since(self._since),
                key=config.key,
                key_text=staged.key(config.key),
                audience=config.audience,
                # a query is not run twice for the sake of statistics
                apart=config.updated_at is None or not parsed(MEMBERSHIPS, config.relation).is_query,
                **moments.template(self._since),
            )
        refuse_nulls(config.key, config.audience, totals)
        return MembershipTotals(totals["watermark"], self._since)

    def are_gone(self) -> bool:
        """There is a relation, it was read whole, and it has no row; a file without a byte is one."""
        if self._config is None or self._since is not None or self._later:
            return False
        with failing_as(MEMBERSHIPS):
            return self._staged is None or not self._store.row("membership_any")["held"]

    def earliest(self, watermarks: Sequence[str]) -> str:
        """The watermark before which no sync has anything left to read.

        Raises:
            SourceError: The relation cannot be read, or `updated_at` has changed its type.
        """
        config = self._config
        assert config is not None  # noqa: S101  (who has watermarks has memberships)
        if len(set(watermarks)) == 1:
            return watermarks[0]
        glance = self._stager.glance(MEMBERSHIPS, config.relation)
        require(glance, [str(config.updated_at)])
        return self._moments(glance).least(watermarks)

    def fetch(self, keys: Sequence[str]) -> None:
        """Have all memberships of these profiles, also those that an incremental read left in a database.

        Raises:
            SourceError: The database cannot be read.
        """
        if (self._later or self._since is not None) and self._staged is not None and self._config is not None:
            self._stager.exchange(self._staged, self._config.key, keys)

    def narrow(self) -> None:
        """Have the memberships of `stage_scope` at hand, as `stage_scoped_membership`."""
        with failing_as(MEMBERSHIPS):
            self._store.run("stage_scoped_membership", scoped=True, **self._over)

    def _moments(self, staged: Staged) -> Moments:
        column = self._config.updated_at if self._config else None
        if column is None:
            return Moments(self._store, MEMBERSHIPS, None, None)
        return Moments(self._store, MEMBERSHIPS, staged.spelt(column), staged.kind(column))
