"""Any single misspelt key is reported with its line and the name that was meant."""

import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiencesync.config.load import load
from audiencesync.config.mistakes import KeyPath, dotted
from audiencesync.config.tree import parse
from audiencesync.errors import ConfigError

WHOLE = (Path(__file__).parent / "files" / "whole.yaml").read_text(encoding="utf-8")
LINES = WHOLE.split("\n")
NAMED_BY_THE_USER = {"required_fields", "extra_fields", "audiences"}


def _schema_keys() -> list[tuple[KeyPath, int]]:
    return sorted(
        (
            (keys, line)
            for keys, line in parse(WHOLE).lines.items()
            if keys and isinstance(keys[-1], str) and (len(keys) < 2 or keys[-2] not in NAMED_BY_THE_USER)
        ),
        key=lambda found: found[1],
    )


@st.composite
def misspelt(draw: st.DrawFn) -> tuple[KeyPath, int, str]:
    keys, line = draw(st.sampled_from(_schema_keys()))
    key = str(keys[-1])
    at = draw(st.integers(0, len(key) - 1))
    letter = draw(st.sampled_from(string.ascii_lowercase))
    wrong = draw(
        st.sampled_from(
            [
                key[:at] + letter + key[at:],
                key[:at] + key[at + 1 :],
                key[:at] + letter + key[at + 1 :],
                key[:at] + key[at + 1 : at + 2] + key[at] + key[at + 2 :],
                key.upper(),
            ]
        ).filter(lambda name: name not in {"", key})
    )
    return keys, line, wrong


@pytest.mark.slow
@settings(deadline=None)
@given(misspelt())
def test_any_single_misspelt_key_is_reported_with_its_line_and_nearest_name(
    tmp_path_factory: pytest.TempPathFactory, misspelling: tuple[KeyPath, int, str]
) -> None:
    keys, line, wrong = misspelling
    lines = list(LINES)
    before, colon, after = lines[line - 1].partition(f"{keys[-1]}:")
    lines[line - 1] = f"{before}{wrong}:{after}"
    path = tmp_path_factory.mktemp("config") / "c.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, {})

    place = f"{path}:{line}: {dotted((*keys[:-1], wrong))}"
    assert str(caught.value) == f"{place}: unknown key; did you mean '{keys[-1]}'?"
    assert colon
