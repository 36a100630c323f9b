"""Task and Event.

Source:
    Object Reference, "Task" and "Event"; recorded describe of Event.
"""

from dataclasses import replace

from audiencesync.emulator.objects.build import (
    area,
    date,
    fixed,
    flag,
    moment,
    pick,
    ref,
    standard,
    text,
    whole,
)
from audiencesync.emulator.schema import Record

_WHO = ref("WhoId", "Name ID", "Contact|Lead", "Who", children="Tasks")
_WHAT = ref("WhatId", "Related To ID", "Account|Campaign|Case|Opportunity", "What", children="Tasks")
_SUBJECT = replace(
    text("Subject", "Subject", 255),
    type="combobox",
    name_field=True,
    choices=pick("", "", "Call|Email|Other").choices,
)


def _task_status(record: Record) -> None:
    record["IsClosed"] = record.get("Status") == "Completed"


TASK = standard(
    "Task",
    "Task",
    "Tasks",
    "00T",
    _WHO,
    _WHAT,
    _SUBJECT,
    date("ActivityDate", "Due Date Only"),
    pick(
        "Status",
        "Status",
        "Not Started|In Progress|Completed|Waiting on someone else|Deferred",
        default="Not Started",
        required=True,
    ),
    pick("Priority", "Priority", "High|Normal|Low", default="Normal", required=True),
    fixed(flag("IsHighPriority", "High Priority")),
    area("Description", "Description", 32000),
    fixed(ref("AccountId", "Account ID", "Account", children="Tasks")),
    fixed(flag("IsClosed", "Closed")),
    whole("CallDurationInSeconds", "Call Duration"),
    pick("CallType", "Call Type", "Internal|Inbound|Outbound"),
    text("CallDisposition", "Call Result", 255),
    flag("IsReminderSet", "Reminder Set"),
    moment("ReminderDateTime", "Reminder Date/Time"),
    derive=_task_status,
)

EVENT = standard(
    "Event",
    "Event",
    "Events",
    "00U",
    replace(_WHO, child_relationship="Events"),
    replace(_WHAT, child_relationship="Events"),
    _SUBJECT,
    text("Location", "Location", 255),
    flag("IsAllDayEvent", "All-Day Event"),
    moment("ActivityDateTime", "Due Date Time"),
    date("ActivityDate", "Due Date Only"),
    whole("DurationInMinutes", "Duration"),
    moment("StartDateTime", "Start Date Time"),
    moment("EndDateTime", "End Date Time"),
    area("Description", "Description", 32000),
    fixed(ref("AccountId", "Account ID", "Account", children="Events")),
    flag("IsPrivate", "Private"),
    pick("ShowAs", "Show Time As", "Busy|OutOfOffice|Free", default="Busy"),
    flag("IsReminderSet", "Reminder Set"),
    moment("ReminderDateTime", "Reminder Date/Time"),
)

OBJECTS = (TASK, EVENT)
