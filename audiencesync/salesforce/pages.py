"""CSV that comes in pages behind locators, streamed into one file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from audiencesync.errors import SalesforceUnavailable
from audiencesync.salesforce.session import Kind, Session

_NO_LOCATOR = frozenset({"", "null"})
_NO_MARKS = bytes(byte for byte in range(256) if byte not in b'"\n')


def download_pages(session: Session, kind: Kind, resource: str, path: Path) -> int:
    """Write all pages of a result to `path` with one header line: UTF-8 whatever the header says.

    `path` appears only when the file is whole.

    Args:
        session: Who reads.
        kind: What each page is charged as.
        resource: Below the REST API.
        path: The file.

    Returns:
        Rows, as counted in the file.

    Raises:
        SalesforceRefused: There is no such result.
        SalesforceUnavailable: It never arrived whole.

    Source:
        Bulk API 2.0 Developer Guide, "Get Results for a Query Job".
    """
    part = path.with_name(path.name + ".part")
    rows = 0
    params: Mapping[str, str] | None = None
    try:
        while True:
            page = _Page(part, begin=0 if params is None else part.stat().st_size)
            locator = session.download(kind, resource, page.receive, params=params)
            rows += page.rows
            if locator in _NO_LOCATOR:
                break
            params = {"locator": locator}
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return rows


class _Page:
    """Writes one page of a file from `begin` on; only the first page keeps its header line."""

    def __init__(self, part: Path, *, begin: int) -> None:
        self._part = part
        self._begin = begin
        self.rows = 0

    def receive(self, headers: Mapping[str, str], pieces: Iterator[bytes]) -> str:
        """Take a page; begins anew when called again.

        Raises:
            SalesforceUnavailable: The page has not the rows it was announced with.
        """
        lines = _Lines()
        with self._part.open("wb" if self._begin == 0 else "r+b") as file:
            file.seek(self._begin)
            file.truncate()
            self._write(file, lines, pieces)
        self.rows = max(0, lines.count - 1)
        announced = headers.get("Sforce-NumberOfRecords", "")
        if announced.isdecimal() and int(announced) != self.rows:
            raise SalesforceUnavailable(
                f"a page of {announced} rows arrived with {self.rows}", hint="run again: it is asked for anew"
            )
        return headers.get("Sforce-Locator", "")

    def _write(self, file: IO[bytes], lines: "_Lines", pieces: Iterator[bytes]) -> None:
        in_header = self._begin > 0
        for piece in pieces:
            lines.take(piece)
            data = piece
            if in_header:
                _, newline, data = piece.partition(b"\n")
                in_header = not newline
            file.write(data)
        if lines.end():
            file.write(b"\n")  # so that the next page begins on a line of its own


class _Lines:
    """Counts the lines of a CSV; a line break within quotes ends none."""

    def __init__(self) -> None:
        self.count = 0
        self._quoted = False
        self._open = False

    def take(self, piece: bytes) -> None:
        # two quotes without a line break between them change nothing; few are left
        marks = piece.translate(None, _NO_MARKS).replace(b'""', b"")
        for at, text in enumerate(marks.split(b'"')):
            if at:
                self._quoted = not self._quoted
            if not self._quoted:
                self.count += text.count(b"\n")
        if piece:
            self._open = not piece.endswith(b"\n") or self._quoted

    def end(self) -> bool:
        """Whether the last line had no end; it counts as well."""
        self.count += self._open
        return self._open
