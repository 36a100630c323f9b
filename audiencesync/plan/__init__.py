"""What a run would do: desired rows, the diff against the acknowledged state, guards, routes and cost."""

from audiencesync.plan.candidates import Candidates, find_candidates
from audiencesync.plan.diff import Plan, make_plan, nothing_to_do, sample
from audiencesync.plan.guards import check_affinities, check_listed, check_name, check_plan, check_source
from audiencesync.plan.listed import memberships_basis, profiles_basis
from audiencesync.plan.parents import with_parents
from audiencesync.plan.routes import PACKING, Room
from audiencesync.plan.sources import failing_place, read_sources, terms_of

__all__ = [
    "PACKING",
    "Candidates",
    "Plan",
    "Room",
    "check_affinities",
    "check_listed",
    "check_name",
    "check_plan",
    "check_source",
    "failing_place",
    "find_candidates",
    "make_plan",
    "memberships_basis",
    "nothing_to_do",
    "profiles_basis",
    "read_sources",
    "sample",
    "terms_of",
    "with_parents",
]
