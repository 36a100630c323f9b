-- audit_to_csv: the audit rows of one run as CSV: ISO 8601 times in UTC, `changed` and `truncated` as JSON text,
--               nothing for no value.
-- params : $run_id
-- template: path
-- reads  : stage_audit
-- writes : the file
COPY (
    SELECT * EXCLUDE (sync_id, seq) REPLACE (
        CAST(audit_changed(changed) AS VARCHAR) AS changed,
        strftime(sent_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS sent_at,
        strftime(answered_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS answered_at,
        CAST(to_json(truncated) AS VARCHAR) AS truncated)
    FROM stage_audit
    WHERE run_id = $run_id
    ORDER BY sync, sync_id, seq < 0, abs(seq), attempt, answered_at NULLS LAST, outcome
) TO {{ path | text }} (FORMAT csv, HEADER, QUOTE '"', ESCAPE '"', USE_TMP_FILE false)
