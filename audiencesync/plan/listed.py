"""Audiences that memberships list."""

import json

from audiencesync.config.load import Project
from audiencesync.config.models import Sync


def listed_audiences(project: Project, sync: Sync) -> list[str]:
    """The audiences of a sync that are not defined by a rule."""
    return [name for name in sync.audiences if name not in project.config.audiences]


def memberships_basis(project: Project, sync: Sync) -> str | None:
    """What a sync reads of the memberships: what was acknowledged of others says nothing of these."""
    config = project.config.source.memberships
    if config is None:
        return None
    return json.dumps([config.model_dump(mode="json"), sorted(listed_audiences(project, sync))])
