"""A seeded sample: some thousand believable customers, and what became of them a day later."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from audiencesync.demo.names import Region, read_regions

LEAST_CUSTOMERS = 100
"""Fewer leave no room for the planted cases."""

HIGH_VALUE = 1000
"""Lifetime value from which the demo's rule audience takes a customer."""

_AUDIENCES = {"newsletter": 0.55, "spring_sale": 0.25, "product_news": 0.15, "beta_testers": 0.04}
_LIKES = ("books", "coffee", "cycling", "gardening", "music", "photography", "running", "travel")
_TITLES = ("Buyer", "Consultant", "Director", "Engineer", "Owner", "Teacher")
_WITH_PHONE, _WITHOUT_COMPANY = 0.8, 0.45
_HOSTS = ("example.com", "example.net", "example.org")
_BROKEN = (
    "{name}@.example.com",
    "{name}@example..com",
    "{name}@.example.com",
)


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer as the shop knows her; the fields are the columns of `customers.csv`."""

    user_id: str
    first_name: str
    last_name: str
    company: str
    title: str
    email: str
    phone: str
    country: str
    lifetime_value: float
    score_recency: int
    score_frequency: int
    affinities: Mapping[str, int] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Day:
    """The shop's data on one day.

    Attributes:
        customers: In the order of their ids.
        memberships: Customer's id -> audiences, for those that are in any.
    """

    customers: tuple[Customer, ...]
    memberships: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Planted:
    """Ids of the customers to whom something was done on purpose.

    Attributes:
        broken: Their e-mail address is none.
        shared: Pairs that share an address, here and there in another case.
        new: Came on the second day.
        changed: A trigger field changed.
        quiet: A mapped field changed that triggers nothing.
        joined: Are in one audience more.
        left: Are in no audience any more.
        vanished: Are no longer in the data at all.
        mended: Their broken address was put right.
    """

    broken: tuple[str, ...] = ()
    shared: tuple[tuple[str, str], ...] = ()
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """Two days of one shop."""

    first: Day
    second: Day
    planted: Planted


def make_sample(customers: int, seed: int) -> Sample:
    """Make the two days; the same arguments always make the same.

    Args:
        customers: How many there are on the first day, at least `LEAST_CUSTOMERS`.
        seed: Chooses everything else.
    """
    random = Random(seed)  # noqa: S311  (a sample, not a secret)
    regions = read_regions()
    people = [_customer(random, regions, number) for number in range(1, customers + 1)]
    memberships = {one.user_id: _audiences(random) for one in people}
    few = max(customers // 300, 3)
    places = random.sample(range(customers), 3 * few)
    for place in places[:few]:
        people[place] = _broken(random, people[place])
        memberships[people[place].user_id] = ("newsletter",)
    shared = []
    for one, other in zip(places[few : 2 * few], places[2 * few :], strict=True):
        people[other] = replace(people[other], email=_as_typed(random, people[one].email))
        memberships[people[one].user_id] = memberships[people[other].user_id] = ("newsletter",)
        shared.append((people[one].user_id, people[other].user_id))
    first = Day(tuple(people), {key: names for key, names in memberships.items() if names})
    planted = Planted(broken=tuple(people[place].user_id for place in places[:few]), shared=tuple(shared))
    new = tuple(
        _customer(random, regions, number) for number in range(customers + 1, customers + 1 + customers // 75)
    )
    return _next_day(random, first, new, planted)


def write_day(day: Day, folder: Path) -> None:
    """Write `customers.csv` and `memberships.csv`, each replaced at once."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = list(Customer.__slots__)
    _write(
        folder / "customers.csv",
        columns,
        ([_text(getattr(one, column)) for column in columns] for one in day.customers),
    )
    rows = ([key, name] for key, names in day.memberships.items() for name in names)
    _write(folder / "memberships.csv", ["user_id", "audience"], rows)


def _next_day(random: Random, first: Day, new: Sequence[Customer], planted: Planted) -> Sample:
    """New, changed, left and vanished customers; nobody is touched twice."""
    special = {*planted.broken, *(key for pair in planted.shared for key in pair)}
    members = [key for key in first.memberships if key not in special]
    size = len(first.customers)
    sizes = {"changed": size // 50, "quiet": size // 100, "joined": size // 100, "left": size // 100}
    sizes["vanished"] = max(size // 200, 2)
    drawn = random.sample(members, sum(sizes.values()))
    groups: dict[str, tuple[str, ...]] = {}
    for name, many in sizes.items():
        groups[name], drawn = tuple(drawn[:many]), drawn[many:]
    groups["mended"] = planted.broken[: max(len(planted.broken) // 4, 1)]

    people = {one.user_id: one for one in first.customers}
    memberships = dict(first.memberships)
    for key in groups["changed"]:
        people[key] = _bought_again(random, people[key])
    for key in groups["quiet"]:
        people[key] = replace(people[key], title=_another(random, _TITLES, people[key].title))
    for key in groups["joined"]:
        memberships[key] = (*memberships[key], "loyalty_club")
    for key in groups["left"]:
        people[key] = replace(people[key], lifetime_value=min(people[key].lifetime_value, HIGH_VALUE - 1.0))
        del memberships[key]
    for key in groups["vanished"]:
        del people[key], memberships[key]
    for key in groups["mended"]:
        people[key] = replace(people[key], email=f"mended.{key.lower()}@example.com")
    for one in new:
        people[one.user_id] = one
        memberships[one.user_id] = ("newsletter",)
    second = Day(tuple(people.values()), memberships)
    planted = replace(
        planted,
        new=tuple(one.user_id for one in new),
        changed=groups["changed"],
        quiet=groups["quiet"],
        joined=groups["joined"],
        left=groups["left"],
        vanished=groups["vanished"],
        mended=groups["mended"],
    )
    return Sample(first, second, planted)


def _customer(random: Random, regions: Sequence[Region], number: int) -> Customer:
    (region,) = random.choices(regions, [one.share for one in regions])
    first_name, first_ascii = random.choice(region.given)
    last_name, last_ascii = random.choice(region.family)
    value = round(random.lognormvariate(5, 1.2), 2)
    return Customer(
        user_id=f"C{number:06d}",
        first_name=first_name,
        last_name=last_name,
        company=_company(random, region),
        title=random.choice(_TITLES),
        email=f"{first_ascii}.{last_ascii}{number}@{random.choice(_HOSTS)}",
        phone=_phone(random, region) if random.random() < _WITH_PHONE else "",
        country=region.country,
        lifetime_value=value,
        score_recency=random.randint(0, 100),
        score_frequency=min(round(value / 25) + random.randint(0, 20), 100),
        affinities={name: random.randint(1, 40) for name in random.sample(_LIKES, random.randint(1, 5))},
    )


def _bought_again(random: Random, customer: Customer) -> Customer:
    """A purchase changes value, scores and one affinity."""
    liked = random.choice(_LIKES)
    bought = customer.affinities.get(liked, 0) + random.randint(1, 9)
    return replace(
        customer,
        lifetime_value=round(customer.lifetime_value + random.uniform(5, 250), 2),
        score_recency=100,
        affinities={**customer.affinities, liked: bought},
    )


def _company(random: Random, region: Region) -> str:
    if random.random() < _WITHOUT_COMPANY:
        return ""
    return f"{random.choice(region.company)} {region.company_end}"


def _phone(random: Random, region: Region) -> str:
    digits = f"{random.randint(10, 99)} {random.randint(100, 999)} {random.randint(1000, 9999)}"
    return f"{region.calling_code} {digits}"


def _audiences(random: Random) -> tuple[str, ...]:
    return tuple(name for name, share in _AUDIENCES.items() if random.random() < share)


def _broken(random: Random, customer: Customer) -> Customer:
    name = customer.email.partition("@")[0]
    return replace(customer, email=random.choice(_BROKEN).format(name=name))


def _as_typed(random: Random, email: str) -> str:
    """The same address as another person may type it."""
    return random.choice((email, email.upper(), email.capitalize()))


def _another(random: Random, choices: Sequence[str], current: str) -> str:
    return random.choice([choice for choice in choices if choice != current])


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping) else str(value)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    fresh.replace(path)
