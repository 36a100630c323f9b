"""SOQL, from text to rows, over any org that offers the few methods of `OrgView`.

`execute` answers a statement; `to_json_records`, `to_csv_rows` and `column_metadata` write the answer as
the REST and Bulk APIs do. `prepare` compiles without reading records. A refusal is a `SoqlError` with
Salesforce's code and message.
"""

from audiencesync.emulator.soql.engine import Plan, execute, prepare
from audiencesync.emulator.soql.errors import SoqlError
from audiencesync.emulator.soql.nodes import Query
from audiencesync.emulator.soql.output import column_metadata, to_csv_rows, to_json_records
from audiencesync.emulator.soql.parser import parse
from audiencesync.emulator.soql.result import Column, QueryResult
from audiencesync.emulator.soql.views import FieldView, ObjectView, OrgView, Record

__all__ = [
    "Column",
    "FieldView",
    "ObjectView",
    "OrgView",
    "Plan",
    "Query",
    "QueryResult",
    "Record",
    "SoqlError",
    "column_metadata",
    "execute",
    "parse",
    "prepare",
    "to_csv_rows",
    "to_json_records",
]
