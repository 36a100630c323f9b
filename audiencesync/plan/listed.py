"""Audiences of a sync, and what of the source they were made from."""

import json

from audiencesync.config.load import Project
from audiencesync.config.models import Sync


def listed_audiences(project: Project, sync: Sync) -> list[str]:
    """The audiences of a sync that are not defined by a rule."""
    return [name for name in sync.audiences if name not in project.config.audiences]


def profiles_basis(project: Project, sync: Sync) -> str:
    """What a sync makes its members of: what was acknowledged by other rules says nothing of these."""
    source, rules = project.config.source, project.config.audiences
    relations = source.model_dump(mode="json", include={"attach", "profiles", "affinities"})
    audiences = {name: rules[name].where if name in rules else None for name in sync.audiences}
    return json.dumps([relations, audiences], sort_keys=True)


def memberships_basis(project: Project, sync: Sync) -> str | None:
    """What a sync reads of the memberships: what was acknowledged of others says nothing of these."""
    config = project.config.source.memberships
    if config is None:
        return None
    return json.dumps([config.model_dump(mode="json"), sorted(listed_audiences(project, sync))])
