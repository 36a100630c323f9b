"""The store of a config, opened for looking."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audiencesync.config.load import Project
    from audiencesync.store import Store


@contextmanager
def opened(config_path: Path) -> Iterator[tuple["Project", "Store"]]:
    """The project and its store; nothing is made and nothing is changed.

    Raises:
        ConfigError: The config is wrong.
        StoreError: There is no store yet, or another process holds it.
    """
    from audiencesync.config.load import load
    from audiencesync.store import Store

    project = load(config_path)
    with Store.open(project.store_path, base=project.base, read_only=True) as store:
        yield project, store


def check_names(project: "Project", syncs: tuple[str, ...]) -> None:
    """Refuse a sync that the config does not have.

    Raises:
        UsageError: With the names that there are.
    """
    from audiencesync.errors import UsageError

    known = [sync.name for sync in project.config.syncs]
    for name in syncs:
        if name not in known:
            raise UsageError(
                f"there is no sync {name!r} in {project.path.name}", hint=f"the syncs are {', '.join(known)}"
            )
