"""Limits that refuse a plan which would change too much."""

from collections.abc import Callable, Collection, Sequence

from audiencesync.config.columns import folded
from audiencesync.errors import GuardHeld
from audiencesync.objects import ObjectType
from audiencesync.plan.candidates import Candidates
from audiencesync.plan.diff import Plan
from audiencesync.records import Allowances, KnownSync, Mode
from audiencesync.store import Store, json_path

_ALIKE = "write the keys as source.profiles does, where 007, 7 and ' 7' are three"


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


def check_name(planned: Plan, forsaken: Sequence[KnownSync], allowed: Allowances) -> None:
    """Refuse to make every record once more for a sync that may only have got another name.

    Args:
        planned: The plan of one sync that has no match field.
        forsaken: Syncs of the same object that the config names no more.
        allowed: What the operator allowed for this run.

    Raises:
        GuardHeld: A sync that the config names no more made some.
    """
    if not planned.totals.entered or not forsaken or allowed.creates:
        return
    known, new = forsaken[0].name, planned.totals.entered
    raise GuardHeld(
        f"sync {planned.sync.name} is new to the store and would make {new} new records, and sync "
        f"{known}, which the config names no more, made those of {forsaken[0].profiles} profiles",
        hint=f"the store knows a sync by its name: if this is the same sync, call it {known} again; if you "
        "want new records besides those, run again with --allow-creates",
    )


def check_listed(candidates: Candidates, gone: Callable[[], bool], allowed: Allowances) -> None:
    """Refuse memberships that name no profile, while Salesforce holds members that were listed.

    Where there is no membership at all, how many may exit is a guard of its own; who stays by a rule exits
    nowhere.

    Args:
        candidates: Who differs, and what the memberships come to.
        gone: Tells whether the memberships have no row.
        allowed: What the operator allowed for this run.

    Raises:
        GuardHeld: As an empty source would do.
    """
    listed = candidates.listed
    if allowed.empty_source or listed.after or not listed.before:
        return
    members = f"{listed.before} members are acknowledged in the audiences that it lists"
    if listed.without_profile:
        raise GuardHeld(
            f"none of the {listed.without_profile} keys in source.memberships is that of a profile, "
            f"and {members}",
            hint=f"{_ALIKE}; if all of them really have left, run again with --allow-empty-source",
        )
    if candidates.leavers < listed.before and gone():
        raise GuardHeld(
            f"source.memberships has no row, and {members}",
            hint="check what writes it; if all of them really have left, run again with --allow-empty-source",
        )


def check_affinities(
    store: Store,
    candidates: Candidates,
    target: ObjectType,
    *,
    relations: Collection[str],
    widen: Callable[[str], None],
    allowed: Allowances,
) -> None:
    """Refuse affinities that are nobody's, while Salesforce holds such of members.

    One key that is somebody's is enough, so that nothing is counted in an ordinary run.

    Args:
        store: Holds the staged source and the acknowledged state.
        candidates: Who differs.
        target: The object of their sync, as describe tells it.
        relations: Names of the relations below `source.affinities`.
        widen: Has the affinities of everybody, should only those of whom the plan looks at be at hand.
        allowed: What the operator allowed for this run.

    Raises:
        GuardHeld: As an empty source would do.
    """
    sent = candidates.sync.send_affinities_to
    field = sent and target.field(sent.field)
    name = next((one for one in relations if sent and folded(one) == folded(sent.column)), None)
    if not field or not name or allowed.empty_source:
        return
    relation = f"stage_affinity_{name}"
    parameters = {"sync_id": candidates.state.sync_id, "pointer": json_path(field.name)}
    if _are_somebodys(store, relation):
        return
    if not store.row("affinity_lost", parameters, relation=relation, scoped=candidates.scoped)["before"]:
        return
    widen(name)
    if _are_somebodys(store, relation):
        return
    found = store.row("affinity_lost", parameters, relation=relation, scoped=candidates.scoped)
    place = f"source.affinities.{name}"
    members = f"{found['before']} members have affinities of it in Salesforce"
    if found["keys"]:
        raise GuardHeld(
            f"none of the {found['keys']} keys in {place} is that of a profile, and {members}",
            hint=f"{_ALIKE}; if nobody likes anything any more, run again with --allow-empty-source",
        )
    raise GuardHeld(
        f"{place} has no row, and {members}",
        hint="check what writes it; if nobody likes anything any more, run again with --allow-empty-source",
    )


def _are_somebodys(store: Store, relation: str) -> bool:
    looks = (store.row("affinity_known", relation=relation, members=members) for members in (True, False))
    return any(look["known"] for look in looks)


def check_plan(planned: Plan, allowed: Allowances) -> None:
    """Refuse a plan that would touch too many members or clear too many values.

    A backfill, the first or a forced one, is to send everybody: how many are new, or are touched by a changed
    mapping, is not asked then.

    Args:
        planned: The plan of one sync; its `acknowledged` members are those before it.
        allowed: What the operator allowed for this run.

    Raises:
        GuardHeld: With the numbers and the flag that allows it.
    """
    totals, guards = planned.totals, planned.sync.guards
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
    if planned.mode is Mode.BACKFILL:
        return
    if totals.entered > guards.max_creates and not allowed.creates:
        raise GuardHeld(
            f"{totals.entered} new members would enter; max_creates allows {guards.max_creates}",
            hint="check that keys and rules are as they were; if they really are new, run again with "
            "--allow-creates",
        )
    most = int(totals.acknowledged * guards.max_mapping_change_ratio)
    if planned.rebased and totals.changed > most and not allowed.mapping_change:
        raise GuardHeld(
            f"the mapping or the mode has changed, and {totals.changed} of {totals.acknowledged} members "
            f"would be touched; max_mapping_change_ratio {guards.max_mapping_change_ratio:g} allows {most}",
            hint="look at `audiencesync plan --allow-mapping-change`; if that is what you want, run with it",
        )
