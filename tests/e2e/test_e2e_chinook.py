"""Real customers, invoices and genres become Leads, and a changed day sends exactly what changed."""

import csv
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import OtherClient, command

HERE = Path(__file__).parents[2]
CHINOOK = HERE.parent / "shared/data/chinook"
CONFIG = HERE / "configs/chinook.yaml"
FIELDS = (
    "Id, FirstName, LastName, Company, Email, Phone, Fax, Street, City, PostalCode, Country, "
    "Audiences__c, Scores__c, Affinities__c"
)

pytestmark = pytest.mark.skipif(
    not CHINOOK.is_dir(), reason="the Chinook sample data is not beside this clone (shared/data/chinook)"
)


class Shop:
    """A copy of the data, the config, and the command."""

    def __init__(self, folder: Path, greeting: Mapping[str, str], client: OtherClient) -> None:
        self.folder = folder
        self.client = client
        self.data = folder / "chinook"
        shutil.copytree(CHINOOK, self.data)
        for file in self.data.iterdir():
            file.chmod(0o644)
        self.environ = {
            "CHINOOK": str(self.data),
            "AUDIENCES": str(folder / "audiences.duckdb"),
            "SF_LOGIN_URL": greeting["login_url"],
            "SF_CA_BUNDLE": greeting["ca_bundle"],
            "SF_USERNAME": greeting["username"],
            "SF_CONSUMER_KEY": greeting["consumer_key"],
            "SF_PRIVATE_KEY_FILE": greeting["private_key_file"],
        }

    def do(self, *words: str, code: int = 0) -> str:
        return command(*words, "-c", str(CONFIG), folder=self.folder, environ=self.environ, code=code).stdout

    def run(self) -> dict[str, Any]:
        (report,) = json.loads(self.do("run", "--json"))["syncs"]
        return dict(report)

    def pushes(self) -> dict[str, tuple[str, str, dict[str, list[str | None]]]]:
        """Of the latest run: key -> (action, reason, changed)."""
        path = self.folder / "audit.json"
        self.do("report", "latest", "--format", "json", "-o", str(path))
        rows = json.loads(path.read_text())
        return {
            row["profile_key"]: (
                row["action"],
                row["reason"],
                row["changed"] if isinstance(row["changed"], dict) else json.loads(row["changed"]),
            )
            for row in rows
        }

    def customers(self) -> list[dict[str, str]]:
        with (self.data / "Customer.csv").open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def rewrite(self, change: Callable[[dict[str, str]], dict[str, str] | None]) -> None:
        rows = [changed for row in self.customers() if (changed := change(row))]
        with (self.data / "Customer.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)

    def leads(self) -> dict[str, dict[str, Any]]:
        return {row["Email"]: row for row in self.client.query(f"SELECT {FIELDS} FROM Lead")}


@pytest.fixture
def shop(tmp_path: Path, greeting: Mapping[str, str], other_client: OtherClient) -> Shop:
    return Shop(tmp_path, greeting, other_client)


def test_chinook_becomes_leads_and_a_changed_day_sends_exactly_what_changed(shop: Shop) -> None:
    first = shop.run()

    assert (first["mode"], first["planned"], first["accepted"], first["rejected"]) == ("backfill", 59, 59, 0)
    leads = shop.leads()
    assert len(leads) == 59
    for row in shop.customers():
        lead = leads[row["Email"]]
        sent = {"FirstName": "FirstName", "LastName": "LastName", "Phone": "Phone", "Fax": "Fax"}
        sent |= {"Street": "Address", "City": "City", "PostalCode": "PostalCode", "Country": "Country"}
        for field, column in sent.items():
            assert (lead[field] or "") == row[column].strip(), (row["CustomerId"], field)
        assert lead["Company"] == (row["Company"] or "n/a")
    luis = leads["luisg@embraer.com.br"]
    assert luis["Audiences__c"] == "companies;customers"
    assert luis["Scores__c"] == "frequency=7;recency_days=137;spend=39.62"
    assert luis["Affinities__c"] == "Rock;Latin;Reggae"

    second = shop.run()
    assert (second["mode"], second["planned"], second["unchanged"]) == ("incremental", 0, 59)
    assert (second["api_calls"], second["routes"]) == (0, {"collections": 0, "composite": 0, "bulk": 0})

    def change(row: dict[str, str]) -> dict[str, str] | None:
        if row["CustomerId"] == "1":
            return {**row, "Phone": "+55 (12) 0000-0000"}
        if row["CustomerId"] == "2":
            return {**row, "Fax": "+49 0711 1"}
        return None if row["CustomerId"] == "3" else row

    shop.rewrite(change)
    with (shop.data / "Invoice.csv").open("a", encoding="utf-8") as file:
        file.write("\n413,5,2021-01-05 00:00:00,Klanova 9/506,Prague,,Czech Republic,14700,10.00\n")

    third = shop.run()

    assert {name: third[name] for name in ("entered", "exited", "changed", "unchanged")} == {
        "entered": 0,
        "exited": 1,
        "changed": 2,
        "unchanged": 56,
    }
    assert shop.pushes() == {
        "1": ("update", "trigger", {"Phone": ["+55 (12) 3923-5555", "+55 (12) 0000-0000"]}),
        "3": ("exit", "exited", {"Audiences__c": ["customers", None]}),
        "5": (
            "update",
            "trigger",
            {
                "Scores__c": [
                    "frequency=7;recency_days=230;spend=40.62",
                    "frequency=8;recency_days=230;spend=50.62",
                ]
            },
        ),
    }
    after = shop.leads()
    assert len(after) == 59
    assert after["leonekohler@surfeu.de"]["Fax"] is None
    assert after["ftremblay@gmail.com"]["Audiences__c"] is None
    unchanged = {email: lead for email, lead in after.items() if email not in CHANGED}
    assert unchanged == {email: leads[email] for email in unchanged}
    assert shop.run()["planned"] == 0


CHANGED = {"luisg@embraer.com.br", "ftremblay@gmail.com", "frantisekw@jetbrains.com"}


def test_everything_ever_sent_for_one_customer_can_be_shown(shop: Shop) -> None:
    shop.run()

    by_key = json.loads(shop.do("history", "7", "--json"))
    by_value = json.loads(shop.do("history", "astrid.gruber@apple.at", "--json"))

    assert {**by_key, "key": None} == {**by_value, "key": None}
    assert "Astrid" in shop.do("history", "7")
