"""Every Salesforce error code worth knowing: what it means for a run, and what a person does about it."""

from typing import Literal

Kind = Literal["transient", "data", "quota", "stop"]
"""`transient`: the same row may pass later. `data`: this row will not pass until it, or the org's rules about
it, change. `quota`: no row will pass for some hours. `stop`: no row will pass until an administrator acts.

A code that is not listed is `data`: it costs its own row alone, which is parked in sight of `status`."""

TOLD_BY_DESCRIBE = frozenset(
    {
        "INVALID_FIELD",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "REQUIRED_FIELD_MISSING",
        "STRING_TOO_LONG",
    }
)
"""Codes of rows that would not have been sent, or otherwise, had describe said what the org says now."""

_RETRIES_IN_TRIGGERS = "Too many retries of batch save"

_TRANSIENT = {
    "UNABLE_TO_LOCK_ROW": (
        "Another process held the record or its parent; it is sent again with fewer neighbours."
    ),
    "SERVER_UNAVAILABLE": "Salesforce was too busy; it is sent again later.",
    "REQUEST_LIMIT_EXCEEDED": "Too many calls at the same time; it is sent again later.",
    "REQUEST_RUNNING_TOO_LONG": "Salesforce took too long over the request; it is sent again later.",
    "QUERY_TIMEOUT": "The query took too long; it is asked again.",
    "UNKNOWN_EXCEPTION": (
        "Salesforce failed inside; it is sent again. If it stays, give the ErrorId to its support."
    ),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": (
        "A neighbour failed in an all-or-none call; it is sent again without it."
    ),
    "PROCESSING_HALTED": "An earlier step of the same call failed; it is sent again.",
    "TXN_SECURITY_METERING_ERROR": (
        "A transaction security policy could not be evaluated; it is sent again later."
    ),
    "API_CURRENTLY_DISABLED": "The org's API is switched off for now: see Setup and trust.salesforce.com.",
    "FUNCTIONALITY_TEMPORARILY_UNAVAILABLE": "Salesforce has switched this feature off for now: go on later.",
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": (
        "Salesforce is under maintenance: go on later; see trust.salesforce.com."
    ),
    "INTERNAL_ERROR": "Salesforce failed inside; it is sent again.",
    "INTERNALSERVERERROR": "Salesforce failed inside the Bulk job; the rest is sent again by the next run.",
    "TOOMANYLOCKFAILURE": "The Bulk job met too many locked records; the rest is sent again by the next run.",
    "TIMEOUT": (
        "Salesforce took too long over a part of the Bulk job; the rest is sent again by the next run."
    ),
    "COLLISION_DETECTED": "Two processes wrote the record at the same time; it is sent again.",
    "ALREADY_IN_PROCESS": "The record is in another process at this moment; it is sent again.",
    "RECORD_IN_USE_BY_WORKFLOW": "A workflow of the org uses the record at this moment; it is sent again.",
    "TERRITORY_REALIGN_IN_PROGRESS": (
        "Salesforce is moving records between territories; it is sent again later."
    ),
    "TOO_MANY_APEX_REQUESTS": "Apex code of the org is too busy; it is sent again later.",
    "TOO_MANY_JOBS": "Too many jobs wait in the org; it is sent again later.",
    "MATCH_SERVICE_ERROR": "Salesforce's search for duplicates failed; it is sent again.",
    "MATCH_SERVICE_TIMED_OUT": "Salesforce's search for duplicates took too long; it is sent again.",
    "MATCH_SERVICE_UNAVAILABLE_ERROR": "Salesforce's search for duplicates is down; it is sent again later.",
    "PLATFORM_EVENT_PUBLISHING_UNAVAILABLE": (
        "The org could not publish the event of the change; it is sent again later."
    ),
}

_QUOTA = {
    "EXCEEDEDQUOTA": "A daily quota of the org is used up: go on when 24 hours have passed.",
}

_DATA = {
    "REQUIRED_FIELD_MISSING": "A field that Salesforce requires has no value: map it, or give it a default.",
    "STRING_TOO_LONG": "The value is longer than the field: shorten it, or set on_too_long: truncate.",
    "INVALID_EMAIL_ADDRESS": "The e-mail address is not valid: correct it in the source.",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": (
        "The value is not one of the picklist's: add it in Setup (also for the record type), or correct "
        "the source."
    ),
    "NUMBER_OUTSIDE_VALID_RANGE": "The number has more digits than the field allows.",
    "INVALID_TYPE_ON_FIELD_IN_RECORD": (
        "The value is not of the field's type: correct the source or the mapping."
    ),
    "JSON_PARSER_ERROR": "A value is not of its field's type: correct the source or the mapping.",
    "DUPLICATE_VALUE": (
        "Another record already has this value in a unique field, or the match value was sent twice."
    ),
    "DUPLICATE_EXTERNAL_ID": (
        "Several records carry this match value: merge them, or match by a unique field."
    ),
    "DUPLICATES_DETECTED": (
        "A duplicate rule blocks the record: merge the duplicates, or set duplicate_rule: allow_save."
    ),
    "MISSING_ARGUMENT": "The row has no match value or Id: fill it in the source.",
    "INVALID_CROSS_REFERENCE_KEY": (
        "A record that is pointed to does not exist or is of another kind: correct the reference."
    ),
    "INVALID_FIELD": (
        "A parent named by its external ID was not found, or a field is unknown: create the parent, or "
        "check the mapping."
    ),
    "ENTITY_IS_DELETED": (
        "The record was deleted in Salesforce: restore it, or let the next run create a new one."
    ),
    "MALFORMED_ID": "A value is not a Salesforce Id of the right kind: correct the source.",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": (
        "A validation rule of the org refuses the record: correct the value, or ask the administrator to "
        "exempt the integration user."
    ),
    "FIELD_INTEGRITY_EXCEPTION": (
        "The org refuses the combination of values: show the administrator the message."
    ),
    "FIELD_FILTER_VALIDATION_EXCEPTION": (
        "A lookup filter of the org refuses the reference: correct the value or the filter."
    ),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": (
        "A trigger or flow of the org failed: show its owner the message."
    ),
    "CANNOT_EXECUTE_FLOW_TRIGGER": "A flow of the org failed: show its owner the message.",
    "APEX_ERROR": "Apex code of the org failed: show its owner the message.",
    "INSUFFICIENT_ACCESS_OR_READONLY": (
        "The integration user may not edit this record: share it, or grant Edit."
    ),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": (
        "The integration user may not use a record that is pointed to: share it, or correct the reference."
    ),
    "TRANSFER_REQUIRES_READ": "The new owner may not read this object: choose another owner, or grant Read.",
    "INACTIVE_OWNER_OR_USER": "The owner is an inactive user: choose an active one.",
    "OP_WITH_INVALID_USER_TYPE_EXCEPTION": (
        "The owner's user type cannot own this record: choose another owner."
    ),
    "CANNOT_UPDATE_CONVERTED_LEAD": "The lead was converted and cannot change: sync Contacts, or exclude it.",
    "DELETE_FAILED": "Other records depend on this one: delete or re-parent them first.",
    "DEPENDENCY_EXISTS": "Other records depend on this one: remove the dependency first.",
    "CIRCULAR_DEPENDENCY": "The parent would be its own descendant: correct the reference.",
    "INVALID_CURRENCY_ISO": "The currency is not active in the org: activate it, or correct the code.",
    "FAILED_ACTIVATION": "The record cannot be activated as it stands: show the administrator the message.",
    "CANNOT_CASCADE_PRODUCT_ACTIVE": (
        "A dependent product blocks the change: show the administrator the message."
    ),
    "DELETE_NOT_ALLOWED": "The record may not be deleted: set on_exit to something else, or exclude it.",
    "DELETE_OPERATION_TOO_LARGE": "Too much depends on this record: delete it in Salesforce.",
    "DELETE_REQUIRED_ON_CASCADE": (
        "Deleting it would delete others that the integration user may not delete: grant Delete."
    ),
    "CANNOT_REPARENT_RECORD": "The parent of this record may not change: leave the field out of the mapping.",
    "CHILD_SHARE_FAILS_PARENT": "The new owner may not see the parent: share the parent, or choose another.",
    "SHARE_NEEDED_FOR_CHILD_OWNER": "The owner of a child may not see this record: share it with that user.",
    "ENTITY_IS_ARCHIVED": "The record is archived: exclude it.",
    "ENTITY_IS_LOCKED": "An approval locks the record: end the approval, or exempt the integration user.",
    "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE": "The record was changed meanwhile: say retry.",
    "ENTITY_SAVE_ERROR": "Salesforce could not save the record: show the administrator the message.",
    "ENTITY_SAVE_VALIDATION_ERROR": "The org refuses the record: show the administrator the message.",
    "FLOW_EXCEPTION": "A flow of the org failed: show its owner the message.",
    "MAX_DEPTH_IN_FLOW_EXECUTION": (
        "Flows of the org call one another without end: show their owner the message."
    ),
    "SELF_REFERENCE_FROM_FLOW": (
        "A flow of the org writes the record that started it: show its owner the message."
    ),
    "SELF_REFERENCE_FROM_TRIGGER": (
        "A trigger of the org writes the record that started it: show its owner the message."
    ),
    "CUSTOM_APEX_ERROR": "Apex code of the org failed: show its owner the message.",
    "FIELD_MODERATION_RULE_BLOCK": "A moderation rule of the org blocks the value: correct it.",
    "FIELD_MAPPING_ERROR": "Fields of the org are mapped wrongly: show the administrator the message.",
    "FIELD_NOT_UPDATABLE": "The field cannot change on this record: leave it out of the mapping.",
    "RELATED_ENTITY_FILTER_VALIDATION_EXCEPTION": (
        "A filter of the org refuses a record that is pointed to: correct the reference or the filter."
    ),
    "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS_WRITE": "A lookup filter of the org is too complex: simplify it.",
    "FILTERED_LOOKUP_LIMIT_EXCEEDED": "The org has too many lookup filters: remove some.",
    "UNAVAILABLE_RECORDTYPE_EXCEPTION": (
        "The integration user has no record type to use: assign it one, or map RecordType.Name."
    ),
    "INVALID_STATUS": "The status is not one that the record may have now: correct the source.",
    "INVALID_ID_FIELD": "A value is not a Salesforce Id of the right kind: correct the source.",
    "INVALID_OWNER": "The owner cannot own this record: choose another.",
    "INVALID_USERID": "The user does not exist: correct the source.",
    "NO_SUCH_USER_EXISTS": "The user does not exist: correct the source.",
    "TOO_MANY_POSSIBLE_USERS_EXIST": "Several users go by this name: name the owner by Username.",
    "INVALID_CROSS_REFERENCE_TYPE_FOR_FIELD": (
        "A record that is pointed to is of another kind than the field takes: correct the reference."
    ),
    "INVALID_PERSON_ACCOUNT_OPERATION": (
        "A person account does not allow this: sync its Account, or exclude it."
    ),
    "INVALID_ASSIGNMENT_RULE": "The org has no active assignment rule: set assignment_rule: false.",
    "INACTIVE_RULE_ERROR": "A rule of the org is not active: activate it.",
    "FIND_DUPLICATES_ERROR": "Salesforce's search for duplicates failed: show the administrator the message.",
    "DUPLICATE_USERNAME": "Another user already has this user name: choose another.",
    "DUPLICATE_DEVELOPER_NAME": "Another record already has this developer name: choose another.",
    "DUPLICATE_MASTER_LABEL": "Another record already has this label: choose another.",
    "DUPLICATE_COMM_NICKNAME": "Another user already has this nickname: choose another.",
    "TEXT_DATA_OUTSIDE_SUPPORTED_CHARSET": (
        "The org cannot store a character of the text: correct the source."
    ),
    "TOO_MANY_ENUM_VALUE": "More values are chosen than the picklist allows: send fewer.",
    "MAX_TASK_DESCRIPTION_EXCEEEDED": "The description of the task is too long: shorten it.",
    "MAXIMUM_HIERARCHY_LEVELS_REACHED": (
        "The record would lie too deep below its parents: correct the reference."
    ),
    "MAXIMUM_HIERARCHY_CHILDREN_REACHED": "The parent has too many children: choose another parent.",
    "MAXIMUM_HIERARCHY_TREE_SIZE_REACHED": "The tree of records is too large: choose another parent.",
    "MANAGER_NOT_DEFINED": "The owner has no manager, and an approval asks for one: name one in Setup.",
    "NO_APPLICABLE_PROCESS": "No approval process takes the record: show the administrator the message.",
    "PORTAL_USER_ALREADY_EXISTS_FOR_CONTACT": "The contact already has a portal user: exclude it.",
    "USER_OWNS_PORTAL_ACCOUNT_EXCEPTION": "The owner owns a portal account: choose another owner.",
    "PRIVATE_CONTACT_ON_ASSET": "The asset's contact has no account: give it one.",
    "STANDARD_PRICE_NOT_DEFINED": "The product has no standard price: define one.",
    "NONUNIQUE_SHIPPING_ADDRESS": "The products have several shipping addresses: give them one.",
    "INVALID_CURRENCY_CONV_RATE": "The currency's rate is not valid: correct it in Setup.",
    "INVALID_EMPTY_KEY_OWNER": "The setting needs an owner: name one.",
    "INVALID_INET_ADDRESS": "The internet address is not valid: correct the source.",
    "EMAIL_OPTED_OUT": "The person takes no e-mail, and a rule of the org would send one: exempt the record.",
    "EMAIL_ADDRESS_BOUNCED": (
        "E-mail to the person came back: mend the address, or the rule of the org that would send one."
    ),
    "ERROR_IN_MAILER": "An e-mail that a rule of the org sends failed: show the administrator the message.",
    "SINGLE_EMAIL_LIMIT_EXCEEDED": "Rules of the org sent too many e-mails today: say retry tomorrow.",
    "TEMPLATE_NOT_ACTIVE": "An e-mail template that a rule of the org uses is not active: activate it.",
    "UNSPECIFIED_EMAIL_ADDRESS": (
        "A rule of the org sends an e-mail to nobody: show the administrator the message."
    ),
    "MISSING_RECORD": "A record that is needed does not exist: show the administrator the message.",
    "MAX_LIMIT_EXCEEDED": "A limit of the org was reached: show the administrator the message.",
    "NOT_FOUND": "The record does not exist any more, or the integration user may not see it.",
    "LIMIT_EXCEEDED": (
        "A limit of the org was reached within its own automation: show the administrator the message."
    ),
}

_STOP = {
    "INVALID_FIELD_FOR_INSERT_UPDATE": (
        "Give the integration user Edit on the field (field-level security), or unmap it: formula and "
        "system fields cannot be written."
    ),
    "INVALID_TYPE": (
        "The object does not exist, or the integration user may not use it: check its name and permissions."
    ),
    "INSUFFICIENT_ACCESS": (
        "Give the integration user the permission for this object or call; a match field that is not unique, "
        "such as Email, takes View All Records of the object."
    ),
    "API_DISABLED_FOR_ORG": (
        "The edition or the user has no API access: enable 'API Enabled' for the integration user."
    ),
    "STORAGE_LIMIT_EXCEEDED": "The org's data storage is full: delete records, or buy storage.",
    "INVALID_SESSION_ID": "The session was ended and could not be renewed: check the app's session policies.",
    "INVALID_LOGIN": "Check the user's name, its status and the login history.",
    "LICENSE_LIMIT_EXCEEDED": "The org has no licence left for this: free one.",
    "FUNCTIONALITY_NOT_ENABLED": "The org has this feature switched off: enable it in Setup.",
    "REQUIRED_FEATURE_MISSING": "The org lacks a feature that this needs: enable it in Setup.",
    "INVALID_READ_ONLY_USER_DML": "The integration user may only read: give it a licence that may write.",
    "INVALID_TYPE_FOR_OPERATION": "The object does not allow this operation.",
    "INVALID_ENTITY_FOR_UPSERT": (
        "The object cannot be upserted: match by Id, or by a field through a look-up."
    ),
    "INVALID_ACCESS_TOKEN": (
        "The session was ended and could not be renewed: check the app's session policies."
    ),
    "PACKAGE_LICENSE_REQUIRED": "The integration user has no licence for a package: assign one.",
    "PACKAGE_DISABLED": "A package of the org is switched off: see Installed Packages in Setup.",
    "APEX_DATA_ACCESS_RESTRICTION": (
        "The org restricts access to this data: show the administrator the message."
    ),
    "INSUFFICIENT_CREDITS": "The org has no credits left for this: buy some.",
    "UNSUPPORTED_APEX_TRIGGER_OPERATON": (
        "A trigger of the org does not allow this: show its owner the message."
    ),
    "TERMS_OF_SERVICE_UNREAD": "The terms of service wait for an administrator: accept them in the org.",
    "FEATURENOTENABLED": (
        "Bulk API is not enabled for the user: grant 'API Enabled' and the object's permissions."
    ),
    "INVALIDJOB": (
        "The Bulk job was refused: the match field must be an External ID or an idLookup field of the object."
    ),
    "INVALIDJOBSTATE": (
        "The Bulk job is not in a state that allows this: another program may have closed or aborted it."
    ),
    "INVALIDBATCH": (
        "The Bulk file was refused as a whole: a column is unknown or hidden from the integration user."
    ),
    "INVALIDENTITY": "The object cannot be used with Bulk API: check its name and permissions.",
    "MALFORMED_QUERY": "The query was refused: check the match field's name.",
    "QUERY_TOO_COMPLICATED": "The query was too long: report it.",
    "INVALID_QUERY_LOCATOR": "The result pages of a query expired while they were read: run again.",
    "EXCEEDED_ID_LIMIT": "Too many records at once: narrow the request.",
    "GONE": "Set connection.api_version to one the org offers: this one is retired.",
    "URL_NOT_RESET": "Log in with the org's new address: check login_url.",
    "METHOD_NOT_ALLOWED": "The object does not allow this operation.",
    "MIXED_DML_OPERATION": "Set-up objects cannot change together with others: sync them apart.",
    "CERTIFICATE": "Set connection.ca_bundle to the authority that signed the server's certificate.",
}

_TABLES = (_TRANSIENT, _DATA, _QUOTA, _STOP)
_UNKNOWN_CURE = "Show the administrator the code and the message; both are in the audit report."


def kind(code: str, message: str = "") -> Kind:
    """What an error means for the rows after it.

    Args:
        code: Salesforce's code, in any case.
        message: Its text, which tells a passing trigger failure from a lasting one.

    Source:
        SOAP API Developer Guide, "StatusCode"; Bulk API 2.0 Developer Guide, "Errors".
    """
    known = code.upper()
    if known in _TRANSIENT or _RETRIES_IN_TRIGGERS in message:
        return "transient"
    if known in _QUOTA:
        return "quota"
    return "stop" if known in _STOP else "data"


def cure(code: str) -> str:
    """One sentence on what a person does about an error code."""
    known = code.upper()
    return next((table[known] for table in _TABLES if known in table), _UNKNOWN_CURE)


def transient_codes() -> tuple[str, ...]:
    """Every code of an error that passes by itself."""
    return tuple(_TRANSIENT)


def passing_codes() -> tuple[str, ...]:
    """Every code that says nothing about the row that met it: it passes by itself, or stops every row."""
    return (*_TRANSIENT, *_QUOTA, *_STOP)
