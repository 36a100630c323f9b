from collections.abc import Callable

import pytest

from audiencesync.emulator.soql import SoqlError, execute

from .org import Org

Ask = Callable[[str], list[object]]
Refusal = Callable[[str], SoqlError]


@pytest.fixture
def org() -> Org:
    return Org()


@pytest.fixture
def ask(org: Org) -> Ask:
    """The last column's values, by the statement."""

    def run(text: str) -> list[object]:
        result = execute(text, org)
        return [result.columns[-1].get(row) for row in result.rows]

    return run


@pytest.fixture
def refusal(org: Org) -> Refusal:
    """What a statement is refused with."""

    def run(text: str) -> SoqlError:
        with pytest.raises(SoqlError) as caught:
            execute(text, org)
        return caught.value

    return run
