"""Columns of the source, whatever they are called and whatever type they are of."""

import pytest

from tests.world import World, person


@pytest.mark.parametrize("name", ["rowid", "RowId"])
@pytest.mark.parametrize("rowids", [("1", "1", ""), ("", "", "")])
def test_a_column_called_rowid_is_one_like_any_other(
    world: World, name: str, rowids: tuple[str, ...]
) -> None:
    """SQLite's SELECT rowid, * has one, and DuckDB numbers the rows of its tables by that name."""
    world.sync["extra_fields"] = {"Phone": "rowid", "Fax": {"sql": "'no ' || rowid"}}
    people = [person(number, **{name: rowid}) for number, rowid in enumerate(rowids)]
    world.people(people)

    assert world.run_one().created == 3
    sent = {lead["LastName"]: (lead["Phone"], lead["Fax"]) for lead in world.org.records()}
    assert sent == {
        f"Name {number}": (rowid or None, f"no {rowid}" if rowid else None)
        for number, rowid in enumerate(rowids)
    }

    world.people([{**people[0], name: "7"}, *people[1:]])
    assert world.run_one().updated == 1
    assert world.leads()["p0@example.com"]["Phone"] == "7"
