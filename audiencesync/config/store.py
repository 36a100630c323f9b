"""Where state and ledger are kept, and how much room they may take."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from audiencesync.config.base import LENGTHS, Duration, FileName, Strict, wrong

_SIZE = r"([0-9]+(?:\.[0-9]+)?) ?(MB|GB|TB)|([1-9][0-9]?) ?%"
_BYTES = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_LEAST_BYTES = 100 * _BYTES["MB"]
_LEAST_AGE = timedelta(days=8)


def _size(value: object) -> str:
    found = re.fullmatch(_SIZE, value) if isinstance(value, str) else None
    if found is None:
        raise wrong("must be a size such as 4GB or 500MB, or a share of the machine's memory such as 50%")
    if found[1] and float(found[1]) * _BYTES[found[2]] < _LEAST_BYTES:
        raise wrong("must be at least 100MB")
    return found[0].replace(" ", "")


def _long_enough(age: timedelta) -> timedelta:
    if age < _LEAST_AGE:
        raise wrong(f"must be at least {LENGTHS.text(_LEAST_AGE)}: a Bulk job may be asked about for a week")
    return age


Size: TypeAlias = Annotated[
    str,
    BeforeValidator(_size),
    WithJsonSchema({"type": "string", "pattern": rf"^(?:{_SIZE})$|\$\{{env:"}),
]
"""An amount of memory, as DuckDB reads it."""

Age: TypeAlias = Annotated[Duration, AfterValidator(_long_enough)]
"""How old something may become."""


class StoreOptions(Strict):
    """The store: the name of its file, or a mapping with any of these."""

    path: FileName = Field(
        default=Path("audiences.duckdb"), description="File that keeps state and ledger; made on first use."
    )
    memory_limit: Size = Field(
        default="50%",
        description="Memory that DuckDB may take, at least 100MB: 4GB, or a share of the machine's. Beyond "
        "it work goes through files beside the store, and is slower.",
    )
    threads: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        default=None,
        description="Threads that DuckDB may use; by default as many as there are cores, and no more than "
        "one for each 300MB of `memory_limit`.",
    )
    keep_ledger: Age | None = Field(
        default=None,
        description="How long pushes and runs stay in the ledger, at least 8d, such as 400d. Older ones are "
        "dropped once a day, and by `store compact`. By default they are kept for ever.",
    )

    @model_validator(mode="before")
    @classmethod
    def _a_text_is_a_path(cls, data: object) -> object:
        if isinstance(data, Mapping | StoreOptions):
            return data
        if not isinstance(data, str | Path):
            raise wrong(
                "must be a file name, or a mapping such as {path: ./audiences.duckdb, memory_limit: 4GB}"
            )
        return {"path": data}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Either form."""
        shown = handler(core)
        definition = handler.resolve_ref_schema(shown)
        long_form = dict(definition)
        definition.clear()
        definition["anyOf"] = [
            {"type": "string", "minLength": 1, "description": "The file's name."},
            long_form,
        ]
        return shown
