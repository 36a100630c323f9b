"""Asking the daemon that holds a store: one line of JSON there, one back.

The daemon greets with `{"pid": 1}`. There: `{"ask": "runs", "with": {"limit": 20}}`. Back: `{"answer": ...}`,
or `{"error": ...}` with kind, message, hint and exit_code. The asker hangs up when it needs no more.
"""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from audiencesync.daemon import place
from audiencesync.errors import DaemonRefused

T = TypeVar("T")
_GREETED_WITHIN_S = 10


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon that can be asked one question.

    Attributes:
        pid: Its process.
    """

    pid: int
    _line: socket.socket

    def ask(self, question: str, **more: object) -> Any:  # noqa: ANN401  (a document)
        """Wait for the answer, however long it takes.

        Raises:
            DaemonRefused: The daemon said why there is none.
        """
        with self._line.makefile("rw", encoding="utf-8") as line:
            line.write(json.dumps({"ask": question, "with": more}) + "\n")
            line.flush()
            said = line.readline()
        if not said:
            raise DaemonRefused(
                "Interrupted", "the daemon ended before it answered; state is kept", "ask again", 143
            )
        document = json.loads(said)
        if "error" in document:
            raise DaemonRefused(**document["error"])
        return document["answer"]


@contextmanager
def reached(store: Path) -> Iterator[Daemon | None]:
    """The daemon that holds a store, for one question; None when there is none."""
    where = place.to_ask(store)
    if where is None:
        yield None
        return
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.settimeout(_GREETED_WITHIN_S)
            line.connect(str(where))
            with line.makefile("r", encoding="utf-8") as greeting:
                hello: Mapping[str, Any] = json.loads(greeting.readline())
        except (OSError, ValueError):  # it was killed, or ends just now
            yield None
            return
        line.settimeout(None)  # a run takes as long as it takes
        yield Daemon(hello["pid"], line)


def written(value: object) -> Any:  # noqa: ANN401  (JSON)
    """Options and reports as they travel."""
    return TypeAdapter(type(value)).dump_python(value, mode="json")


def read(kind: type[T], document: object) -> T:
    """The same on the other side."""
    return TypeAdapter(kind).validate_python(document)
