"""The sample is the same for the same seed, believable, and holds what the demo shows."""

import csv
import json
import re
import unicodedata
from pathlib import Path

import pytest

from audiencesync.demo.names import read_regions
from audiencesync.demo.sample import LEAST_CUSTOMERS, Day, Sample, make_sample, write_day

ADDRESS = re.compile(r"[a-z0-9.]+@example\.(com|net|org)")
SCRIPTS = {
    "LATIN",
    "CYRILLIC",
    "GREEK",
    "HEBREW",
    "ARABIC",
    "DEVANAGARI",
    "THAI",
    "CJK",
    "HIRAGANA",
    "HANGUL",
}


@pytest.fixture(scope="module")
def sample() -> Sample:
    return make_sample(3000, 7)


def by_id(day: Day) -> dict[str, object]:
    return {one.user_id: one for one in day.customers}


def test_the_same_seed_makes_the_same_days(sample: Sample) -> None:
    assert make_sample(3000, 7) == sample
    assert make_sample(3000, 8) != sample


def test_files_of_the_same_day_are_the_same_to_the_byte(sample: Sample, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_day(sample.first, tmp_path / name)
    for file in ("customers.csv", "memberships.csv"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_customers_are_from_everywhere(sample: Sample) -> None:
    text = "".join(one.first_name + one.last_name for one in sample.first.customers)
    scripts = {unicodedata.name(char, "").split()[0] for char in set(text) if char.isalpha()}
    assert scripts >= SCRIPTS
    assert {one.country for one in sample.first.customers} == {region.country for region in read_regions()}


def test_keys_are_unique_and_addresses_too_but_for_the_planted_ones(sample: Sample) -> None:
    for day in (sample.first, sample.second):
        assert len(by_id(day)) == len(day.customers)
    odd = {*sample.planted.broken, *(other for _, other in sample.planted.shared)}
    addresses = [one.email for one in sample.first.customers if one.user_id not in odd]
    assert len(set(addresses)) == len(addresses)
    assert all(ADDRESS.fullmatch(address) for address in addresses)


def test_some_companies_and_phones_are_missing(sample: Sample) -> None:
    missing = sum(not one.company for one in sample.first.customers) / len(sample.first.customers)
    assert 0.3 < missing < 0.6
    assert 0 < sum(not one.phone for one in sample.first.customers) < 1000


def test_broken_and_shared_addresses_are_planted_among_the_members(sample: Sample) -> None:
    customers = {one.user_id: one for one in sample.first.customers}
    assert len(sample.planted.broken) == len(sample.planted.shared) == 10
    assert not any(ADDRESS.fullmatch(customers[key].email) for key in sample.planted.broken)
    for one, other in sample.planted.shared:
        assert customers[one].email.lower() == customers[other].email.lower()
    keys = [*sample.planted.broken, *(key for pair in sample.planted.shared for key in pair)]
    assert all(sample.first.memberships[key] for key in keys)


def test_the_second_day_changes_those_it_says_and_nobody_else(sample: Sample) -> None:
    before, after, planted = by_id(sample.first), by_id(sample.second), sample.planted
    assert set(planted.new) == set(after) - set(before)
    assert set(planted.vanished) == set(before) - set(after)
    differ = {key for key in before.keys() & after.keys() if before[key] != after[key]}
    touched = {*planted.changed, *planted.quiet, *planted.mended}
    assert differ - set(planted.left) == touched
    moved = {
        key
        for key in before.keys() & after.keys()
        if sample.first.memberships.get(key) != sample.second.memberships.get(key)
    }
    assert moved == {*planted.joined, *planted.left}
    assert not set(planted.left) & set(sample.second.memberships)


def test_a_quiet_change_touches_the_title_alone(sample: Sample) -> None:
    before = {one.user_id: one for one in sample.first.customers}
    after = {one.user_id: one for one in sample.second.customers}
    for key in sample.planted.quiet:
        changed = [
            name for name in before[key].__slots__ if getattr(before[key], name) != getattr(after[key], name)
        ]
        assert changed == ["title"]


def test_the_smallest_sample_has_every_planted_case() -> None:
    for seed in range(20):
        planted = make_sample(LEAST_CUSTOMERS, seed).planted
        assert all(getattr(planted, name) for name in planted.__slots__)


def test_what_is_written_is_read_back(sample: Sample, tmp_path: Path) -> None:
    write_day(sample.second, tmp_path)
    with (tmp_path / "customers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(sample.second.customers)
    for row, one in zip(rows, sample.second.customers, strict=True):
        assert (row["user_id"], row["last_name"], row["email"]) == (one.user_id, one.last_name, one.email)
        assert json.loads(row["affinities"]) == one.affinities
    assert not list(tmp_path.glob("*.new"))
