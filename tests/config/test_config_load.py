import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from audiencesync.config.load import Project, load
from audiencesync.config.models import (
    MAX_TRIGGER_FIELDS,
    Config,
    FieldMapping,
    JwtBearer,
    OnExit,
    OnNull,
    OnTooLong,
    Password,
    SparkEngine,
    Sync,
)
from audiencesync.errors import ConfigError

FILES = Path(__file__).parent / "files"
WHOLE = (FILES / "whole.yaml").read_text(encoding="utf-8")


def load_text(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Project:
    path = tmp_path / "audiencesync.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ or {})


def mistakes(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    """The lines of the refusal, without the folder."""
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, text, environ)
    assert caught.value.hint
    return str(caught.value).replace(f"{tmp_path}/audiencesync.yaml", "FILE").split("\n")


def edited(old: str, new: str) -> str:
    assert old in WHOLE
    return WHOLE.replace(old, new, 1)


def test_the_whole_example_of_the_manual_becomes_one_frozen_value(tmp_path: Path) -> None:
    config = load_text(tmp_path, WHOLE).config
    sync = config.syncs[0]

    assert isinstance(config.connection.auth, JwtBearer)
    assert config.source.profiles.relation == "read_parquet('data/profiles/*.parquet')"
    assert sync.mappings == {
        "LastName": FieldMapping(column="last_name"),
        "Company": FieldMapping(column="company", default="n/a"),
        "Email": FieldMapping(column="email"),
        "FirstName": FieldMapping(column="first_name"),
        "LeadSource": FieldMapping(value="Web"),
        "Phone": FieldMapping(column="phone", on_null=OnNull.SKIP),
    }
    assert list(sync.mappings)[:3] == ["LastName", "Company", "Email"]
    with pytest.raises(ValueError, match="frozen"):
        setattr(config, "version", 1)  # noqa: B010 - as a caller without types would


def test_what_is_left_out_has_the_promised_defaults(tmp_path: Path) -> None:
    config = load_text(
        tmp_path,
        """
version: 1
connection: {auth: {method: jwt_bearer, consumer_key: "${env:K}", username: u, private_key: "${env:P}"}}
source: {profiles: {from: people, key: id}}
audiences: {all: {where: "true"}}
syncs: [{name: leads, object: Lead, audiences: [all], required_fields: {LastName: name}}]
""",
    ).config
    sync = config.syncs[0]

    assert (str(config.store.path), config.engine) == ("audiences.duckdb", "duckdb")
    assert config.connection.login_url == "https://login.salesforce.com"
    assert config.connection.api_version == "66.0"
    assert config.connection.reserve_org_api_calls == 0.1
    assert (sync.match_field, sync.trigger_fields, sync.max_daily_api_calls) == (None, None, None)
    assert (sync.on_exit, sync.on_too_long) == (OnExit.CLEAR_AUDIENCES, OnTooLong.REJECT)
    assert (sync.guards.max_exit_ratio, sync.guards.max_clears) == (0.3, 10_000)
    assert (sync.guards.max_mapping_change_ratio, sync.guards.max_creates) == (0.3, 10_000)
    assert sync.priority == 0
    assert sync.duplicate_rule == "respect"
    assert sync.assignment_rule is False


def test_relative_files_start_from_the_folder_of_the_config(tmp_path: Path) -> None:
    project = load_text(tmp_path, edited("ca_bundle: null", "ca_bundle: certs/ca.pem"))

    assert project.base == tmp_path
    assert project.store_path == tmp_path / "audiences.duckdb"
    assert project.ca_bundle_path == tmp_path / "certs/ca.pem"


def test_a_place_is_file_line_and_key_path(tmp_path: Path) -> None:
    project = load_text(tmp_path, WHOLE)
    line = 1 + WHOLE[: WHOLE.index("LastName:")].count("\n")

    assert project.place(("syncs", 0, "required_fields", "LastName")) == (
        f"{project.path}:{line}: syncs.0.required_fields.LastName"
    )


def test_a_key_that_is_not_there_has_the_place_of_the_one_above(tmp_path: Path) -> None:
    project = load_text(tmp_path, WHOLE)

    assert project.line_of(("syncs", 0, "guards", "nothing")) == project.line_of(("syncs", 0, "guards"))


def test_one_file_serves_another_org_by_the_environment_alone(tmp_path: Path) -> None:
    text = edited("https://login.salesforce.com ", "${env:URL} ").replace(
        "ca_bundle: null", "ca_bundle: ${env:CA}"
    )
    here = {"URL": "https://localhost:8443", "CA": "ca.pem"}

    assert load_text(tmp_path, text, here).config.connection.login_url == "https://localhost:8443"
    assert load_text(tmp_path, text, here).ca_bundle_path == tmp_path / "ca.pem"
    assert load_text(tmp_path, text, {**here, "CA": ""}).ca_bundle_path is None


def test_a_variable_inside_a_relation_is_put_in_its_place(tmp_path: Path) -> None:
    project = load_text(tmp_path, edited("'data/memberships.csv'", "'${env:DATA}/m.csv'"), {"DATA": "/d"})

    assert project.config.source.memberships is not None
    assert project.config.source.memberships.relation == "read_csv('/d/m.csv')"


def test_a_variable_that_is_not_set_is_one_mistake_with_its_line(tmp_path: Path) -> None:
    assert mistakes(tmp_path, edited("https://login.salesforce.com ", "${env:SF_URL} ")) == [
        "FILE:8: connection.login_url: the environment variable SF_URL is not set"
    ]


def test_salesforce_ignores_case_so_the_match_field_takes_the_spelling_of_its_mapping(tmp_path: Path) -> None:
    sync = load_text(tmp_path, edited("match_field: Email", "match_field: EMAIL")).config.syncs[0]

    assert sync.match_field == "Email"
    assert sync.match_field in sync.mappings


def test_an_api_version_without_quotes_is_understood(tmp_path: Path) -> None:
    assert load_text(tmp_path, edited('"66.0"', "66.0")).config.connection.api_version == "66.0"


def test_the_store_has_limits(tmp_path: Path) -> None:
    options = "{path: state/mine.duckdb, memory_limit: 1.5 GB, threads: 2, keep_ledger: 400d}"
    project = load_text(tmp_path, edited("store: ./audiences.duckdb", f"store: {options}"))

    assert project.store_path == tmp_path / "state/mine.duckdb"
    assert project.store_settings == {"memory_limit": "1.5GB", "threads": "2"}
    assert project.config.store.keep_ledger == timedelta(days=400)


def test_without_limits_half_of_the_memory_and_every_core_are_the_stores_and_the_ledger_is_kept(
    tmp_path: Path,
) -> None:
    project = load_text(tmp_path, WHOLE)

    assert project.store_settings == {"memory_limit": "50%"}
    assert project.config.store.keep_ledger is None


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ("{memory_limit: 4}", "store.memory_limit: must be a size such as 4GB or 500MB, or a share"),
        ("{memory_limit: 4 gigs}", "store.memory_limit: must be a size such as 4GB"),
        ("{memory_limit: 120%}", "store.memory_limit: must be a size such as 4GB"),
        ("{memory_limit: 20MB}", "store.memory_limit: must be at least 100MB"),
        ("{threads: 0}", "store.threads: must be at least 1"),
        ("{keep_ledger: 400}", "store.keep_ledger: must be a length of time such as 90s, 15m, 6h or 1d"),
        ("{keep_ledger: 2d}", "store.keep_ledger: must be at least 8d"),
        ("{memory: 4GB}", "store.memory: unknown key; did you mean 'memory_limit'?"),
        ("[a, b]", "store: must be a file name, or a mapping such as"),
        ("{path: ''}", "store.path: must not be empty"),
    ],
)
def test_a_limit_that_is_none_is_refused_with_an_example(tmp_path: Path, options: str, what: str) -> None:
    (found,) = mistakes(tmp_path, edited("store: ./audiences.duckdb", f"store: {options}"))
    assert f": {what}" in found


def test_a_spark_engine_is_understood(tmp_path: Path) -> None:
    config = load_text(tmp_path, edited("engine: duckdb", 'engine: {spark: "sc://host:15002"}')).config

    assert config.engine == SparkEngine(spark="sc://host:15002")


def test_a_postal_code_keeps_its_zero_and_a_date_stays_text(tmp_path: Path) -> None:
    text = edited(
        "LeadSource: {value: Web}", "LeadSource: {value: 01234}\n      Since__c: {value: 2024-01-31}"
    )
    sync = load_text(tmp_path, text).config.syncs[0]

    assert sync.mappings["LeadSource"].value == "01234"
    assert sync.mappings["Since__c"].value == "2024-01-31"


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("1.5", 1.5), ("true", True), ("yes", "yes")])
def test_a_constant_keeps_its_type(tmp_path: Path, text: str, value: object) -> None:
    sync = load_text(tmp_path, edited("{value: Web}", f"{{value: {text}}}")).config.syncs[0]

    found = sync.mappings["LeadSource"].value
    assert (found, type(found)) == (value, type(value))


def test_two_syncs_may_share_mappings_and_override_one(tmp_path: Path) -> None:
    text = WHOLE.replace("required_fields: ", "required_fields: &shared ", 1) + (
        "  - name: more\n    object: Contact\n    audiences: [newsletter]\n"
        "    required_fields:\n      Email: mail\n      <<: *shared\n"
    )
    project = load_text(tmp_path, text)

    assert project.config.syncs[1].mappings["Email"].column == "mail"
    assert project.config.syncs[1].mappings["LastName"].column == "last_name"
    assert (
        project.line_of(("syncs", 1, "required_fields", "Email"))
        == text[: text.index("Email: mail")].count("\n") + 1
    )


def test_what_overrides_a_shared_list_is_reported_at_its_own_line(tmp_path: Path) -> None:
    text = WHOLE.replace("  - name: leads", "  - &first\n    name: leads", 1) + (
        "  - <<: *first\n    name: more\n    audiences:\n      - newsletter\n      - newsletter\n"
    )

    last = text.count("\n")
    assert mistakes(tmp_path, text) == [f"FILE:{last}: syncs.1.audiences.1: 'newsletter' is named twice"]


def test_what_stands_below_a_misspelt_key_is_not_reported_too(tmp_path: Path) -> None:
    text = edited("  login_url: https://login.salesforce.com ", "  login_urls: ${env:NOT_SET} ")

    assert mistakes(tmp_path, text) == [
        "FILE:8: connection.login_urls: unknown key; did you mean 'login_url'?"
    ]


@pytest.mark.parametrize(
    "field",
    [
        "Name",
        "Tier__c",
        "ns__Tier__c",
        "Home__Latitude__s",
        "Account.Ext__c",
        "Parent__r.ns__Ext__c",
        "User:Owner.Username",
    ],
)
def test_api_names_of_every_shape_may_be_mapped(tmp_path: Path, field: str) -> None:
    assert field in load_text(tmp_path, edited("FirstName:", f"{field}:")).config.syncs[0].mappings


@pytest.mark.parametrize("field", ["Last Name", "1st__c", "_x", "Name_", "A.B.C", "Näme", "Account.", "a-b"])
def test_what_cannot_be_an_api_name_is_refused(tmp_path: Path, field: str) -> None:
    found = mistakes(tmp_path, edited("FirstName:", f"{field}:"))

    assert len(found) == 1
    assert found[0].startswith(
        f"FILE:47: syncs.0.extra_fields.{field}: must be the API name of a Salesforce field"
    )


@pytest.mark.parametrize("name", ["a;b", " a", "a ", "a\tb", "a\u2028b", "", "x" * 81])
def test_an_audience_name_that_salesforce_text_could_not_hold_is_refused(tmp_path: Path, name: str) -> None:
    quoted = '"' + name.replace("\t", "\\t").replace("\u2028", "\\L") + '"'

    (found,) = mistakes(tmp_path, edited("[newsletter,", f"[{quoted},"))
    assert "audiences.0: an audience name" in found


@pytest.mark.parametrize("name", ["a", "Große Kunden 2024", "x" * 80, "日本"])
def test_an_audience_name_may_be_any_other_text(tmp_path: Path, name: str) -> None:
    assert load_text(tmp_path, edited("[newsletter,", f'["{name}",')).config.syncs[0].audiences[0] == name


def test_seventy_five_trigger_fields_pass_and_more_are_counted(tmp_path: Path) -> None:
    def naming(count: int) -> str:
        return edited("[lifetime_value, phone]", f"[{', '.join(f'c{n}' for n in range(count))}]")

    assert len(load_text(tmp_path, naming(MAX_TRIGGER_FIELDS)).config.syncs[0].trigger_fields or ()) == 75
    assert mistakes(tmp_path, naming(80)) == [
        "FILE:50: syncs.0.trigger_fields: 80 trigger fields, at most 75 are allowed"
    ]


def test_more_mapped_columns_than_triggers_allowed_must_name_their_triggers(tmp_path: Path) -> None:
    many = "\n".join(f"      F{n}__c: c{n}" for n in range(80))
    text = edited("      FirstName: first_name", many)
    assert load_text(tmp_path, text)

    (found,) = mistakes(tmp_path, text.replace("    trigger_fields:", "    # trigger_fields:"))
    assert "87 trigger fields, at most 75 are allowed" in found


def test_a_match_field_that_is_not_mapped_has_its_own_message(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, edited("match_field: Email", "match_field: Emial"))

    assert found == (
        "FILE:37: syncs.0.match_field: the match field 'Emial' is not mapped; "
        "add it to required_fields or extra_fields; did you mean 'Email'?"
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["match_field: []"], "match_field: must hold at least one"),
        (["match_field: [Email, email]"], "match_field.1: 'email' is named twice"),
        (["match_field: [Email, Nope]"], "match_field.1: the match field 'Nope' is not mapped"),
        (["match_field: 7"], "match_field: must be text"),
        (["match_field: null", "mode: update_only"], "mode: mode needs a match_field"),
        (["on_multiple: all"], "on_multiple: on_multiple needs a match_field"),
        (["try_first: {object: Contact}"], "try_first: try_first needs a match_field"),
        (
            ["match_field: Email", "on_multiple: first"],
            "on_multiple: must be 'reject', 'oldest', 'newest' or 'all'",
        ),
        (["match_field: Email", "mode: insert"], "mode: must be 'upsert', 'update_only' or 'create_only'"),
        (["match_field: Email", "try_first: {object: Lead}"], "try_first.object: is the sync's own object"),
        (["match_field: Email", "try_first: {object: Contact, omit: [Compny]}"], "did you mean 'Company'?"),
        (
            ["match_field: Email", "try_first: {object: Contact}", "mode: create_only"],
            "mode: create_only never updates",
        ),
    ],
)
def test_keys_about_records_that_contradict_each_other_are_refused_with_their_place(
    tmp_path: Path, lines: list[str], words: str
) -> None:
    (found,) = mistakes(tmp_path, edited("match_field: Email", "\n    ".join(lines)))

    assert "syncs.0." in found
    assert words in found


def test_one_match_field_may_stand_in_a_list(tmp_path: Path) -> None:
    config = load_text(tmp_path, edited("match_field: Email", "match_field: [email]")).config

    assert config.syncs[0].match_fields == ("Email",)


def test_an_audience_nobody_defines_is_refused_when_there_are_no_memberships(tmp_path: Path) -> None:
    start, end = WHOLE.index("  memberships:"), WHOLE.index("\naudiences:")
    text = (WHOLE[:start] + WHOLE[end:]).replace("[newsletter, high_value]", "[high_valu]")

    (found,) = mistakes(tmp_path, text)
    assert found.endswith(
        "syncs.0.audiences.0: 'high_valu' is an audience nobody defines: there is no rule of that name, "
        "and source.memberships is not set; did you mean 'high_value'?"
    )


def test_a_salesforce_field_is_set_once_whatever_its_case(tmp_path: Path) -> None:
    found = mistakes(tmp_path, edited("FirstName:", "EMAIL:").replace("Scores__c", "audiences__C"))

    said = "the Salesforce field"
    assert found == [
        f"FILE:40: syncs.0.send_scores_to.field: {said} audiences__C is set by send_audiences_to already",
        f"FILE:47: syncs.0.extra_fields.EMAIL: {said} EMAIL is set by required_fields.Email already",
    ]


def test_two_syncs_of_one_name_are_refused(tmp_path: Path) -> None:
    again = WHOLE[WHOLE.index("  - name: leads") :]

    (found,) = mistakes(tmp_path, WHOLE + again)
    assert found.endswith("syncs.1.name: 'leads' is the name of syncs.0 already")


@pytest.mark.parametrize(
    ("mapping", "what"),
    [
        ("{}", "needs exactly one of 'from', 'sql' and 'value', found none"),
        ("{from: a, sql: b}", "needs exactly one of 'from', 'sql' and 'value', found from and sql"),
        ("{value: null}", "needs exactly one of 'from', 'sql' and 'value', found none"),
        ("5", "must be a column, or a mapping with one of 'from', 'sql' and 'value'"),
        ("''", "must not be empty"),
        ("[a]", "must be a column, or a mapping with one of 'from', 'sql' and 'value'"),
    ],
)
def test_a_mapping_has_exactly_one_source(tmp_path: Path, mapping: str, what: str) -> None:
    (found,) = mistakes(tmp_path, edited("FirstName: first_name", f"FirstName: {mapping}"))

    assert found == f"FILE:47: syncs.0.extra_fields.FirstName: {what}"


def test_a_misspelt_method_of_login_does_not_hide_the_other_mistakes_beside_it(tmp_path: Path) -> None:
    text = edited("method: jwt_bearer", "method: jwt-bearer").replace("private_key:", "privatekey:")

    assert [line.partition("; ")[2] for line in mistakes(tmp_path, text)] == [
        "did you mean 'jwt_bearer'?",
        "did you mean 'private_key'?",
    ]


def test_every_way_to_log_in_is_understood(tmp_path: Path) -> None:
    start, end = WHOLE.index("    method:"), WHOLE.index("  api_version")
    text = (
        WHOLE[:start]
        + '    {method: password, consumer_key: "${env:K}", username: u, password: "${env:P}"}\n'
        + WHOLE[end:]
    )

    assert isinstance(load_text(tmp_path, text).config.connection.auth, Password)


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("login.salesforce.com", "must be a URL"),
        ("http://login.salesforce.com", "must begin with https://"),
        ("https://login.salesforce.com/services/oauth2", "must end after the host"),
        ("https://me:hunter2@login.salesforce.com", "must not hold a user name or password"),
        ("https://host:port", "must be a URL"),
    ],
)
def test_a_login_url_is_scheme_and_host(tmp_path: Path, url: str, what: str) -> None:
    (found,) = mistakes(tmp_path, edited("https://login.salesforce.com ", f"{url} "))

    assert what in found
    assert "hunter2" not in found


def test_a_local_emulator_may_do_without_tls(tmp_path: Path) -> None:
    project = load_text(tmp_path, edited("https://login.salesforce.com ", "http://127.0.0.1:8080/ "))

    assert project.config.connection.login_url == "http://127.0.0.1:8080"


def test_ten_kinds_of_mistake_are_reported_at_once_in_the_order_of_the_file() -> None:
    path = FILES / "mistakes.yaml"
    with pytest.raises(ConfigError) as caught:
        load(path, {})

    found = str(caught.value).replace(str(path), "mistakes.yaml")
    assert found + "\n" == (FILES / "mistakes.txt").read_text(encoding="utf-8")
    assert "SECRET" not in found


def test_loading_the_loader_stays_cheap() -> None:
    """`audiencesync --help` and the shell's completion wait for it."""
    heavy = {"duckdb", "pyarrow", "requests", "simple_salesforce", "jwt", "cryptography", "rich", "jinja2"}
    code = f"import sys, audiencesync.config.load; print(sorted({heavy!r} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_models_can_be_built_by_name_in_code() -> None:
    sync = Sync(
        name="leads", object="Lead", audiences=("a",), required_fields={"Name": FieldMapping(sql="1")}
    )

    assert sync.mappings["Name"].kind == "sql"
    assert Config.model_fields["version"].description
