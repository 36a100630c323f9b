"""An org made as its org file says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audiencesync.emulator import org_file
from audiencesync.emulator.changes import Changes
from audiencesync.emulator.errors import ApiError, EmulatorError
from audiencesync.emulator.json_rows import RowReader
from audiencesync.emulator.objects.build import named, ref, standard
from audiencesync.emulator.rules import DuplicateRule, RecordTypeRule, ValidationRule
from audiencesync.emulator.save import Caller, Writer
from audiencesync.emulator.soql_view import compile_query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.org_file import DuplicateRulePart, OrgFile, UserPart, ValidationRulePart
    from audiencesync.emulator.schema import ObjectType, Record

_LIMITED = "Minimum Access - API Only Integrations"
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


class Setup:
    """Carries an org file into an instance, in the order in which things need one another."""

    def __init__(self, instance: Instance, path: Path, content: OrgFile) -> None:
        self._instance = instance
        self._org = instance.org
        self._path = path
        self._content = content

    def before_records(self) -> None:
        """Settings, objects and fields: needed before any record exists or is read back."""
        part, settings = self._content.organization, self._org.settings
        settings.organization, settings.edition, settings.sandbox = part.name, part.edition, part.sandbox
        settings.bulk_pace_s, settings.session_s = part.bulk_pace_s, part.session_s
        settings.password_flow, settings.refresh_rotation = part.password_flow, part.refresh_rotation
        settings.username = self._content.users[0].username
        if self._content.users[0].permissions is not None:
            raise self._wrong("users.0.permissions", "the first user is an administrator")
        self._org.meter.limit = part.daily_api_calls
        for number, (name, given) in enumerate(self._content.objects.items()):
            kind = self._org.schema.find(name) or self._new_object(name, given, number)
            for field_name, metadata in given.fields.items():
                kind = kind.with_field(org_file.build_field(self._path, name, field_name, metadata))
            self._org.put_type(kind)
        for place, record_type in enumerate(self._content.record_types):
            kind = self._kind(f"record_types.{place}.object", record_type.object)
            for name in record_type.picklists:
                if name not in kind.by_name or not kind.by_name[name].choices:
                    raise self._wrong(f"record_types.{place}.picklists.{name}", f"no picklist of {kind.name}")
            self._org.put_type(kind.with_field(ref("RecordTypeId", "Record Type ID", "RecordType")))
        self._check_references()

    def rules(self) -> None:
        """Validation and duplicate rules; they live in memory alone."""
        for place, rule in enumerate(self._content.validation_rules):
            self._org.validation_rules.append(self._validation(f"validation_rules.{place}", rule))
        for place, duplicate in enumerate(self._content.duplicate_rules):
            self._org.duplicate_rules.append(self._duplicate(f"duplicate_rules.{place}", duplicate))

    def records(self) -> None:
        """Users, field-level security and records of a new org."""
        profile = next(iter(self._org.table("Profile").records))
        for part in self._content.record_types:
            self._org.add(
                "RecordType",
                {
                    "Name": part.name,
                    "DeveloperName": part.developer_name,
                    "SobjectType": self._kind("record_types", part.object).name,
                    "IsActive": True,
                },
            )
        self._record_types()
        for user in self._content.users[1:]:
            if user.permissions is None:
                self._org.add_user(user.username, profile, active=user.active)
            else:
                self._limited_user(user, user.permissions)
        owned = next(iter(self._org.table("PermissionSet").records))
        for readable, path in [
            *((False, item) for item in self._content.hidden_fields),
            *((True, item) for item in self._content.read_only_fields),
        ]:
            key = "read_only_fields" if readable else "hidden_fields"
            owner, name = path.split(".")
            kind = self._kind(key, owner)
            if kind.find(name) is None:
                raise self._wrong(key, f"there is no field {path}")
            self._org.hidden.add((kind.name, kind.by_name[name].name))
            if readable:
                self._org.add(
                    "FieldPermissions",
                    {
                        "ParentId": owned,
                        "SobjectType": kind.name,
                        "Field": path,
                        "PermissionsRead": True,
                        "PermissionsEdit": False,
                    },
                )
        self._org.metadata_changed()
        for name, rows in self._content.records.items():
            self._rows(self._kind(f"records.{name}", name), rows)

    def after_records(self) -> None:
        """What refers to records: record types and assignment rules."""
        self._record_types()
        for place, rule in enumerate(self._content.assignment_rules):
            found = self._org.table("User").find("Username", rule.owner)
            if not found:
                raise self._wrong(f"assignment_rules.{place}.owner", f"there is no user {rule.owner}")
            self._org.assignment_owners[rule.object] = found[0]

    def _limited_user(self, user: UserPart, permissions: Mapping[str, Sequence[str]]) -> None:
        """A user who may do what is listed and nothing else."""
        known = [str(row["Id"]) for row in self._org.table("Profile").live() if row["Name"] == _LIMITED]
        profile = known[0] if known else self._org.add("Profile", {"Name": _LIMITED})
        user_id = self._org.add_user(user.username, profile, active=user.active)
        name = "Objects_" + "".join(letter if letter.isalnum() else "_" for letter in user.username)
        held = self._org.add(
            "PermissionSet", {"Name": name[:80], "Label": name[:80], "PermissionsApiEnabled": True}
        )
        self._org.add("PermissionSetAssignment", {"PermissionSetId": held, "AssigneeId": user_id})
        for object_name, actions in permissions.items():
            kind = self._kind(f"users.{user.username}.permissions", object_name)
            flags = {f"Permissions{action.title().replace('_', '')}": True for action in actions}
            self._org.add("ObjectPermissions", {"ParentId": held, "SobjectType": kind.name, **flags})

    def _record_types(self) -> None:
        known = {
            (row["SobjectType"], row["DeveloperName"]): str(row["Id"])
            for row in self._org.table("RecordType").live()
        }
        for place, part in enumerate(self._content.record_types):
            kind = self._kind("record_types", part.object)
            found = known.get((kind.name, part.developer_name))
            if found is None:
                raise self._wrong(
                    f"record_types.{place}", "the state folder was made without this record type"
                )
            picklists = {name: frozenset(values) for name, values in part.picklists.items()}
            self._org.record_types[found] = RecordTypeRule(kind.name, picklists)

    def _new_object(self, name: str, given: org_file.ObjectPart, number: int) -> ObjectType:
        if not name.endswith("__c"):
            raise self._wrong(
                f"objects.{name}", "there is no standard object of that name; custom ones end in __c"
            )
        label = given.label or name.removesuffix("__c").replace("_", " ")
        prefix = f"a{_BASE36[number // 36]}{_BASE36[number % 36]}"
        name_field = named("Name", given.name_label, 80, required=False, id_lookup=True)
        return standard(name, label, given.plural or f"{label}s", prefix, name_field, custom=True)

    def _check_references(self) -> None:
        for name, given in self._content.objects.items():
            for field_name in given.fields:
                for target in self._kind("objects", name).by_name[field_name].reference_to:
                    if self._org.schema.find(target) is None:
                        key = f"objects.{name}.fields.{field_name}.referenceTo"
                        raise self._wrong(key, f"there is no object {target}")

    def _validation(self, key: str, rule: ValidationRulePart) -> ValidationRule:
        kind = self._kind(key, rule.object)
        if rule.field is not None and kind.find(rule.field) is None:
            raise self._wrong(f"{key}.field", f"there is no field {kind.name}.{rule.field}")
        return ValidationRule(kind.name, self._condition(key, kind, rule.when), rule.message, rule.field)

    def _condition(self, key: str, kind: ObjectType, when: str) -> Callable[[Record], bool]:
        instance = self._instance
        text = f"SELECT Id FROM {kind.name} WHERE {when}"  # noqa: S608 - SOQL, of the org's own administrator
        try:
            plan = compile_query(self._org, instance.access, self._org.user_id, text)
        except ApiError as error:
            raise self._wrong(f"{key}.when", str(error)) from error
        return lambda record: any(plan.matching([record]))

    def _duplicate(self, key: str, rule: DuplicateRulePart) -> DuplicateRule:
        kind = self._kind(key, rule.object)
        for name in rule.fields:
            if name not in kind.by_name:
                raise self._wrong(f"{key}.fields", f"there is no field {kind.name}.{name}")
        return DuplicateRule(kind.name, rule.name, tuple(rule.fields), rule.action == "alert")

    def _rows(self, kind: ObjectType, rows: list[dict[str, object]]) -> None:
        view = self._instance.access.view(self._org.user_id, kind.name)
        if view is None:
            raise self._wrong(f"records.{kind.name}", "the integration user cannot see this object")
        writer = Writer(self._org, view, Caller(self._org.user_id), Changes())
        reader = RowReader(self._org.schema, view.kind)
        for place, row in enumerate(rows):
            key = f"records.{kind.name}.{place}"
            try:
                outcome = writer.insert(reader.read(row))
            except ApiError as error:
                raise self._wrong(key, str(error)) from error
            if outcome.error is not None:
                raise self._wrong(key, f"{outcome.error.code}: {outcome.error.message}")

    def _kind(self, key: str, name: str) -> ObjectType:
        kind = self._org.schema.find(name)
        if kind is None:
            raise self._wrong(key, f"there is no object {name}")
        return kind

    def _wrong(self, key: str, message: str) -> EmulatorError:
        return EmulatorError(f"org file {self._path}:\n  {key}: {message}")
