"""Values as Arrow tables, which the store reads."""

from collections.abc import Mapping

import pyarrow as pa

from audiencesync.records import RoutePlan, RowResult

_RESULT = pa.schema(
    [
        ("seq", pa.int64()),
        ("accepted", pa.bool_()),
        ("salesforce_id", pa.string()),
        ("created", pa.bool_()),
        ("error_code", pa.string()),
        ("error_message", pa.string()),
    ]
)

_CHOICE = pa.schema(
    [
        ("object", pa.string()),
        ("operation", pa.string()),
        ("bulk", pa.bool_()),
        ("request", pa.string()),
        ("request_rows", pa.int64()),
    ]
)


def results_table(results: Mapping[int, RowResult]) -> pa.Table:
    """Row `seq` -> what Salesforce answered."""
    return pa.table(
        {
            "seq": list(results),
            "accepted": [result.accepted for result in results.values()],
            "salesforce_id": [result.salesforce_id for result in results.values()],
            "created": [result.created for result in results.values()],
            "error_code": [result.code or None for result in results.values()],
            "error_message": [result.message or None for result in results.values()],
        },
        schema=_RESULT,
    )


def routes_table(routes: RoutePlan) -> pa.Table:
    """How each object and operation travels."""
    return pa.table(
        {
            "object": [choice.object for choice in routes.choices],
            "operation": [choice.operation.value for choice in routes.choices],
            "bulk": [choice.bulk for choice in routes.choices],
            "request": [choice.request.value for choice in routes.choices],
            "request_rows": [choice.request_rows for choice in routes.choices],
        },
        schema=_CHOICE,
    )
