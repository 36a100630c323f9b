"""Opportunity and OpportunityContactRole.

Source:
    Object Reference, "Opportunity" and "OpportunityContactRole".
"""

from audiencesync.emulator.objects.build import (
    area,
    create_only,
    date,
    decimal,
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
from audiencesync.emulator.objects.lead import SOURCES
from audiencesync.emulator.schema import Record

_STAGES = {
    "Prospecting": 10,
    "Qualification": 10,
    "Needs Analysis": 20,
    "Value Proposition": 50,
    "Id. Decision Makers": 60,
    "Perception Analysis": 70,
    "Proposal/Price Quote": 75,
    "Negotiation/Review": 90,
    "Closed Won": 100,
    "Closed Lost": 0,
}


def _stage(record: Record) -> None:
    """Stage decides whether the opportunity is closed and won, and its probability unless one was given."""
    stage = str(record.get("StageName"))
    record["IsClosed"] = stage.startswith("Closed")
    record["IsWon"] = stage == "Closed Won"
    if stage in _STAGES:
        record.setdefault("Probability", float(_STAGES[stage]))


OPPORTUNITY = standard(
    "Opportunity",
    "Opportunity",
    "Opportunities",
    "006",
    ref("AccountId", "Account ID", "Account", cascade=True, children="Opportunities"),
    fixed(flag("IsPrivate", "Private")),
    named("Name", "Name", 120, id_lookup=True),
    area("Description", "Description", 32000),
    pick("StageName", "Stage", "|".join(_STAGES), required=True),
    money("Amount", "Amount"),
    percent("Probability", "Probability (%)"),
    fixed(money("ExpectedRevenue", "Expected Amount")),
    decimal("TotalOpportunityQuantity", "Quantity", 18, 2),
    date("CloseDate", "Close Date", required=True),
    pick("Type", "Opportunity Type", "Existing Customer - Upgrade|New Customer|Other"),
    text("NextStep", "Next Step", 255),
    pick("LeadSource", "Lead Source", SOURCES),
    fixed(flag("IsClosed", "Closed")),
    fixed(flag("IsWon", "Won")),
    ref("CampaignId", "Campaign ID", "Campaign", children="Opportunities"),
    create_only(ref("ContactId", "Contact ID", "Contact")),
    fixed(date("LastActivityDate", "Last Activity")),
    fixed(whole("FiscalYear", "Fiscal Year", 9)),
    owner="User",
    derive=_stage,
)

CONTACT_ROLE = standard(
    "OpportunityContactRole",
    "Opportunity Contact Role",
    "Opportunity Contact Role",
    "00K",
    create_only(
        ref(
            "OpportunityId",
            "Opportunity ID",
            "Opportunity",
            required=True,
            cascade=True,
            children="OpportunityContactRoles",
        )
    ),
    ref(
        "ContactId", "Contact ID", "Contact", required=True, cascade=True, children="OpportunityContactRoles"
    ),
    pick(
        "Role",
        "Role",
        "Business User|Decision Maker|Economic Buyer|Economic Decision Maker|Evaluator|Executive Sponsor|"
        "Influencer|Technical Buyer|Other",
    ),
    flag("IsPrimary", "Primary"),
    owner=None,
)

OBJECTS = (OPPORTUNITY, CONTACT_ROLE)
