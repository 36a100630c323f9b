"""The config's JSON Schema, for editors and for the reference."""

from collections.abc import Mapping
from typing import Any

from audiencesync.config.models import Config

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Describe the config to an editor.

    What holds between keys (a mapped match field, defined audiences) is for `load` alone to say.

    Returns:
        A JSON Schema, draft 2020-12, with a description of every key.
    """
    schema = _tidied(Config.model_json_schema())
    return {"$schema": DIALECT, "title": "audiencesync config", **schema}


def _tidied(node: Any) -> Any:  # noqa: ANN401 - any JSON
    """Leave out pydantic's titles, which repeat the key, and let no name pass that fits no pattern."""
    if isinstance(node, Mapping):
        tidied = {
            key: _tidied(value)
            for key, value in node.items()
            if not (key == "title" and isinstance(value, str))
        }
        return {**tidied, "additionalProperties": False} if "patternProperties" in tidied else tidied
    return [_tidied(item) for item in node] if isinstance(node, list) else node
