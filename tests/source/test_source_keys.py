"""One key is one text, whatever type it has where."""

import decimal
import uuid
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiencesync.config.columns import folded
from audiencesync.errors import SourceError
from audiencesync.source.keys import key_text, shown_key
from audiencesync.store import ColumnType

from .conftest import Desk, Engine

KINDS_OF_NUMBERS = ("SMALLINT", "BIGINT", "HUGEINT", "DECIMAL(20,0)", "DECIMAL(20,4)", "DOUBLE", "VARCHAR")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def text_of(engine: Engine, value: object, type_of: str) -> str | None:
    kind = ColumnType(type_of, type_of.partition("(")[0].lower())
    statement = f"SELECT {key_text('id', kind)} FROM (SELECT CAST(? AS {type_of}) AS id)"
    ((text,),) = engine.rows(statement, value)
    return None if text is None else str(text)


@settings(deadline=None)
@given(number=st.integers(-(2**15), 2**15 - 1))
def test_a_whole_number_is_one_key_in_any_type(engine: Engine, number: int) -> None:
    assert {text_of(engine, number, kind) for kind in KINDS_OF_NUMBERS} == {str(number)}


@settings(deadline=None)
@given(number=st.integers(-(2**53) + 1, 2**53 - 1))
def test_a_whole_number_is_one_key_as_far_as_floating_point_is_exact(engine: Engine, number: int) -> None:
    assert text_of(engine, float(number), "DOUBLE") == text_of(engine, number, "BIGINT") == str(number)


@settings(deadline=None)
@given(number=st.floats().filter(lambda number: not (number.is_integer() and abs(number) < 2**53)))
def test_another_floating_point_number_is_no_key(engine: Engine, number: float) -> None:
    assert text_of(engine, number, "DOUBLE") is None


@settings(deadline=None)
@given(
    number=st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9)
)
def test_a_decimal_key_is_the_same_in_any_scale(engine: Engine, number: decimal.Decimal) -> None:
    texts = {text_of(engine, str(number), f"DECIMAL(38,{scale})") for scale in (4, 5, 10, 20)}
    assert len(texts) == 1
    assert decimal.Decimal(str(texts.pop())) == number


@settings(deadline=None)
@given(value=st.uuids())
def test_a_uuid_is_its_small_letters(engine: Engine, value: uuid.UUID) -> None:
    assert text_of(engine, str(value).upper(), "UUID") == str(value)


@settings(deadline=None)
@given(value=st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_a_text_is_itself(engine: Engine, value: str) -> None:
    assert text_of(engine, value, "VARCHAR") == value


@pytest.mark.parametrize(
    ("profiles", "members"),
    [
        ("1::BIGINT", "'1'"),
        ("1::DOUBLE", "1::BIGINT"),
        ("1.00::DECIMAL(10,2)", "1::DOUBLE"),
        ("'550E8400-E29B-41D4-A716-446655440000'::UUID", "'550e8400-e29b-41d4-a716-446655440000'"),
        ("'007'", "'007'"),
        ("'a'::ENUM ('a', 'b')", "'a'"),
    ],
)
def test_profiles_memberships_and_affinities_meet_whatever_their_types(
    desk: Desk, profiles: str, members: str
) -> None:
    desk.read(
        f"SELECT {profiles} AS id",
        memberships={"from": f"SELECT {members} AS id, 'x' AS audience", "key": "id", "audience": "audience"},
        affinities={
            "likes": {
                "from": f"SELECT {members} AS id, 'Jazz' AS genre, 1 AS weight",
                "key": "id", "affinity": "genre", "weight": "weight",
            }
        },
    )  # fmt: skip
    assert desk.sql(
        "SELECT likes FROM stage_profile JOIN stage_membership ON profile_key = _profile_key"
    ) == [({"Jazz": 1.0},)]


@pytest.mark.parametrize("value", ["1.5", "'nan'::DOUBLE", "'inf'::DOUBLE", "9007199254740992::DOUBLE"])
def test_a_floating_point_key_that_is_not_exact_is_refused(desk: Desk, value: str) -> None:
    words = r"1 values of id are floating-point numbers that are not whole, or too large to be exact"
    with pytest.raises(SourceError, match=rf"^source\.profiles: {words}"):
        desk.read(f"SELECT unnest([1::DOUBLE, {value}::DOUBLE]) AS id")
    members = {"from": f"SELECT {value}::DOUBLE AS id, 'x' AS audience", "key": "id", "audience": "audience"}
    with pytest.raises(SourceError, match=rf"^source\.memberships: {words}"):
        desk.read("SELECT 1 AS id", memberships=members)


@pytest.mark.parametrize(
    "value",
    ["true", "DATE '2024-01-01'", "now()", "[1]", "{'a': 1}", "MAP {'a': 1}", "'1'::JSON", "'a'::BLOB"],
)
def test_a_type_that_identifies_nobody_is_refused(desk: Desk, value: str) -> None:
    with pytest.raises(SourceError, match=r"^source\.profiles: id is a .*, which cannot be a key"):
        desk.read(f"SELECT {value} AS id")


@pytest.mark.parametrize("value", ["true", "[1]", "'1'::JSON", "TIME '01:02:03'", "'a'::BLOB"])
def test_a_type_that_has_no_later_is_no_updated_at(desk: Desk, value: str) -> None:
    with pytest.raises(SourceError, match=r"^source\.profiles: moved is a .*, which cannot say when a row"):
        desk.read(f"SELECT 1 AS id, {value} AS moved", updated_at="moved")


def test_an_empty_key_is_none(desk: Desk) -> None:
    with pytest.raises(SourceError, match=r"^source\.profiles: 1 rows have no id"):
        desk.read("SELECT unnest(['', 'a']) AS id")


def test_the_fingerprints_of_one_affinity_do_not_depend_on_the_order_of_its_parts(desk: Desk) -> None:
    for order in ("ASC", "DESC"):
        parts = f"FROM unnest([0.1, 0.2, 0.3]) AS t(w) ORDER BY w {order}"
        relation = f"SELECT 1 AS id, 'a' AS genre, w AS weight {parts}"
        likes = {"from": relation, "key": "id", "affinity": "genre", "weight": "weight"}
        desk.read("SELECT 1 AS id", affinities={"likes": likes})
        assert desk.profiles("likes") == [({"a": 0.6},)]


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("ann@example.com", "a***@***com"),
        ("@x", "***@***x"),
        ("x7", "x7"),
        ("two\nlines\x1b[1m", "two?lines?[1m"),
        ("x" * 50, "x" * 40 + "..."),
    ],
)
def test_a_key_is_shown_without_an_address_and_on_one_line(key: str, shown: str) -> None:
    assert shown_key(key) == shown


def test_names_are_compared_as_duckdb_does(engine: Engine) -> None:
    assert folded("User_É") == "user_É"
    engine.rows('SELECT "USER" FROM (SELECT 1 AS user)')
    with pytest.raises(duckdb.BinderException):
        engine.rows('SELECT "É" FROM (SELECT 1 AS é)')
