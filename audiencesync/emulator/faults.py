"""Scripted trouble: what a network, an edge or a busy org does to a call."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

KINDS = frozenset(
    {
        "status",
        "slow",
        "drop_before",
        "drop_after",
        "truncate_body",
        "fail_job",
        "lock_rows",
        "expire_session",
    }
)
_HTML = "<html><head><title>Error</title></head><body><h1>We are down for maintenance.</h1></body></html>"
_CODES = {
    500: (
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. Please include this ErrorId if you contact support: 1",
    ),
    502: ("BAD_GATEWAY", "Bad Gateway"),
    503: ("SERVER_UNAVAILABLE", "Server unavailable"),
}


@dataclass
class Fault:
    """One scripted fault.

    Attributes:
        method: HTTP method it waits for; empty is any.
        path: Regular expression searched in the path and query.
        times: How many matching calls it strikes.
        skip: How many matching calls pass before.
        status: For `status`: the HTTP status.
        html: For `status`: an HTML body in place of JSON.
        body: For `status`: a JSON body of the test's own.
        seconds: For `slow`: how long the answer is held back, after the call was carried out.
        rows: For `fail_job`: rows that are processed before the job fails.
        message: For `fail_job`: the job's errorMessage.
    """

    kind: str
    method: str = ""
    path: str = ""
    times: int = 1
    skip: int = 0
    status: int = 503
    html: bool = False
    body: object = None
    seconds: float = 0.0
    rows: int = 0
    message: str = "InternalServerError : Unable to process the batch"
    struck: int = 0
    _pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._pattern = re.compile(self.path)

    def strikes(self, method: str, target: str) -> bool:
        """Whether this fault hits the call; a hit is used up."""
        if self.struck >= self.times or (self.method and self.method.upper() != method):
            return False
        if self._pattern.search(target) is None:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.struck += 1
        return True

    def answer(self) -> tuple[int, str, object]:
        """Status, content type and body of a `status` fault."""
        if self.html:
            return self.status, "text/html;charset=UTF-8", _HTML.encode()
        code, message = _CODES.get(self.status, ("UNKNOWN_EXCEPTION", "Scripted by the test"))
        body = self.body if self.body is not None else [{"message": message, "errorCode": code}]
        return self.status, "application/json;charset=UTF-8", body


class Faults:
    """The script: faults in the order they were added."""

    def __init__(self) -> None:
        self.script: list[Fault] = []

    def next(self, method: str, target: str, kinds: frozenset[str]) -> Fault | None:
        """The first fault of these kinds that hits the call."""
        return next(
            (item for item in self.script if item.kind in kinds and item.strikes(method, target)), None
        )
