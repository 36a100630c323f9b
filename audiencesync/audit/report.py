"""The audit report of one run: a page to read, or one row a push and attempt in a file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import pyarrow as pa

from audiencesync.audit.files import private_file
from audiencesync.audit.html import write_page
from audiencesync.audit.looking import find_run
from audiencesync.store import Store

Format: TypeAlias = Literal["html", "csv", "parquet", "json"]
"""How a report may be had."""

_STATEMENTS: Mapping[str, str] = {
    "csv": "audit_to_csv",
    "parquet": "audit_to_parquet",
    "json": "audit_to_json",
}


def audit_rows(store: Store, run_id: str) -> pa.RecordBatchReader:
    """Every push and attempt of a run, and what of it is still unanswered.

    Args:
        store: Where the ledger is.
        run_id: The run's id, the beginning of no other's, or `latest`.

    Returns:
        The audit rows by sync and place in the run; rows that we stopped ourselves come last. Read them
        before the store runs its next statement.

    Raises:
        UsageError: There is no such run.
    """
    whole_id = find_run(store, run_id)
    store.run("audit_push")
    return store.arrow("audit_rows", {"run_id": whole_id})


def write_report(
    store: Store,
    run_id: str,
    format: Format,  # noqa: A002  (what the command line calls it)
    path: Path,
    *,
    cure: Callable[[str], str],
) -> None:
    """Write the audit report of a run; it holds personal data, so that only its owner may read the file.

    Args:
        store: Where the ledger is.
        run_id: The run's id, the beginning of no other's, or `latest`.
        format: `html` for people; `csv`, `parquet` and `json` hold the audit rows.
        path: The file; it is there when it is whole, not before.
        cure: Error code -> what a person does about it.

    Raises:
        UsageError: There is no such run, or the file cannot be written.
    """
    whole_id = find_run(store, run_id)
    with private_file(path) as draft:
        if format == "html":
            write_page(store, whole_id, draft, cure=cure)
        else:
            store.run("audit_push")
            store.run(_STATEMENTS[format], {"run_id": whole_id}, path=str(draft))
