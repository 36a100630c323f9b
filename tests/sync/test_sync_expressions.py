"""SQL of the config as it is copied out of an editor: comments, and a semicolon at the end."""

import pytest

from tests.world import World, person


@pytest.mark.parametrize(
    "end",
    ["", ";", " ; \n", " -- only", "\n-- only those;\n", " /* only those */ ;", " -- one\n  -- two"],
)
def test_a_rule_and_the_sql_of_a_mapping_may_end_as_in_an_editor(world: World, end: str) -> None:
    world.config["audiences"] = {"vip": {"where": f"phone <> '--' || ';'{end}"}}
    world.sync["extra_fields"]["Phone"] = {"sql": f"'--' || phone || ';'{end}", "default": "none"}
    world.people([person(1, phone="+1"), person(2, phone="--;")])

    world.run_one()

    assert {(lead["Audiences__c"], lead["Phone"]) for lead in world.org.records()} == {
        ("news;vip", "--+1;"),
        ("news", "----;;"),
    }
    assert world.run_one().planned == 0
