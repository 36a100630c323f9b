"""The one way to a Spark cluster: connect, run a statement of `store/sql/` there, bring its rows home."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from audiencesync.errors import ConfigError, SourceError
from audiencesync.store import templates

if TYPE_CHECKING:
    from pyspark.sql.connect.session import SparkSession

CONNECT_SECONDS = 20
_RETRIES = 5
_WORDS_SHOWN = 300
_KINDS = {"string": "STRING", "int64": "BIGINT"}


class Cluster:
    """A session on a Spark Connect server; what is made or lent there is gone when it ends.

    Every method raises SourceError when Spark gives up, with the place in the config that it was about.
    """

    def __init__(self, session: "SparkSession") -> None:
        self._session = session
        self._templates = templates(name=quote_name, text=quote_text)

    def make(self, statement: str, *, place: str, **template: object) -> None:
        """Run a statement that makes a view."""
        with _failing_as(place, may_quote=True):
            self._session.sql(self._text(statement, template))

    def rows(self, statement: str, *, place: str, **template: object) -> list[dict[str, Any]]:
        """Run a statement and return its rows, column name -> value."""
        found: list[dict[str, Any]] = self.arrow(statement, place=place, **template).to_pylist()
        return found

    def arrow(self, statement: str, *, place: str, **template: object) -> pa.Table:
        """Run a statement and bring its rows home."""
        with _failing_as(place):
            return self._session.sql(self._text(statement, template)).toArrow()

    def lend(self, name: str, rows: pa.Table) -> None:
        """Make rows of ours, texts and whole numbers, readable there under a name until the session ends."""
        # the client cannot tell the types of no rows
        kinds = [f"{quote_name(one.name)} {_KINDS[str(one.type)]}" for one in rows.schema]
        with _failing_as("engine.spark"):
            schema = None if rows.num_rows else ", ".join(kinds)
            self._session.createDataFrame(rows, schema).createOrReplaceTempView(name)

    def schema(self, relation: str, *, place: str) -> pa.Schema:
        """The columns of anything that may follow FROM, without reading its rows."""
        with _failing_as(place, may_quote=True):
            return self._session.sql(self._text("columns_there", {"relation": relation})).toArrow().schema

    def complaint(self, relation: str) -> str | None:
        """What Spark has against a relation; None: it can be read."""
        try:
            self._session.sql(self._text("columns_there", {"relation": relation})).toArrow()
        except Exception as error:  # noqa: BLE001  (whatever it is, it is given on)
            return _words(error)
        return None

    def _text(self, statement: str, template: dict[str, object]) -> str:
        return self._templates.get_template(f"{statement}.sql").render(template)


@contextmanager
def open_cluster(url: str) -> Iterator[Cluster]:
    """Connect to a Spark Connect server.

    Args:
        url: `sc://host:15002`, with Spark Connect's own parameters behind it. It may hold a token: it is
            never shown.

    Raises:
        ConfigError: The packages of the extra `spark` are missing, or the URL is not one of Spark Connect.
        SourceError: Nobody answers there.
    """
    with warnings.catch_warnings():
        # pandas 3, of which we use nothing
        warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
        session = _connect(url)
        try:
            yield Cluster(session)
        finally:
            session.stop()


def _connect(url: str) -> "SparkSession":
    try:
        # not needed by those whose data is on one machine
        import grpc  # noqa: PLC0415
        from pyspark.errors import PySparkException  # noqa: PLC0415
        from pyspark.sql.connect.client import DefaultChannelBuilder  # noqa: PLC0415
        from pyspark.sql.connect.client.retries import DefaultPolicy  # noqa: PLC0415
        from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415
    except ImportError:
        raise ConfigError(
            "engine.spark: the packages that talk to Spark are not installed",
            hint="pip install 'audiencesync[spark]'",
        ) from None
    try:
        channel = DefaultChannelBuilder(url).toChannel()
    except (PySparkException, ValueError):
        raise ConfigError(
            "engine.spark: this is no URL of Spark Connect",
            hint="write sc://HOST:15002, and parameters as /;use_ssl=true;token=${env:SPARK_TOKEN}",
        ) from None
    try:
        # the client itself would try for ten minutes
        grpc.channel_ready_future(channel).result(timeout=CONNECT_SECONDS)
    except grpc.FutureTimeoutError:
        raise SourceError(
            f"engine.spark: nobody answers there within {CONNECT_SECONDS} seconds",
            hint="check the host and port in `engine.spark`, that its Spark Connect server runs, and use_ssl",
        ) from None
    finally:
        channel.close()
    with _failing_as("engine.spark", may_quote=True):
        session = SparkSession.builder.remote(url).create()
        session.client.set_retry_policies([DefaultPolicy(max_retries=_RETRIES)])
        session.conf.set("spark.sql.session.timeZone", "UTC")
    return session


def quote_name(name: str) -> str:
    """A column or table name as Spark SQL writes it."""
    return "`" + name.replace("`", "``") + "`"


def quote_text(text: str) -> str:
    """A text literal as Spark SQL writes it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@contextmanager
def _failing_as(place: str, *, may_quote: bool = False) -> Iterator[None]:
    """Inside, whatever goes wrong means that Spark could not do it.

    Args:
        place: Such as `source.profiles`.
        may_quote: No row has been read, so Spark's words hold no value of the data.
    """
    try:
        yield
    except Exception as error:
        kind = type(error).__module__
        if not kind.startswith(("pyspark", "grpc", "pyarrow")):
            raise
        reason = _words(error) if may_quote else _condition(error)
        raise SourceError(
            f"{place} cannot be read through Spark: {reason}",
            hint=f"check `{place}` in the config; what happened there in full is in Spark's own log",
        ) from None


def _words(error: Exception) -> str:
    """What Spark says, its first line; a statement that it quotes is ours or the config's."""
    words = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return re.sub(r"\b[a-z][a-z0-9+.-]*://\S+", "(address)", words)[:_WORDS_SHOWN]


def _condition(error: Exception) -> str:
    """The name of what happened: Spark's words may quote a value."""
    condition = getattr(error, "getCondition", lambda: None)()
    return str(condition or type(error).__name__)
