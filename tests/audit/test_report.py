"""The audit rows, and the files that hold them."""

import json
import resource
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiencesync.audit.report import Format, audit_rows, write_report
from audiencesync.errors import StoreError, UsageError
from audiencesync.records import Route
from audiencesync.store import DiskFull
from tests.audit.books import RUN, Books, Push, accepted, document, small_run

# the store's Arrow reader goes through the DB-API, which DuckDB 2.0 comments on
pytestmark = pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result:UserWarning")

COLUMNS = [
    *("run_id", "sync", "profile_key", "match_value", "salesforce_id", "action", "reason", "changed"),
    *("outcome", "error_code", "error_message", "route", "job_id", "attempt", "sent_at", "answered_at"),
    "truncated",
]
GOLDEN = Path(__file__).parent / "golden"
FORMATS: tuple[Format, ...] = ("csv", "parquet", "json", "html")


def no_cure(code: str) -> str:
    return f"mend {code}"


def written(books: Books, format: Format, folder: Path) -> Path:  # noqa: A002
    path = folder / f"report.{format}"
    write_report(books.store, RUN, format, path, cure=no_cure)
    return path


def rows(books: Books) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = audit_rows(books.store, RUN).read_all().to_pylist()
    return found


def text_of(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_the_columns_are_those_that_the_reference_promises(books: Books) -> None:
    small_run(books)

    reader = audit_rows(books.store, RUN)

    assert reader.schema.names == COLUMNS
    assert reader.schema.field("sent_at").type == pa.timestamp("us", tz="UTC")
    assert reader.schema.field("truncated").type.value_type == pa.string()


def test_rows_come_by_place_in_the_run_and_what_we_stopped_comes_last(books: Books) -> None:
    small_run(books)

    assert [(row["profile_key"], row["attempt"], row["outcome"]) for row in rows(books)] == [
        ("k1", 1, "accepted"),
        ("k2", 1, "rejected"),
        ("k2", 2, "accepted"),
        ("k3", 1, "rejected"),
        ("k4", 1, "unknown"),
        ("k5", 1, "invalid"),
    ]


def test_syncs_come_one_after_the_other_by_name(books: Books) -> None:
    books.sync("z", sync_id=1)
    books.sync("a", "Contact", sync_id=2)
    books.run(RUN)
    for sync_id in (1, 2):
        writer = books.enqueue(RUN, [Push("k1"), Push("k2", invalid="CODE")], sync_id)
        books.settle(writer, {1: accepted("00QAAAAAAAAAAA2AAA")})

    assert [(row["sync"], row["profile_key"]) for row in rows(books)] == [
        ("a", "k1"),
        ("a", "k2"),
        ("z", "k1"),
        ("z", "k2"),
    ]


def test_a_row_tells_what_changed_from_what_to_what(books: Books) -> None:
    small_run(books)

    first, second, *_ = rows(books)

    assert json.loads(first["changed"]) == {"Email": [None, "ann@example.com"], "LastName": [None, "Ann"]}
    assert json.loads(second["changed"]) == {"Phone": ["1", None]}


def test_a_row_that_was_never_sent_is_not_in_the_report(books: Books) -> None:
    books.sync()
    books.run(RUN)
    writer = books.enqueue(RUN, [Push("k1"), Push("k2")])
    batch = books.take(writer, rows=1)
    writer.settle(batch, {1: accepted("00QAAAAAAAAAAA2AAA")}, transient=())

    assert [row["profile_key"] for row in rows(books)] == ["k1"]


def test_a_sent_row_without_an_answer_is_unknown_and_names_its_job(books: Books) -> None:
    books.sync()
    books.run(RUN)
    writer = books.enqueue(RUN, [Push("k1")])
    batch = books.take(writer, route=Route.BULK)
    writer.set_job(batch, "750AAAAAAAAAAA1AAA")

    (row,) = rows(books)

    assert (row["outcome"], row["error_code"], row["answered_at"]) == ("unknown", "ANSWER_LOST", None)
    assert (row["route"], row["job_id"]) == ("bulk", "750AAAAAAAAAAA1AAA")
    assert text_of(row["sent_at"]) == "2026-01-31T10:00:00.000000Z"


def test_a_crash_in_the_middle_of_recovery_does_not_show_a_row_twice(books: Books) -> None:
    books.sync()
    books.run(RUN)
    writer = books.enqueue(RUN, [Push("k1")])
    batch = books.take(writer)
    writer.record_unknown(batch)

    assert [row["outcome"] for row in rows(books)] == ["unknown"]


def test_a_row_whose_answer_came_in_a_later_run_stays_with_the_run_that_sent_it(books: Books) -> None:
    small_run(books)
    later = books.run("20260131T110000-bbbb")
    (opened,) = books.enqueue(later, []).open_batches()
    writer = books.enqueue(later, [])
    writer.settle(opened.batch, {4: accepted("00QAAAAAAAAAAA4AAA")}, transient=())

    assert {row["profile_key"]: row["outcome"] for row in rows(books)}["k4"] == "accepted"
    assert audit_rows(books.store, later).read_all().num_rows == 0


def test_the_rows_of_an_unknown_run_are_refused(books: Books, tmp_path: Path) -> None:
    small_run(books)

    with pytest.raises(UsageError, match="no run"):
        audit_rows(books.store, "nothing")
    for format_ in FORMATS:
        with pytest.raises(UsageError, match="no run"):
            write_report(books.store, "nothing", format_, tmp_path / "x", cure=no_cure)
    assert not (tmp_path / "x").exists()


def test_parquet_reads_back_as_the_audit_rows(books: Books, tmp_path: Path) -> None:
    small_run(books)

    table = pyarrow.parquet.read_table(written(books, "parquet", tmp_path))

    assert table.schema.names == COLUMNS
    assert table.schema.field("answered_at").type == pa.timestamp("us", tz="UTC")
    assert table.to_pylist() == rows(books)


def read_csv(books: Books, path: Path) -> list[dict[str, Any]]:
    cursor = books.store._connection.execute(
        "FROM read_csv($path, header = true, all_varchar = true, quote = '\"', escape = '\"', delim = ',')",
        {"path": str(path)},
    )
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def as_text(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "attempt": str(row["attempt"]),
        "sent_at": text_of(row["sent_at"]),
        "answered_at": text_of(row["answered_at"]),
    }


def test_csv_reads_back_as_the_audit_rows(books: Books, tmp_path: Path) -> None:
    small_run(books)

    path = written(books, "csv", tmp_path)

    read = read_csv(books, path)
    assert path.read_text(encoding="utf-8").splitlines()[0] == ",".join(COLUMNS)
    assert [{**row, "truncated": json.loads(row["truncated"])} for row in read] == [
        as_text(row) for row in rows(books)
    ]


def test_json_is_one_array_whose_rows_hold_the_changes_as_objects(books: Books, tmp_path: Path) -> None:
    small_run(books)

    read = json.loads(written(books, "json", tmp_path).read_text(encoding="utf-8"))

    assert [list(row) for row in read] == [COLUMNS] * 6
    assert read == [
        {
            **row,
            "changed": json.loads(row["changed"]),
            "sent_at": text_of(row["sent_at"]),
            "answered_at": text_of(row["answered_at"]),
        }
        for row in rows(books)
    ]


def test_json_is_written_as_it_was_agreed(books: Books, tmp_path: Path) -> None:
    small_run(books)

    text = written(books, "json", tmp_path).read_text(encoding="utf-8")

    assert text == (GOLDEN / "report.json").read_text(encoding="utf-8")


def test_a_run_that_sent_nothing_has_reports_without_rows(books: Books, tmp_path: Path) -> None:
    books.sync()
    books.run(RUN)
    books.begin(RUN)
    books.close_sync(RUN, document())

    assert rows(books) == []
    assert written(books, "csv", tmp_path).read_text().splitlines() == [",".join(COLUMNS)]
    assert json.loads(written(books, "json", tmp_path).read_text()) == []
    assert pyarrow.parquet.read_table(written(books, "parquet", tmp_path)).num_rows == 0
    assert "Nothing was sent" in written(books, "html", tmp_path).read_text(encoding="utf-8")


@pytest.mark.parametrize("format_", FORMATS)
def test_only_the_owner_may_read_a_report(books: Books, tmp_path: Path, format_: Format) -> None:
    small_run(books)
    path = tmp_path / f"report.{format_}"
    path.write_text("[]")  # a report of nothing
    path.chmod(0o644)

    write_report(books.store, RUN, format_, path, cure=no_cure)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() != b"[]"
    assert not list(tmp_path.glob(".audit-*"))


@pytest.mark.parametrize("format_", FORMATS)
def test_a_report_that_fails_leaves_what_was_there(
    books: Books, tmp_path: Path, format_: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_run(books)
    path = tmp_path / "report"
    path.write_text("[]")

    def run(statement: str, *_: object, **__: object) -> None:
        raise StoreError(statement, hint="")

    monkeypatch.setattr(books.store, "run", run)
    with pytest.raises(StoreError):
        write_report(books.store, RUN, format_, path, cure=no_cure)

    assert path.read_text() == "[]"
    assert sorted(item.name for item in tmp_path.iterdir() if "duckdb" not in item.name) == ["report"]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("name", ["missing/report", "folder", "/dev/null"])
def test_a_path_that_cannot_be_a_report_is_refused(
    books: Books, tmp_path: Path, format_: Format, name: str
) -> None:
    small_run(books)
    (tmp_path / "folder").mkdir()

    with pytest.raises(UsageError):
        write_report(books.store, RUN, format_, tmp_path / name, cure=no_cure)

    assert Path("/dev/null").is_char_device()


def test_a_link_stays_a_link(books: Books, tmp_path: Path) -> None:
    small_run(books)
    (tmp_path / "real.csv").touch()
    (tmp_path / "link.csv").symlink_to("real.csv")

    write_report(books.store, RUN, "csv", tmp_path / "link.csv", cure=no_cure)

    assert (tmp_path / "link.csv").readlink() == Path("real.csv")
    assert (tmp_path / "real.csv").read_text().startswith("run_id,")


def test_a_path_with_a_quote_in_it_is_a_path_like_any_other(books: Books, tmp_path: Path) -> None:
    small_run(books)
    folder = tmp_path / "it's; {here}"
    folder.mkdir()

    assert written(books, "csv", folder).stat().st_size > 0


VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.dictionaries(
        st.sampled_from(["Name", "Phone", "a.b"]), st.tuples(st.none() | VALUES, st.none() | VALUES)
    )
)
def test_every_value_survives_every_file(
    books: Books, tmp_path: Path, fields: dict[str, tuple[str | None, str | None]]
) -> None:
    books.execute("DELETE FROM store.ledger")
    books.execute("DELETE FROM store.run")
    books.sync()
    books.run(RUN)
    books.settle(books.enqueue(RUN, [Push("k", fields)]), {1: accepted("00QAAAAAAAAAAA2AAA")})
    expected = {name: list(pair) for name, pair in fields.items()}

    (from_csv,) = read_csv(books, written(books, "csv", tmp_path))
    (from_json,) = json.loads(written(books, "json", tmp_path).read_text(encoding="utf-8"))
    (from_parquet,) = pyarrow.parquet.read_table(written(books, "parquet", tmp_path)).to_pylist()

    assert json.loads(from_csv["changed"]) == expected
    assert from_json["changed"] == expected
    assert json.loads(from_parquet["changed"]) == expected


@pytest.mark.parametrize("format_", FORMATS)
def test_a_report_that_finds_no_room_is_a_full_disk_and_leaves_nothing(
    books: Books, tmp_path: Path, format_: Format
) -> None:
    small_run(books)
    folder = tmp_path / "reports"
    folder.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(DiskFull, match=rf"no room to write (beside )?{folder}/\S+: .*File too large \("):
            write_report(books.store, RUN, format_, folder / "report", cure=no_cure)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(folder.iterdir()) == []
