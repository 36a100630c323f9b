"""User, Profile, RecordType, Organization and Group: the records an org has before any data.

Source:
    Object Reference, "User", "RecordType", "Organization", "Profile".
"""

from dataclasses import replace

from audiencesync.emulator.objects.build import (
    area,
    email,
    fixed,
    flag,
    full_name,
    moment,
    named,
    person_name,
    phone,
    pick,
    ref,
    standard,
    text,
)

USER = standard(
    "User",
    "User",
    "Users",
    "005",
    replace(text("Username", "Username", 80, required=True, id_lookup=True), unique=True),
    *person_name(121),
    text("CompanyName", "Company Name", 80),
    replace(email("Email", "Email"), length=128, nillable=False),
    text("Alias", "Alias", 8, required=True),
    flag("IsActive", "Active"),
    pick(
        "TimeZoneSidKey",
        "Time Zone",
        "America/Los_Angeles|Etc/UTC|Europe/London",
        default="America/Los_Angeles",
    ),
    pick("LocaleSidKey", "Locale", "en_US|en_GB|de_DE", default="en_US"),
    pick("EmailEncodingKey", "Email Encoding", "UTF-8|ISO-8859-1", default="UTF-8"),
    pick("LanguageLocaleKey", "Language", "en_US|de|fr|ja", default="en_US"),
    fixed(pick("UserType", "User Type", "Standard|Guest|AutomatedProcess")),
    ref("ProfileId", "Profile ID", "Profile", required=True),
    phone("Phone", "Phone"),
    text("Title", "Title", 80),
    text("Department", "Department", 80),
    ref("ManagerId", "Manager ID", "User", "Manager"),
    text("FederationIdentifier", "SAML Federation ID", 512),
    fixed(moment("LastLoginDate", "Last Login")),
    owner=None,
    deletable=False,
    setup=True,
    derive=full_name,
)

PROFILE = standard(
    "Profile",
    "Profile",
    "Profile",
    "00e",
    fixed(named("Name", "Name", 255)),
    fixed(text("Description", "Description", 255)),
    owner=None,
    createable=False,
    updateable=False,
    deletable=False,
    setup=True,
)

RECORD_TYPE = standard(
    "RecordType",
    "Record Type",
    "Record Types",
    "012",
    named("Name", "Name", 80, id_lookup=True),
    text("DeveloperName", "Record Type Name", 80, required=True),
    fixed(text("NamespacePrefix", "Namespace Prefix", 15)),
    text("Description", "Description", 255),
    replace(pick("SobjectType", "SObject Type Name", ""), length=40, nillable=False),
    flag("IsActive", "Active", default=True),
    owner=None,
    deletable=False,
    setup=True,
)

ORGANIZATION = standard(
    "Organization",
    "Organization",
    "Organizations",
    "00D",
    fixed(named("Name", "Name", 80)),
    fixed(pick("LanguageLocaleKey", "Language", "en_US", default="en_US")),
    fixed(pick("OrganizationType", "Edition", "Developer Edition|Enterprise Edition|Unlimited Edition")),
    fixed(text("InstanceName", "Instance Name", 5)),
    fixed(flag("IsSandbox", "Is Sandbox")),
    fixed(text("NamespacePrefix", "Namespace Prefix", 15)),
    fixed(moment("TrialExpirationDate", "Trial Expiration Date")),
    fixed(area("Street", "Street", 255)),
    fixed(text("Country", "Country", 80)),
    owner=None,
    createable=False,
    updateable=False,
    deletable=False,
    setup=True,
)

GROUP = standard(
    "Group",
    "Group",
    "Group",
    "00G",
    named("Name", "Name", 40),
    text("DeveloperName", "Developer Name", 80),
    pick("Type", "Type", "Regular|Queue"),
    owner=None,
    setup=True,
)

OBJECTS = (USER, PROFILE, RECORD_TYPE, ORGANIZATION, GROUP)
