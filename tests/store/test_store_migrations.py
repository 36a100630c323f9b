"""A store that an older program wrote goes on with all that it held."""

import json
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from audiencesync.store import Store
from audiencesync.store.migrate import migrations

WITH_MAPS = 5
"""The last version that kept field values as MAP columns."""
WITHOUT_LATEST = 10
"""The last version that did not know when a change had come last."""


def old_store(path: Path, version: int, *statements: str) -> None:
    with duckdb.connect(":memory:") as old:
        old.execute(f"ATTACH '{path}' AS store")
        old.execute("CREATE TABLE store.migration (version INTEGER NOT NULL, applied_at TIMESTAMP NOT NULL)")
        for number, file in migrations():
            if number <= version:
                old.execute(file.read_text(encoding="utf-8"))
                old.execute("INSERT INTO store.migration VALUES (?, now()::TIMESTAMP)", [number])
        for statement in statements:
            old.execute(statement)


def test_field_values_of_every_kind_outlive_the_change_from_maps_to_texts(tmp_path: Path) -> None:
    changed = """map(['Email', 'Phone', 'User:Owner.Username'], [
        {'before': NULL, 'after': 'ann@example.com'},
        {'before': '1', 'after': NULL},
        {'before': E'"a"\\n', 'after': 'é😀\\'}])"""
    push = (
        "'r' AS run_id, 1 AS sync_id, 7 AS seq, 'k' AS profile_key, 'update' AS action, 'trigger' AS reason"
    )
    old_store(
        tmp_path / "store.duckdb",
        WITH_MAPS,
        f"INSERT INTO store.ledger BY NAME SELECT {push}, {changed} AS changed, ['Phone'] AS truncated, "
        "'accepted' AS outcome, 1 AS attempt, now()::TIMESTAMP AS answered_at",
        f"INSERT INTO store.outbox BY NAME SELECT {push}, 'upsert' AS operation, 1 AS attempt, "
        f"3 AS batch_id, {changed} AS changed, map(['Email', 'Fax'], ['ann@example.com', NULL]) AS payload, "
        "[]::VARCHAR[] AS truncated, false AS bulk_unfit, 0 AS mask_0",
        "INSERT INTO store.payload VALUES (1, 'k', map(['Email', 'Fax'], ['ann@example.com', NULL]))",
    )

    with Store.open(tmp_path / "store.duckdb", base=tmp_path) as store:
        found = [
            tuple(json.loads(text) for text in row)
            for table, columns in {
                "ledger": '"after", "before"', "outbox": '"after", "before", payload', "payload": "fields"
            }.items()
            for row in store._connection.execute(f"SELECT {columns} FROM store.{table}").fetchall()
        ]  # fmt: skip

    after = {"Email": "ann@example.com", "Phone": None, "User:Owner.Username": "é😀\\"}
    before = {"Phone": "1", "User:Owner.Username": '"a"\n'}
    held = {"Email": "ann@example.com", "Fax": None}
    assert found == [(after, before), (after, before, held), (held,)]


def test_a_new_store_and_one_that_grew_up_have_the_same_tables(tmp_path: Path) -> None:
    old_store(tmp_path / "old.duckdb", 1)
    shapes = []
    for name in ("old", "new"):
        with Store.open(tmp_path / f"{name}.duckdb", base=tmp_path) as store:
            shapes.append(
                store._connection.execute(
                    "SELECT table_name, column_name, data_type FROM duckdb_columns() "
                    "WHERE database_name = 'store' ORDER BY ALL"
                ).fetchall()
            )
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    "last",
    [
        "inbox SELECT 1, TIMESTAMP '2026-03-02', 'removal', 'k', NULL, NULL, NULL, NULL",
        "pushed_membership SELECT 1, 'k', 'news', true, TIMESTAMP '2026-03-02'",
        "pushed_profile SELECT 1, 'k', '{}', TIMESTAMP '2026-03-02'",
        """pushed_profile SELECT 1, 'k', '{"a":["x",1772409600000000],"b":[null,7]}', NULL""",
    ],
    ids=["waiting", "membership", "removal", "value"],
)
def test_the_time_of_what_was_pushed_last_is_learned_from_what_is_there(tmp_path: Path, last: str) -> None:
    early = "pushed_membership SELECT 2, 'other', 'news', true, TIMESTAMP '2026-03-01'"
    old_store(
        tmp_path / "store.duckdb",
        WITHOUT_LATEST,
        "INSERT INTO store.journal_place VALUES (1, 2)",
        *(f"INSERT INTO store.{one}" for one in (early, last)),
    )

    with Store.open(tmp_path / "store.duckdb", base=tmp_path) as store:
        assert store.row("journal_place")["latest"] == datetime(2026, 3, 2)  # noqa: DTZ001  (as the store keeps times)
