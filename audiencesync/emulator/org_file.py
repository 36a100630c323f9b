"""`--org FILE`: an org in YAML or JSON, checked to the last key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from audiencesync.emulator import custom_fields
from audiencesync.emulator.custom_fields import FieldRefused
from audiencesync.emulator.errors import EmulatorError

if TYPE_CHECKING:
    from pathlib import Path

    from audiencesync.emulator.schema import Field as FieldType

Custom = Annotated[str, Field(pattern=r"^[A-Za-z](_?[A-Za-z0-9])*__c$")]
FieldPath = Annotated[str, Field(pattern=r"^\w+\.\w+$")]


class Strict(BaseModel):
    """A key that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OrganizationPart(Strict):
    """The org itself, and what it allows."""

    name: str = "Local Emulator"
    edition: Literal["Developer Edition", "Enterprise Edition", "Unlimited Edition"] = "Developer Edition"
    sandbox: bool = False
    daily_api_calls: Annotated[int, Field(gt=0)] = 15_000
    bulk_pace_s: Annotated[float, Field(ge=0)] = 0.2
    session_s: Annotated[int, Field(gt=0)] = 7200
    password_flow: bool = False
    refresh_rotation: bool = False


class UserPart(Strict):
    """A user; the first is the integration user, an administrator.

    Attributes:
        permissions: By object, all that the user may do; None makes an administrator.
    """

    username: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=80)]
    active: bool = True
    permissions: dict[str, list[Literal["read", "create", "edit", "delete", "view_all_records"]]] | None = (
        None
    )


class ObjectPart(Strict):
    """A custom object, or custom fields on a standard one.

    Attributes:
        fields: By API name, with the metadata of the Metadata API's CustomField; `values` is short for a
            restricted `valueSet`.
        name_label: Label of the name field of a custom object.
    """

    label: str | None = None
    plural: str | None = None
    name_label: str = "Name"
    fields: dict[Custom, dict[str, Any]] = {}


class ValidationRulePart(Strict):
    """Refuses records for which `when`, a SOQL condition, holds."""

    name: str
    object: str
    when: str
    message: Annotated[str, Field(max_length=255)]
    field: str | None = None


class DuplicateRulePart(Strict):
    """Detects records that are equal in all of `fields`."""

    name: str
    object: str
    fields: Annotated[list[str], Field(min_length=1)]
    action: Literal["block", "alert"] = "block"


class RecordTypePart(Strict):
    """A record type; `picklists` says, by field, which values it leaves."""

    name: str
    object: str
    developer_name: Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")]
    picklists: dict[str, list[str]] = {}


class AssignmentRulePart(Strict):
    """Gives new records of an object to a user, unless `Sforce-Auto-Assign: FALSE` says not to."""

    object: Literal["Lead", "Case"]
    owner: str


class OrgFile(Strict):
    """The whole file."""

    organization: OrganizationPart = OrganizationPart()
    users: Annotated[list[UserPart], Field(min_length=1)] = [UserPart(username="integration@example.com")]
    objects: dict[str, ObjectPart] = {}
    record_types: list[RecordTypePart] = []
    hidden_fields: list[FieldPath] = []
    read_only_fields: list[FieldPath] = []
    validation_rules: list[ValidationRulePart] = []
    duplicate_rules: list[DuplicateRulePart] = []
    assignment_rules: list[AssignmentRulePart] = []
    records: dict[str, list[dict[str, Any]]] = {}


def read(path: Path) -> OrgFile:
    """Read and check an org file.

    Raises:
        EmulatorError: It cannot be read, is no YAML, or has mistakes: each is listed with its key.
    """
    try:
        data = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise EmulatorError(f"org file {path} cannot be read: {error}") from error
    except YAMLError as error:
        raise EmulatorError(f"org file {path} is neither YAML nor JSON: {error}") from error
    try:
        return OrgFile.model_validate(data or {})
    except ValidationError as error:
        listed = [f"  {_place(item['loc'])}: {item['msg']}" for item in error.errors()]
        raise EmulatorError("\n".join([f"org file {path}:", *listed])) from error


def _place(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(item) for item in loc) or "(top)"


def field_metadata(given: dict[str, Any]) -> dict[str, Any]:
    """A field's metadata with the short `values` written out."""
    metadata = dict(given)
    values = metadata.pop("values", None)
    if values is not None:
        entries = [{"fullName": str(value), "default": False} for value in values]
        metadata["valueSet"] = {"restricted": True, "valueSetDefinition": {"value": entries}}
    return metadata


def build_field(path: Path, owner: str, name: str, given: dict[str, Any]) -> FieldType:
    """A custom field of the file.

    Raises:
        EmulatorError: Its metadata are wrong.
    """
    try:
        return custom_fields.build(name, field_metadata(given))
    except FieldRefused as refusal:
        place = f"objects.{owner}.fields.{name}.{refusal.key}"
        raise EmulatorError(f"org file {path}:\n  {place}: {refusal}") from refusal
