"""The config file as frozen values. Every key is a promise; the descriptions are its reference."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from audiencesync.config.auth import (
    AccessToken,
    Auth,
    ClientCredentials,
    JwtBearer,
    Password,
    RefreshToken,
)
from audiencesync.config.base import (
    AffinityName,
    ApiVersion,
    Attachment,
    AudienceName,
    Column,
    Count,
    Expression,
    OptionalFileName,
    Relation,
    Share,
    SparkUrl,
    Strict,
    Text,
    Url,
    wrong,
)
from audiencesync.config.daemon import Daemon
from audiencesync.config.intake import Intake, Segment
from audiencesync.config.references import SecretRef
from audiencesync.config.store import StoreOptions
from audiencesync.config.sync import (
    MAX_TRIGGER_FIELDS,
    AffinitiesTo,
    Constant,
    DuplicateRule,
    FieldMapping,
    FirstObject,
    Guards,
    OnExit,
    OnMultiple,
    OnNull,
    OnTooLong,
    Prefer,
    ScoresTo,
    Sync,
    SyncMode,
)

__all__ = [
    "MAX_TRIGGER_FIELDS",
    "AccessToken",
    "AffinitiesTo",
    "AffinityRelation",
    "Auth",
    "ClientCredentials",
    "Config",
    "Connection",
    "Constant",
    "Daemon",
    "DuplicateRule",
    "Engine",
    "FieldMapping",
    "FirstObject",
    "Guards",
    "Intake",
    "JwtBearer",
    "MembershipRelation",
    "OnExit",
    "OnMultiple",
    "OnNull",
    "OnTooLong",
    "Password",
    "Prefer",
    "ProfileRelation",
    "RefreshToken",
    "RuleAudience",
    "ScoresTo",
    "SecretRef",
    "Segment",
    "Source",
    "SparkEngine",
    "StoreOptions",
    "Sync",
    "SyncMode",
]


class SparkEngine(Strict):
    """Let a Spark cluster do the diff."""

    spark: SparkUrl = Field(
        description="Spark Connect URL, such as sc://host:15002; a token in it is a reference. "
        "Needs the extra `spark`."
    )


def _engine_meant(value: object) -> str:
    return "<spark>" if isinstance(value, Mapping | SparkEngine) else "<duckdb>"


Engine: TypeAlias = Annotated[
    Annotated[Literal["duckdb"], Tag("<duckdb>")] | Annotated[SparkEngine, Tag("<spark>")],
    Discriminator(_engine_meant),
]
"""Where the diff runs."""


class Connection(Strict):
    """The org, how to log in, and how much of its API may be used."""

    login_url: Url = Field(
        default="https://login.salesforce.com",
        description="https://login.salesforce.com, https://test.salesforce.com for a sandbox, or My Domain.",
    )
    auth: Auth = Field(description="How to log in.")
    api_version: ApiVersion = Field(default="66.0", description="Salesforce API version.")
    ca_bundle: OptionalFileName = Field(
        default=None,
        description="PEM file of a private CA, null or empty for none; certificates are always verified.",
    )
    max_daily_api_calls: Count | None = Field(
        default=20_000, description="This project's own cap in any 24 hours; null for none."
    )
    reserve_org_api_calls: Share = Field(
        default=0.1,
        description="Share of the org's daily limit that is never touched, 0 to 1; when it is reached, a "
        "call an hour asks whether there is room again.",
    )


class ProfileRelation(Strict):
    """One row a profile: read with `from`, or only pushed, with `columns`."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [name], "properties": {name: {"not": {"type": "null"}}}}
                for name in ("from", "columns")
            ]
        }
    )

    read_from: Relation | None = Field(
        default=None,
        alias="from",
        description="Table, view, table function such as read_csv('...'), or SELECT.",
    )
    columns: Mapping[Column, Text] | None = Field(
        default=None,
        min_length=1,
        description="Column -> DuckDB type, in place of `from`: profiles are pushed to daemon.intake alone.",
    )
    key: Column = Field(description="Column that identifies a profile: never null, never repeated.")
    updated_at: Column | None = Field(
        default=None, description="Column that says when a row last changed; incremental reads use it."
    )

    @property
    def relation(self) -> str:
        """What may follow FROM; of pushed profiles, their columns without a row."""
        if self.columns is None:
            return str(self.read_from)
        names = ", ".join('"' + name.replace('"', '""') + '"' for name in self.columns)
        nulls = ", ".join(f"CAST(NULL AS {kind})" for kind in self.columns.values())
        return f"FROM (VALUES ({nulls})) AS pushed({names}) WHERE false"

    @model_validator(mode="after")
    def _one_source(self) -> "ProfileRelation":
        given = [name for name, value in (("from", self.read_from), ("columns", self.columns)) if value]
        if len(given) != 1:
            raise wrong(f"needs exactly one of 'from' and 'columns', found {' and '.join(given) or 'none'}")
        return self


class MembershipRelation(Strict):
    """One row a membership."""

    relation: Relation = Field(
        alias="from", description="Table, view, table function such as read_csv('...'), or SELECT."
    )
    key: Column = Field(description="Column that holds the profile's key.")
    audience: Column = Field(description="Column that holds the audience's name.")
    active: Column | None = Field(
        default=None, description="Boolean column; rows in which it is not true are no memberships."
    )
    updated_at: Column | None = Field(
        default=None,
        description="Column that says when a row last changed; with it, an incremental read leaves unchanged "
        "memberships alone. A row that ends must then stay and say so in `active`: one that is gone is "
        "noticed by `run --full` alone.",
    )


class AffinityRelation(Strict):
    """One row a profile and affinity; becomes a profile column of its name in the config."""

    relation: Relation = Field(
        alias="from", description="Table, view, table function such as read_csv('...'), or SELECT."
    )
    key: Column = Field(description="Column that holds the profile's key.")
    affinity: Column = Field(description="Column that names what the profile likes.")
    weight: Column = Field(description="Column that says how much, the larger the stronger.")


class Source(Strict):
    """Where profiles, memberships and affinities are read."""

    attach: Attachment | None = Field(
        default=None,
        description="Database to read from: a DuckDB or SQLite file, or a postgres:// URL whose password "
        "is a reference.",
    )
    profiles: ProfileRelation = Field(description="The profiles, whole: a row that is gone has exited.")
    memberships: MembershipRelation | None = Field(
        default=None, description="Who is in which audience, whole: a row that is gone has exited."
    )
    affinities: Mapping[AffinityName, AffinityRelation] = Field(
        default_factory=dict,
        description="Long relations that become profile columns, for send_affinities_to.",
    )


class RuleAudience(Strict):
    """An audience defined by a condition."""

    where: Expression = Field(description="SQL condition over profile columns.")


class Config(Strict):
    """One project: a source, a Salesforce org and the syncs between them."""

    version: Literal[1] = Field(description="Version of this format.")
    store: StoreOptions = Field(
        default_factory=StoreOptions,
        json_schema_extra={"default": str(StoreOptions().path)},
        description="File that keeps state and ledger, or a mapping with its limits.",
    )
    engine: Engine = Field(
        default="duckdb", description='Where the diff runs: duckdb, or {spark: "sc://host:15002"}.'
    )
    connection: Connection = Field(description="The Salesforce org.")
    source: Source = Field(description="Where the data is.")
    audiences: Mapping[AudienceName, RuleAudience] = Field(
        default_factory=dict, description="Audiences by rule; other names come from source.memberships."
    )
    syncs: tuple[Sync, ...] = Field(min_length=1, description="What goes where.")
    daemon: Daemon = Field(default_factory=Daemon, description="How `audiencesync daemon` is run.")
