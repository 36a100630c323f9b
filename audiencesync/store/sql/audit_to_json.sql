-- audit_to_json: the audit rows of one run as one JSON array: ISO 8601 times in UTC, `changed` an object.
-- params : $run_id
-- template: path
-- reads  : stage_audit
-- writes : the file
COPY (
    SELECT * EXCLUDE (sync_id, seq) REPLACE (
        audit_changed(changed) AS changed,
        strftime(sent_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS sent_at,
        strftime(answered_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS answered_at)
    FROM stage_audit
    WHERE run_id = $run_id
    ORDER BY sync, sync_id, seq < 0, abs(seq), attempt, answered_at NULLS LAST, outcome
) TO {{ path | text }} (FORMAT json, ARRAY true, USE_TMP_FILE false)
