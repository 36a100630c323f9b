"""One running Salesforce instance: an org with its sessions, jobs, faults and request log."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any

from audiencesync.emulator import ids
from audiencesync.emulator.access import Access
from audiencesync.emulator.cursors import Cursors
from audiencesync.emulator.errors import ApiError
from audiencesync.emulator.faults import Faults
from audiencesync.emulator.http import Call, Reply
from audiencesync.emulator.save import Caller, Writer
from audiencesync.emulator.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audiencesync.emulator.access import View
    from audiencesync.emulator.changes import Changes, Savepoint
    from audiencesync.emulator.http import Router
    from audiencesync.emulator.jobs import Job, Jobs
    from audiencesync.emulator.oauth_flows import Code
    from audiencesync.emulator.org import Org
    from audiencesync.emulator.sessions import App
    from audiencesync.emulator.state import Keeper

OLDEST, NEWEST = 31, 68
RETIRED = range(7, OLDEST)
_LOG_LENGTH = 10_000
_DATA = re.compile(r"/services/data/v(?P<version>[^/]+)(/.*)?")
_ACCESS_OBJECTS = frozenset(
    {"FieldPermissions", "ObjectPermissions", "PermissionSet", "PermissionSetAssignment"}
)


class Instance:
    """Answers calls, one at a time.

    Attributes:
        folder: Where uploads and results are kept.
        own_urls: Base URLs under which this server is reached.
        apps: Connected apps by consumer key.
        log: The latest requests, oldest first.
        renew: Puts a new instance in this one's place.
    """

    def __init__(self, org: Org, router: Router, jobs: Jobs, folder: Path) -> None:
        self.org = org
        self.jobs = jobs
        self.folder = folder
        self.own_urls: tuple[str, ...] = ()
        self.access = Access(org)
        self.sessions = Sessions(org)
        self.apps: dict[str, App] = {}
        self.faults = Faults()
        self.log: deque[dict[str, Any]] = deque(maxlen=_LOG_LENGTH)
        self.router = router
        self.cursors = Cursors()
        self.codes: dict[str, Code] = {}
        self.keeper: Keeper | None = None
        self.savepoint: Savepoint | None = None
        self.renew: Callable[[], None] | None = None
        self._count = 0

    def next_id(self, prefix: str) -> str:
        """A fresh Id of something that is not a record."""
        self._count += 1
        return ids.make(prefix, self._count)

    def base_url(self, call: Call) -> str:
        """The address the caller used, so that every link in an answer works for them."""
        host = call.headers.get("host")
        return f"https://{host}" if host else self.own_urls[0]

    def handle(self, call: Call) -> Reply:
        """Answer a call from outside: session, meter, log, and the limit header."""
        with self.org.lock:
            before = self.org.meter.total
            data = _DATA.fullmatch(call.path)
            try:
                if data is not None:
                    call.maybe_session = self.sessions.use(call.headers.get("authorization", ""))
                    _check_version(data["version"])
                    self.org.meter.charge()
                reply = self.dispatch(call)
            except ApiError as error:
                reply = Reply(error.status, error.body)
            if data is not None and reply.status != 401:  # noqa: PLR2004
                reply.headers["Sforce-Limit-Info"] = f"api-usage={self.org.meter.used}/{self.org.meter.limit}"
            self._note(call, reply, self.org.meter.total - before)
            if self.keeper is not None:
                self.keeper.rest()
        return reply

    def dispatch(self, call: Call) -> Reply:
        """Find the resource and let it answer; Composite calls this for each subrequest.

        Raises:
            ApiError: The call is refused as a whole.
        """
        method = call.query.get("_HttpMethod", call.method).upper() if call.method == "POST" else call.method
        found, args = self.router.find(method, call.path)
        call.args = args
        call.version = args.get("version", "")
        if not found.public and call.maybe_session is None:
            call.maybe_session = self.sessions.use(call.headers.get("authorization", ""))
        return found.handler(self, call)

    def view(self, call: Call, name: str) -> View:
        """An object as the caller sees it.

        Raises:
            ApiError: 404, there is none of that name.
        """
        found = self.access.view(call.session.user_id, name)
        if found is None:
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        return found

    def writer(self, call: Call, view: View, changes: Changes) -> Writer:
        """The save pipeline for one object, with what the caller's headers ask for.

        Source:
            REST API guide, "Assignment Rule Header": `TRUE` counts for created and updated records, an Id for
            created ones.
        """
        assign = call.headers.get("sforce-auto-assign", "true").lower()
        header = call.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()
        caller = Caller(
            call.session.user_id,
            allow_duplicates="allowsave=true" in re.split("[,;]", header),
            assign=assign != "false",
            reassign=assign == "true",
        )
        return Writer(self.org, view, caller, changes)

    def commit(self, changes: Changes, job: Job | None = None) -> None:
        """Make a call's changes last, with the progress of the job they belong to.

        Inside an all-or-none Composite they wait for the other subrequests.
        """
        if self.savepoint is not None:
            self.savepoint.hold(changes)
            return
        touched = changes.touched()
        if any(name in _ACCESS_OBJECTS for name, _ in touched):
            self.org.metadata_changed()
        if self.keeper is not None:
            self.keeper.records(touched, job)

    def _note(self, call: Call, reply: Reply, calls: int) -> None:
        query = "&".join(f"{name}={value}" for name, value in call.query.items())
        self.log.append(
            {
                "at": self.org.now(),
                "method": call.method,
                "path": call.path,
                "query": query,
                "status": reply.status,
                "api_calls": calls,
                "headers": {name: value for name, value in call.headers.items() if _logged(name)},
            }
        )


def _logged(header: str) -> bool:
    """Headers that say what a client wants; never its credentials."""
    return header.startswith(("sforce-", "content-", "accept-encoding", "user-agent"))


def _check_version(version: str) -> None:
    number, _, minor = version.partition(".")
    if not number.isdecimal() or minor != "0" or int(number) > NEWEST or int(number) < RETIRED.start:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    if int(number) in RETIRED:
        raise ApiError(410, "UNSUPPORTED_API_VERSION", "The requested API version has been retired")
