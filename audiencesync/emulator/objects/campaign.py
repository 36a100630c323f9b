"""Campaign and CampaignMember.

Source:
    Object Reference, "Campaign" and "CampaignMember".
"""

from dataclasses import replace

from audiencesync.emulator.objects.build import (
    area,
    create_only,
    date,
    fixed,
    flag,
    money,
    named,
    percent,
    pick,
    ref,
    standard,
    text,
    whole,
)

CAMPAIGN = standard(
    "Campaign",
    "Campaign",
    "Campaigns",
    "701",
    named("Name", "Name", 80),
    ref("ParentId", "Parent Campaign ID", "Campaign", children="ChildCampaigns"),
    pick(
        "Type",
        "Type",
        "Conference|Webinar|Trade Show|Public Relations|Partners|Referral Program|Advertisement|Email",
    ),
    pick("Status", "Status", "Planned|In Progress|Completed|Aborted", default="Planned"),
    date("StartDate", "Start Date"),
    date("EndDate", "End Date"),
    money("ExpectedRevenue", "Expected Revenue"),
    money("BudgetedCost", "Budgeted Cost"),
    money("ActualCost", "Actual Cost"),
    percent("ExpectedResponse", "Expected Response (%)", 10, 2),
    replace(whole("NumberSent", "Num Sent"), type="double", precision=18, digits=0),
    flag("IsActive", "Active"),
    area("Description", "Description", 32000),
    owner="User",
)

MEMBER = standard(
    "CampaignMember",
    "Campaign Member",
    "Campaign Members",
    "00v",
    create_only(
        ref("CampaignId", "Campaign ID", "Campaign", required=True, cascade=True, children="CampaignMembers")
    ),
    create_only(ref("LeadId", "Lead ID", "Lead", cascade=True, children="CampaignMembers")),
    create_only(ref("ContactId", "Contact ID", "Contact", cascade=True, children="CampaignMembers")),
    pick("Status", "Status", "Sent|Responded", default="Sent"),
    fixed(flag("HasResponded", "Responded")),
    fixed(date("FirstRespondedDate", "First Responded Date")),
    fixed(text("Name", "Name", 203)),
    owner=None,
)

OBJECTS = (CAMPAIGN, MEMBER)
