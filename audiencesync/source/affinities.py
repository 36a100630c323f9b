"""Long relations of affinities, each one column of the profiles: of everybody, or of whom a plan looks at."""

from collections.abc import Mapping, Sequence

from audiencesync.config.models import AffinityRelation
from audiencesync.source.failures import failing_as
from audiencesync.source.staging import Staged, Stager, require
from audiencesync.store import Store


class Affinities:
    """One table a relation, with one MAP a profile."""

    def __init__(self, store: Store, stager: Stager, configs: Mapping[str, AffinityRelation]) -> None:
        self._store = store
        self._stager = stager
        self._configs = configs
        self._later: dict[str, Staged] = {}

    def stage(self, *, later: bool) -> dict[str, str]:
        """Make the tables.

        Args:
            later: They have no row until `narrow`: to bring together the affinities of everybody for the
                sake of a few takes most of the time of such a run.

        Returns:
            Column of the profiles -> table.

        Raises:
            SourceError: A relation cannot be read or lacks a column that the config names.
        """
        self._later = {}
        return {name: self._stage(name, later=later) for name in self._configs}

    def narrow(self, keys: Sequence[str]) -> None:
        """Have those of these profiles, who are those of `stage_scope`, where there are none yet.

        Raises:
            SourceError: A relation cannot be read.
        """
        for name, staged in self._later.items():
            self._stager.exchange(staged, self._configs[name].key, keys)
            self._bring_together(name, staged, scoped=True)

    def widen(self, name: str) -> None:
        """Have those of everybody.

        Raises:
            SourceError: The relation cannot be read.
        """
        if self._later.pop(name, None):
            self._stage(name, later=False)

    def _stage(self, name: str, *, later: bool) -> str:
        config = self._configs[name]
        place = f"source.affinities.{name}"
        staged = self._stager.stage(f"stage_raw_affinity_{name}", place, config.relation, later=later)
        if self._stager.is_empty_file(staged):
            self._store.run("stage_affinity", name=_table(name), empty=True)
            return _table(name)
        require(staged, [config.key, config.affinity, config.weight])
        if later:
            self._later[name] = staged
        self._bring_together(name, staged, empty=later)
        return _table(name)

    def _bring_together(
        self, name: str, staged: Staged, *, empty: bool = False, scoped: bool = False
    ) -> None:
        config = self._configs[name]
        with failing_as(staged.place):
            self._store.run(
                "stage_affinity",
                name=_table(name),
                empty=empty,
                scoped=scoped,
                relation=staged.name,
                key=staged.key(config.key),
                affinity=staged.text(config.affinity),
                weight=config.weight,
            )


def _table(name: str) -> str:
    return f"stage_affinity_{name}"
