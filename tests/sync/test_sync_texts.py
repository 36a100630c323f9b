"""Audiences, scores and affinities: one fixed order and form, whole entries only, from any shape."""

import pytest

from tests.world import World, person

WEIGHTS = {
    "map": "MAP {'Rock': 3, 'Jazz': 5, 'Blues': 3, 'Pop': NULL, 'Folk': 1}",
    "struct": "{'Rock': 3, 'Jazz': 5, 'Blues': 3, 'Pop': NULL, 'Folk': 1}",
    "json": """'{"Rock": 3, "Jazz": 5, "Blues": 3, "Pop": null, "Folk": 1}'::JSON""",
    "text": """'{"Rock": 3, "Jazz": 5.0, "Blues": 3, "Pop": null, "Folk": 1}'""",
    "map of texts": "MAP {'Rock': '3', 'Jazz': '5', 'Blues': '3.0', 'Pop': NULL}",
    "struct of any": """{'Rock': 3, 'Jazz': '"5"'::JSON, 'Blues': 3.0, 'Pop': 'null'::JSON}""",
}
NO_AFFINITIES = ["", " ", "{}", "[]", "null", '{"Pop": null}']
NOT_AFFINITIES = [
    '{"Jazz": 3',
    '["Jazz"]',
    "Jazz",
    "3",
    '{"Jazz": 3, "Rock": "much"}',
    '{"Jazz": 3, "Rock": [1]}',
]


def select(columns: str) -> str:
    return f"SELECT *, {columns} FROM read_csv('profiles.csv', all_varchar = true)"


@pytest.mark.parametrize("shape", WEIGHTS)
def test_the_heaviest_affinities_are_sent_ties_by_name_from_any_shape(world: World, shape: str) -> None:
    world.config["source"]["profiles"]["from"] = select(f"{WEIGHTS[shape]} AS likes")
    world.sync["send_affinities_to"] = {"field": "Affinities__c", "from": "likes", "top": 3}
    world.people([person(1)])

    world.run_one()

    assert world.leads()["p1@example.com"]["Affinities__c"] == "Jazz;Blues;Rock"


def test_no_affinities_empty_the_field_and_what_cannot_be_read_stops_the_row(world: World) -> None:
    world.sync["send_affinities_to"] = {"field": "Affinities__c", "from": "likes"}
    texts = [*NO_AFFINITIES, *NOT_AFFINITIES]
    world.people([person(number, likes='{"Jazz": 1}') for number in range(len(texts))])
    world.run_one()

    world.people([person(number, likes=text) for number, text in enumerate(texts)])
    assert world.run_one().invalid == len(NOT_AFFINITIES)

    leads = world.leads()
    stands = [leads[f"p{number}@example.com"]["Affinities__c"] for number in range(len(texts))]
    assert stands == [None] * len(NO_AFFINITIES) + ["Jazz"] * len(NOT_AFFINITIES)
    assert world.sql("SELECT DISTINCT error_code, error_message FROM ledger WHERE outcome = 'invalid'") == [
        (
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            "column likes takes names with a number for the weight of each, and what it holds is not that",
        )
    ]


@pytest.mark.parametrize(
    "shape",
    [
        "MAP {'Jazz': '3', 'Rock': 'much'}",
        "{'Jazz': 3, 'Rock': 'much'}",
        """{'Jazz': 3, 'Rock': '"much"'::JSON}""",
        "MAP {'Jazz': '2024-01-31'::DATE}",
    ],
)
def test_a_weight_that_is_no_number_stops_the_row_whatever_holds_it(world: World, shape: str) -> None:
    world.config["source"]["profiles"]["from"] = select(f"{shape} AS likes")
    world.sync["send_affinities_to"] = {"field": "Affinities__c", "from": "likes"}
    world.people([person(1)])

    assert world.run_one().invalid == 1
    assert world.last_pushes()["p1"][3] == "INVALID_TYPE_ON_FIELD_IN_RECORD"


@pytest.mark.parametrize("shape", ["1", "1.5::DOUBLE", "DATE '2024-01-31'", "['Jazz']", "true"])
def test_a_column_that_cannot_name_anything_gives_no_affinities(world: World, shape: str) -> None:
    world.config["source"]["profiles"]["from"] = select(f"{shape} AS likes")
    world.sync["send_affinities_to"] = {"field": "Affinities__c", "from": "likes"}
    world.people([person(1)])

    trouble = world.run_one().trouble
    assert trouble is not None
    assert trouble.exit_code == 2
    assert "syncs.0.send_affinities_to.from: likes is a " in trouble.message


def test_a_long_relation_becomes_affinities_and_its_change_is_a_trigger(world: World) -> None:
    bought = world.folder / "bought.csv"
    world.config["source"]["affinities"] = {
        "genres": {"from": "read_csv('bought.csv')", "key": "id", "affinity": "genre", "weight": "count"}
    }
    world.sync["send_affinities_to"] = {"field": "Affinities__c", "from": "genres", "top": 2}
    world.sync["trigger_fields"] = ["genres"]
    bought.write_text("id,genre,count\np1,Rock,2\np1,Jazz,1\np1,Rock,1\np1,Pop,2\np2,Folk,1\n")
    world.people([person(1), person(2), person(3)])
    world.run_one()
    assert [world.leads()[f"p{number}@example.com"]["Affinities__c"] for number in (1, 2, 3)] == [
        "Rock;Pop",
        "Folk",
        None,
    ]
    bought.write_text(
        "id,genre,count\np2,Folk,1\np1,Pop,2\np1,Jazz,4\np1,Rock,3\n"
    )  # another order, one change

    assert world.run_one().changed == 1
    assert world.last_pushes() == {"p1": ("update", "trigger", "accepted", None, {"Affinities__c"})}
    assert world.leads()["p1@example.com"]["Affinities__c"] == "Jazz;Rock"


def test_scores_are_sorted_by_name_rounded_and_left_out_when_missing(world: World) -> None:
    columns = "0.1 + 0.2::DOUBLE AS recency, 12.0 AS frequency, NULL::DOUBLE AS spend, 'nan'::DOUBLE AS odd"
    world.config["source"]["profiles"]["from"] = select(columns)
    world.sync["send_scores_to"] = {"field": "Scores__c", "scores": ["spend", "recency", "frequency", "odd"]}
    world.people([person(1)])

    world.run_one()

    assert world.leads()["p1@example.com"]["Scores__c"] == "frequency=12;recency=0.3"


def test_no_score_can_be_read_as_two_entries(world: World) -> None:
    world.config["source"]["profiles"]["from"] = select("'gold;churn=1' AS tier, 3 AS \"of;2024\"")
    world.sync["send_scores_to"] = {"field": "Scores__c", "scores": ["tier", "of;2024"]}
    world.people([person(1)])

    world.run_one()

    assert world.leads()["p1@example.com"]["Scores__c"] == "of,2024=3;tier=gold,churn=1"


def test_what_does_not_fit_is_cut_at_a_whole_entry_and_recorded(world: World) -> None:
    names = [f"audience {number:04} {'x' * 60}" for number in range(600)]
    world.sync["audiences"] = names
    world.people([person(1, audiences=names)])

    report = world.run_one()

    sent = world.leads()["p1@example.com"]["Audiences__c"].split(";")
    assert report.accepted == 1
    assert sent == names[: len(sent)]
    assert 32_768 - 75 <= len(";".join(sent)) <= 32_768
    assert world.sql("SELECT truncated FROM ledger") == [(["Audiences__c"],)]
    assert world.run_one().planned == 0


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ('O\'Brien "the" best, really', 'O\'Brien "the" best, really'),
        ("two\r\nlines\rmore", "two\nlines\nmore"),
        ("  spaced  ", "spaced"),
        ("🦜 parrot", "🦜 parrot"),
        ("مرحبا שלום", "مرحبا שלום"),
        ("#N/A", "#N/A"),
        ("=1+1", "=1+1"),
    ],
)
def test_texts_arrive_as_they_are_but_for_space_and_line_ends(world: World, value: str, kept: str) -> None:
    world.sync["extra_fields"]["Description"] = "about"
    world.people([person(1, about=value)])

    world.run_one()

    assert world.leads()["p1@example.com"]["Description"] == kept
    assert world.run_one().planned == 0


def test_a_nul_character_is_stopped_with_its_reason(world: World) -> None:
    world.config["source"]["profiles"]["from"] = select("'a' || chr(0) || 'b' AS about")
    world.sync["extra_fields"]["Description"] = "about"
    world.people([person(1)])

    assert world.run_one().invalid == 1
    assert world.last_pushes()["p1"][3] == "CONTROL_CHARACTER"


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("NumberOfEmployees", "number"),
        ("HasOptedOutOfEmail", "checkbox"),
        ("EmailBouncedDate", "date/time"),
        ("Email", "email"),
    ],
)
@pytest.mark.parametrize("key", ["send_audiences_to", "send_scores_to.field", "send_affinities_to.field"])
def test_a_field_that_holds_no_text_takes_no_names(world: World, key: str, field: str, kind: str) -> None:
    world.config["source"]["profiles"]["from"] = select("1 AS score, MAP {'Jazz': 1} AS likes")
    world.sync.update({"match_field": "Phone", "required_fields": {"LastName": "name", "Company": "company"}})
    world.sync["send_audiences_to"] = field
    if key != "send_audiences_to":
        del world.sync["send_audiences_to"]
        more = {"scores": ["score"]} if "scores" in key else {"from": "likes"}
        world.sync[key.split(".", maxsplit=1)[0]] = {"field": field, **more}
    world.people([person(1)])

    trouble = world.run_one().trouble
    assert trouble is not None
    assert trouble.exit_code == 2
    assert f"syncs.0.{key}: Lead.{field} is a field of type {kind}, which" in trouble.message
    assert "Long Text Area" in trouble.hint
    assert "security" not in trouble.hint
    assert world.org.records() == []
