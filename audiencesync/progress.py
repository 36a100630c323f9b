"""How long work shows that it moves. The command line draws bars; everybody else is silent."""

from typing import Protocol


class Progress(Protocol):
    """A listener to work that takes a while."""

    def begin(self, label: str, total: int | None) -> None:
        """A step begins; `total` is its number of rows, or None when nobody knows."""
        ...

    def advance(self, rows: int) -> None:
        """That many more rows are done."""
        ...

    def called(self) -> None:
        """One more API call is made, in a step or between two."""
        ...

    def end(self) -> None:
        """The step is over, well or badly."""
        ...


class Silent:
    """Shows nothing."""

    def begin(self, label: str, total: int | None) -> None:
        """Nothing."""

    def advance(self, rows: int) -> None:
        """Nothing."""

    def called(self) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""
