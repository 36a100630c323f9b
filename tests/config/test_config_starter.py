import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiencesync.config.load import Project, load
from audiencesync.config.models import FieldMapping, JwtBearer
from audiencesync.config.schema import json_schema
from audiencesync.config.starter import relation_of, starter

NO_REFERENCE = st.characters(codec="utf-8", exclude_characters="$")
TEXT = st.text(NO_REFERENCE, min_size=1, max_size=30).filter(str.strip)
NAMES = st.from_regex(r"[A-Z][a-z]{1,8}(_[a-z]{1,5})?(__c)?", fullmatch=True)
AUDIENCES = (
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cf", "Co", "Cn")),
        min_size=1,
    )
    .map(str.strip)
    .filter(
        lambda name: name and ";" not in name and "$" not in name and len(name) <= 80 and name.isprintable()
    )
)


def load_text(folder: Path, text: str) -> Project:
    path = folder / "audiencesync.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, {})


def test_the_starter_loads_as_it_is(tmp_path: Path) -> None:
    config = load_text(tmp_path, starter()).config

    assert config.syncs[0].name == "leads"
    assert config.source.profiles.relation == "read_csv('data/profiles.csv')"
    assert config.syncs[0].required_fields["Company"] == FieldMapping(column="company", default="n/a")


def test_the_starter_holds_every_key_and_a_comment_for_each() -> None:
    text = starter()
    schema = json_schema()
    models = [schema, *schema["$defs"].values()]
    forms = [form for model in models for form in (model, *model.get("anyOf", ()))]
    keys = {key for form in forms for key in form.get("properties", {})}

    for key in keys:
        assert re.search(rf"\b{key}:", text), key
    uncommented = [
        line
        for line in text.split("\n")
        if line.strip() and not line.startswith("#") and not re.search(r"\S.* # |^ *# ", line)
    ]
    assert [line.strip() for line in uncommented] == [
        "everyone:",
        "LastName: last_name",
        'Company: {from: company, default: "n/a"}',
        "Email: email",
    ]


def test_what_the_starter_comments_out_loads_too(tmp_path: Path) -> None:
    text = starter(memberships="data/memberships.csv", updated_at="changed_at")
    start, end = text.index("    # send_scores_to"), text.index("    on_exit:")
    text = text[:start] + re.sub(r"(?m)^    # ", "    ", text[start:end]) + text[end:]
    text = re.sub(r"(?m)^  # ", "  ", text)
    config = load_text(tmp_path, text).config

    assert set(config.source.affinities) == {"categories"}
    assert config.syncs[0].send_affinities_to is not None
    assert config.syncs[0].extra_fields["LeadSource"] == FieldMapping(value="Web")


@pytest.mark.parametrize(
    ("object_name", "name", "fields"),
    [
        ("Contact", "contacts", ["LastName", "Email"]),
        ("Account", "accounts", ["Name", "Email"]),
        ("Shop_Visit__c", "shop_visits", ["Name", "Email"]),
    ],
)
def test_other_objects_get_their_usual_required_fields(
    tmp_path: Path, object_name: str, name: str, fields: list[str]
) -> None:
    sync = load_text(tmp_path, starter(object_name=object_name)).config.syncs[0]

    assert (sync.name, list(sync.required_fields)) == (name, fields)


def test_an_external_id_is_mapped_from_a_column_of_its_name(tmp_path: Path) -> None:
    sync = load_text(tmp_path, starter(match_field="CustomerNo__c")).config.syncs[0]

    assert sync.mappings["CustomerNo__c"].column == "customer_no"


@pytest.mark.parametrize(
    ("source", "relation"),
    [
        ("a.CSV", "read_csv('a.CSV')"),
        ("data/*.parquet", "read_parquet('data/*.parquet')"),
        ("o'brien.ndjson", "read_json('o''brien.ndjson')"),
        ("marts.people", "marts.people"),
        ("SELECT 1", "SELECT 1"),
    ],
)
def test_a_file_becomes_the_function_that_reads_it(source: str, relation: str) -> None:
    assert relation_of(source) == relation


@pytest.mark.slow
@settings(deadline=None)
@given(
    username=TEXT,
    profiles=TEXT,
    key=TEXT,
    updated_at=st.none() | TEXT,
    memberships=TEXT,
    audiences=st.lists(AUDIENCES, min_size=1, max_size=3, unique=True),
    where=TEXT,
    required=st.dictionaries(NAMES, TEXT, min_size=1, max_size=3),
)
def test_whatever_is_answered_is_what_loads(  # noqa: PLR0917 - hypothesis gives them by name
    tmp_path_factory: pytest.TempPathFactory,
    username: str,
    profiles: str,
    key: str,
    updated_at: str | None,
    memberships: str,
    audiences: list[str],
    where: str,
    required: dict[str, str],
) -> None:
    required = {
        name.lower(): column for name, column in required.items() if name.lower() != "audiences__c"
    } | {"company": "no"}
    match_field = next(iter(required))
    text = starter(
        username=username,
        profiles=profiles,
        key=key,
        updated_at=updated_at,
        memberships=memberships,
        audience_rules={audiences[0]: where},
        membership_audiences=audiences[1:],
        required_fields=required,
        match_field=match_field,
    )
    config = load_text(tmp_path_factory.mktemp("config"), text).config

    assert isinstance(config.connection.auth, JwtBearer)
    assert config.connection.auth.username == username
    assert config.source.profiles.relation == relation_of(profiles)
    assert (config.source.profiles.key, config.source.profiles.updated_at) == (key, updated_at)
    assert config.source.memberships is not None
    assert config.source.memberships.relation == relation_of(memberships)
    assert list(config.syncs[0].audiences) == audiences
    assert config.audiences[audiences[0]].where == where
    assert {name: mapping.column for name, mapping in config.syncs[0].mappings.items()} == required
