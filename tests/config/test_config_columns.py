from pathlib import Path

import pytest

from audiencesync.config.columns import check_columns
from audiencesync.config.load import Project, load
from audiencesync.errors import ConfigError

WHOLE = Path(__file__).parent / "files" / "whole.yaml"
COLUMNS = (
    *("user_id", "updated_at", "LAST_NAME", "first_name", "company", "email", "phone", "lifetime_value"),
    *("score_recency", "score_frequency", "affinities"),
)


@pytest.fixture
def project() -> Project:
    return load(WHOLE, {})


def lines(project: Project, *columns: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        check_columns(project, columns)
    assert caught.value.hint == f"the columns are: {', '.join(columns) or 'none'}"
    return str(caught.value).replace(str(WHOLE), "FILE").split("\n")


def test_columns_that_exist_in_any_case_pass(project: Project) -> None:
    check_columns(project, COLUMNS)


def test_every_unknown_column_is_listed_with_line_key_path_and_nearest_name(project: Project) -> None:
    known = [column for column in COLUMNS if column not in {"phone", "affinities", "score_recency"}]

    scores = "FILE:40: syncs.0.send_scores_to.scores.0: the source has no column 'score_recency'"
    assert lines(project, *known, "phones") == [
        f"{scores}; did you mean 'score_frequency'?",
        "FILE:41: syncs.0.send_affinities_to.from: the source has no column 'affinities'",
        "FILE:49: syncs.0.extra_fields.Phone: the source has no column 'phone'; did you mean 'phones'?",
        "FILE:50: syncs.0.trigger_fields.1: the source has no column 'phone'; did you mean 'phones'?",
    ]


def test_a_salesforce_field_among_the_triggers_is_answered_with_its_column(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        WHOLE.read_text(encoding="utf-8").replace("[lifetime_value, phone]", "[FirstName]"), encoding="utf-8"
    )

    with pytest.raises(
        ConfigError, match="'FirstName', it is a Salesforce field; did you mean its column 'first_name'"
    ):
        check_columns(load(path, {}), COLUMNS)


def test_one_sync_may_be_checked_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    other = "  - {name: other, object: Lead, audiences: [a], required_fields: {LastName: nowhere}}\n"
    path.write_text(WHOLE.read_text(encoding="utf-8") + other, encoding="utf-8")
    two = load(path, {})

    check_columns(two, COLUMNS, two.config.syncs[0])
    with pytest.raises(ConfigError, match=r"syncs\.1\.required_fields\.LastName: .*'nowhere'"):
        check_columns(two, COLUMNS, two.config.syncs[1])


def test_sql_and_constants_are_not_columns(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    text = WHOLE.read_text(encoding="utf-8").replace("{value: Web}", '{sql: "upper(nothing)"}')
    path.write_text(text, encoding="utf-8")

    check_columns(load(path, {}), COLUMNS)


def test_the_case_of_letters_beyond_ascii_counts_as_it_does_in_duckdb(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    text = WHOLE.read_text(encoding="utf-8").replace("FirstName: first_name", "FirstName: größe")
    path.write_text(text, encoding="utf-8")
    one = load(path, {})

    check_columns(one, [*COLUMNS, "GRößE"])
    with pytest.raises(ConfigError, match="no column 'größe'"):
        check_columns(one, [*COLUMNS, "GRÖßE"])
