-- audit_to_parquet: the audit rows of one run, as audit_rows returns them, into a file.
-- params : $run_id
-- template: path
-- reads  : stage_audit
-- writes : the file
COPY (
    SELECT * EXCLUDE (sync_id, seq) REPLACE (
        CAST(audit_changed(changed) AS VARCHAR) AS changed, sent_at AT TIME ZONE 'UTC' AS sent_at, answered_at AT TIME ZONE 'UTC' AS answered_at)
    FROM stage_audit
    WHERE run_id = $run_id
    ORDER BY sync, sync_id, seq < 0, abs(seq), attempt, answered_at NULLS LAST, outcome
) TO {{ path | text }} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)
