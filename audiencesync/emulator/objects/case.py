"""Case.

Source:
    Object Reference, "Case"; recorded describe of a Developer Edition org.
"""

from dataclasses import replace

from audiencesync.emulator.objects.build import (
    area,
    email,
    fixed,
    flag,
    moment,
    phone,
    pick,
    ref,
    standard,
    text,
)
from audiencesync.emulator.schema import Record


def _status(record: Record) -> None:
    record["IsClosed"] = record.get("Status") == "Closed"
    if record["IsClosed"]:
        record.setdefault("ClosedDate", record["LastModifiedDate"])
    else:
        record.pop("ClosedDate", None)


CASE = standard(
    "Case",
    "Case",
    "Cases",
    "500",
    replace(
        fixed(text("CaseNumber", "Case Number", 30, required=True, id_lookup=True)),
        auto_number=True,
        display_format="{00000000}",
        defaulted=True,
        name_field=True,
    ),
    ref("ContactId", "Contact ID", "Contact", children="Cases"),
    ref("AccountId", "Account ID", "Account", children="Cases"),
    ref("ParentId", "Parent Case ID", "Case", children="Cases"),
    text("SuppliedName", "Name", 80),
    email("SuppliedEmail", "Email Address"),
    phone("SuppliedPhone", "Phone"),
    text("SuppliedCompany", "Company", 80),
    pick("Type", "Case Type", "Mechanical|Electrical|Electronic|Structural|Other"),
    pick("Status", "Status", "New|Working|Escalated|Closed", default="New"),
    pick(
        "Reason",
        "Case Reason",
        "Installation|Equipment Complexity|Performance|Breakdown|Equipment Design|Other",
    ),
    pick("Origin", "Case Origin", "Phone|Email|Web"),
    text("Subject", "Subject", 255),
    pick("Priority", "Priority", "High|Medium|Low", default="Medium"),
    area("Description", "Description", 32000),
    fixed(flag("IsClosed", "Closed")),
    fixed(moment("ClosedDate", "Closed Date")),
    flag("IsEscalated", "Escalated"),
    fixed(phone("ContactPhone", "Contact Phone")),
    fixed(email("ContactEmail", "Contact Email")),
    derive=_status,
)

OBJECTS = (CASE,)
