"""Somebody who pushes changes to a daemon, at a steady rate.

A loop over plain sockets: what the sender takes of the processors, the daemon beside it lacks.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import uvloop

_SENDERS = 8
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)

Answer: TypeAlias = tuple[str, float, float]


async def push(port: int, token: str, rate: float, together: int, members: Sequence[str]) -> list[Answer]:
    """Push a telephone number for each member, another one each time.

    Args:
        port: Where the daemon listens.
        token: What it wants to see.
        rate: Changes a second.
        together: Changes of one request; one alone goes to its own path.
        members: Their keys.

    Returns:
        Key; in seconds since 1970, when it was answered that the change is durable; and how many seconds that
        is after it was due, since a sender who waits for answers may fall behind.
    """
    free: asyncio.LifoQueue[_Line] = asyncio.LifoQueue()
    for _ in range(_SENDERS):
        free.put_nowait(_Line(port))
    answers: list[Answer] = []

    async def send(line: _Line, some: Sequence[str], due: float) -> None:
        await line.send(_request(token, some))
        answered = time.time()
        answers.extend((key, answered, answered - due) for key in some)
        free.put_nowait(line)

    begun = time.time()
    async with asyncio.TaskGroup() as sending:
        for place in range(0, len(members), together):
            due = begun + (place + together - 1) / rate
            await asyncio.sleep(max(0.0, due - time.time()))
            line = await free.get()
            sending.create_task(send(line, members[place : place + together], due))
    return answers


class _Line:
    """A connection, opened when it is needed: a server closes one that is idle for seconds."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> None:
        if self._ends is None or self._ends[0].at_eof():
            self._ends = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._ends
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        told = await reader.readexactly(int(length[1]) if length else 0)
        if not head.startswith(b"HTTP/1.1 200 "):
            raise SystemExit((head + told).decode())


def _request(token: str, some: Sequence[str]) -> bytes:
    said = {"phone": f"+1 {time.time_ns()}"}
    if len(some) == 1:
        line, body = f"PATCH /profiles/{some[0]}", json.dumps(said)
    else:
        profiles = [{"key": key, "attributes": said} for key in some]
        line, body = "POST /changes", json.dumps({"profiles": profiles})
    return (
        f"{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def main(port: int, token: str, rate: float, together: int, keys: Path) -> None:
    """Push to the members whose keys a file lists as JSON, and print the answers, a JSON list too."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        answers = runner.run(push(port, token, rate, together, json.loads(keys.read_text())))
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
