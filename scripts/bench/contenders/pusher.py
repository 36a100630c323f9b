"""Somebody who pushes one change at a time to a daemon, at a steady rate."""

import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import local

_SENDERS = 8
_LINES = local()


def main(port: int, token: str, rate: float, keys: Path) -> None:
    """Push a telephone number for each key.

    Args:
        port: Where the daemon listens.
        token: What it wants to see.
        rate: Changes a second.
        keys: A JSON list.

    Prints a JSON list: key and, in seconds since 1970, when it was answered that the change is durable.
    """
    accepted: SimpleQueue[tuple[str, float]] = SimpleQueue()

    def push(number: int, key: str) -> None:
        if not hasattr(_LINES, "line"):
            _LINES.line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        body = json.dumps({"phone": f"+1 555 {number:07}"})
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        _LINES.line.request("PATCH", f"/profiles/{key}", body, headers)
        answer = _LINES.line.getresponse()
        told = answer.read()
        if answer.status != http.client.OK:
            raise SystemExit(f"{answer.status}: {told.decode()}")
        accepted.put((key, time.time()))

    begun = time.perf_counter()
    with ThreadPoolExecutor(_SENDERS) as senders:
        sent = []
        for number, key in enumerate(json.loads(keys.read_text())):
            time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            sent.append(senders.submit(push, number, key))
        for one in sent:
            one.result()
    found = []
    while not accepted.empty():
        found.append(accepted.get())
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), Path(sys.argv[4]))
