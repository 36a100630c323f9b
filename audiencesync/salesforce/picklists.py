"""What a record type leaves of its object's picklists; describe shows them whole."""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from audiencesync.errors import SalesforceUnavailable
from audiencesync.salesforce.session import Session

MASTER = "012000000000000AAA"
"""The record type of records that have none."""


def picklist_values(session: Session, object_name: str, record_type_id: str) -> Mapping[str, tuple[str, ...]]:
    """Ask for the active values of every picklist that a record of this type may hold.

    A dependent picklist comes whole: which value of the other field allows which of its values is left out.

    Args:
        session: Who asks.
        object_name: API name.
        record_type_id: One of the object's record types; `MASTER` for records without one.

    Returns:
        By field name in Salesforce's spelling.

    Raises:
        SalesforceRefused: There is no such record type, or the User Interface API does not know the object.
        SalesforceUnavailable: No usable answer came.

    Source:
        User Interface API Developer Guide, "Get Values for All Picklist Fields of a Record Type".
    """
    path = (
        f"ui-api/object-info/{quote(object_name, safe='')}/picklist-values/{quote(record_type_id, safe='')}"
    )
    document = session.get_json("picklists", path)
    try:
        fields = document["picklistFieldValues"]  # type: ignore[index]  # whatever it is, it is caught
        return MappingProxyType(
            {str(name): tuple(str(one["value"]) for one in field["values"]) for name, field in fields.items()}
        )
    except (KeyError, TypeError, AttributeError):
        unreadable = SalesforceUnavailable(
            f"the picklists of {object_name} cannot be read", hint="run again; check connection.api_version"
        )
    raise unreadable
