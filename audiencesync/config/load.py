"""Read a config file: every mistake at once, each with its line."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from audiencesync.config.explain import explain, unknown_keys
from audiencesync.config.mistakes import KeyPath, Mistake, dotted, refusal
from audiencesync.config.models import Config, SparkEngine
from audiencesync.config.references import resolve
from audiencesync.config.rules import broken_rules
from audiencesync.config.tree import Tree, parse
from audiencesync.errors import ConfigError

_CURE = (
    "mend the lines above; docs/config.md explains every key, `audiencesync schema` lets an editor check them"
)


@dataclass(frozen=True, slots=True)
class Project:
    """A config and where it was found.

    Attributes:
        path: The file, as it was named.
        base: Its folder; relative paths in the config start there.
        config: What it says.
    """

    path: Path
    base: Path
    config: Config
    _lines: Mapping[KeyPath, int] = field(default_factory=dict, repr=False, compare=False)

    @property
    def store_path(self) -> Path:
        """The store's file."""
        return self.base / self.config.store.path.expanduser()

    @property
    def store_settings(self) -> Mapping[str, str]:
        """DuckDB's settings for the store: setting -> value."""
        store = self.config.store
        settings = {"memory_limit": store.memory_limit}
        return settings if store.threads is None else {**settings, "threads": str(store.threads)}

    @property
    def ca_bundle_path(self) -> Path | None:
        """The PEM file of a private certificate authority, if there is one."""
        bundle = self.config.connection.ca_bundle
        return None if bundle is None else self.base / bundle.expanduser()

    def attach_target(self, environ: Mapping[str, str] | None = None) -> str | None:
        """The database to attach, its references read and a file's path made absolute.

        What comes back may hold a password.

        Raises:
            ConfigError: A reference cannot be read.
        """
        attach = self.config.source.attach
        if attach is None:
            return None
        target = attach.reveal(self.base, environ)
        return target if "://" in target else str(self.base / Path(target).expanduser())

    def spark_url(self, environ: Mapping[str, str] | None = None) -> str | None:
        """The Spark Connect server that does the diff, its references read; None: DuckDB does it.

        Raises:
            ConfigError: A reference cannot be read.
        """
        engine = self.config.engine
        return engine.spark.reveal(self.base, environ) if isinstance(engine, SparkEngine) else None

    def place(self, keys: KeyPath) -> str:
        """Where a key stands: `audiencesync.yaml:31: syncs.0.required_fields.LastName`."""
        return f"{self.path}:{self.line_of(keys)}: {dotted(keys)}"

    def line_of(self, keys: KeyPath) -> int:
        """The line of a key, or of the nearest key above it."""
        return line_of(self._lines, keys)


def load(path: Path, environ: Mapping[str, str] | None = None, *, text: str | None = None) -> Project:
    """Read, resolve and check a config file.

    No secret is read: whoever connects calls `reveal`.

    Args:
        path: The YAML file.
        environ: Where `${env:NAME}` is looked up; by default the process's environment.
        text: What the file is going to hold; None: it is there, and read.

    Returns:
        The config and its place.

    Raises:
        ConfigError: With one line for each mistake, in the order of the file.
    """
    env = os.environ if environ is None else environ
    tree = parse(_read(path) if text is None else text)
    if tree.readable and not isinstance(tree.data, dict):
        shape = Mistake((), "the file must hold keys and values, such as 'version: 1'")
        tree = Tree(None, tree.lines, (shape,), readable=False)
    if not tree.readable:
        raise _refuse(path, tree.mistakes, tree)

    data, mistakes, from_environment = resolve(tree.data, env)
    unresolved = {mistake.keys for mistake in mistakes}
    found = [*broken_rules(data)]
    unknown: frozenset[KeyPath] = frozenset()
    context = {"line_of": lambda keys: f"{path}:{line_of(tree.lines, keys)}"}
    config: Config | None = None
    try:
        config = Config.model_validate(data, by_alias=True, by_name=False, context=context)
    except ValidationError as error:
        found.extend(explain(error, data, from_environment))
        unknown = unknown_keys(error, data)
    found = [
        *tree.mistakes,
        *(mistake for mistake in mistakes if not _within(mistake.keys, unknown)),
        *(mistake for mistake in found if mistake.keys not in unresolved or mistake.keys in unknown),
    ]
    if config is None or found:
        raise _refuse(path, found, tree)
    return Project(path, path.absolute().parent, config, tree.lines)


def line_of(lines: Mapping[KeyPath, int], keys: KeyPath) -> int:
    """The line of a key, or of the nearest thing above it."""
    while keys and keys not in lines:
        keys = keys[:-1]
    return lines.get(keys, 1)


def _within(keys: KeyPath, places: frozenset[KeyPath]) -> bool:
    return any(keys[:length] in places for length in range(1, len(keys) + 1))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such file",
            hint="run `audiencesync init` to write one, or name it with -c FILE",
        ) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line}: the file is not UTF-8", hint="save the file as UTF-8 and run the command again"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror or 'not a file'}",
            hint="name a readable file with -c FILE",
        ) from None


def _refuse(path: Path, mistakes: Iterable[Mistake], tree: Tree) -> ConfigError:
    lines: dict[tuple[int, str, str], None] = {}
    for mistake in mistakes:
        line = mistake.line if mistake.line is not None else line_of(tree.lines, mistake.keys)
        lines[line, dotted(mistake.keys), mistake.what] = None
    return refusal(
        [f"{path}:{line}: {f'{keys}: ' if keys else ''}{what}" for line, keys, what in sorted(lines)],
        hint=_CURE,
    )
