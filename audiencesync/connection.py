"""The org of a project, made on first use: a run with nothing to send needs neither secret nor network."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from audiencesync.clock import Clock
from audiencesync.config.load import Project
from audiencesync.config.models import JwtBearer
from audiencesync.errors import ConfigError, OtherOrg, SalesforceRefused
from audiencesync.ledger.meter import ApiMeter, stored_time
from audiencesync.objects import ObjectType
from audiencesync.store import Store

if TYPE_CHECKING:
    from audiencesync.salesforce.org import Org

DESCRIBE_AGE = timedelta(hours=24)
"""How long what describe said is believed; a refusal about a field ends it at once."""

_NOT_KNOWN = frozenset({400, 403, 404})

LEARNED_AGE = timedelta(days=7)
"""How long a route that an org refused is not tried again."""

_NO_COMPOSITE = "no composite"


class Line:
    """A signed-in org, on first use; kept from one run to the next, nobody signs in each time."""

    def __init__(self) -> None:
        self.org: Org | None = None

    def close(self) -> None:
        """Let go of it; the next run signs in anew."""
        if self.org is not None:
            self.org.session.close()
        self.org = None


class Connection:
    """One project's way to Salesforce.

    Args:
        project: Says where, and who signs in.
        store: Keeps what describe said.
        meter: Counts the calls.
        clock: Dates them.
        line: Where the org is kept; its owner closes it.
    """

    def __init__(self, project: Project, store: Store, meter: ApiMeter, clock: Clock, line: Line) -> None:
        self._line = line
        self._project = project
        self._store = store
        self._meter = meter
        self._clock = clock
        self._org: Org | None = None

    @property
    def org(self) -> "Org":
        """The org; at first use secrets are read and a token is asked for.

        Raises:
            ConfigError: A secret is missing, or the way to log in is not supported.
            OtherOrg: The store holds the state of another one.
            SignInRefused, SalesforceUnavailable: No token was had.
        """
        if self._org is None:
            if self._line.org is None:
                self._line.org = self._connect()
            self._org = self._line.org
            self._org.session.turn_to(self._meter)
        return self._org

    def look(self) -> None:
        """Sign in if the config says another way than the last time: a run with nothing to send would not.

        Raises:
            As `org`.
        """
        known = self._store.rows("org_get")
        if known and any(known[0][name] != value for name, value in self._way.items()):
            _ = self.org

    def describe(self, object_name: str, having: Sequence[str] = ()) -> ObjectType:
        """What the integration user may see of an object, from the store when it is young enough.

        One that lacks any of the fields `having` is asked for again: they may be new in the org.
        """
        from audiencesync.salesforce import describe  # noqa: PLC0415  (most runs send nothing)

        now = self._clock.now()
        cached = self._store.rows("described_get", {"object": object_name})
        if cached and cached[0]["described_at"] >= stored_time(now - DESCRIBE_AGE):
            with suppress(ValueError):  # another version of ours wrote it
                known = describe.load(cached[0]["document"])
                if all(known.field(one) for one in having):
                    return known
        described = self.org.describe(object_name)
        self._keep(object_name, describe.dump(described), cached)
        return described

    def picklist_values(self, object_name: str, record_type_id: str) -> Mapping[str, Sequence[str]]:
        """What a record type leaves of each picklist, kept beside describe and as long.

        Nothing is narrowed where the User Interface API does not know the object: Salesforce then judges.
        """
        now = self._clock.now()
        key = {"object": f"{object_name}/{record_type_id}"}
        cached = self._store.rows("described_get", key)
        if cached and cached[0]["described_at"] >= stored_time(now - DESCRIBE_AGE):
            values: dict[str, list[str]] = json.loads(cached[0]["document"])
            return values
        try:
            asked = dict(self.org.picklist_values(object_name, record_type_id))
        except SalesforceRefused as refusal:
            if refusal.status not in _NOT_KNOWN:
                raise
            asked = {}
        self._keep(key["object"], json.dumps(asked, ensure_ascii=False), cached)
        return asked

    def _keep(self, name: str, document: str, before: Sequence[Mapping[str, object]]) -> None:
        """Keep what was described; when it says something else than before, let parked rows go."""
        with self._store.transaction():
            self._store.run("described_drop", {"object": name})
            now = stored_time(self._clock.now())
            self._store.run("described_put", {"object": name, "now": now, "document": document})
            if before and before[0]["document"] != document:
                # what was refused may pass now, also where this object is only a parent
                self._store.run("parked_free")

    def forget_described(self) -> None:
        """Ask about every object again next time: what was refused may have been a parent's fault."""
        self._store.run("described_expire")

    def heed(self, codes: Iterable[str | None]) -> None:
        """Ask about every object again next time, if rows were rejected for what describe tells."""
        from audiencesync.salesforce import catalogue  # noqa: PLC0415  (most runs send nothing)

        if not catalogue.TOLD_BY_DESCRIBE.isdisjoint(codes):
            self.forget_described()

    def time_there(self) -> datetime | None:
        """The time by Salesforce's clock; None before it was asked anything."""
        return None if self._org is None else self._org.time

    @property
    def passing_codes(self) -> Sequence[str]:
        """Error codes that say nothing about the row that met them."""
        from audiencesync.salesforce import catalogue  # noqa: PLC0415  (most runs send nothing)

        return catalogue.passing_codes()

    @property
    def composite(self) -> bool:
        """The org takes Composite of Collections, as far as is known."""
        since = stored_time(self._clock.now() - LEARNED_AGE)
        return not self._store.row("learned_get", {"fact": _NO_COMPOSITE, "since": since})["learned"]

    def refuse_composite(self) -> None:
        """Remember that it does not, so that not every run tries."""
        self._store.run("learned_add", {"fact": _NO_COMPOSITE, "now": stored_time(self._clock.now())})

    def require(self, calls: int) -> None:
        """Raise BudgetSpent unless there is room for so many calls; an org that may have some is asked."""
        from audiencesync.salesforce.limits import limits  # noqa: PLC0415  (most runs send nothing)

        if self._meter.in_doubt(calls):
            with suppress(SalesforceRefused):  # a refusal tells the org's usage, too
                limits(self.org.session)
        self._meter.require(calls)

    @property
    def _way(self) -> Mapping[str, str]:
        """What decides which org is met: a login host has many, and the user's name tells them apart."""
        config = self._project.config.connection
        return {"login_url": config.login_url, "username": getattr(config.auth, "username", "")}

    def _check_org(self, found: str) -> None:
        """Hold the store to the org that its state is of; the first one is remembered."""
        known, now = self._store.rows("org_get"), {"org_id": found, **self._way}
        if known and known[0]["org_id"] != found:
            raise OtherOrg(
                f"{self._project.place(('connection', 'login_url'))} leads to org {found}, and the store "
                f"{self._project.store_path} holds what org {known[0]['org_id']} accepted",
                hint="give each org a store of its own, or go back to the user of that org and to login_url "
                f"{known[0]['login_url']}",
            )
        if not known or known[0] != now:
            with self._store.transaction():
                self._store.run("org_put", now)

    def _connect(self) -> "Org":
        from audiencesync.salesforce.auth import JwtBearer as Grant  # noqa: PLC0415  (heavy libraries)
        from audiencesync.salesforce.org import Org  # noqa: PLC0415
        from audiencesync.salesforce.session import Session  # noqa: PLC0415

        config = self._project.config.connection
        if not isinstance(config.auth, JwtBearer):
            place = self._project.place(("connection", "auth", "method"))
            raise ConfigError(
                f"{place}: {config.auth.method} cannot log in yet",
                hint="use method: jwt_bearer",
            )
        grant = Grant(
            config.login_url,
            config.auth.consumer_key.reveal(self._project.base),
            config.auth.username,
            config.auth.private_key.reveal(self._project.base),
            config.auth.audience,
        )
        session = Session.connect(
            grant,
            api_version=config.api_version,
            ca_bundle=self._project.ca_bundle_path,
            meter=self._meter,
            clock=self._clock,
        )
        try:
            if found := session.org_id:
                self._check_org(found)
        except BaseException:
            session.close()
            raise
        return Org(session, self._clock)
