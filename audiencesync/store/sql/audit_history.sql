-- audit_history: every push of the profiles that a key names: a profile key, a match value or a Salesforce Id.
-- params : $key (surrounding white space does not matter)
-- reads  : stage_audit
-- returns: the audit rows, times as ISO 8601 text, `changed` as JSON text
-- grain  : one row a push and attempt, of any run, oldest first
WITH wanted AS (
    SELECT trim($key, E' \t\r\n') AS exact, lower(exact) AS folded
), named AS (
    -- through the profile, so that rows from before its match value changed or its record had an Id are found too
    SELECT DISTINCT profile_key
    FROM stage_audit, wanted
    WHERE lower(trim(profile_key, E' \t\r\n')) = folded
       OR lower(trim(match_value, E' \t\r\n')) = folded
       OR lower(salesforce_id) = folded
       -- the short form of an Id names the same record only in the same case
       OR (length(exact) = 15 AND left(salesforce_id, 15) = exact)
)
SELECT * EXCLUDE (sync_id, seq, fields) REPLACE (
    CAST(changed AS VARCHAR) AS changed,
    strftime(sent_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS sent_at,
    strftime(answered_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS answered_at)
FROM stage_audit
WHERE profile_key IN (FROM named)
ORDER BY coalesce(stage_audit.sent_at, stage_audit.answered_at), stage_audit.answered_at NULLS LAST, run_id, sync, seq < 0, abs(seq), attempt
