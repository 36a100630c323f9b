"""The standard objects of a new org, with Salesforce's own types and lengths."""

from audiencesync.emulator.objects import access, account, activity, campaign, case, lead, opportunity, setup
from audiencesync.emulator.objects.build import AUDIENCE_FIELDS
from audiencesync.emulator.schema import ObjectType

_WITH_AUDIENCE_FIELDS = ("Lead", "Contact", "Account")


def standard_objects() -> list[ObjectType]:
    """Every standard object; Lead, Contact and Account carry the custom fields of the default org."""
    plain = [
        *lead.OBJECTS,
        *account.OBJECTS,
        *opportunity.OBJECTS,
        *case.OBJECTS,
        *activity.OBJECTS,
        *campaign.OBJECTS,
        *setup.OBJECTS,
        *access.OBJECTS,
    ]
    return [_with_audience_fields(item) if item.name in _WITH_AUDIENCE_FIELDS else item for item in plain]


def _with_audience_fields(item: ObjectType) -> ObjectType:
    for added in AUDIENCE_FIELDS:
        item = item.with_field(added)
    return item
