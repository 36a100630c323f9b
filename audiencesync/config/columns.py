"""Compare the columns that a config names with those that the source has."""

from collections.abc import Iterator, Sequence

from audiencesync.config.load import Project
from audiencesync.config.mistakes import KeyPath, did_you_mean, refusal
from audiencesync.config.models import Sync


def check_columns(project: Project, profile_columns: Sequence[str], sync: Sync | None = None) -> None:
    """Refuse a config that names a profile column which does not exist.

    Names are compared as DuckDB does, in any case. SQL expressions are DuckDB's own to check, and the
    columns of the source's relations are checked where those are read.

    Args:
        project: The config.
        profile_columns: The columns of source.profiles and the names of source.affinities.
        sync: Look at this sync alone.

    Raises:
        ConfigError: With one line for each unknown column, in the order of the file.
    """
    known = {folded(column) for column in profile_columns}
    lines: list[tuple[int, str]] = []
    for position, each in enumerate(project.config.syncs):
        if sync is not None and each.name != sync.name:
            continue
        for keys, column in _columns(each):
            if folded(column) in known:
                continue
            path: KeyPath = ("syncs", position, *keys)
            what = f"the source has no column '{column}'" + _advice(each, keys, column, profile_columns)
            lines.append((project.line_of(path), f"{project.place(path)}: {what}"))
    if lines:
        raise refusal(
            [text for _, text in sorted(lines, key=lambda line: line[0])],
            hint=f"the columns are: {', '.join(profile_columns) or 'none'}",
        )


def folded(column: str) -> str:
    """A column name as DuckDB compares it: the case of ASCII letters does not count, that of others does."""
    if column.isascii():
        return column.lower()
    return "".join(letter.lower() if letter.isascii() else letter for letter in column)


def _columns(sync: Sync) -> Iterator[tuple[KeyPath, str]]:
    for group, mappings in (("required_fields", sync.required_fields), ("extra_fields", sync.extra_fields)):
        for name, mapping in mappings.items():
            if mapping.column is not None:
                yield (group, name), mapping.column
    if sync.send_scores_to is not None:
        for position, column in enumerate(sync.send_scores_to.scores):
            yield ("send_scores_to", "scores", position), column
    if sync.send_affinities_to is not None:
        yield ("send_affinities_to", "from"), sync.send_affinities_to.column
    for position, column in enumerate(sync.trigger_fields or ()):
        yield ("trigger_fields", position), column


def _advice(sync: Sync, keys: KeyPath, column: str, profile_columns: Sequence[str]) -> str:
    """The nearest column; for a Salesforce field among the triggers, the column it is mapped from."""
    if keys[0] == "trigger_fields":
        for name, mapping in sync.mappings.items():
            source = mapping.column
            if source and name.casefold() == column.casefold() and folded(column) != folded(source):
                return f", it is a Salesforce field; did you mean its column '{source}'?"
    return did_you_mean(column, profile_columns)
