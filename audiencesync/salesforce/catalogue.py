"""Every Salesforce error code worth knowing: what it means for a run, and what a person does about it."""

from typing import Literal

Kind = Literal["transient", "data", "stop"]
"""`transient`: the same row may pass later. `data`: this row will not pass until it, or the org's rules about
it, change. `stop`: no row will pass until an administrator acts."""

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
    "INSUFFICIENT_ACCESS": "Give the integration user the permission for this object or call.",
    "API_DISABLED_FOR_ORG": (
        "The edition or the user has no API access: enable 'API Enabled' for the integration user."
    ),
    "API_CURRENTLY_DISABLED": "The org's API is switched off for now: see Setup and trust.salesforce.com.",
    "STORAGE_LIMIT_EXCEEDED": "The org's data storage is full: delete records, or buy storage.",
    "INVALID_SESSION_ID": "The session was ended and could not be renewed: check the app's session policies.",
    "INVALID_LOGIN": "Check the user's name, its status and the login history.",
    "LICENSE_LIMIT_EXCEEDED": "The org has no licence left for this: free one.",
    "FUNCTIONALITY_NOT_ENABLED": "The org has this feature switched off: enable it in Setup.",
    "FUNCTIONALITY_TEMPORARILY_UNAVAILABLE": "Salesforce has switched this feature off for now: go on later.",
    "EXCEEDEDQUOTA": "A daily quota of the org is used up: go on later.",
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
    return "stop" if known in _STOP else "data"


def cure(code: str) -> str:
    """One sentence on what a person does about an error code."""
    known = code.upper()
    return _TRANSIENT.get(known) or _DATA.get(known) or _STOP.get(known) or _UNKNOWN_CURE


def transient_codes() -> tuple[str, ...]:
    """Every code of an error that passes by itself."""
    return tuple(_TRANSIENT)


def passing_codes() -> tuple[str, ...]:
    """Every code that says nothing about the row that met it: it passes by itself, or stops every row."""
    return (*_TRANSIENT, *_STOP)
