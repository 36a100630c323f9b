"""The repository's own files, as the house tests read them."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "audiencesync"
SQL = PACKAGE / "store" / "sql"

_FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    """A document by its path in the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def documents() -> list[Path]:
    """Everything written for people to read."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next of its level or above."""
    level = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert level, f"there is no heading {heading!r}"
    rest = text[level.end() :]
    after = re.search(rf"^#{{1,{len(level[1])}}} ", rest, re.MULTILINE)
    return rest[: after.start()] if after else rest


def fenced(text: str, kind: str) -> list[str]:
    """The contents of the fenced blocks of one kind."""
    return [block["text"] for block in _FENCE.finditer(text) if block["kind"] == kind]


def prose(text: str) -> str:
    """A document without its fenced blocks."""
    return _FENCE.sub("", text)


def table(text: str) -> list[list[str]]:
    """The cells of every table row, headings left out."""
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("|")]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    rules = {number for number, row in enumerate(rows) if all(set(cell) <= set("-: ") for cell in row)}
    headings = {number - 1 for number in rules}
    return [row for number, row in enumerate(rows) if number not in rules | headings]


def quoted(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def names_of_tests() -> set[str]:
    """Every test function of the repository."""
    files = (ROOT / "tests").rglob("test_*.py")
    return {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}


def tracked() -> Iterator[Path]:
    """Files that git knows, or will when they are added."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            yield ROOT / name
