"""What the journal was told to keep is in it once it says so, in order, and once."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audiencesync.errors import StoreError
from audiencesync.store import DiskFull, Journal, Place, forget_entries, journal, journal_entries

START = Place(0, 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store.duckdb.journal"


@pytest.fixture
def kept(folder: Path) -> Iterator[Journal]:
    one = Journal(folder, START)
    yield one
    one.close()


def said(folder: Path, taken: Place = START) -> list[Any]:
    return [entry.read() for entry in journal_entries(folder, taken)]


def place(folder: Path) -> Place:
    *_, last = journal_entries(folder, START)
    return last.place


def failing(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)


def test_entries_are_there_in_their_order_while_more_are_added(folder: Path, kept: Journal) -> None:
    assert said(folder) == []
    kept.append({"name": "Zoë\n\udc80"})
    taken = place(folder)
    kept.append([1, None])
    assert said(folder) == [{"name": "Zoë\n\udc80"}, [1, None]]
    assert said(folder, taken) == [[1, None]]
    kept.append([2, 3], 2)
    assert [entry.size for entry in journal_entries(folder, START)] == [1, 1, 2]


def test_only_its_owner_may_look(folder: Path, kept: Journal) -> None:
    kept.append("x")
    (file,) = folder.iterdir()
    assert [stat.S_IMODE(one.stat().st_mode) for one in (folder, file)] == [0o700, 0o600]


def test_an_entry_is_on_the_disk_with_the_name_of_its_file_when_it_is_kept(
    folder: Path, kept: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought = []
    fsync = os.fsync

    def note(number: int) -> None:
        fsync(number)
        brought.append(Path(f"/proc/self/fd/{number}").readlink())

    monkeypatch.setattr(os, "fsync", note)
    kept.append("x")
    (file,) = folder.iterdir()
    assert brought == [folder, file]
    kept.append("y")
    assert brought == [folder, file, file]


@pytest.mark.parametrize("cut", [1, 9, 15])
def test_an_entry_that_a_crash_has_torn_is_none(folder: Path, kept: Journal, cut: int) -> None:
    kept.append("whole")
    size = place(folder).byte
    kept.append("torn by a crash")
    kept.close()
    (file,) = folder.iterdir()
    os.truncate(file, size + cut)
    os.truncate(file, size + 40)  # the file system has not written the rest, and says zeros
    assert said(folder) == ["whole"]

    after = Journal(folder, START)
    after.append("later")
    after.close()
    assert said(folder) == ["whole", "later"]


def test_an_entry_without_the_end_of_its_line_is_none_yet(folder: Path, kept: Journal) -> None:
    kept.append("whole")
    (file,) = folder.iterdir()
    line = file.read_bytes()
    file.write_bytes(line[:-1])
    assert said(folder) == []
    file.write_bytes(line)
    assert said(folder) == ["whole"]


def test_an_entry_that_is_seen_half_written_is_no_damage(
    folder: Path, kept: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.append("one")
    kept.append("two")
    (file,) = folder.iterdir()
    lines = file.read_bytes()
    file.write_bytes(lines[:-5])
    whole = journal._whole

    def grows_meanwhile(line: bytes) -> bytes | None:
        if not line.endswith(b"\n"):
            with file.open("ab") as rest:
                rest.write(lines[-5:] + lines)
        return whole(line)

    with monkeypatch.context() as patched:
        patched.setattr(journal, "_whole", grows_meanwhile)
        assert said(folder) == ["one"]
    assert said(folder) == ["one", "two", "one", "two"]


def test_damage_before_what_was_kept_is_an_error_that_says_where(folder: Path, kept: Journal) -> None:
    for text in ("one", "two", "three"):
        kept.append(text)
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes().replace(b"two", b"tvo"))
    with pytest.raises(StoreError) as refused:
        said(folder)
    assert f"{file} is damaged at byte {len(file.read_bytes().splitlines()[0]) + 1}" in str(refused.value)
    assert "tvo" not in str(refused.value)


def test_nothing_is_left_of_what_could_not_be_kept(
    folder: Path, kept: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.append("before")
    with monkeypatch.context() as patched:
        failing(patched, errno.ENOSPC)
        with pytest.raises(DiskFull, match="No space left"):
            kept.append("lost")
        failing(patched, errno.EIO)
        with pytest.raises(StoreError, match=r"cannot be written: .*Input/output error"):
            kept.append("lost too")
    kept.append("after")
    assert said(folder) == ["before", "after"]


def test_a_disk_that_stays_full_leaves_neither_files_nor_handles(
    folder: Path, kept: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.append("before")
    kept.close()
    handles = len(list(Path("/proc/self/fd").iterdir()))
    with monkeypatch.context() as patched:
        failing(patched, errno.ENOSPC)
        for _ in range(3):
            with pytest.raises(DiskFull):
                kept.append("lost")
    assert len(list(folder.iterdir())) == 1
    assert len(list(Path("/proc/self/fd").iterdir())) == handles
    kept.append("after")
    assert said(folder) == ["before", "after"]


def test_files_are_removed_once_all_in_them_is_taken_and_nobody_adds_to_them(
    folder: Path, kept: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_LARGEST", 40)
    for number in range(4):
        kept.append(f"some twenty bytes {number}")  # two are a file
    first, second = sorted(folder.iterdir())
    forget_entries(folder, Place(int(first.name), first.stat().st_size))
    assert list(folder.iterdir()) == [second]
    forget_entries(folder, Place(int(second.name), second.stat().st_size - 1))
    assert list(folder.iterdir()) == [second], "something is left in it"

    kept.append("four")
    taken = place(folder)
    forget_entries(folder, taken)
    assert [one.name > second.name for one in folder.iterdir()] == [True], "it is being added to"
    kept.append("five")
    assert said(folder, taken) == ["five"]
    kept.close()
    forget_entries(folder, place(folder))
    assert list(folder.iterdir()) == []


def test_a_later_journal_begins_behind_all_that_was_taken(folder: Path) -> None:
    """A file of a number that was used before would be taken for one that is taken."""
    taken = Place(7, 1234)
    one = Journal(folder, taken)
    one.append("x")
    one.close()
    assert said(folder, taken) == ["x"]
