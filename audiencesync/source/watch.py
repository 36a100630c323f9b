"""Looking at the source without reading it: has it changed since?"""

from collections.abc import Iterator
from glob import glob
from pathlib import Path

from audiencesync.config.models import Source as SourceConfig
from audiencesync.errors import ConfigError, SourceError
from audiencesync.source.attached import attach_server
from audiencesync.source.notified import CHANNEL, Notified, can_listen
from audiencesync.source.relation import Relation
from audiencesync.source.remote import Remote
from audiencesync.source.staging import parsed

Signature = tuple[tuple[str, ...], ...]
"""How the source looks; another one means that it may have changed."""

_GONE: Signature = (("gone",),)
_JOURNALS = ("", ".wal", "-wal")
"""DuckDB and SQLite write there first."""


class Lookout:
    """Looks at the files and the database of a source."""

    def __init__(self, config: SourceConfig, *, base: Path, attach: str | None) -> None:
        """Find out how the source can be looked at; nothing is read.

        Args:
            config: The `source` part of the config.
            base: Folder that relative paths resolve against.
            attach: The revealed address of `source.attach`.

        Raises:
            ConfigError: A relation gives nothing to look at.
        """
        self._config = config
        self._base = base
        self._remote = attach_server(attach) if attach else None
        self._notified = Notified(attach) if attach and self._remote and can_listen() else None
        self._database = base / Path(attach).expanduser() if attach and self._remote is None else None
        self._patterns = [
            pattern for place, text in _relations(config) for pattern in self._files_of(place, text)
        ]
        self._dated = [*_dated(config)]

    def look(self) -> Signature:
        """How the source looks now; a database that cannot be asked looks gone, so that a run says why."""
        files = {
            Path(name)
            for pattern in self._patterns
            for name in glob(pattern, recursive=True)  # noqa: PTH207  (whole paths)
        }
        if self._database is not None:
            files |= {self._database.with_name(self._database.name + ending) for ending in _JOURNALS}
        looks = [look for path in sorted(files) for look in _file(path)]
        try:
            if self._notified is not None:
                looks.append(("heard", str(self._notified.heard())))
            if self._remote is not None:
                looks += [("latest", dated[0], _latest(self._remote, *dated)) for dated in self._dated]
        except SourceError:
            return _GONE
        return tuple(looks)

    def close(self) -> None:
        """Look no more."""
        if self._notified is not None:
            self._notified.close()

    def _files_of(self, place: str, text: str) -> Iterator[str]:
        """Patterns of the files that a relation reads."""
        relation = parsed(place, text)
        found = [str(self._base / Path(name).expanduser()) for name in relation.local_files]
        yield from found
        if found or self._database is not None:
            return
        if self._remote is not None and not relation.reads_files:
            if self._notified is not None or self._config.profiles.updated_at is not None:
                return
            raise ConfigError(
                f"watch: {place} is in a database that must be asked what changed",
                hint="name source.profiles.updated_at, or pip install 'audiencesync[postgres]' and NOTIFY "
                f"{CHANNEL} in a trigger, or use `every` in place of `watch`",
            )
        raise ConfigError(
            f"watch: {place} names no file that can be looked at",
            hint="use `every` or `cron` in place of `watch`",
        )


def _relations(config: SourceConfig) -> Iterator[tuple[str, str]]:
    if config.profiles.columns is None:
        yield "source.profiles", config.profiles.relation
    if config.memberships is not None:
        yield "source.memberships", config.memberships.relation
    for name, affinity in config.affinities.items():
        yield f"source.affinities.{name}", affinity.relation


def _file(path: Path) -> Iterator[tuple[str, ...]]:
    try:
        facts = path.stat()
    except OSError:
        return
    yield (str(path), str(facts.st_mtime_ns), str(facts.st_size), str(facts.st_ino))


def _dated(config: SourceConfig) -> Iterator[tuple[str, Relation, str]]:
    """Relations of a database that say when a row last changed: place, relation and column."""
    for place, its in (("source.profiles", config.profiles), ("source.memberships", config.memberships)):
        if its is not None and its.updated_at is not None:
            relation = parsed(place, its.relation)
            if not relation.reads_files:
                yield place, relation, its.updated_at


def _latest(remote: Remote, place: str, relation: Relation, updated_at: str) -> str:
    with remote.snapshot():
        found = remote.look_at(place, relation)
        return remote.greatest(found, found.column(updated_at))
