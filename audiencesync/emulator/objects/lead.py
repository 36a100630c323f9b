"""Lead.

Source:
    Object Reference, "Lead"; recorded describe of a Developer Edition org.
"""

from audiencesync.emulator.objects.build import (
    address,
    area,
    create_only,
    date,
    email,
    fixed,
    flag,
    full_name,
    moment,
    money,
    person_name,
    phone,
    pick,
    ref,
    standard,
    text,
    url,
    whole,
)

SOURCES = "Web|Phone Inquiry|Partner Referral|Purchased List|Other"
INDUSTRIES = (
    "Agriculture|Apparel|Banking|Biotechnology|Chemicals|Communications|Construction|Consulting|"
    "Education|Electronics|Energy|Engineering|Entertainment|Environmental|Finance|Food & Beverage|"
    "Government|Healthcare|Hospitality|Insurance|Machinery|Manufacturing|Media|Not For Profit|Recreation|"
    "Retail|Shipping|Technology|Telecommunications|Transportation|Utilities|Other"
)
RATINGS = "Hot|Warm|Cold"

LEAD = standard(
    "Lead",
    "Lead",
    "Leads",
    "00Q",
    fixed(ref("MasterRecordId", "Master Record ID", "Lead")),
    *person_name(121),
    text("Title", "Title", 128),
    text("Company", "Company", 255, required=True),
    *address("", "Address", ""),
    phone("Phone", "Phone"),
    phone("MobilePhone", "Mobile Phone"),
    phone("Fax", "Fax"),
    email("Email", "Email", id_lookup=True),
    url("Website", "Website"),
    fixed(url("PhotoUrl", "Photo URL")),
    area("Description", "Description", 32000),
    pick("LeadSource", "Lead Source", SOURCES),
    pick(
        "Status",
        "Status",
        "Open - Not Contacted|Working - Contacted|Closed - Converted|Closed - Not Converted",
        default="Open - Not Contacted",
        required=True,
    ),
    pick("Industry", "Industry", INDUSTRIES),
    pick("Rating", "Rating", RATINGS),
    money("AnnualRevenue", "Annual Revenue"),
    whole("NumberOfEmployees", "Employees"),
    flag("HasOptedOutOfEmail", "Email Opt Out"),
    flag("DoNotCall", "Do Not Call"),
    create_only(flag("IsConverted", "Converted")),
    create_only(date("ConvertedDate", "Converted Date")),
    create_only(ref("ConvertedAccountId", "Converted Account ID", "Account")),
    create_only(ref("ConvertedContactId", "Converted Contact ID", "Contact")),
    create_only(ref("ConvertedOpportunityId", "Converted Opportunity ID", "Opportunity")),
    flag("IsUnreadByOwner", "Unread By Owner", default=True),
    fixed(date("LastActivityDate", "Last Activity")),
    fixed(moment("LastViewedDate", "Last Viewed Date")),
    fixed(moment("LastReferencedDate", "Last Referenced Date")),
    text("Jigsaw", "Data.com Key", 20),
    text("EmailBouncedReason", "Email Bounced Reason", 255),
    moment("EmailBouncedDate", "Email Bounced Date"),
    derive=full_name,
)

OBJECTS = (LEAD,)
