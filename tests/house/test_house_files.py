"""The repository keeps its promises to those who build from it: pins, versions, sizes, no machine's name."""

import re
import tomllib
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import audiencesync
from tests.house.pages import PACKAGE, ROOT, page, tracked

PROJECT = tomllib.loads(page("pyproject.toml"))["project"]
_BUILDERS = {"pip", "setuptools", "wheel", "audiencesync"}


def pins() -> dict[str, str]:
    """Distribution -> version, as the constraints say; each line is one exact pin."""
    found: dict[str, str] = {}
    for line in page("constraints.txt").splitlines():
        requirement = Requirement(line)
        (exact,) = requirement.specifier
        assert exact.operator == "==", line
        assert "*" not in exact.version, line
        found[canonicalize_name(requirement.name)] = exact.version
    return found


def declared() -> set[str]:
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def test_everything_installed_is_pinned_to_what_is_installed() -> None:
    installed = {
        (canonicalize_name(distribution.metadata["Name"]), distribution.version)
        for distribution in metadata.distributions()
    }
    assert {one for one in installed if one[0] not in _BUILDERS} - pins().items() == set()


def test_every_dependency_is_pinned_within_its_own_bounds() -> None:
    pinned = pins()
    for line in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]:
        requirement = Requirement(line)
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), line


def test_every_pin_is_needed_by_somebody() -> None:
    oldest = {"extra": "", "python_version": "3.11", "python_full_version": "3.11.0"}
    needed: set[str] = set()
    queue = [*declared()]
    while queue:
        name = queue.pop()
        if name not in needed:
            needed.add(name)
            for line in metadata.requires(name) or []:
                requirement = Requirement(line)
                if requirement.marker is None or requirement.marker.evaluate(oldest):
                    queue.append(canonicalize_name(requirement.name))
    assert pins().keys() - needed == set()


def test_no_file_names_an_index_or_a_place_on_somebodys_machine() -> None:
    # put together, so that this file does not hold them
    words = [
        "index" + "-url",
        "pypi" + ".org",
        "files.python" + "hosted",
        "/ro" + "ot/",
        "/wo" + "rk/",
        "/ho" + "me/",
    ]
    found = {}
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        held = [word for word in words if word in text]
        if held:
            found[path.relative_to(ROOT).as_posix()] = held
    assert found == {}


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    versions = re.findall(r"^## \[(.+?)\]", page("CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == audiencesync.__version__ == metadata.version("audiencesync")
    assert len(versions) == len(set(versions))


def test_no_module_is_longer_than_it_can_be_read() -> None:
    """A longer one is split by noun. A test module has more room: a page of sentences about one thing."""
    limits = ((PACKAGE, 400), (ROOT / "tests", 600))
    sizes = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) - most
        for folder, most in limits
        for path in folder.rglob("*.py")
    }
    assert {name: over for name, over in sizes.items() if over > 0} == {}


def test_the_gate_can_be_run() -> None:
    gate = ROOT / ".ci" / "run"
    assert gate.stat().st_mode & 0o111
    assert "make check" in gate.read_text()
    assert "make test" in gate.read_text()
