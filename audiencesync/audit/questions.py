"""What can be asked of a store, as documents: by a command that opens it, or through the daemon."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from audiencesync.audit import looking, room
from audiencesync.audit.report import write_report
from audiencesync.config.load import Project
from audiencesync.store import Store

Question = Callable[[Store, Project, Mapping[str, Any]], Any]


def questions(cure: Callable[[str], str]) -> Mapping[str, Question]:
    """Question -> what answers it, from the store, the config and what was said beside the question.

    Args:
        cure: Error code -> what a person does about it, for reports.
    """

    def report(store: Store, _: Project, asked: Mapping[str, Any]) -> dict[str, str]:
        run_id = looking.find_run(store, asked["run"])
        path = Path(asked["path"] or f"audit-{run_id}.{asked['format']}")
        write_report(store, run_id, asked["format"], path, cure=cure)
        return {"run_id": run_id, "path": str(path)}

    return MappingProxyType(
        {
            "status": lambda store, project, _: looking.status(store, project),
            "runs": lambda store, _, asked: looking.runs(store, limit=asked["limit"]),
            "history": lambda store, _, asked: {
                "pushes": looking.history(store, asked["key"]),
                "ledger_since": looking.ledger_since(store),
            },
            "room": lambda store, project, _: room.info(store, project),
            "report": report,
        }
    )
