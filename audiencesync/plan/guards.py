"""Limits that refuse a plan which would change too much."""

from audiencesync.config.models import Guards
from audiencesync.errors import GuardHeld
from audiencesync.records import Allowances, PlanTotals


def check_source(*, profiles: int, acknowledged: int, allowed: Allowances) -> None:
    """Refuse an empty source while Salesforce holds members: it is far likelier broken than true.

    Raises:
        GuardHeld: No profile was read.
    """
    if profiles == 0 and acknowledged > 0 and not allowed.empty_source:
        raise GuardHeld(
            f"the source has no profile, and {acknowledged} members are acknowledged",
            hint="check source.profiles; if everyone really has left, run again with --allow-empty-source",
        )


def check_plan(totals: PlanTotals, guards: Guards, allowed: Allowances) -> None:
    """Refuse a plan that would let too many members exit or clear too many values.

    Args:
        totals: Numbers of one plan; `acknowledged` is before it.
        guards: The sync's limits.
        allowed: What the operator allowed for this run.

    Raises:
        GuardHeld: With the numbers and the flag that allows it.
    """
    most = int(totals.acknowledged * guards.max_exit_ratio)
    if totals.exited > most and not allowed.exits:
        raise GuardHeld(
            f"{totals.exited} of {totals.acknowledged} members would exit; "
            f"max_exit_ratio {guards.max_exit_ratio:g} allows {most}",
            hint="check that the source is complete; if they really left, run again with --allow-exits",
        )
    if totals.clears > guards.max_clears and not allowed.clears:
        raise GuardHeld(
            f"{totals.clears} field values would be cleared; max_clears allows {guards.max_clears}",
            hint="look at `audiencesync plan`; if they really are empty now, run again with --allow-clears",
        )
