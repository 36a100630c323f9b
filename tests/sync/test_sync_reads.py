"""A source may have hundreds of columns: what a sync does not read is not read for it."""

import duckdb
import pytest

from tests.world import World, person

MONDAY, TUESDAY = "2026-01-05 10:00:00", "2026-01-06 10:00:00"


def kept(world: World, *rows: dict[str, str], unread: str = "error('nobody asked for it')") -> None:
    """The profiles, in a file that gives single columns, with one that had better not be looked at."""
    world.people(list(rows))
    folder = world.folder
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * REPLACE (updated_at::TIMESTAMP AS updated_at) FROM '{folder}/profiles.csv') "
            f"TO '{folder}/profiles.parquet'"
        )
    world.config["source"]["profiles"] |= {
        "from": f"SELECT *, CASE WHEN id > '' THEN {unread} END AS unread FROM 'profiles.parquet'",
        "updated_at": "updated_at",
    }


def test_a_column_that_no_sync_reads_is_never_looked_at(world: World) -> None:
    world.config["audiences"] = {"called": {"where": "phone LIKE '%3'"}}
    world.sync["audiences"] = ["news", "called"]
    kept(world, person(1, updated_at=MONDAY), person(2, updated_at=MONDAY))
    assert world.run_one().created == 2

    kept(world, person(1, updated_at=MONDAY), person(2, updated_at=TUESDAY, phone="+1 3"))
    assert world.run_one().updated == 1
    world.push({"profile_key": "p1", "attributes": {"phone": "+1 33"}})
    assert world.run_one(pushed=True).updated == 1

    leads = world.leads()
    assert [leads[f"p{number}@example.com"]["Phone"] for number in (1, 2)] == ["+1 33", "+1 3"]
    assert {lead["Audiences__c"] for lead in world.org.records()} == {"called;news"}
    assert world.run_one(full=True).planned == 0


@pytest.mark.parametrize(
    "sql",
    [
        'UNREAD || "Un""r ead"',
        'upper(unRead) || "UN""R EAD"',
        "array_to_string([*COLUMNS('(?i)^un')], '')",
        'columns(\'^unr\') || "un""r ead"',
        '(SELECT unread || "Un""r ead" FROM (VALUES (1)) AS one(number))',
    ],
)
def test_sql_reads_every_column_that_it_asks_for(world: World, sql: str) -> None:
    world.sync["extra_fields"] = {"Phone": {"sql": sql}}
    odd = 'Un"r ead'
    for phone, day in (("a", MONDAY), ("b", TUESDAY)):
        kept(world, person(1, updated_at=day, **{odd: phone}), unread=f"'{phone}'")
        world.run_one()
        assert world.leads()["p1@example.com"]["Phone"].lower() == phone * 2

    world.push({"profile_key": "p1", "attributes": {"unread": "c"}})
    world.run_one(pushed=True)
    assert sorted(world.leads()["p1@example.com"]["Phone"].lower()) == ["b", "c"]
