"""Names of people and companies in many scripts; `regions.toml` holds them."""

import tomllib
from dataclasses import dataclass
from importlib import resources

Named = tuple[str, str]
"""A name as it is written, and in ASCII."""


@dataclass(frozen=True, slots=True)
class Region:
    """People of one place.

    Attributes:
        country: As an address shows it.
        calling_code: With its plus sign.
        share: How many of the customers live there, relative to the others.
        given: Given names.
        family: Family names.
        company: Words that a company's name begins with.
        company_end: What it ends with.
    """

    country: str
    calling_code: str
    share: int
    given: tuple[Named, ...]
    family: tuple[Named, ...]
    company: tuple[str, ...]
    company_end: str


def read_regions() -> tuple[Region, ...]:
    """The regions, in the order of the file."""
    text = (resources.files("audiencesync.demo") / "regions.toml").read_text(encoding="utf-8")
    return tuple(
        Region(
            country=one["country"],
            calling_code=one["calling_code"],
            share=one["share"],
            given=_pairs(one["given"]),
            family=_pairs(one["family"]),
            company=tuple(one["company"]),
            company_end=one["company_end"],
        )
        for one in tomllib.loads(text)["region"]
    )


def _pairs(text: str) -> tuple[Named, ...]:
    """`Žofie/zofie, Anna` as pairs; a name without a slash is its own ASCII form."""
    pairs = []
    for name in text.replace("\n", " ").split(","):
        written, _, plain = name.strip().partition("/")
        pairs.append((written, plain or written.lower()))
    return tuple(pairs)
