"""What the thread that works is told by the others: words, and the work that somebody wants."""

from enum import Enum
from queue import SimpleQueue

from audiencesync.daemon.door import Work


class Word(Enum):
    """What a signal says, or who takes pushed changes in."""

    STOP = "stop"
    RELOAD = "reload"
    PUSHED = "pushed"
    """Something is in the inbox, or wants to be learned."""


class Wanted(SimpleQueue[Word | Work]):
    """The words and work that wait."""

    def __init__(self) -> None:
        self._rung: set[Word] = set()

    def ring(self, word: Word) -> None:
        """Say a word that need not wait twice; from any thread."""
        if word not in self._rung:
            self._rung.add(word)
            self.put(word)

    def heard(self, word: Word) -> None:
        """It is taken, and may be said again."""
        self._rung.discard(word)

    def asked(self) -> int:
        """How much waits that somebody asked for."""
        return max(0, self.qsize() - len(self._rung))
