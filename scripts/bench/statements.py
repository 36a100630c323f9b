"""The bench's own SQL files."""

from pathlib import Path

import duckdb
import jinja2

from audiencesync.store import quote_text

COLUMNS = (
    "email, first_name, last_name, company, phone, city, country, postal_code, website, tier, language, "
    "birthday, registered_at, lifetime_value, orders, visits, opted_in, score_recency, score_frequency, "
    "affinities"
)
"""What matters of a profile: everybody compares these."""

_SQL = Path(__file__).parent / "sql"
_TEMPLATES = jinja2.Environment(
    undefined=jinja2.StrictUndefined,
    autoescape=False,  # noqa: S701  (SQL, not HTML: texts go through the filter)
)
_TEMPLATES.filters["text"] = quote_text


def statement(name: str, **template: object) -> str:
    """The text of `sql/<name>.sql`."""
    return _TEMPLATES.from_string((_SQL / f"{name}.sql").read_text(encoding="utf-8")).render(template)


def snapshot(day: Path) -> str:
    """SELECT of what the full comparisons look at."""
    return statement(
        "snapshot",
        columns=COLUMNS,
        profiles=str(day / "profiles.parquet"),
        memberships=str(day / "memberships.parquet"),
    )


def engine(folder: Path, path: Path | None = None) -> duckdb.DuckDBPyConnection:
    """DuckDB as the bench uses it: it spills beside the data, and never draws or downloads anything."""
    connection = duckdb.connect(
        str(path) if path else ":memory:",
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"},
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"SET temp_directory = {quote_text(str(folder / 'spill'))}")
    return connection
