"""Field-level security: which fields a user sees, and which of them may be written.

Source:
    Object Reference, "FieldPermissions"; Bulk jobs answer "Field name not found" for a hidden field.
"""

from dataclasses import dataclass

from audiencesync.emulator.org import Org
from audiencesync.emulator.schema import ObjectType


@dataclass(frozen=True)
class View:
    """One object as one user sees it.

    Attributes:
        kind: The object with only its visible fields.
        read_only: Visible fields that the user may not write.
    """

    kind: ObjectType
    read_only: frozenset[str]


class Access:
    """What the users of an org may see; recomputed when metadata or permissions change."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._revision = -1
        self._views: dict[tuple[str, str], View] = {}

    def view(self, user_id: str, name: str) -> View | None:
        """An object as the user sees it; None when there is none of that name."""
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
        """Ids of the permission sets assigned to a user."""
        rows = self._org.tables["PermissionSetAssignment"].live()
        return {str(row["PermissionSetId"]) for row in rows if row["AssigneeId"] == user_id}

    def allowed(self, user_id: str, permission: str) -> bool:
        """Whether any of the user's permission sets grants a user permission."""
        table = self._org.tables["PermissionSet"].records
        return any(
            table[item].get(permission) is True for item in self.permission_sets(user_id) if item in table
        )

    def _make(self, user_id: str, kind: ObjectType) -> View:
        hidden = {name for owner, name in self._org.hidden if owner == kind.name}
        if not hidden:
            return View(kind, frozenset())
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
        return View(shown, frozenset(hidden & readable - editable))
