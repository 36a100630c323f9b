-- audit_history: every push of some profiles, so that rows from before a match value changed or a record had an Id
--                are found too.
-- template: keys (as literals, which lets a scan leave out what it need not read)
-- reads   : stage_audit
-- returns : the audit rows, times as ISO 8601 text, `changed` as JSON text
-- grain   : one row a push and attempt, of any run, oldest first
SELECT * EXCLUDE (sync_id, seq) REPLACE (
    CAST(audit_changed(changed) AS VARCHAR) AS changed,
    strftime(sent_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS sent_at,
    strftime(answered_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS answered_at)
FROM stage_audit
WHERE profile_key IN ({% for key in keys %}{{ key | text }}{{ ", " if not loop.last }}{% endfor %})
ORDER BY coalesce(stage_audit.sent_at, stage_audit.answered_at), stage_audit.answered_at NULLS LAST, run_id, sync, seq < 0, abs(seq), attempt
