import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiencesync.config.load import Project, load
from audiencesync.config.models import JwtBearer, SecretRef
from audiencesync.config.tree import parse
from audiencesync.errors import ConfigError

WHOLE = (Path(__file__).parent / "files" / "whole.yaml").read_text(encoding="utf-8")
SECRET = "hunter2-SECRET"


def load_text(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Project:
    path = tmp_path / "audiencesync.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ or {})


def refused(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, text, environ)
    seen = f"{caught.value!r} {caught.value} {caught.value.hint} {caught.value.__cause__!r}"
    assert SECRET not in seen
    return str(caught.value)


def with_auth(*lines: str) -> str:
    start, end = WHOLE.index("    method:"), WHOLE.index("  api_version")
    return WHOLE[:start] + "".join(f"    {line}\n" for line in lines) + WHOLE[end:]


def test_loading_needs_no_secret_and_connecting_does(tmp_path: Path) -> None:
    auth = load_text(tmp_path, WHOLE).config.connection.auth
    assert isinstance(auth, JwtBearer)

    with pytest.raises(ConfigError) as caught:
        auth.consumer_key.reveal(tmp_path, {})
    assert str(caught.value) == (
        f"{tmp_path}/audiencesync.yaml:11: connection.auth.consumer_key: "
        "the environment variable SF_CONSUMER_KEY is not set"
    )
    assert "SF_CONSUMER_KEY" in caught.value.hint
    assert auth.consumer_key.reveal(tmp_path, {"SF_CONSUMER_KEY": SECRET}) == SECRET


def test_the_environment_of_the_process_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "SF_CONSUMER_KEY", SECRET)

    assert SecretRef("${env:SF_CONSUMER_KEY}").reveal(tmp_path) == SECRET


def test_a_secret_file_starts_from_the_folder_of_the_config_and_loses_its_last_line_break(
    tmp_path: Path,
) -> None:
    (tmp_path / "sf_private_key.pem").write_text(f"-----BEGIN\n{SECRET}\n-----END\n", encoding="utf-8")
    project = load_text(tmp_path, WHOLE)
    auth = project.config.connection.auth
    assert isinstance(auth, JwtBearer)

    assert auth.private_key.reveal(project.base) == f"-----BEGIN\n{SECRET}\n-----END"


def test_a_secret_file_may_be_named_by_a_variable(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(SECRET, encoding="utf-8")
    ref = SecretRef("${file:${env:KEY_FILE}}", key="connection.auth.private_key")

    assert ref.reveal(tmp_path, {"KEY_FILE": str(tmp_path / "key")}) == SECRET
    with pytest.raises(ConfigError, match="private_key: the environment variable KEY_FILE is not set"):
        ref.reveal(tmp_path, {})


@pytest.mark.parametrize(
    ("content", "what"),
    [(None, "cannot be read: No such file"), (b"\n", "is empty"), (b"\xff\xfe", "is not a text file")],
)
def test_a_secret_file_that_gives_nothing_is_named(tmp_path: Path, content: bytes | None, what: str) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)

    with pytest.raises(ConfigError, match=f"connection.auth.password: .*key {what}"):
        SecretRef("${file:key}", key="connection.auth.password").reveal(tmp_path, {})


def test_an_empty_variable_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the environment variable K is empty"):
        SecretRef("${env:K}").reveal(tmp_path, {"K": "\n"})


def test_printing_shows_the_reference_alone(tmp_path: Path) -> None:
    project = load_text(tmp_path, WHOLE, {"SF_CONSUMER_KEY": SECRET})
    auth = project.config.connection.auth
    assert isinstance(auth, JwtBearer)

    shown = f"{project!r} {project.config} {project.config.model_dump()} {project.config.model_dump_json()}"
    assert "${env:SF_CONSUMER_KEY}" in shown
    assert SECRET not in shown
    assert str(auth.consumer_key) == "${env:SF_CONSUMER_KEY}"


@pytest.mark.parametrize(
    ("method", "key"),
    [
        ("jwt_bearer", "consumer_key"),
        ("jwt_bearer", "private_key"),
        ("refresh_token", "refresh_token"),
        ("client_credentials", "client_secret"),
        ("access_token", "access_token"),
        ("password", "password"),
    ],
)
@pytest.mark.parametrize(
    "value", [SECRET, f"{SECRET}${{env:X}}", f'"{SECRET} ${{env:X}}"', f"|\n      {SECRET}"]
)
def test_an_inline_secret_is_refused_with_the_cure(tmp_path: Path, method: str, key: str, value: str) -> None:
    found = refused(tmp_path, with_auth(f"method: {method}", f"{key}: {value}"), {"X": "x"})

    assert f"connection.auth.{key}: a secret must not stand in the file; write {key}: ${{env:NAME}}" in found


@pytest.mark.parametrize(
    "value",
    [
        f"${{{SECRET}}}",
        f"${{env:{SECRET}}}",
        f"${{vault:{SECRET}}}",
        f"*{SECRET}",
        f"&{SECRET}",
        f"!{SECRET} x",
        f"[{SECRET}]",
        f"%{SECRET}",
        f"'{SECRET}",
        f"{SECRET}: x",
        "''",
        "null",
        "12345",
    ],
)
def test_whatever_is_pasted_is_never_shown(tmp_path: Path, value: str) -> None:
    refused(tmp_path, with_auth("method: password", f"password: {value}", "username: u"))


def test_a_secret_under_a_misspelt_key_is_never_shown(tmp_path: Path) -> None:
    found = refused(tmp_path, with_auth("method: password", f"pasword: {SECRET}", "username: u"))

    assert "connection.auth.pasword: unknown key; did you mean 'password'?" in found


def test_what_comes_from_the_environment_is_never_shown(tmp_path: Path) -> None:
    text = WHOLE.replace("max_clears: 10000", 'max_clears: "${env:X}"').replace(
        "engine: duckdb", "engine: ${env:X}"
    )

    found = refused(tmp_path, text, {"X": SECRET})
    assert "guards.max_clears: must be a whole number" in found
    assert "engine: must be 'duckdb'" in found


@pytest.mark.parametrize(
    "url",
    [
        f"postgres://reader:{SECRET}@db/crm",
        f"postgresql://reader:{SECRET}${{env:P}}@db/crm",
        f"postgres://reader:p/{SECRET}@db/crm",
        f"postgres://db/crm?password={SECRET}",
        f"'host=db password={SECRET}'",
    ],
)
def test_an_inline_database_password_is_refused_with_the_cure(tmp_path: Path, url: str) -> None:
    found = refused(tmp_path, WHOLE.replace("attach: null", f"attach: {url}"), {"P": "p"})

    assert "source.attach: a password must not stand in the file" in found
    assert "${env:PGPASSWORD}" in found


def test_a_relation_is_shown_in_errors_so_it_may_hold_no_password(tmp_path: Path) -> None:
    url = f"postgres_scan('postgres://u:{SECRET}@h/db', 'public', 't')"

    assert "give the database in source.attach" in refused(
        tmp_path, WHOLE.replace("read_csv('data/memberships.csv')", url)
    )


def test_a_database_is_attached_with_its_password_read_at_the_last_moment(tmp_path: Path) -> None:
    url = "postgres://reader:${env:PGPASSWORD}@db:5432/crm"
    project = load_text(tmp_path, WHOLE.replace("attach: null", f"attach: {url}"))

    assert repr(project.config.source.attach) == f"SecretRef('{url}')"
    assert project.attach_target({"PGPASSWORD": "pw"}) == "postgres://reader:pw@db:5432/crm"
    with pytest.raises(ConfigError, match=r"source\.attach: the environment variable PGPASSWORD is not set"):
        project.attach_target({})


def test_a_database_file_starts_from_the_folder_of_the_config(tmp_path: Path) -> None:
    project = load_text(tmp_path, WHOLE.replace("attach: null", "attach: data/${env:DB}"))

    assert project.attach_target({"DB": "w.duckdb"}) == str(tmp_path / "data/w.duckdb")
    assert load_text(tmp_path, WHOLE).attach_target({}) is None


def test_a_file_reference_stands_for_secrets_alone(tmp_path: Path) -> None:
    found = refused(tmp_path, WHOLE.replace("store: ./audiences.duckdb", "store: ${file:./where}"))

    assert "store: ${file:...} is for secrets alone" in found


@pytest.mark.parametrize("text", ["${HOME}", "${env:A B}", "${ENV:A}", "${env:A"])
def test_what_only_looks_like_a_reference_is_a_mistake(tmp_path: Path, text: str) -> None:
    found = refused(tmp_path, WHOLE.replace("store: ./audiences.duckdb", f'store: "{text}"'))

    assert "store: '${' begins a reference" in found


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.text(st.characters(codec="utf-8", exclude_characters='"\\'), min_size=1),
    st.sampled_from(["consumer_key", "private_key", "audience", "user_name", "password"]),
    st.sampled_from(["", "'", '"', "|\n      ", "&", "[", "{"]),
)
def test_no_text_pasted_below_auth_is_ever_repeated(
    tmp_path_factory: pytest.TempPathFactory, pasted: str, key: str, opening: str
) -> None:
    path = tmp_path_factory.mktemp("config") / "c.yaml"
    text = with_auth("method: jwt_bearer", f"{key}: {opening}PASTED{pasted}")
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(ConfigError) as caught:
        load(path, {})

    assert "PASTED" not in re.sub(r"PASTED[^\n]*: unknown key", "", str(caught.value))


def test_the_yaml_reader_repeats_nothing_of_a_broken_line() -> None:
    for text in [
        f"a: *{SECRET}",
        f"a: 'x\n{SECRET}",
        f"{SECRET}\na: b: {SECRET}",
        f"a: %{SECRET}",
        f"a: @{SECRET}",
    ]:
        for mistake in parse(text).mistakes:
            assert SECRET not in mistake.what
