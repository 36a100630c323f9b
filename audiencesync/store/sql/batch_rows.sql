-- batch_rows: what one batch sends.
-- params : $batch_id
-- returns: seq, attempt, profile_key, match_value, salesforce_id, action, after (JSON: field -> value)
-- grain  : one row an outbox row, in order
SELECT seq, attempt, profile_key, match_value, salesforce_id, action, "after"
FROM store.outbox
WHERE batch_id = $batch_id
ORDER BY seq
