"""What commands that look need: the config, and answers from the store or from the daemon that holds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from audiencesync.cli import streams

if TYPE_CHECKING:
    from audiencesync.config.load import Project


class Answers(Protocol):
    """Whoever knows the store."""

    def ask(self, question: str, **more: object) -> Any:  # noqa: ANN401  (a document)
        """The document that answers a question."""
        ...


@contextmanager
def opened(config_path: Path) -> Iterator[tuple["Project", Answers]]:
    """The project, and whoever answers one question about its store; nothing is made and nothing is changed.

    Raises:
        ConfigError: The config is wrong.
        StoreError: There is no store yet, or a process that cannot be asked holds it.
        DaemonRefused: The daemon holds the store and could not answer.
    """
    from audiencesync.config.load import load
    from audiencesync.daemon.asking import reached

    project = load(config_path)
    with reached(project.store_path) as daemon:
        if daemon is not None:
            tell_daemon(daemon.pid)
            yield project, daemon
            return
    from audiencesync.store import Store

    with Store.open(
        project.store_path, base=project.base, read_only=True, settings=project.store_settings
    ) as store:
        yield project, _Ourselves(project, store)


def tell_daemon(pid: int) -> None:
    """Say who answers, on standard error."""
    streams.talk(f"the daemon (process {pid}) holds the store and answers")


class _Ourselves:
    """The store, open in this process."""

    def __init__(self, project: "Project", store: Any) -> None:  # noqa: ANN401  (imported on use)
        self._project = project
        self._store = store

    def ask(self, question: str, **more: object) -> Any:  # noqa: ANN401  (a document)
        from audiencesync.audit.questions import questions
        from audiencesync.cli.cures import cure

        return questions(cure)[question](self._store, self._project, more)


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
