from pathlib import Path

import duckdb
import pytest

from audiencesync.config.columns import check_columns
from audiencesync.config.load import Project, load

CONFIGS = Path(__file__).parents[2] / "configs"
EXAMPLES = sorted(CONFIGS.glob("*.yaml"))

CUSTOMERS = """\
CustomerId,FirstName,LastName,Company,Address,City,State,Country,PostalCode,Phone,Fax,Email,SupportRepId
1,Luís,Gonçalves,Embraer,"Av. Lima, 2170",São José,SP,Brazil,12227-000,+55 (12) 3923,,luisg@example.com,3
2,Bjørn,Hansen,,Ullevålsveien 14,Oslo,,Norway,0171,+47 22 44 22 22,,bjorn@example.com,4
3,Nobody,Bought,,Street 1,Town,,Norway,0001,,,nobody@example.com,4
"""
INVOICES = """\
InvoiceId,CustomerId,InvoiceDate,BillingAddress,BillingCity,BillingState,BillingCountry,BillingPostalCode,Total
1,1,2021-01-01 00:00:00,x,x,,Brazil,1,30.10
2,1,2021-03-01 00:00:00,x,x,,Brazil,1,9.95
3,2,2021-03-31 00:00:00,x,x,,Norway,0171,0.99
"""
INVOICE_LINES = """\
InvoiceLineId,InvoiceId,TrackId,UnitPrice,Quantity
1,1,1,0.99,1
2,1,2,0.99,2
3,2,1,0.99,4
4,3,2,0.99,1
"""
TRACKS = "TrackId,Name,GenreId\n1,One,1\n2,Two,2\n"
GENRES = "GenreId,Name\n1,Rock\n2,Jazz\n"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """All that the examples ask of the environment."""
    for name, text in {
        "Customer": CUSTOMERS,
        "Invoice": INVOICES,
        "InvoiceLine": INVOICE_LINES,
        "Track": TRACKS,
        "Genre": GENRES,
    }.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return {
        "CHINOOK": str(tmp_path),
        "AUDIENCES": str(tmp_path / "audiences.duckdb"),
        "SF_LOGIN_URL": "https://localhost:8443",
        "SF_CA_BUNDLE": "",
        "SF_USERNAME": "integration@example.com",
    }


@pytest.fixture
def chinook(environ: dict[str, str]) -> Project:
    return load(CONFIGS / "chinook.yaml", environ)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_loads_without_a_secret(path: Path, environ: dict[str, str]) -> None:
    assert load(path, environ).config.syncs


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_says_what_it_is_and_what_it_needs(path: Path) -> None:
    head = path.read_text(encoding="utf-8").partition("version:")[0]

    assert len(head.strip().split("\n")) >= 2
    assert all(line.startswith("#") for line in head.strip().split("\n"))


def test_chinook_scores_come_from_invoices_and_count_from_the_last_one_in_the_file(chinook: Project) -> None:
    rows = duckdb.connect().sql(
        f"SELECT CustomerId, LastName, PostalCode, spend, frequency, recency_days "
        f"FROM ({chinook.config.source.profiles.relation}) ORDER BY CustomerId"
    )

    assert [(*row[:3], str(row[3]), *row[4:]) for row in rows.fetchall()] == [
        (1, "Gonçalves", "12227-000", "40.05", 2, 30),
        (2, "Hansen", "0171", "0.99", 1, 0),
        (3, "Bought", "0001", "0.00", 0, None),
    ]


def test_chinook_affinities_count_the_tracks_bought_of_each_genre(chinook: Project) -> None:
    relation = chinook.config.source.affinities["genres"].relation

    assert sorted(duckdb.connect().sql(relation).fetchall()) == [
        (1, "Jazz", 2),
        (1, "Rock", 5),
        (2, "Jazz", 1),
    ]


def test_chinook_names_only_columns_that_exist(chinook: Project) -> None:
    profiles = duckdb.connect().sql(chinook.config.source.profiles.relation)

    check_columns(chinook, [*profiles.columns, *chinook.config.source.affinities])


def test_chinook_rules_are_conditions_over_its_columns(chinook: Project) -> None:
    profiles = duckdb.connect().sql(chinook.config.source.profiles.relation)

    counts = {name: len(profiles.filter(rule.where)) for name, rule in chinook.config.audiences.items()}
    assert counts == {"customers": 3, "big_spenders": 1, "companies": 1}


def test_chinook_maps_fax_without_letting_it_trigger(chinook: Project) -> None:
    (sync,) = chinook.config.syncs

    assert sync.mappings["Fax"].column == "Fax"
    assert sync.trigger_fields == ("spend", "frequency", "Phone", "genres")
