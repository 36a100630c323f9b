"""What SOQL refuses, in Salesforce's words and with its place in the statement."""

from __future__ import annotations

_CONTEXT = 30


class SoqlError(Exception):
    """A statement is refused; `code` and `message` are what the API's error body carries."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def _is_boundary(char: str) -> bool:
    return char == "," or char.isspace()


def located(text: str, pos: int, code: str, message: str, *, syntax: bool = False) -> SoqlError:
    r"""An error that shows where it is: part of the line, a caret, row and column.

    The part shown reaches 30 characters to each side, and on to the next comma or white space. Columns
    count from 1, but the parser's own messages ("unexpected token") report the column counted from 0, so
    there the caret stands one place early.

    Args:
        text: The whole statement.
        pos: Where the fault begins.
        code: Salesforce error code.
        message: The sentence after the place.
        syntax: The parser found it.

    Source:
        Recorded replies quoted in public issues, among them forcedotcom/soql-tooling 86,
        vlocityinc/vlocity_build 364, airbytehq/airbyte 62877, celador/ForceCode 386 and
        restforce/restforce 688 ("unexpected token" style columns).
    """
    row = text.count("\n", 0, pos) + 1
    start_of_line = text.rfind("\n", 0, pos) + 1
    end_of_line = text.find("\n", pos)
    line = text[start_of_line : len(text) if end_of_line < 0 else end_of_line]
    column = max(pos - start_of_line + (0 if syntax else 1), 1)
    caret = column - 1
    start = max(caret - _CONTEXT, 0)
    while start > 0 and not _is_boundary(line[start - 1]):
        start -= 1
    end = min(caret + _CONTEXT, len(line))
    while end < len(line) and not _is_boundary(line[end]):
        end += 1
    place = f"ERROR at Row:{row}:Column:{column}"
    return SoqlError(code, f"\n{line[start:end]}\n{' ' * (caret - start)}^\n{place}\n{message}")
