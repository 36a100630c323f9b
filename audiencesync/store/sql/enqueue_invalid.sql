-- enqueue_invalid: rows that we stopped ourselves go straight into the ledger.
-- params: $run_id, $sync_id, $now
INSERT INTO store.ledger BY NAME
SELECT $run_id AS run_id, $sync_id AS sync_id,
    -row_number() OVER (ORDER BY profile_key) AS seq,  -- never sent, so never mistaken for a row of a batch
    profile_key, match_value, salesforce_id, action, reason, "after", "before", truncated,
    'invalid' AS outcome, error_code, error_message, NULL AS route, NULL AS job_id, 1 AS attempt,
    NULL AS sent_at, $now AS answered_at
FROM plan_change
WHERE verdict = 'invalid'
