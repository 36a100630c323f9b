"""Where profiles, memberships and state meet: in DuckDB, or on a cluster, by one text of SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from audiencesync.cluster import Cluster
from audiencesync.errors import SourceError
from audiencesync.plan.sources import Sources
from audiencesync.plan.unfit import Unfit
from audiencesync.store import Store

_BY_HASH = {"key": "sf_key_hash({})", "state_key": "key_hash"}
_BY_TEXT = {"key": "{}", "state_key": "profile_key"}
_ARRIVING = "stage_arriving"


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for.

    Attributes:
        sync_id: Whose members.
        words: Mask columns in use.
        rules: Mask word -> its audiences by rule, each a condition and a bit.
        ruled: There is any rule.
        scoped: Look only at `stage_scope`.
        everyone: Every member is touched, different or not.
        columns: Those of the profiles.
        unfit: Who is held back for a value that does not fit.
        listed_bits: Mask word -> bits of the audiences that memberships list.
    """

    sync_id: int
    words: Sequence[int]
    rules: Mapping[int, Sequence[Mapping[str, object]]]
    ruled: bool
    scoped: bool
    everyone: bool
    columns: Sequence[str]
    unfit: Unfit
    listed_bits: Mapping[int, int]

    def template(self, sources: Sources, *, prefix: str) -> dict[str, object]:
        """What fills touched.sql, whichever engine runs it; the relations are called by a prefix."""
        return {
            "profiles": f"{prefix}_profile",
            "memberships": f"{prefix}_membership",
            "words": self.words,
            "columns": self.columns,
            "fingerprint": sources.fingerprint,
            "rules": self.rules,
            "ruled": self.ruled,
            "scoped": self.scoped,
            "everyone": self.everyone,
            "unfit": self.unfit,
        }


@dataclass(frozen=True, slots=True)
class Listed:
    """What memberships come to, of those that were looked at.

    Attributes:
        before: Members in a listed audience, as acknowledged.
        after: The same once the plan is carried out.
        without_profile: Keys that are listed and that no profile has.
    """

    before: int
    after: int
    without_profile: int


def touch_here(store: Store, question: Question, sources: Sources, *, shared_hashes: bool) -> Listed:
    """Make `plan_touched` in DuckDB: by a hash of the keys, and by their text where that is not enough."""
    template = question.template(sources, prefix="stage_scoped" if question.scoped else "stage")
    for way in [_BY_TEXT] if shared_hashes else [_BY_HASH, _BY_TEXT]:
        store.run("plan_touched", {"sync_id": question.sync_id}, there=False, **template, **way)
        if not store.row("plan_mistaken")["mistaken"]:
            break
    return _listed(store, question)


def touch_there(store: Store, cluster: Cluster, question: Question, sources: Sources) -> Listed:
    """Make `plan_touched` on a cluster, and bring home what differs.

    The store stays the truth of what was acknowledged: the cluster is lent it for this one comparison.

    Raises:
        SourceError: Spark gave up.
    """
    table = _lent(store, "state_out", question, **_BY_TEXT)
    cluster.lend("plan_state", table)
    cluster.lend("plan_listed", store.arrow("listed_out").read_all())
    if question.scoped:
        cluster.lend("stage_scope", store.arrow("scope_out").read_all())
    found = cluster.arrow(
        "touched", place="source", there=True, **question.template(sources, prefix="stage"), **_BY_TEXT
    )
    with store.staged(_ARRIVING, found):
        store.run("touched_in", reader=_ARRIVING)
    return _listed(store, question)


def check_touched(store: Store) -> None:
    """Refuse keys that came to be repeated after they were checked: the comparison may read the source again.

    Raises:
        SourceError: There are such among those who differ; each of their rows would become a record.
    """
    if store.row("touched_repeats")["repeats"]:
        raise SourceError(
            "source.profiles: keys are repeated that were not when they were checked",
            hint="it changed while it was read: run again, or read a snapshot that stays as it is",
        )


def _listed(store: Store, question: Question) -> Listed:
    """What the comparison counted along the way."""
    found = store.row(
        "touched_listed",
        {"sync_id": question.sync_id},
        words=question.words,
        listed_bits=question.listed_bits,
    )
    store.run("touched_only")
    # a listed key that a profile has is a member in a listed audience
    without = found["keys"] if question.scoped else found["keys"] - found["after"]
    return Listed(found["before"], found["after"], without)


def _lent(store: Store, statement: str, question: Question, **way: str) -> pa.Table:
    parameters = {"sync_id": question.sync_id}
    reader = store.arrow(statement, parameters, words=question.words, scoped=question.scoped, **way)
    return reader.read_all()
