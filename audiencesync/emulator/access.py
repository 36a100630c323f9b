"""Object and field permissions: what a user sees, and what of it may be written.

Source:
    Object Reference, "ObjectPermissions", "FieldPermissions", "PermissionSet"; Bulk jobs answer "Field name
    not found" for a hidden field.
"""

from dataclasses import dataclass, replace

from audiencesync.emulator.org import Org
from audiencesync.emulator.schema import ObjectType

# access to these is that of their parent
_WITH_PARENT = {"OpportunityContactRole": "Opportunity", "CampaignMember": "Campaign"}
# these have no ObjectPermissions: everybody with API access reads and writes them
_WITHOUT = frozenset({"Task", "Event"})


@dataclass(frozen=True)
class View:
    """One object as one user sees it.

    Attributes:
        kind: The object with only its visible fields, and only what the user may do with it.
        read_only: Visible fields that the user may not write.
        sees_all: The user sees every record, whoever owns it.
    """

    kind: ObjectType
    read_only: frozenset[str]
    sees_all: bool


class Access:
    """What the users of an org may see; recomputed when metadata or permissions change."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._revision = -1
        self._views: dict[tuple[str, str], View | None] = {}

    def view(self, user_id: str, name: str) -> View | None:
        """An object as the user sees it; None when there is none of that name that the user may read."""
        kind = self._org.schema.find(name)
        if kind is None:
            return None
        if self._revision != self._org.revision:
            self._revision = self._org.revision
            self._views.clear()
        key = (user_id, kind.name)
        if key not in self._views:
            self._views[key] = self._make(user_id, kind)
        return self._views[key]

    def permission_sets(self, user_id: str) -> set[str]:
        """Ids of the permission sets assigned to a user, and of the one that the user's profile owns."""
        rows = self._org.tables["PermissionSetAssignment"].live()
        held = {str(row["PermissionSetId"]) for row in rows if row["AssigneeId"] == user_id}
        user = self._org.tables["User"].records.get(user_id)
        if user is not None:
            owned = self._org.tables["PermissionSet"].live()
            held |= {str(row["Id"]) for row in owned if row.get("ProfileId") == user["ProfileId"]}
        return held

    def allowed(self, user_id: str, permission: str) -> bool:
        """Whether any of the user's permission sets grants a user permission."""
        table = self._org.tables["PermissionSet"].records
        return any(
            table[item].get(permission) is True for item in self.permission_sets(user_id) if item in table
        )

    def _make(self, user_id: str, kind: ObjectType) -> View | None:
        granted = self._granted(user_id, kind)
        if "Read" not in granted:
            return None
        shown = replace(
            kind,
            createable=kind.createable and "Create" in granted,
            updateable=kind.updateable and "Edit" in granted,
            deletable=kind.deletable and "Delete" in granted,
        )
        return self._fields(user_id, shown, sees_all="ViewAllRecords" in granted)

    def _granted(self, user_id: str, kind: ObjectType) -> set[str]:
        """What the user may do with an object, as ObjectPermissions name it."""
        everything = {"Read", "Create", "Edit", "Delete", "ViewAllRecords"}
        if kind.setup or kind.name in _WITHOUT or self.allowed(user_id, "PermissionsModifyAllData"):
            return everything
        name = _WITH_PARENT.get(kind.name, kind.name)
        held = self.permission_sets(user_id)
        viewing = self.allowed(user_id, "PermissionsViewAllData")
        granted = {"Read", "ViewAllRecords"} if viewing else set()
        for row in self._org.tables["ObjectPermissions"].live():
            if row["ParentId"] in held and row["SobjectType"] == name:
                granted |= {item for item in everything if row.get(f"Permissions{item}")}
        return granted

    def _fields(self, user_id: str, kind: ObjectType, *, sees_all: bool) -> View:
        hidden = {name for owner, name in self._org.hidden if owner == kind.name}
        if not hidden:
            return View(kind, frozenset(), sees_all)
        held = self.permission_sets(user_id)
        readable, editable = set(), set()
        for row in self._org.tables["FieldPermissions"].live():
            if row["ParentId"] in held and row["SobjectType"] == kind.name:
                name = str(row["Field"]).partition(".")[2]
                if row.get("PermissionsRead"):
                    readable.add(name)
                if row.get("PermissionsEdit"):
                    editable.add(name)
        shown = kind
        for name in hidden - readable:
            shown = shown.without_field(name)
        return View(shown, frozenset(hidden & readable - editable), sees_all)
