-- audit_rows: the audit rows of one run; rows that we stopped ourselves, whose seq is negative, come last.
-- params : $run_id
-- reads  : stage_audit
-- returns: the columns that the CLI reference promises; `changed` is JSON text, times carry their zone
-- grain  : one row a row of the run and attempt
SELECT * EXCLUDE (sync_id, seq) REPLACE (
    CAST(audit_changed(changed) AS VARCHAR) AS changed, sent_at AT TIME ZONE 'UTC' AS sent_at, answered_at AT TIME ZONE 'UTC' AS answered_at)
FROM stage_audit
WHERE run_id = $run_id
ORDER BY sync, sync_id, seq < 0, abs(seq), attempt, answered_at NULLS LAST, outcome
