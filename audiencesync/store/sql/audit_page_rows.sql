-- audit_page_rows: the pushes of one run that a page shows; when there is no room for all, those that were not
--                  accepted go first. They are shown in the order of the audit rows all the same.
-- params : $run_id, $size
-- reads  : stage_audit
-- returns: the audit rows, `changed` as JSON text, times in UTC without a zone
-- grain  : one row a row of the run and attempt
WITH shown AS (
    SELECT *
    FROM stage_audit
    WHERE run_id = $run_id
    ORDER BY outcome = 'accepted', sync, sync_id, seq < 0, abs(seq), attempt
    LIMIT $size
)
SELECT * EXCLUDE (sync_id, seq) REPLACE (CAST(audit_changed(changed) AS VARCHAR) AS changed)
FROM shown
ORDER BY sync, sync_id, seq < 0, abs(seq), attempt, answered_at NULLS LAST, outcome
