"""Salesforce Ids: 15 characters that differ in case, or 18 that do not need it."""

from string import ascii_uppercase

_ALPHABET = ascii_uppercase + "012345"
_SHORT = 15
_PART = 5


def long_id(record_id: str) -> str:
    """The 18 characters of an Id; one that has not 15 is left as it is.

    Source:
        Object Reference, "ID Field Type": each further character says which of five are upper case.
    """
    if len(record_id) != _SHORT:
        return record_id
    parts = [record_id[at : at + _PART] for at in range(0, _SHORT, _PART)]
    masks = [sum(1 << bit for bit, one in enumerate(part) if one.isupper()) for part in parts]
    return record_id + "".join(_ALPHABET[mask] for mask in masks)
