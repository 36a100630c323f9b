"""Which columns of the profiles a sync reads: a source may have hundreds, and a sync needs ten."""

import re
from collections.abc import Iterable, Sequence

from audiencesync.config.columns import folded
from audiencesync.config.models import Sync

_QUOTES = str.maketrans("", "", '"`')
_ALL_OF_THEM = re.compile(r"columns|[(,.]\s*\*")
"""SQL that reads columns without a name: COLUMNS(...), and a star that multiplies nothing."""


def columns_read(sync: Sync, rules: Sequence[str], columns: Iterable[str]) -> list[str]:
    """The columns that a sync may read, in their order; what is left out nothing of it can see.

    Args:
        sync: Its mappings name columns, or say SQL over them.
        rules: The conditions of its audiences by rule.
        columns: The profile columns.
    """
    named = {folded(name) for name in _named(sync)}
    said = [*rules, *(mapping.sql for mapping in sync.mappings.values() if mapping.sql is not None)]
    return [name for name in columns if folded(name) in named or mentioned(name, said)]


def mentioned(name: str, texts: Sequence[str]) -> bool:
    """SQL that reads a column says its name, or asks for all; what says so for another reason is no harm."""
    written = name.translate(_QUOTES).casefold()
    said = [text.translate(_QUOTES).casefold() for text in texts]
    return any(written in text or _ALL_OF_THEM.search(text) for text in said)


def _named(sync: Sync) -> list[str]:
    names = [mapping.column for mapping in sync.mappings.values() if mapping.column is not None]
    names += sync.trigger_fields or ()
    names += sync.send_scores_to.scores if sync.send_scores_to else ()
    return [*names, sync.send_affinities_to.column] if sync.send_affinities_to else names
