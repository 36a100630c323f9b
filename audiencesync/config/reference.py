"""The tables in docs/config.md, made from the models; `python -m` this module rewrites them."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from audiencesync.config.schema import json_schema

BEGIN = "<!-- keys: made by `python -m audiencesync.config.reference docs/config.md` -->"
END = "<!-- end of keys -->"

TITLES = MappingProxyType(
    {
        "Config": "The file",
        "StoreOptions": "store",
        "SparkEngine": "engine",
        "Connection": "connection",
        "JwtBearer": "connection.auth with jwt_bearer",
        "RefreshToken": "connection.auth with refresh_token",
        "ClientCredentials": "connection.auth with client_credentials",
        "AccessToken": "connection.auth with access_token",
        "Password": "connection.auth with password",
        "Source": "source",
        "ProfileRelation": "source.profiles",
        "MembershipRelation": "source.memberships",
        "AffinityRelation": "source.affinities",
        "RuleAudience": "audiences",
        "Sync": "syncs",
        "FieldMapping": "A mapping",
        "ScoresTo": "send_scores_to",
        "AffinitiesTo": "send_affinities_to",
        "FirstObject": "try_first",
        "Guards": "guards",
        "Daemon": "daemon",
        "Alert": "daemon.alerts",
        "Intake": "daemon.intake",
        "Segment": "daemon.intake.segment",
    }
)
"""Model -> heading, in the order of the page."""


def reference() -> str:
    """Every key of every model: type, default, meaning."""
    schema = json_schema()
    models: Mapping[str, Any] = {"Config": schema, **schema["$defs"]}
    return "\n".join(line for name, title in TITLES.items() for line in _section(models[name], title))


def with_reference(page: str) -> str:
    """The page with its table brought up to date."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{reference()}\n{END}{after}"


def _section(model: Mapping[str, Any], title: str) -> Iterator[str]:
    long_form = next((form for form in model.get("anyOf", ()) if "properties" in form), model)
    yield f"### {title}"
    yield ""
    yield str(long_form.get("description", ""))
    yield ""
    yield "| key | takes | default | meaning |"
    yield "|---|---|---|---|"
    required = long_form.get("required", ())
    for key, node in long_form["properties"].items():
        default = "required" if key in required else _default(node)
        yield f"| `{key}` | {_takes(node)} | {default} | {_cell(str(node.get('description', '')))} |"
    yield ""


def _default(node: Mapping[str, Any]) -> str:
    default = node.get("default")
    if default is None:
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _takes(node: Mapping[str, Any]) -> str:
    choices = [*node.get("anyOf", ()), *node.get("oneOf", ())]
    if choices:
        shown = [_takes(choice) for choice in choices if choice.get("type") != "null"]
        return " or ".join(dict.fromkeys(shown))
    if "$ref" in node:
        return _takes_model(str(node["$ref"]).rsplit("/", 1)[1])
    if "const" in node:
        return f"`{node['const']}`"
    named = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
    if isinstance(named[0], Mapping):
        return f"names, each with {_takes(named[0])}"
    if node.get("type") == "array":
        return f"list of {_takes(node['items'])}"
    return _scalar(node)


def _takes_model(name: str) -> str:
    if name in TITLES:
        title = TITLES[name]
        return f"[{title}](#{title.lower().replace(' ', '-').replace('.', '')})"
    return ", ".join(f"`{value}`" for value in json_schema()["$defs"][name]["enum"])


_WORDS = MappingProxyType(
    {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true`, `false`"}
)


def _scalar(node: Mapping[str, Any]) -> str:
    if str(node.get("pattern", "")).startswith(r"^\$\{(env"):
        return "reference"
    types = node["type"] if isinstance(node["type"], list) else [node["type"]]
    words = " or ".join(_WORDS[kind] for kind in types if kind != "null")
    if {"minimum", "maximum"} <= node.keys():
        return f"{words}, {node['minimum']:g} to {node['maximum']:g}"
    return words


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_reference(path.read_text(encoding="utf-8")), encoding="utf-8")
