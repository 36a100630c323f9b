"""Made-up customers: seeded, so that every run on every machine has the same."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from scripts.bench.statements import engine, statement


@dataclass(frozen=True, slots=True)
class Data:
    """The files of one size.

    Attributes:
        folder: Everything of this size.
        rows: Profiles; each has three memberships.
    """

    folder: Path
    rows: int

    @property
    def yesterday(self) -> Path:
        """Folder of the day that is in the state."""
        return self.folder / "yesterday"

    def today(self, share: float) -> Path:
        """Folder of a day on which this share of the profiles differs."""
        return self.folder / f"today-{share:g}" if share else self.yesterday


def make(folder: Path, rows: int, shares: Sequence[float]) -> Data:
    """The files for a size and these shares of changed profiles; what is there already is kept."""
    data = Data(folder, rows)
    first = _files(data.yesterday)
    _write(data, data.yesterday, "people", rows=rows, profiles=first[0], memberships=first[1])
    for share in shares:
        if share:
            new = _files(data.today(share))
            _write(
                data,
                data.today(share),
                "changed",
                share=share,
                profiles=first[0],
                memberships=first[1],
                new_profiles=new[0],
                new_memberships=new[1],
            )
    return data


def date_memberships(data: Data, day: Path) -> None:
    """Write the memberships of a day with what says when they changed, beside the others."""
    dated = day / "dated.parquet"
    if not dated.exists():
        half = dated.with_suffix(".half")
        first, new = _files(data.yesterday)[1], _files(day)[1]
        _apart(data.folder, statement("dated", memberships=first, new_memberships=new, dated=str(half)))
        half.rename(dated)


def changed_last(data: Data, day: Path) -> Path:
    """Folder of the same day whose files, dated memberships too if there are any, end with what changed."""
    folder = day.with_name(f"{day.name}-last")
    folder.mkdir(exist_ok=True)
    for rows in day.glob("*.parquet"):
        ours = folder / rows.name
        if ours.exists():
            continue
        if rows.name == "memberships.parquet":  # these do not say when they changed
            ours.symlink_to(rows)
            continue
        half = ours.with_suffix(".half")
        _apart(data.folder, statement("last", rows=str(rows), sorted=str(half)))
        half.rename(ours)
    return folder


def write_leads(day: Path, leads: Path) -> None:
    """The rows that the product sends of a day, as a CSV file."""
    profiles, memberships = _files(day)
    text = statement("leads", profiles=profiles, memberships=memberships, leads=str(leads))
    _apart(day.parent, text)


def _files(day: Path) -> tuple[str, str]:
    return str(day / "profiles.parquet"), str(day / "memberships.parquet")


def _write(data: Data, day: Path, name: str, **template: object) -> None:
    done = day / "done"
    if done.exists():
        return
    shutil.rmtree(day, ignore_errors=True)
    day.mkdir(parents=True)
    _apart(data.folder, statement(name, **template))
    done.touch()


def _apart(folder: Path, text: str) -> None:
    """Run a statement in a process of its own: its memory would be counted with what we start later."""
    process = get_context("spawn").Process(target=_execute, args=(folder, text))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit("the data could not be written")


def _execute(folder: Path, text: str) -> None:
    with engine(folder) as connection:
        connection.execute(text)
