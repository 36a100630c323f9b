"""What is wrong with a config file, and where: the values that every check of this package returns."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from audiencesync.errors import ConfigError

KeyPath: TypeAlias = tuple[str | int, ...]
"""The keys and list positions that lead from the root of the file to one value."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to mend.

    Attributes:
        keys: Where it is; the line is looked up from it unless `line` is given.
        what: What is wrong, in words that never hold a secret.
        line: Set when the place is not that of the key, such as the second of two equal keys.
    """

    keys: KeyPath
    what: str
    line: int | None = None


def dotted(keys: KeyPath) -> str:
    """Write a key path as people do: `syncs.0.required_fields.LastName`."""
    return ".".join(str(key) for key in keys)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message: the nearest known name, or nothing when none is near."""
    found = nearest(name, known)
    return f"; did you mean '{found}'?" if found is not None else ""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name`, whatever its case; None when none is near."""
    by_folded: dict[str, str] = {}
    for candidate in known:
        by_folded.setdefault(candidate.casefold(), candidate)
    found = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def any_of(names: Sequence[str]) -> str:
    """Write choices as a sentence does: `a, b or c`."""
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def refusal(lines: Sequence[str], *, hint: str) -> ConfigError:
    """One error that lists everything."""
    return ConfigError("\n".join(lines), hint=hint)
