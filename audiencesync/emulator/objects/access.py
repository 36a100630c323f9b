"""Permission sets, and the object and field permissions they grant.

Source:
    Object Reference, "PermissionSet", "PermissionSetAssignment", "FieldPermissions", "ObjectPermissions".
"""

from dataclasses import replace

from audiencesync.emulator.objects.build import area, create_only, flag, named, pick, ref, standard, text

PERMISSION_SET = standard(
    "PermissionSet",
    "Permission Set",
    "Permission Sets",
    "0PS",
    named("Name", "Permission Set Name", 80),
    text("Label", "Permission Set Label", 80, required=True),
    area("Description", "Description", 255),
    create_only(ref("ProfileId", "Profile ID", "Profile")),
    replace(flag("IsOwnedByProfile", "Is Owned By Profile"), createable=False, updateable=False),
    replace(flag("IsCustom", "Custom", default=True), createable=False, updateable=False),
    flag("PermissionsApiEnabled", "API Enabled"),
    flag("PermissionsBulkApiHardDelete", "Bulk API Hard Delete"),
    flag("PermissionsViewSetup", "View Setup and Configuration"),
    flag("PermissionsViewAllData", "View All Data"),
    flag("PermissionsModifyAllData", "Modify All Data"),
    owner=None,
    setup=True,
)

ASSIGNMENT = standard(
    "PermissionSetAssignment",
    "Permission Set Assignment",
    "Permission Set Assignment",
    "0Pa",
    create_only(
        ref(
            "PermissionSetId",
            "PermissionSet ID",
            "PermissionSet",
            required=True,
            cascade=True,
            children="Assignments",
        )
    ),
    create_only(ref("AssigneeId", "Assignee ID", "User", required=True, children="PermissionSetAssignments")),
    owner=None,
    setup=True,
)

_PARENT = create_only(ref("ParentId", "Parent ID", "PermissionSet", "Parent", required=True, cascade=True))
_OBJECT = create_only(replace(pick("SobjectType", "SObject Type Name", "", required=True), length=40))

FIELD_PERMISSIONS = standard(
    "FieldPermissions",
    "Field Permissions",
    "Field Permissions",
    "01k",
    replace(_PARENT, child_relationship="FieldPerms"),
    _OBJECT,
    create_only(replace(pick("Field", "Field Name", "", required=True), length=255)),
    flag("PermissionsRead", "Read Field"),
    flag("PermissionsEdit", "Edit Field"),
    owner=None,
    setup=True,
)

OBJECT_PERMISSIONS = standard(
    "ObjectPermissions",
    "Object Permissions",
    "Object Permissions",
    "110",
    replace(_PARENT, child_relationship="ObjectPerms"),
    _OBJECT,
    flag("PermissionsCreate", "Create Records"),
    flag("PermissionsRead", "Read Records"),
    flag("PermissionsEdit", "Edit Records"),
    flag("PermissionsDelete", "Delete Records"),
    flag("PermissionsViewAllRecords", "Read All Records"),
    flag("PermissionsModifyAllRecords", "Edit All Records"),
    owner=None,
    setup=True,
)

OBJECTS = (PERMISSION_SET, ASSIGNMENT, FIELD_PERMISSIONS, OBJECT_PERMISSIONS)
