"""simple-salesforce on top of our session, for what it does well: describe and query.

It is handed a stand-in for a `requests.Session` that passes every call to ours. So the token, the renewal,
time-outs, the retry policy and the call meter are ours; its own handling of 401 and of errors never comes
into play, since it sees successful answers only. It takes 0.4 s to import, so it is imported on first use.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from audiencesync.salesforce.session import Kind, Session

if TYPE_CHECKING:
    from simple_salesforce.api import Salesforce, SFType

_HOST = "the-session-knows.invalid"
_TOKEN = "the-session-knows"  # noqa: S105 - a placeholder


class _Passage(requests.Session):
    """Looks like a `requests.Session` to simple-salesforce; reads only."""

    def __init__(self, session: Session, kind: Kind) -> None:
        super().__init__()
        self._session = session
        self._kind = kind

    def request(  # type: ignore[override]  # simple-salesforce passes no more than these
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Take the path and the query; leave its host, token and headers behind."""
        del headers
        parts = urlsplit(url)
        if method != "GET":
            raise ValueError(f"{method}: only queries and describe go through simple-salesforce")
        return self._session.get(self._kind, parts.path, params=params)


def querying(session: Session) -> "Salesforce":
    """A `simple_salesforce.Salesforce` for queries, whose calls `session` makes."""
    from simple_salesforce.api import Salesforce  # noqa: PLC0415 - slow to import

    return Salesforce(
        instance_url=f"https://{_HOST}",
        session_id=_TOKEN,
        version=session.api_version,
        session=_Passage(session, "query"),
    )


def describing(session: Session, object_name: str) -> "SFType":
    """A `simple_salesforce.SFType` of one object, whose calls `session` makes."""
    from simple_salesforce.api import SFType  # noqa: PLC0415 - slow to import

    return SFType(
        object_name, _TOKEN, _HOST, sf_version=session.api_version, session=_Passage(session, "describe")
    )


def soql(template: str, **values: object) -> str:
    """A statement with its values quoted and escaped; `{name:literal}` is inserted as it is."""
    from simple_salesforce.format import format_soql  # noqa: PLC0415 - slow to import

    return str(format_soql(template, **values))
