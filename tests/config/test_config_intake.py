"""What a config says of changes that are pushed."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from audiencesync.config.load import Project, load
from audiencesync.errors import ConfigError
from audiencesync.source import Lookout


def config(**changes: Any) -> dict[str, Any]:
    """Profiles that are pushed alone, with one key path changed by `a.b.c=value`."""
    made: dict[str, Any] = {
        "version": 1,
        "connection": {
            "auth": {
                "method": "jwt_bearer",
                "consumer_key": "${env:K}",
                "username": "u",
                "private_key": "${env:P}",
            }
        },
        "source": {
            "profiles": {"columns": {"id": "VARCHAR", "name": "VARCHAR", "address": "JSON"}, "key": "id"}
        },
        "audiences": {"everyone": {"where": "true"}},
        "syncs": [
            {
                "name": "leads",
                "object": "Lead",
                "audiences": ["everyone", "buyers"],
                "required_fields": {"LastName": "name"},
            }
        ],
        "daemon": {"intake": {"token": "${env:T}"}},
    }
    for path, value in changes.items():
        *above, last = path.split("__")
        node: Any = made
        for key in above:
            node = node[int(key) if key.isdigit() else key]
        node[last] = value
    return made


def loaded(folder: Path, made: Mapping[str, Any]) -> Project:
    path = folder / "audiencesync.yaml"
    path.write_text(json.dumps(made, indent=1), encoding="utf-8")
    return load(path, {})


def mistake(folder: Path, **changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, config(**changes))
    return str(caught.value).split(": ", 1)[1]


def test_pushed_profiles_are_a_relation_of_their_columns_without_a_row(tmp_path: Path) -> None:
    profiles = loaded(
        tmp_path, config(source__profiles__columns={"id": "BIGINT", 'a "b"': "VARCHAR[]"})
    ).config.source.profiles
    rows = duckdb.connect().sql(profiles.relation)

    assert list(zip(rows.columns, map(str, rows.types), strict=True)) == [
        ("id", "BIGINT"),
        ('a "b"', "VARCHAR[]"),
    ]
    assert rows.fetchall() == []


def test_the_intake_has_the_promised_defaults_and_keeps_its_token_to_itself(tmp_path: Path) -> None:
    project = loaded(tmp_path, config(daemon__intake__segment={}))
    intake = project.config.daemon.intake

    assert intake is not None
    assert intake.segment is not None
    assert (intake.max_delay, intake.max_rows, intake.max_body) == (
        timedelta(milliseconds=200),
        1000,
        1_000_000,
    )
    assert (intake.segment.opt_in, intake.segment.track, intake.segment.page) == (False, {}, {})
    assert project.config.syncs[0].push
    with pytest.raises(ConfigError, match=r"daemon.intake.token: the environment variable T is not set"):
        intake.token.reveal(tmp_path, {})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source__profiles__from": "people"}, "source.profiles: needs exactly one of"),
        ({"source__profiles": {"key": "id"}}, "'from' and 'columns', found none"),
        ({"daemon__intake": None}, "profiles.columns: are of profiles that are pushed; add daemon.intake"),
        ({"source__profiles__key": "ident"}, "source.profiles.key: 'ident' is not one of the columns"),
        ({"source__profiles__columns": {"id": "TEXT", "ID": "TEXT", "name": "TEXT"}}, "'ID' is named twice"),
        ({"source__profiles__updated_at": "name"}, "updated_at: has no meaning beside 'columns'"),
        ({"syncs__0__watch": True}, "syncs.0.watch: there is nothing to look at: the profiles are pushed"),
        ({"engine": {"spark": "sc://host"}}, "daemon.intake: is not laid over what Spark reads yet"),
        ({"daemon__port": None}, "daemon.port: is where daemon.intake listens; give it a port"),
        ({"daemon__intake__token": "hunter2"}, "intake.token: a secret must not stand in the file"),
        ({"daemon__intake__max_delay": "5h"}, "intake.max_delay: must be a length of time such as 200ms"),
        ({"daemon__intake__max_rows": 0}, "daemon.intake.max_rows: must be at least 1, got 0"),
        ({"daemon__intake__max_body": "500MB"}, "intake.max_body: must be a size such as 500KB"),
        ({"daemon__intake__max_body": 0}, "intake.max_body: must be a size such as 500KB"),
        ({"daemon__intake__max_body": -5}, "intake.max_body: must be a size such as 500KB"),
        ({"daemon__intake__segment": {"track": {"Bought": "everyone"}}}, "Bought: 'everyone' is a rule"),
        ({"daemon__intake__segment": {"page": {"Pricing": "buyer"}}}, "Pricing: no sync has the audience"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_with_its_place(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    assert said in mistake(tmp_path, **changes)


def test_a_misspelt_token_is_not_shown(tmp_path: Path) -> None:
    said = mistake(tmp_path, daemon__intake={"tokne": "hunter2"})
    assert "tokne: unknown key; did you mean 'token'?" in said
    assert "hunter2" not in said


def test_without_an_intake_an_audience_that_nobody_defines_is_a_mistake(tmp_path: Path) -> None:
    said = mistake(tmp_path, daemon__intake=None, source__profiles={"from": "people", "key": "id"})
    assert "'buyers' is an audience nobody defines" in said


def test_memberships_in_a_file_can_be_watched_beside_pushed_profiles(tmp_path: Path) -> None:
    memberships = {"from": "read_csv('members.csv')", "key": "id", "audience": "audience"}
    project = loaded(tmp_path, config(source__memberships=memberships, syncs__0__watch=True))
    (tmp_path / "members.csv").write_text("id,audience\n")

    seen = Lookout(project.config.source, base=tmp_path, attach=None).look()
    assert [name for name, *_ in seen] == [str(tmp_path / "members.csv")]
