"""One sync: which audiences go to which Salesforce object, field by field."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    PlainValidator,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from audiencesync.config.base import (
    AudienceName,
    Column,
    Count,
    Data,
    Duration,
    Expression,
    FieldName,
    MappedField,
    ObjectName,
    Share,
    Strict,
    Switch,
    SyncName,
    wrong,
)
from audiencesync.config.daemon import Cron, TimeZone

MAX_TRIGGER_FIELDS = 75


def _constant(value: object) -> object:
    if not isinstance(value, str | int | float):
        raise wrong("must be text, a number, true or false")
    return value


Constant: TypeAlias = Annotated[
    str | int | float | bool,
    PlainValidator(_constant),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
"""What a mapping may set without looking at the source."""


class OnNull(StrEnum):
    """What a null in the source does."""

    CLEAR = "clear"
    SKIP = "skip"


class OnExit(StrEnum):
    """What happens to a record whose profile has left its last audience."""

    CLEAR_AUDIENCES = "clear_audiences"
    CLEAR_ALL = "clear_all"
    KEEP = "keep"
    DELETE = "delete"


class OnTooLong(StrEnum):
    """What happens to a text that does not fit its field."""

    REJECT = "reject"
    TRUNCATE = "truncate"


class DuplicateRule(StrEnum):
    """Whether the org's duplicate rules may stop a record."""

    RESPECT = "respect"
    ALLOW_SAVE = "allow_save"


class SyncMode(StrEnum):
    """What may happen to records."""

    UPSERT = "upsert"
    UPDATE_ONLY = "update_only"
    CREATE_ONLY = "create_only"


class OnMultiple(StrEnum):
    """Which record is meant when several carry one match value."""

    REJECT = "reject"
    OLDEST = "oldest"
    NEWEST = "newest"
    ALL = "all"


class Prefer(StrEnum):
    """What a sync's routes are chosen for."""

    FEW_CALLS = "few_calls"
    SPEED = "speed"


class FieldMapping(Strict):
    """Where a Salesforce field's value comes from: a column, or exactly one of `from`, `sql` and `value`."""

    column: Column | None = Field(default=None, alias="from", description="Profile column.")
    sql: Expression | None = Field(default=None, description="SQL expression over profile columns.")
    value: Constant | None = Field(default=None, description="Constant, the same for every record.")
    default: Constant | None = Field(default=None, description="What a null becomes.")
    on_null: OnNull = Field(
        default=OnNull.CLEAR,
        description="What a null does: clear the field, or skip (leave the field alone).",
    )

    @property
    def kind(self) -> Literal["column", "sql", "value"]:
        """Which of the three the value comes from."""
        if self.column is not None:
            return "column"
        return "sql" if self.sql is not None else "value"

    @model_validator(mode="before")
    @classmethod
    def _a_text_is_a_column(cls, data: object) -> object:
        if isinstance(data, Mapping | FieldMapping):
            return data
        if not isinstance(data, str):
            raise wrong("must be a column, or a mapping with one of 'from', 'sql' and 'value'")
        return {"from": data}

    @model_validator(mode="after")
    def _one_source(self) -> "FieldMapping":
        given = [
            name
            for name, value in (("from", self.column), ("sql", self.sql), ("value", self.value))
            if value is not None
        ]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise wrong(f"needs exactly one of 'from', 'sql' and 'value', found {found}")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Either form, and exactly one source in the long one."""
        shown = handler(core)
        definition = handler.resolve_ref_schema(shown)
        long_form = {
            **definition,
            "oneOf": [
                {"required": [name], "properties": {name: {"not": {"type": "null"}}}}
                for name in ("from", "sql", "value")
            ],
        }
        definition.clear()
        definition["anyOf"] = [
            {"type": "string", "minLength": 1, "description": "Profile column."},
            long_form,
        ]
        return shown


def _match_meant(value: object) -> str:
    return "<list>" if isinstance(value, list | tuple) else "<name>"


MatchField: TypeAlias = Annotated[
    Annotated[FieldName, Tag("<name>")]
    | Annotated[tuple[FieldName, ...], Field(min_length=1), Tag("<list>")],
    Discriminator(_match_meant),
]
"""What identifies a record: one field, or several together."""


class ScoresTo(Strict):
    """Scores as one text field."""

    field: FieldName = Field(description="Long text field that takes the scores.")
    scores: tuple[Column, ...] = Field(min_length=1, description="Numeric profile columns.")


class AffinitiesTo(Strict):
    """The strongest affinities as one text field."""

    field: FieldName = Field(description="Long text field that takes the affinities.")
    column: Column = Field(
        alias="from", description="Profile column (map, struct or JSON), or a name below source.affinities."
    )
    top: Annotated[int, Field(strict=True, ge=1)] = Field(
        default=3, description="How many are sent: by weight, ties by name."
    )


class FirstObject(Strict):
    """An object whose records are updated in place of the sync's own, where it has them."""

    object: ObjectName = Field(description="API name of the object that is looked at first, such as Contact.")
    omit: tuple[MappedField, ...] = Field(
        default=(), description="Mapped fields that this object does not have, such as Company."
    )


class Guards(Strict):
    """Limits that refuse a plan which would change too much."""

    max_exit_ratio: Share = Field(
        default=0.3,
        description="Largest share of the acknowledged members that one run may let exit, 0 to 1.",
    )
    max_clears: Count = Field(default=10_000, description="Most field values that one run may clear.")
    max_creates: Count = Field(
        default=10_000, description="Most new members that one run may let enter, once the backfill is done."
    )
    max_mapping_change_ratio: Share = Field(
        default=0.3,
        description="Largest share of the acknowledged members that a changed mapping, or the end of "
        "create_only, may touch in one run, 0 to 1.",
    )


class Sync(Strict):
    """Some audiences to one Salesforce object."""

    name: SyncName = Field(
        description="Name on the command line and in the store: small letters, digits, `_`."
    )
    object: ObjectName = Field(description="API name of the Salesforce object: Lead, Contact, Visit__c.")
    match_field: MatchField | None = Field(
        default=None,
        description="Mapped field that identifies a record: `Id`, an External ID, an idLookup field or any "
        "filterable field; several fields together are a list. One that is not unique, such as Email, takes "
        "a user who may view all records of the object. Omitted: each new member becomes a new record, "
        "exactly once.",
    )
    mode: SyncMode = Field(
        default=SyncMode.UPSERT,
        description="upsert, or only one half of it: update_only creates nothing, create_only leaves every "
        "record alone that is there already.",
    )
    on_multiple: OnMultiple = Field(
        default=OnMultiple.REJECT,
        description="Several records carry one match value: reject the row, or write to the oldest, the "
        "newest or all of them.",
    )
    try_first: FirstObject | None = Field(
        default=None,
        description="Object looked at first: who has a record there is updated there, and new records are "
        "made in `object` only. With Contact before Lead, converted leads lead to their contact.",
    )
    audiences: tuple[AudienceName, ...] = Field(
        min_length=1, description="Names of rules, or of audiences in the memberships relation."
    )
    send_audiences_to: FieldName | None = Field(
        default=None, description="Long text field that takes the names of a member's audiences."
    )
    send_scores_to: ScoresTo | None = Field(default=None, description="Field that takes scores.")
    send_affinities_to: AffinitiesTo | None = Field(default=None, description="Field that takes affinities.")
    required_fields: Mapping[MappedField, FieldMapping] = Field(
        default_factory=dict, description="Mappings of every field that Salesforce requires on create."
    )
    extra_fields: Mapping[MappedField, FieldMapping] = Field(
        default_factory=dict, description="Mappings of further fields."
    )
    trigger_fields: tuple[Column, ...] | None = Field(
        default=None,
        description="Source columns whose change re-sends a current member, at most 75. "
        "Omitted: every mapped column, score and affinity.",
    )
    on_exit: OnExit = Field(
        default=OnExit.CLEAR_AUDIENCES, description="What happens when a member leaves its last audience."
    )
    on_too_long: OnTooLong = Field(
        default=OnTooLong.REJECT,
        description="Texts longer than their field: reject the row, or truncate by characters (recorded).",
    )
    duplicate_rule: DuplicateRule = Field(
        default=DuplicateRule.RESPECT, description="Respect the org's duplicate rules, or save all the same."
    )
    assignment_rule: Switch = Field(
        default=False,
        description="Run the org's assignment rule on Lead and Case: on records that are made, and on those "
        "that an upsert finds for the first time. An update by Id leaves the owner alone.",
    )
    prefer: Prefer = Field(
        default=Prefer.FEW_CALLS,
        description="few_calls: the route that costs the fewest API calls. speed: up to 10,000 rows go by "
        "requests that are answered at once, while the budget has room.",
    )
    max_daily_api_calls: Count | None = Field(
        default=None, description="Most API calls of this sync in any 24 hours. Omitted: no cap of its own."
    )
    priority: Annotated[int, Field(strict=True)] = Field(
        default=0,
        description="Syncs of a higher number run first, and so have the API budget first; ties run in the "
        "order of the file.",
    )
    guards: Guards = Field(default_factory=Guards, description="Limits on how much one run may change.")
    every: Duration | None = Field(
        default=None, description="The daemon runs it this often: 90s, 15m, 6h, 1d."
    )
    cron: Cron | None = Field(
        default=None,
        description="The daemon runs it at these times: minute, hour, day, month, weekday, "
        'as in "0 6 * * 1-5".',
    )
    timezone: TimeZone = Field(
        default="UTC", description="Time zone of `cron`, such as Europe/Prague; daylight saving is followed."
    )
    watch: Switch = Field(
        default=False, description="The daemon looks at the source every second and runs it when it changed."
    )
    push: Switch = Field(
        default=True, description="A change that is pushed to the daemon's intake starts a run of it."
    )
    jitter: Duration | None = Field(
        default=None, description="Each time of `every` and `cron` is put off by a random part of this."
    )

    @model_validator(mode="before")
    @classmethod
    def _match_fields_as_mapped(cls, data: Data) -> Data:
        """Salesforce ignores case, Python does not: spell match fields as their mappings do."""
        given = data.get("match_field") if isinstance(data, Mapping) else None
        if not isinstance(data, Mapping) or not isinstance(given, str | list):
            return data
        spelt = {
            name.casefold(): name
            for group in ("required_fields", "extra_fields")
            if isinstance(mapped := data.get(group), Mapping)
            for name in mapped
            if isinstance(name, str)
        }
        if isinstance(given, str):
            return {**data, "match_field": spelt.get(given.casefold(), given)}
        names = [spelt.get(name.casefold(), name) if isinstance(name, str) else name for name in given]
        return {**data, "match_field": names}

    @property
    def match_fields(self) -> tuple[str, ...]:
        """What identifies a record; empty when nothing does."""
        if self.match_field is None:
            return ()
        return (self.match_field,) if isinstance(self.match_field, str) else self.match_field

    @property
    def mappings(self) -> Mapping[str, FieldMapping]:
        """Salesforce field -> mapping, the required ones first."""
        return {**self.required_fields, **self.extra_fields}

    @property
    def own_fields(self) -> tuple[str, ...]:
        """The fields that it writes, those of parents aside."""
        targets = [self.send_audiences_to] if self.send_audiences_to else []
        targets += [one.field for one in (self.send_scores_to, self.send_affinities_to) if one]
        return (*(name for name in self.mappings if "." not in name), *targets)

    @property
    def first_fields(self) -> tuple[str, ...]:
        """Of these the ones that the object that is tried first has, too."""
        omitted = {name.lower() for name in self.try_first.omit} if self.try_first else set()
        return tuple(name for name in self.own_fields if name.lower() not in omitted)
