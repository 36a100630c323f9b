"""What is said of a file that cannot be a config at all."""

from pathlib import Path

import pytest

from audiencesync.config.load import load
from audiencesync.errors import ConfigError

WHOLE = (Path(__file__).parent / "files" / "whole.yaml").read_text(encoding="utf-8")


def mistakes(tmp_path: Path, text: str) -> list[str]:
    """The lines of the refusal, without the folder."""
    path = tmp_path / "audiencesync.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert caught.value.hint
    return str(caught.value).replace(str(path), "FILE").split("\n")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "FILE:1: the file is empty"),
        ("# only a comment\n", "FILE:1: the file is empty"),
        ("- version: 1\n", "FILE:1: the file must hold keys and values, such as 'version: 1'"),
        ("version\n", "FILE:1: the file must hold keys and values, such as 'version: 1'"),
        ("version: 1\nsource:\n\tattach: x\n", "FILE:3: a tab; YAML is indented with spaces"),
        (
            "version: 1\nstore: a: b\n",
            "FILE:2: a ':' that does not fit here; check the indentation, or quote the text",
        ),
        ("version: 1\nsyncs: [\n", "FILE:3: a bracket that is never closed"),
        ("version: 1\n---\nversion: 1\n", "FILE:2: a second document ('---'); one file holds one config"),
        ("version: 1\nstore: \x01\n", "FILE:2: a control character, which YAML does not allow"),
    ],
)
def test_a_file_that_is_no_config_says_so_with_its_line(tmp_path: Path, text: str, what: str) -> None:
    assert mistakes(tmp_path, text) == [what]


def test_a_missing_file_is_named_with_the_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file") as caught:
        load(tmp_path / "nowhere.yaml", {})

    assert "audiencesync init" in caught.value.hint
    assert caught.value.exit_code == 2


def test_a_folder_is_not_a_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, {})


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "audiencesync.yaml"
    path.write_bytes("version: 1\nstore: ü\n".encode("latin-1"))

    with pytest.raises(ConfigError, match=r"audiencesync.yaml:2: the file is not UTF-8"):
        load(path, {})


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "audiencesync.yaml"
    path.write_text(WHOLE, encoding="utf-8-sig")

    assert load(path, {}).config.version == 1


def test_an_alias_to_itself_and_a_tag_are_mistakes_not_a_crash(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path, WHOLE.replace("audiences:  ", "audiences: &loop", 1) + "  - &x [*x]\n  - !tag y\n"
    )

    assert any("an alias to something that contains it" in line for line in found)
    assert any("a YAML tag ('!')" in line for line in found)
