"""Every `--json` document against its golden file, from a real run; and the same answers for people."""

import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from audiencesync.config.load import load
from audiencesync.config.schema import json_schema
from audiencesync.demo.salesforce import Greeting

from .conftest import Cli, write_project
from .helpers import check_golden, without_chance

pytestmark = pytest.mark.slow

_HOSTS = iter(range(1000))


@pytest.fixture
def ran(cli: Cli, org: Greeting, tmp_path: Path) -> Path:
    """A project after its first run: three customers accepted, one rejected, one invalid."""
    write_project(tmp_path, org)
    people = tmp_path / "people.csv"
    people.write_text(people.read_text().replace("example.com", f"host{next(_HOSTS)}.example.com"))
    done = cli("run", "--json")
    assert done.code == 1, done.err
    return tmp_path


def free_parked(folder: Path, command: list[str]) -> None:
    """Change the two rows that were refused, so that a run has something to send."""
    if command[0] in {"run", "plan"}:
        people = folder / "people.csv"
        people.write_text(people.read_text().replace("Broken,", "Broken,Co").replace("Twin,", "Twin,Co"))


def plain(text: str, folder: Path) -> str:
    """The text without what differs from test to test."""
    host = (folder / "people.csv").read_text().partition("zlutoucky@")[2].partition("\n")[0]
    return without_chance(text).replace(host, "HOST").replace(host.upper(), "HOST")


@pytest.mark.parametrize(
    "command",
    [["run"], ["plan"], ["status"], ["runs"], ["history", "1"], ["report", "--format", "csv"]],
    ids=lambda command: command[0],
)
def test_a_document_is_as_in_its_golden_file(cli: Cli, ran: Path, command: list[str]) -> None:
    free_parked(ran, command)
    done = cli(*command, "--json")
    assert done.code == (1 if command[0] in {"run", "plan"} else 0), done.err
    assert isinstance(done.document, dict)
    check_golden(f"json-{command[0]}.json", plain(done.out, ran))


@pytest.mark.parametrize(
    "command", [["run"], ["plan"], ["runs"], ["status"], ["history", "1"]], ids=lambda command: command[0]
)
def test_what_a_person_reads_is_as_in_its_golden_file(cli: Cli, ran: Path, command: list[str]) -> None:
    free_parked(ran, command)
    done = cli(*command)
    # how wide a column is depends on how long the run took; other tests see that columns line up
    text = re.sub(r" {2,}", "  ", re.sub(r"\b\d+\.\d\d\b", "0.00", plain(done.out, ran)))
    check_golden(f"text-{command[0]}.txt", text)


def test_a_run_says_why_rows_were_not_accepted_and_what_next(cli: Cli, ran: Path) -> None:
    done = cli("retry")
    assert done.code == 1
    assert "1  rejected  INVALID_EMAIL_ADDRESS  The e-mail address is not valid" in done.out
    assert "1  invalid   DUPLICATE_MATCH_VALUE  Another profile has the same match value" in done.out
    last = done.out.splitlines()[-1]
    assert last.startswith("see what was not accepted, row by row: audiencesync report ")
    assert cli(*last.partition("audiencesync ")[2].split()).code == 0
    assert list(ran.glob("audit-*.html"))


def test_a_run_with_nothing_but_parked_rows_is_0_and_says_how_many(cli: Cli, ran: Path) -> None:
    for command in ("plan", "run"):
        done = cli(command)
        assert done.code == 0
        told = "2 parked until they change; to send them again: audiencesync retry --sync leads\n"
        assert told in done.out
    assert cli(*told.partition("audiencesync ")[2].split()).code == 1


def test_status_tells_what_is_parked_and_its_cure(cli: Cli, ran: Path) -> None:
    told = cli("status")
    assert re.search(r"leads +1 +INVALID_EMAIL_ADDRESS +The e-mail address is not valid", told.out)
    (sync,) = cli("status", "--json").document["syncs"]
    codes = {code["error_code"]: code["rows"] for code in sync["parked"]}
    assert codes == {"INVALID_EMAIL_ADDRESS": 1, "DUPLICATE_MATCH_VALUE": 1}


def test_a_source_that_is_broken_shows_in_status_and_in_the_runs_of_its_sync(cli: Cli, ran: Path) -> None:
    (ran / "people.csv").unlink()
    failed = cli("run", "--json").document["error"]["message"]

    (sync,) = cli("status", "--json").document["syncs"]
    assert (sync["last_run"]["status"], sync["last_run"]["error"]) == ("failed", failed)
    assert re.search(r"^sync +error\nleads +\S", cli("status").out, re.MULTILINE)
    newest, _ = cli("runs", "--sync", "leads", "--json").document["runs"]
    assert (newest["run_id"], newest["error"]) == (sync["last_run"]["run_id"], failed)
    assert re.search(
        rf"^{newest['run_id']} +failed +leads ", cli("runs", "--sync", "leads").out, re.MULTILINE
    )


def test_retry_by_code_sends_those_rows_and_says_when_there_are_none(cli: Cli, ran: Path) -> None:
    (sync,) = cli("retry", "--code", "invalid_email_address", "--json").document["syncs"]
    assert (sync["planned"], sync["rejected"], sync["parked"]) == (1, 1, 2)
    none = cli("retry", "--code", "STRING_TOO_LONG")
    assert (none.code, none.err) == (0, "nothing is parked with STRING_TOO_LONG\n")


def test_nothing_changed_and_nothing_wrong_is_0(cli: Cli, ran: Path) -> None:
    people = ran / "people.csv"
    people.write_text("".join(people.read_text().splitlines(keepends=True)[:4]))
    assert cli("run").code == 0
    done = cli("run", "--json")
    assert done.code == 0
    assert (done.document["status"], done.document["syncs"][0]["api_calls"]) == ("succeeded", 0)


def test_a_guard_holds_with_5_until_it_is_lifted(cli: Cli, ran: Path) -> None:
    people = ran / "people.csv"
    people.write_text("".join(people.read_text().splitlines(keepends=True)[:2]))
    held = cli("run")
    assert held.code == 5
    assert "--allow-exits" in held.err
    assert cli("run", "--allow-exits").code == 0
    people.write_text(people.read_text().splitlines(keepends=True)[0])
    held = cli("plan")
    assert held.code == 5
    assert "--allow-empty-source" in held.err
    assert cli("run", "--allow-empty-source", "--allow-exits").code == 0


def test_salesforce_that_refuses_is_6(cli: Cli, org: Greeting, tmp_path: Path) -> None:
    write_project(tmp_path, org)
    (tmp_path / "key.txt").write_text("3MVG9nobodyKnowsThisKey")
    done = cli("run")
    assert done.code == 6
    assert "3MVG9" not in done.out + done.err


def test_backfill_sends_every_member_again(cli: Cli, ran: Path) -> None:
    done = cli("run", "--backfill", "--json")
    (sync,) = done.document["syncs"]
    assert (sync["mode"], sync["accepted"], sync["created"]) == ("backfill", 3, 0)


def test_history_is_found_by_match_value_and_record_too(cli: Cli, ran: Path) -> None:
    pushes = cli("history", "2", "--json").document["pushes"]
    assert pushes
    (push,) = pushes
    for key in (push["match_value"].upper(), push["salesforce_id"]):
        assert cli("history", key, "--json").document["pushes"] == pushes
    assert cli("history", "2", "--json", "--sync", "leads").document["pushes"] == pushes
    unknown = cli("history", "nobody")
    assert (unknown.code, unknown.out) == (0, "nothing was ever sent under that key\n")


@pytest.mark.parametrize("form", ["html", "csv", "parquet", "json"])
def test_a_report_is_written_where_it_is_wanted_and_its_path_is_printed(
    cli: Cli, ran: Path, form: str
) -> None:
    done = cli("report", "latest", "--format", form, "-o", f"mine.{form}")
    assert (done.code, done.out) == (0, f"mine.{form}\n")
    assert (ran / f"mine.{form}").stat().st_size > 0
    named = cli("report", "--format", form).out.strip()
    assert (ran / named).is_file()


def test_a_report_of_an_unknown_run_is_2(cli: Cli, ran: Path) -> None:
    done = cli("report", "19990101T000000")
    assert done.code == 2
    assert "there is no run" in done.err
    assert not list(ran.glob("audit-*"))


def test_runs_are_listed_newest_first_and_no_more_than_asked_for(cli: Cli, ran: Path) -> None:
    newest = cli("run", "--json").document["run_id"]
    assert load(ran / "audiencesync.yaml").store_path.exists()
    (one,) = cli("runs", "-n", "1", "--json").document["runs"]
    assert one["run_id"] == newest
    assert len(cli("runs", "--json", "--sync", "leads").document["runs"]) == 2


def test_the_schema_is_the_configs(cli: Cli) -> None:
    assert json.loads(cli("schema").out) == json_schema()


def test_the_store_says_what_takes_its_room_and_can_be_made_smaller(cli: Cli, ran: Path) -> None:
    document = cli("store", "info", "--json").document
    rows = {table["name"]: table["rows"] for table in document["tables"]}
    assert (rows["ledger"], rows["acknowledged"], rows["parked"], rows["outbox"]) == (5, 3, 2, 0)
    assert all(table["holds"] for table in document["tables"])
    taken = sum(table["bytes"] for table in document["tables"]) + document["bytes"]["free"]
    assert 0 < taken <= document["bytes"]["file"] == (ran / "audiences.duckdb").stat().st_size
    assert [document["bytes"][name] for name in ("log", "scratch", "journal")] == [0, 0, 0]
    assert document["ledger"]["first_push"]
    assert (document["ledger"]["keep"], document["ledger"]["kept_since"]) == (None, None)

    told = cli("store", "info")
    assert (told.code, told.err) == (0, "")
    assert re.search(r"\nledger +5 +0\.\d MB +every push and its outcome\n", told.out)
    assert "kept for ever" in told.out

    smaller = cli("store", "compact", "--json").document
    assert smaller["bytes_after"] <= smaller["bytes_before"] == document["bytes"]["file"]
    assert re.fullmatch(
        r".*audiences\.duckdb: \d\.\d MB before, \d\.\d MB now\n", cli("store", "compact").out
    )
    assert cli("run").code == 0


@pytest.mark.parametrize("place", ["audiences.duckdb", "./audiences.duckdb.wal", "audiencesync.yaml", "link"])
def test_a_report_never_takes_the_place_of_a_file_of_the_project(cli: Cli, ran: Path, place: str) -> None:
    (ran / "link").symlink_to(ran / "audiences.duckdb")
    before = {path.name: path.read_bytes() for path in ran.iterdir() if path.is_file()}

    done = cli("report", "-o", place)

    assert (done.code, done.out) == (2, "")
    assert "is a file of the project itself" in done.err
    assert {path.name: path.read_bytes() for path in ran.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("form", ["html", "csv", "parquet", "json"])
def test_a_report_takes_the_place_of_a_report_and_of_nothing_else(cli: Cli, ran: Path, form: str) -> None:
    (ran / "empty").touch()  # as mktemp leaves it
    for name in ("new", "empty", "new"):
        assert cli("report", "--format", form, "-o", name).code == 0
    shutil.copy(ran / "new", ran / "earlier")
    for other in ("html", "csv", "parquet", "json"):
        assert cli("report", "--format", other, "-o", "earlier").code == 0

    people = f"COPY (SELECT 'k1' AS profile_key, 'Ann' AS name) TO '{ran}/people.parquet'"
    duckdb.execute(people)
    (ran / "key.pem").write_text("-----BEGIN PRIVATE KEY-----")
    (ran / "people.json").write_text('[{"id": "k1"}]')
    (ran / "page.html").write_text("<!DOCTYPE html><title>Mine</title>")
    (ran / "others.csv").write_text("run_id,name\n1,Ann\n")
    theirs = ("people.parquet", "key.pem", "people.json", "page.html", "others.csv")
    before = {name: (ran / name).read_bytes() for name in theirs}
    for name in theirs:
        done = cli("report", "--format", form, "-o", name)
        assert (done.code, done.out) == (2, "")
        assert f"{name} is there already, and is no audit report" in done.err
    assert {name: (ran / name).read_bytes() for name in theirs} == before


def test_a_report_goes_to_a_file_only(cli: Cli, ran: Path) -> None:
    done = cli("report", "--format", "csv", "-o", "-")

    assert (done.code, done.out) == (2, "")
    assert "a report is not written to standard output" in done.err
    assert not (ran / "-").exists()


def test_history_does_not_say_never_of_a_ledger_that_was_cut(cli: Cli, ran: Path) -> None:
    config = ran / "audiencesync.yaml"
    config.write_text(config.read_text().replace("version: 1\n", "version: 1\nstore: {keep_ledger: 30d}\n"))
    with duckdb.connect(str(ran / "audiences.duckdb")) as store:
        store.execute("UPDATE ledger SET answered_at = answered_at - INTERVAL 40 DAY")
    told = cli("store", "compact").out
    assert told.endswith("5 pushes were older than keep_ledger and are dropped\n")
    assert cli("history", "1").out.startswith("nothing was sent under that key since 20")
    assert cli("history", "1", "--json").document["ledger_since"].startswith("20")
    people = ran / "people.csv"
    people.write_text(people.read_text().replace("O'Neill", "O'Neal"))
    cli("run")
    note, *pushes = cli("history", "3").out.splitlines()
    assert note.startswith("the ledger is whole since 20")
    assert any("O'Neal" in line for line in pushes)
    assert "kept for 30d; whole since 20" in cli("store", "info").out
