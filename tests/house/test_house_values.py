"""docs/values.md: every example on the page is what happens."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from audiencesync.config.models import Sync
from audiencesync.objects import FieldType, ObjectType
from audiencesync.plan.fields import FieldPlan, field_plan
from audiencesync.plan.routes import COLLECTION_ROWS, COMPOSITE_ROWS, Load, Room, choose_routes
from audiencesync.plan.sources import expression
from audiencesync.records import Matching, Operation, Route, Way
from audiencesync.store import Store
from tests.house.pages import names_of_tests, page, prose, quoted, section, table
from tests.world import World, person, running_org

PAGE = page("docs/values.md")
BY_TYPE = table(section(PAGE, "By type of the Salesforce field"))
ENDLESS = [f"'infinity'::{kind}" for kind in ("DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_NS")]
LISTS = table(section(PAGE, "Audiences, scores, affinities"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("values")
    with Store.open(folder / "store.duckdb", base=folder) as opened:
        yield opened


def field_type(shown: str) -> FieldType:
    """`double(18, 2)` and the like, as describe would tell it."""
    kind, sizes = re.fullmatch(r"(\w+)(?:\(([\d, ]+)\))?", shown).groups()  # type: ignore[union-attr]
    numbers = [int(size) for size in (sizes or "0").split(",")]
    text = len(numbers) == 1
    return FieldType(
        name="F__c",
        label="F",
        type=kind,
        length=numbers[0] if text else 0,
        precision=0 if text else numbers[0],
        scale=0 if text else numbers[1],
        createable=True,
        updateable=True,
        nillable=True,
        defaulted_on_create=False,
        id_lookup=False,
        external_id=False,
        unique=False,
        case_sensitive=False,
        filterable=True,
        restricted_picklist=False,
        picklist_values=(),
        reference_to=(),
        relationship_name=None,
    )


def target_of(kind: FieldType) -> ObjectType:
    return ObjectType("Lead", "Lead", True, True, True, {kind.name.lower(): kind})


def sync_of(mapping: Any, **more: Any) -> Sync:
    document = {"name": "s", "object": "Lead", "audiences": ["a"], "extra_fields": {"F__c": mapping}, **more}
    return Sync.model_validate(document)


def rendered(store: Store, source: str, shown: str, mapping: Any = "x", **more: Any) -> tuple[Any, list[str]]:
    """What one source value becomes, and the codes of what is wrong with it."""
    sync = sync_of(mapping, **more)
    database = store._connection
    database.execute(f"CREATE OR REPLACE TEMP TABLE house AS SELECT {source} AS x")
    columns = store.columns("house")
    plan: FieldPlan = field_plan(
        0, "F__c", expression(sync.mappings["F__c"], columns["x"]), sync, target_of(field_type(shown))
    )
    codes = ", ".join(f"CASE WHEN {one.test} THEN '{one.code}' END" for one in plan.rendered.problems)
    texts = plan.rendered.cleaned is not None  # white space around any other value goes before it is read
    raw = plan.raw if texts else f"sf_text({plan.raw})"
    is_plain = f"sf_plain({plan.rendered.text if texts else 'NULL'})"
    looked_at = f"SELECT {raw} AS raw_0, {is_plain} AS is_plain FROM house"
    whole = f"SELECT * REPLACE (false AS is_plain), {plan.rendered.value} AS value_0 FROM ({looked_at})"
    short = f"SELECT *, {plan.rendered.plain or 'NULL'} AS value_0 FROM ({looked_at}) WHERE is_plain"
    either = f"{whole} UNION ALL {short} AND {plan.rendered.fits or 'true'}"
    longer = f"sf_longer(value_0, {plan.rendered.longest or 'NULL'})"
    uncarried = "sf_uncarried(CAST(raw_0 AS VARCHAR))"
    (value, found), *quick = database.execute(
        f"SELECT value_0, list_filter([{codes}], lambda code: code IS NOT NULL) "
        f"FROM (SELECT *, {longer} AS value_0_longer, {uncarried} AS raw_0_uncarried FROM ({either}))"
    ).fetchall()
    assert quick in ([], [(value, found)]), "a plain text takes a shorter way, to the same end"
    return value, found


@pytest.mark.parametrize("row", BY_TYPE, ids=lambda row: " ".join(row[:2]))
def test_an_example_becomes_what_the_page_says(store: Store, row: Sequence[str]) -> None:
    shown, source = quoted(row[0])[0], quoted(row[1])[0].replace("\\|", "|")

    value, codes = rendered(store, source, shown)

    if row[2].startswith("invalid"):
        assert codes[:1] == quoted(row[2])
    else:
        assert (value, codes) == (None if row[2] == "empty" else quoted(row[2])[0], [])


@pytest.mark.parametrize(
    "nothing", ["NULL", "''", "' '", r"E'\t\r\n'", "'NaN'::DOUBLE", "'-inf'::FLOAT", *ENDLESS]
)
def test_no_value_is_cleared_or_takes_its_default_or_is_left_alone(store: Store, nothing: str) -> None:
    assert rendered(store, nothing, "string(80)") == (None, [])
    assert rendered(store, nothing, "string(80)", {"from": "x", "default": "n/a"}) == ("n/a", [])
    assert rendered(store, nothing, "boolean") == ("false", [])
    assert rendered(store, nothing, "boolean", {"from": "x", "on_null": "skip"}) == (None, [])
    skipping = sync_of({"from": "x", "on_null": "skip"})
    assert field_plan(0, "F__c", "x", skipping, target_of(field_type("string(80)"))).skip


def test_a_required_field_without_a_value_stops_the_row(store: Store) -> None:
    assert rendered(store, "' '", "string(80)", extra_fields={}, required_fields={"F__c": "x"}) == (
        None,
        ["REQUIRED_FIELD_MISSING"],
    )


def test_a_checkbox_takes_the_words_that_the_page_lists(store: Store) -> None:
    words = re.search(
        r"\*\*Checkboxes\*\* \(boolean\): (.+?) and (.+?), in any case", PAGE.replace("\n", " ")
    )
    assert words is not None
    for listed, value in zip(words.groups(), ("true", "false"), strict=True):
        for word in re.split(r", | and ", listed):
            assert rendered(store, f"'{word}'", "boolean") == (value, [])
            assert rendered(store, f"'{word.upper()}'", "boolean") == (value, [])


def test_a_text_is_cut_by_what_salesforce_counts_and_the_match_field_never(store: Store) -> None:
    assert rendered(store, "'ab😀'", "string(4)") == ("ab😀", [])
    assert rendered(store, "'ab😀'", "string(3)") == ("ab😀", ["STRING_TOO_LONG"])
    assert rendered(store, "'ab😀'", "string(3)", on_too_long="truncate") == ("ab", [])
    assert rendered(store, "'ab😀'", "string(3)", on_too_long="truncate", match_field="F__c")[1] == [
        "STRING_TOO_LONG"
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("😀😀😀😀", "😀😀"),
        ("😀a😀b", "😀a"),
        ("abc😀", "abc"),
        ("ab😀c", "ab😀"),
        ("éàü😀", "éàü"),
        ("éàüö", "éàüö"),
    ],
)
def test_of_a_text_as_much_is_kept_as_fits(store: Store, text: str, kept: str) -> None:
    assert rendered(store, f"'{text}'", "string(4)", on_too_long="truncate") == (kept, [])


@pytest.mark.slow
def test_audiences_scores_and_affinities_arrive_as_the_page_says(tmp_path: Path) -> None:
    shown = {(row[0], quoted(row[1])[0]): quoted(row[2])[0] for row in LISTS}
    ((names, audiences),) = [
        (key[1].split(", "), sent) for key, sent in shown.items() if key[0] == "audiences"
    ]
    scores = {"recency": "0.30000000000000004", "frequency": "12", "tier": "gold", "churn": ""}
    weights = ('{"Rock": 3, "Jazz": 7, "Metal": 3, "Folk": 1}', '{"R&B; Soul": 2, "Blues": null}')
    with running_org() as org:
        world = World(tmp_path, org)
        world.sync["audiences"] = names
        world.sync["send_scores_to"] = {"field": "Scores__c", "scores": list(scores)}
        world.sync["send_affinities_to"] = {"field": "Affinities__c", "from": "likes"}
        world.people(
            [person(number, audiences=names, likes=likes, **scores) for number, likes in enumerate(weights)]
        )
        assert world.run_one().accepted == 2
        leads = [world.leads()[f"p{number}@example.com"] for number in range(2)]

    assert leads[0]["Audiences__c"] == audiences
    assert [sent for key, sent in shown.items() if key[0] == "scores"] == [leads[0]["Scores__c"]]
    assert [sent for key, sent in shown.items() if key[0] == "affinities"] == [
        lead["Affinities__c"] for lead in leads
    ]


@pytest.mark.parametrize("size", [0, 2, 3, 6, 7, 8])
def test_a_list_is_cut_at_a_whole_entry(store: Store, size: int) -> None:
    (joined,) = store._connection.execute("SELECT sf_joined('abc;def', ?)", [size]).fetchone() or ()
    assert joined == (None if size < 3 else "abc" if size < 7 else "abc;def")


def test_the_tests_that_the_page_names_exist() -> None:
    named = {name for name in quoted(prose(PAGE)) if name.startswith("test_")}
    assert named
    assert named <= names_of_tests()


def test_bulk_is_the_cheaper_route_from_the_number_of_rows_that_the_decision_names() -> None:
    (border,) = re.findall(r"from ([\d,]+) rows on", page("docs/adr/0012-routes-by-cost.md"))
    rows = int(border.replace(",", ""))
    matching = Matching(Way.NATIVE, ("Email",))
    plans = [choose_routes(sync_of("x"), matching, [load_of(n)], Room()) for n in (rows - 1, rows)]
    assert [plan.rows[Route.BULK] for plan in plans] == [0, rows]
    assert [sum(plan.calls.values()) for plan in plans] == [6, 6]


def load_of(rows: int) -> Load:
    return Load(
        "Lead",
        Operation.UPSERT,
        rows,
        unfit=0,
        apart=0,
        unfit_apart=0,
        collections=-(-rows // COLLECTION_ROWS),
        composite=-(-rows // COMPOSITE_ROWS),
        apart_collections=0,
        unfit_collections=0,
        unfit_composite=0,
        jobs=1,
    )
