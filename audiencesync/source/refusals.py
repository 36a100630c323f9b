"""What is wrong with rows that cannot be synced, said once for every engine that reads them."""

from collections.abc import Mapping, Sequence
from typing import Any

from audiencesync.config.columns import folded
from audiencesync.errors import SourceError
from audiencesync.source.keys import shown_key
from audiencesync.source.staging import Staged
from audiencesync.store import ColumnType

PROFILES = "source.profiles"
MEMBERSHIPS = "source.memberships"
OURS = "_profile_key"
_PLANNED = "_plan_"


def refuse_names_of_ours(profiles: Staged) -> None:
    """Refuse profile columns whose names the plan needs itself."""
    taken = {folded(name) for name in profiles.columns}
    if ours := [name for name in taken if name == OURS or name.startswith(_PLANNED)]:
        raise SourceError(
            f"{PROFILES}: a column may not be called {ours[0]}, which is a name of ours",
            hint="give it another name with AS in a SELECT",
        )


def refuse_repeats(key: str, repeats: Sequence[tuple[str, int, int]]) -> None:
    """Refuse keys that several profiles carry: each a key, how many carry it, and how many repeat in all."""
    if repeats:
        examples = ", ".join(f"{shown_key(one)} ({rows} times)" for one, rows, _ in repeats)
        raise SourceError(
            f"{PROFILES}: {repeats[0][2]} values of {key} are repeated, among them {examples}",
            hint="one row a profile: choose one in `source.profiles.from`, for instance with QUALIFY",
        )


def refuse_nulls(key: str, audience: str, nulls: Mapping[str, Any]) -> None:
    """Refuse memberships that name no profile or no audience."""
    refuse_unfit(MEMBERSHIPS, key, nulls)
    if nulls["null_audiences"]:
        raise SourceError(
            f"{MEMBERSHIPS}: {nulls['null_audiences']} rows have no {audience}",
            hint=f"filter such rows out in `{MEMBERSHIPS}.from`",
        )


def refuse_no_truth(active: str, kind: ColumnType) -> None:
    """Refuse a column that does not say whether a membership is one."""
    if kind.kind not in {"boolean", "null"}:
        raise SourceError(
            f"{MEMBERSHIPS}: {active} is a {kind.text}, which is neither true nor false",
            hint="say in a SELECT what it means, such as status = 'member' AS active",
        )


def refuse_unfit(place: str, key: str, counts: Mapping[str, Any]) -> None:
    """Refuse rows whose key is missing, or is a number that cannot be one."""
    if counts["null_keys"]:
        raise SourceError(
            f"{place}: {counts['null_keys']} rows have no {key}",
            hint=f"every row needs a key; filter the others out in `{place}.from`",
        )
    if counts["unfit_keys"]:
        raise SourceError(
            f"{place}: {counts['unfit_keys']} values of {key} are floating-point numbers that are not whole, "
            "or too large to be exact",
            hint="a key is text, a whole number or a UUID; CAST it to one of these in a SELECT",
        )
