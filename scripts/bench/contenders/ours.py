"""The product itself, called as its command line calls it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from audiencesync import sync
from audiencesync.clock import SystemClock
from audiencesync.config.load import Project, load
from audiencesync.connection import Connection
from audiencesync.export.ports import ResultKind
from audiencesync.ledger import LedgerWriter
from audiencesync.plan import routes, sample
from audiencesync.progress import Silent
from audiencesync.records import Job, JobState, Operation, WriteOptions
from audiencesync.reports import RunReport, SyncReport
from audiencesync.salesforce.org import Org
from audiencesync.store import Store, quote_text
from scripts.bench.contenders.measured import KEY_DIGITS, Stopwatch


@dataclass(frozen=True, slots=True)
class Agreeing(Org):
    """An org that accepts every row of every Bulk job, without a call: it fills a large store."""

    folder: Path

    def create_job(
        self, operation: Operation, object_name: str, match_field: str | None, options: WriteOptions
    ) -> str:
        """A job that is nowhere but here."""
        del operation, object_name, match_field, options
        return f"750{uuid4().hex[:15]}"

    def upload(self, job_id: str, path: Path) -> None:
        """Answer the file at once: result files as Salesforce would write them."""
        manner = "header = true, all_varchar = true, quote = '\"', escape = '\"', delim = ','"
        sent = f"read_csv({quote_text(str(path))}, {manner})"
        new_id = '\'00Q\' || upper(left(md5("Email"), 15)) AS "sf__Id"'
        for kind, where in (("successfulResults", "true"), ("failedResults", "false")):
            more = "'true' AS \"sf__Created\"" if where == "true" else "'' AS \"sf__Error\""
            with duckdb.connect() as connection:
                connection.execute("SET preserve_insertion_order = false")
                connection.execute(
                    f"COPY (SELECT {new_id}, {more}, * FROM {sent} WHERE {where}) "  # noqa: S608
                    f"TO {quote_text(str(self._result(job_id, kind)))} (FORMAT csv, HEADER, FORCE_QUOTE *)"
                )

    def close(self, job_id: str) -> None:
        """There is nothing to begin."""

    def wait(self, job_id: str, on_poll: object) -> Job:
        """It has ended."""
        del on_poll
        return Job(job_id, JobState.COMPLETE)

    def download(self, job_id: str, kind: ResultKind, path: Path) -> None:
        """Hand over a result file."""
        self._result(job_id, kind).replace(path)

    def _result(self, job_id: str, kind: str) -> Path:
        return self.folder / f"{job_id}.{kind}.csv"


def plan(config: Path, kind: str, when: str = "first") -> None:
    """Plan, and say who would be sent.

    Args:
        config: The project.
        kind: `full`, or `incremental` for what `updated_at` tells.
        when: `first` from opening the store, as a run does, or `again` in one that is open and has planned
            before, as the daemon does.
    """
    watch = Stopwatch()
    answer = [0, 0]

    def keys(store: Store, size: int) -> tuple[dict[str, Any], ...]:
        with watch.halted():
            rows = store.arrow("plan_sample", {"size": 1 << 60})
            with duckdb.connect() as connection:
                connection.register("planned", rows)
                checksum = f"coalesce(sum(CAST('0x' || profile_key[:{KEY_DIGITS}] AS BIGINT)), 0)"
                found = connection.execute(f"SELECT count(*), {checksum} FROM planned").fetchall()  # noqa: S608
            answer[:] = map(int, found[0])
        return tuple(sample(store, size))

    options = sync.RunOptions(full=kind == "full")
    with _patched((sync, "sample", keys)):
        if when == "again":
            project = load(config)
            with _opened(project) as store:
                _one(_planned(store, project, options))
                with watch.running():
                    report = _planned(store, project, options)
        else:
            with watch.running():
                report = sync.plan(load(config), options, clock=SystemClock(), progress=Silent())
    _one(report)
    watch.tell(*answer)


def pushed(config: Path) -> None:
    """Plan one pushed change in a store that is open, as the daemon does, which is warm by then."""
    watch = Stopwatch()
    project = load(config)
    with _opened(project) as store:
        change = "INSERT INTO store.inbox SELECT 1, now(), 'profile', profile_key, $said, NULL, NULL, NULL "
        whose = "FROM store.acknowledged LIMIT 1 OFFSET $place"
        for place, counts in ((10, False), (1000, True)):
            store._connection.execute(change + whose, {"said": '{"phone": "+1 555"}', "place": place})  # noqa: SLF001
            with watch.running() if counts else nullcontext():
                report = _planned(store, project, sync.RunOptions(pushed=True))
        for table in ("pushed_profile", "pending"):  # the next measurement finds the store as it was
            store._connection.execute(f"DELETE FROM store.{table}")  # noqa: S608, SLF001
    if (found := _one(report).planned) != 2:  # noqa: PLR2004  (a plan changes nothing: the first still differs)
        raise SystemExit(f"{found} members differ, not the two that were pushed")
    watch.tell()


def fill(config: Path) -> None:
    """Run against an org that agrees to everything, and say what acknowledging took."""
    whole, watch = Stopwatch(), Stopwatch()
    settle_files, connect = LedgerWriter.settle_files, Connection._connect  # noqa: SLF001

    def settled(*arguments: Any, **more: Any) -> int:  # noqa: ANN401
        with watch.running():
            return settle_files(*arguments, **more)

    def agreeing(connection: Connection) -> Org:
        org = connect(connection)
        return Agreeing(org.session, org.clock, config.parent)

    with (
        _patched(
            (LedgerWriter, "settle_files", settled),
            (Connection, "_connect", agreeing),
            (routes, "BULK_CALLS", -1_000_000),
        ),
        whole.running(),
    ):
        report = _one(_run(config))
    path = load(config).store_path
    watch.tell(
        rows=report.accepted, bytes=path.stat().st_size, whole_seconds=whole.seconds, whole_cpu=whole.cpu
    )


def export(config: Path) -> None:
    """Run against the emulator."""
    watch = Stopwatch()
    with watch.running():
        report = _one(_run(config))
    watch.tell(rows=report.accepted)


def _opened(project: Project) -> Store:
    return Store.open(project.store_path, base=project.base, settings=project.store_settings)


def _planned(store: Store, project: Project, options: sync.RunOptions) -> RunReport:
    """A plan in an open store, with a connection of its own as each run of the daemon has."""
    with store.another() as connection:
        return sync.plan_in(connection, project, options, clock=SystemClock(), progress=Silent())


def _run(config: Path) -> RunReport:
    return sync.run(load(config), sync.RunOptions(), clock=SystemClock(), progress=Silent())


def _one(report: RunReport) -> SyncReport:
    (only,) = report.syncs
    if only.trouble:
        raise SystemExit(f"{only.trouble.message}\n{only.trouble.hint}")
    if only.invalid or only.rejected or only.unknown:
        raise SystemExit(f"{only.invalid} rows are invalid, {only.rejected} rejected, {only.unknown} unknown")
    return only


@contextmanager
def _patched(*replacements: tuple[object, str, object]) -> Iterator[None]:
    before = [getattr(owner, name) for owner, name, _ in replacements]
    for owner, name, value in replacements:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for (owner, name, _), value in zip(replacements, before, strict=True):
            setattr(owner, name, value)


def main(arguments: Sequence[str]) -> None:
    """`plan CONFIG full|incremental [again]`, `pushed CONFIG`, `fill CONFIG` or `export CONFIG`."""
    kind, config, *more = arguments
    if kind == "plan":
        plan(Path(config), *more)
    else:
        {"pushed": pushed, "fill": fill, "export": export}[kind](Path(config))


if __name__ == "__main__":
    main(sys.argv[1:])
