"""Somebody who pushes changes to a daemon, at a steady rate."""

import http.client
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import local

_SENDERS = 8
_LINES = local()


def main(port: int, token: str, rate: float, together: int, keys: Path) -> None:
    """Push a telephone number for each key, another one each time.

    Args:
        port: Where the daemon listens.
        token: What it wants to see.
        rate: Changes a second.
        together: Changes of one request; one alone goes to its own path.
        keys: A JSON list.

    Prints a JSON list: key; in seconds since 1970, when it was answered that the change is durable; and how
    many seconds that is after it was due, since a sender who waits for answers may fall behind.
    """
    accepted: SimpleQueue[tuple[str, float, float]] = SimpleQueue()

    def push(some: Sequence[str], due: float) -> None:
        if not hasattr(_LINES, "line"):
            _LINES.line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        said = {"phone": f"+1 {time.time_ns()}"}
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        if together == 1:
            _LINES.line.request("PATCH", f"/profiles/{some[0]}", json.dumps(said), headers)
        else:
            body = {"profiles": [{"key": key, "attributes": said} for key in some]}
            _LINES.line.request("POST", "/changes", json.dumps(body), headers)
        answer = _LINES.line.getresponse()
        told = answer.read()
        if answer.status != http.client.OK:
            raise SystemExit(f"{answer.status}: {told.decode()}")
        answered = time.time()
        for key in some:
            accepted.put((key, answered, answered - due))

    begun = time.time()
    with ThreadPoolExecutor(_SENDERS) as senders:
        sent = []
        members = json.loads(keys.read_text())
        for place in range(0, len(members), together):
            due = begun + (place + together - 1) / rate
            time.sleep(max(0.0, due - time.time()))
            sent.append(senders.submit(push, members[place : place + together], due))
        for one in sent:
            one.result()
    found = []
    while not accepted.empty():
        found.append(accepted.get())
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
