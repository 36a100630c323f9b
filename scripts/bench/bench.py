"""The suites: what is measured, against whom."""

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from scripts.bench.data import Data, changed_last, date_memberships, make, write_leads
from scripts.bench.measure import OTHERS, Line, Sample, contender, measured, run, timed
from scripts.bench.org import Org, running_org
from scripts.bench.project import Project
from scripts.bench.pushes import pushes

SHARES = (0.0, 0.001, 0.01, 0.1)
SLOW_ROWS = 1_000_000
"""Above so many profiles, those who take minutes are left out unless they are asked for."""

_CHANGED = 1_000
_STARTS = 10
_UPLOAD_BYTES = 100_000_000
"""Most that Salesforce takes in one upload; drt-core makes no second one."""

OURS, EXCEPT, FLOOR = "audiencesync", "DuckDB EXCEPT", "scan and hash"
_DIFFS = {
    EXCEPT: ("with_except", None),
    "polars": ("with_polars", OTHERS),
    "pandas": ("with_pandas", OTHERS),
    "fingerprints in Python": ("with_fingerprints", OTHERS),
}
_SLOW = ("pandas", "fingerprints in Python")


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for.

    Attributes:
        folder: Where data and states are kept from one bench to the next.
        runs: How often each contender runs in each case.
        others: Also those that need packages of their own.
        slow: Also those that take minutes, at any size.
    """

    folder: Path
    runs: int = 3
    others: bool = True
    slow: bool = False


Contenders = Mapping[str, Callable[[], Sample]]


def bench(suites: Sequence[str], rows: int, wish: Wish) -> Iterator[Line]:
    """Measure at one size; the lines come as they are measured.

    Raises:
        SystemExit: A contender failed, or found other members than the rest did.
    """
    folder = (wish.folder / str(rows)).resolve()
    with running_org(folder / "org") as org:
        for suite in suites:
            yield from SUITES[suite](folder, rows, wish, org)


def _plan(folder: Path, rows: int, wish: Wish, org: Org) -> Iterator[Line]:
    """Read the source and find who differs."""
    data = make(folder, rows, SHARES)
    project = _filled(Project(folder / "ours"), data, org)
    others = {
        name: how
        for name, how in _DIFFS.items()
        if (wish.others or how[1] is None) and (wish.slow or rows <= SLOW_ROWS or name not in _SLOW)
    }
    for share in SHARES:
        config = project.config(data.today(share), org)
        yield from _differing(
            data,
            wish,
            f"{share:.1%}",
            config=config,
            others=others,
            yesterday=data.yesterday,
            today=data.today(share),
        )
    config = project.config(data.yesterday, org, store=project.empty)
    yield from _differing(
        data,
        wish,
        "backfill",
        config=config,
        others=others,
        yesterday=data.folder / "nothing",
        today=data.yesterday,
    )


def _differing(
    data: Data,
    wish: Wish,
    case: str,
    *,
    config: Path,
    others: Mapping[str, tuple[str, Path | None]],
    yesterday: Path,
    today: Path,
) -> Iterator[Line]:
    contenders = {
        OURS: partial(measured, contender("ours", "plan", config, "full")),
        FLOOR: partial(measured, contender("floor", "compare", today)),
    }
    for name, (module, python) in others.items():
        state = data.folder / f"{module}.{yesterday.name}"
        if not state.exists():
            half = state.with_suffix(".half")
            half.unlink(missing_ok=True)
            run(contender(module, "prepare", yesterday, half, python=python))
            half.rename(state)
        contenders[name] = partial(measured, contender(module, "compare", today, state, python=python))
    yield from side_by_side("plan", data.rows, case, wish.runs, contenders)


def _incremental(folder: Path, rows: int, wish: Wish, org: Org) -> Iterator[Line]:
    """The same with `updated_at`: a thousand have changed, whatever the total."""
    share = _CHANGED / rows if rows > _CHANGED else 0.5
    data = make(folder, rows, [share])
    for case, project in (
        ("audiences by rule", Project(folder / "ours-rules", rules=True)),
        ("memberships", Project(folder / "ours")),
    ):
        _filled(project, data, org)
        dated = not project.rules
        if dated:  # a run that finds nothing remembers how far it has read
            for day in (data.yesterday, data.today(share)):
                date_memberships(data, day)
            run(contender("ours", "export", project.config(data.yesterday, org, dated=True)))
        for order, day in (
            ("", data.today(share)),
            (", changed rows last", changed_last(data, data.today(share))),
        ):
            config = project.config(day, org, dated=dated)
            for when, told in (("first", ""), ("again", ", in an open store")):
                contenders = {
                    f"{OURS}, {kind}": partial(measured, contender("ours", "plan", config, kind, when))
                    for kind in ("incremental", "full")
                }
                yield from side_by_side("incremental", rows, f"{case}{order}{told}", wish.runs, contenders)
        config = project.config(data.today(share), org, dated=dated)
        alone = {f"{OURS}, one pushed change": partial(measured, contender("ours", "pushed", config))}
        yield from side_by_side("incremental", rows, f"{case}, pushed", wish.runs, alone)


def _export(folder: Path, rows: int, wish: Wish, org: Org) -> Iterator[Line]:
    """New members through Bulk, each time into a new org; the others get the finished rows as a file."""
    del org
    data = make(folder, rows, [])
    leads = data.folder / "leads.csv"
    if not leads.exists():
        write_leads(data.yesterday, leads)
    project = Project(folder / "ours-export")

    def ours() -> Sample:
        shutil.rmtree(project.folder, ignore_errors=True)
        with running_org() as fresh:
            command = contender("ours", "export", project.config(data.yesterday, fresh))
            return _counted(fresh, rows, partial(measured, command))

    def other(module: str) -> Sample:
        with running_org() as fresh:
            environment, command = fresh.environment(), contender(module, leads, python=OTHERS)
            return _counted(fresh, rows, partial(measured, command, environment))

    contenders = {OURS: ours}
    if wish.others:
        contenders["simple-salesforce"] = partial(other, "with_simple_salesforce")
        if leads.stat().st_size < _UPLOAD_BYTES:
            contenders["drt-core"] = partial(other, "with_drt")
    yield from side_by_side("export", rows, "new members", wish.runs, contenders)
    shutil.rmtree(project.folder, ignore_errors=True)


def _counted(org: Org, rows: int, once: Callable[[], Sample]) -> Sample:
    """A sample with the API calls that the org's meter has counted for it.

    Raises:
        SystemExit: Not every row arrived.
    """
    before = org.calls()
    sample = once()
    if sample.more["rows"] != rows:
        raise SystemExit(f"{sample.more['rows']:,.0f} of {rows:,} rows arrived")
    return replace(sample, more={"API calls": org.calls() - before})


def _acknowledge(folder: Path, rows: int, wish: Wish, org: Org) -> Iterator[Line]:
    """Result files back into state and ledger."""
    data = make(folder, rows, [])
    project = Project(folder / "ours-acknowledge")
    samples = []
    for _ in range(wish.runs):
        shutil.rmtree(project.folder, ignore_errors=True)
        sample = _fill(project, data, org)
        told = {
            "rows a second": sample.more["rows"] / sample.seconds,
            "MB of store per million members": sample.more["bytes"] / sample.more["rows"],
            "CPU s of the whole run": sample.more["whole_cpu"],
        }
        samples.append(replace(sample, more=told))
    shutil.rmtree(project.folder, ignore_errors=True)
    yield Line("acknowledge", rows, "all", OURS, samples)


def _small(folder: Path, rows: int, wish: Wish, org: Org) -> Iterator[Line]:
    """From start to exit, as a user waits for it."""
    data = make(folder, rows, [])
    project = _filled(Project(folder / "ours"), data, org)
    config = project.config(data.yesterday, org)
    command = [str(Path(sys.executable).with_name("audiencesync"))]
    for words in (["--version"], ["--help"]):
        samples = [timed([*command, *words]) for _ in range(_STARTS)]
        yield Line("small", 0, words[0], OURS, samples)
    # its own copy: a run that finds nothing writes all the same that it was
    copy = project.folder / "small.duckdb"
    shutil.copy(project.store, copy)
    config = project.config(data.yesterday, org, store=copy)
    samples = [timed([*command, "run", "--full", "-c", str(config)]) for _ in range(wish.runs)]
    copy.unlink()
    yield Line("small", rows, "run --full, unchanged", OURS, samples)


def _filled(project: Project, data: Data, org: Org) -> Project:
    """A project whose state is that of yesterday, and which knows the object."""
    if not project.store.exists():
        shutil.rmtree(project.folder, ignore_errors=True)
        _fill(project, data, org)
    return project


def _fill(project: Project, data: Data, org: Org) -> Sample:
    """Run against an org that agrees to everything; the emulator only tells what the object looks like."""
    config = project.config(data.yesterday, org, store=project.empty, limit=1)
    run(contender("ours", "plan", config, "full"))
    filling = project.store.with_suffix(".half")
    shutil.copy(project.empty, filling)
    sample = measured(contender("ours", "fill", project.config(data.yesterday, org, store=filling)))
    filling.rename(project.store)
    return sample


def side_by_side(suite: str, rows: int, case: str, runs: int, contenders: Contenders) -> Iterator[Line]:
    """Let the contenders run in turn, so that a busy moment of the machine meets them all.

    Raises:
        SystemExit: They do not agree on who differs.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    for _ in range(runs):
        for name, once in contenders.items():
            samples[name].append(once())
    answers = {
        tuple(sample.answer): name
        for name, taken in samples.items()
        for sample in taken
        if sample.answer is not None
    }
    if len(answers) > 1:
        raise SystemExit(f"{suite}, {case}: the answers differ: {answers}")
    yield from (Line(suite, rows, case, name, taken) for name, taken in samples.items())


def _push(folder: Path, rows: int, wish: Wish, org: Org) -> Iterator[Line]:
    """Changes that are pushed to a daemon, each until its record has it."""
    del org  # it is to be far away, and the others' is not
    yield from pushes(folder, rows, wish.runs)


SUITES: Mapping[str, Callable[[Path, int, Wish, Org], Iterator[Line]]] = {
    "plan": _plan,
    "incremental": _incremental,
    "export": _export,
    "acknowledge": _acknowledge,
    "push": _push,
    "small": _small,
}
