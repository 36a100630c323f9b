"""How SQL reaches into the texts that hold field values: JSON, field -> value, NULL for an empty field."""

import json
from collections.abc import Sequence


def json_path(name: str) -> str:
    """Where a field's value is."""
    return f'$."{name}"'


def json_shape(names: Sequence[str]) -> str:
    """What `from_json` makes columns of: these fields, each a text."""
    return json.dumps(dict.fromkeys(names, "VARCHAR"))
