"""The store does not grow with runs that change nothing."""

from tests.world import World, person


def blocks(world: World) -> int:
    ((used,),) = world.sql("SELECT used_blocks FROM pragma_database_size() WHERE database_name = 'store'")
    return int(used)


def test_a_run_that_changes_nothing_adds_the_row_of_a_run_and_nothing_else(world: World) -> None:
    world.people([person(number) for number in range(500)] + [person(501, email="no address")])
    world.run()
    kept = (
        "ledger",
        "batch",
        "acknowledged",
        "payload",
        "record",
        "parked",
        "api_call",
        "described",
        "outbox",
    )
    counts = " UNION ALL ".join(f"SELECT count(*) FROM {table}" for table in kept)
    before, size, used = world.sql(counts), (world.folder / "store.duckdb").stat().st_size, blocks(world)

    for _ in range(20):
        assert world.run_one().planned == 0

    assert world.sql(counts) == before
    assert world.sql("SELECT count(*) FROM run") == [(21,)]
    assert blocks(world) <= used
    # a checkpoint writes the few blocks of small tables anew before it lets go of the old ones
    assert (world.folder / "store.duckdb").stat().st_size <= size + 4 * 262_144
    assert sorted(file.name for file in world.folder.glob("store*")) == ["store.duckdb"]
