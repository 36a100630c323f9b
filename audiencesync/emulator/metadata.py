"""Field definitions in JSON, as the state folder keeps them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from audiencesync.emulator.schema import Choice, Field


def field_to_json(item: Field) -> dict[str, Any]:
    """A field as plain JSON."""
    return asdict(item)


def field_from_json(data: dict[str, Any]) -> Field:
    """The field that `field_to_json` wrote."""
    values = dict(data)
    values["choices"] = tuple(Choice(**choice) for choice in values["choices"])
    values["reference_to"] = tuple(values["reference_to"])
    values["parts"] = tuple((part, name) for part, name in values["parts"])
    return Field(**values)
