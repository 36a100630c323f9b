"""Marked people and marked secrets go through everything; only the store and Salesforce may know them."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import COMMAND
from tests.world import World, person, running_org

MARK = "Kanarienvogel"
MAY_HOLD = {
    "store.duckdb",
    "store.duckdb.wal",
    "profiles.csv",
    "memberships.csv",
    "consumer_key",
    "audiencesync.yaml",
}


@pytest.fixture
def marked(tmp_path: Path) -> Any:
    with running_org() as org:
        yield World(tmp_path, org)


def marked_person(number: int, **values: Any) -> dict[str, Any]:
    data = {
        "name": f"{MARK} {number}",
        "company": f"{MARK} AG",
        "email": f"{MARK}{number}@example.com",
        "phone": f"+49 {MARK[:4]} {number}",
    }
    return person(number, **{**data, **values})


def everything_said(world: World, *words: str) -> str:
    """Both streams of a command; a run at its most talkative."""
    world.project()
    scratch = world.folder / "tmp"
    scratch.mkdir(exist_ok=True)
    ended = subprocess.run(
        [str(COMMAND), *words, *(["-v"] if words[0] == "run" else [])],
        cwd=world.folder,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert list(scratch.iterdir()) == [], "something was left in the temporary folder"
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.stdout + ended.stderr


@pytest.mark.slow
def test_no_person_and_no_secret_shows_outside_the_store(marked: World) -> None:
    """Accepted, rejected, invalid, duplicate, lost, paused, refused and broken: each path says its piece."""
    org, said = marked.org, []
    crowd = [marked_person(number) for number in range(10, 6200)]
    crowd += [
        marked_person(1, email=f"{MARK}@@broken"),
        marked_person(2, email=f"{MARK}10@example.com"),
        marked_person(3, phone=MARK * 9),
        marked_person(4, name=""),
    ]
    marked.people(crowd)
    said += [everything_said(marked, "run"), everything_said(marked, "run", "--json")]
    crowd[0]["phone"] = f"+1 {MARK[:4]}"
    marked.people(crowd)
    org.fault("drop_after", match={"path": "composite/sobjects"})
    said.append(everything_said(marked, "run"))
    crowd[1]["phone"] = f"+2 {MARK[:4]}"
    marked.people(crowd)
    org.fault("status", status=503, html=True, match={"path": "composite/sobjects|query"}, times=99)
    said.append(everything_said(marked, "run"))
    org.admin("DELETE", "faults")
    refusal = [{"message": f"{MARK} cannot be parsed", "errorCode": "INVALID_FIELD"}]
    org.fault("status", status=400, body=refusal, match={"path": "composite/sobjects"})
    said.append(everything_said(marked, "run"))
    org.admin("POST", "app", {"approved": False})
    said.append(everything_said(marked, "run"))
    marked.people(
        [*crowd, {**crowd[5], "id": f"{MARK}@key.example"}, {**crowd[6], "id": f"{MARK}@key.example"}]
    )
    said.append(everything_said(marked, "run"))
    (marked.folder / "profiles.csv").write_text(f'id,name\n1,"{MARK}\n2,{MARK},{MARK},,,\n')
    said.append(everything_said(marked, "run"))
    said += [
        everything_said(marked, "status"),
        everything_said(marked, "runs"),
        everything_said(marked, "plan"),
    ]

    secrets = [org.greeting["consumer_key"], "PRIVATE KEY", MARK, MARK.lower(), MARK[:4]]
    for text in said:
        assert [word for word in secrets if word in text] == []
    for file in marked.folder.rglob("*"):
        if file.is_file() and file.name not in MAY_HOLD:
            content = file.read_bytes()
            assert [word for word in secrets if word.encode() in content] == [], file.name


def test_the_store_can_be_read_by_its_owner_alone(marked: World) -> None:
    marked.people([marked_person(1)])
    marked.run_one()

    assert (marked.folder / "store.duckdb").stat().st_mode & 0o077 == 0
