-- settle_ledger: outcomes into the ledger.
-- params: $batch_id, $now, $unknown BOOLEAN (rows without a result are recorded as unknown)
INSERT INTO store.ledger BY NAME
SELECT
    outbox.run_id, outbox.sync_id, outbox.seq, outbox.profile_key, outbox.match_value,
    coalesce(result.salesforce_id, outbox.salesforce_id) AS salesforce_id,
    CASE WHEN outbox.action IN ('create', 'update') AND result.created IS NOT NULL
         THEN CASE WHEN result.created THEN 'create' ELSE 'update' END ELSE outbox.action END AS action,
    outbox.reason, outbox."after", outbox."before", outbox.truncated,
    CASE WHEN result.seq IS NULL THEN 'unknown' WHEN result.accepted THEN 'accepted' ELSE 'rejected' END AS outcome,
    CASE WHEN result.seq IS NULL THEN 'ANSWER_LOST' ELSE nullif(result.error_code, '') END AS error_code,
    CASE WHEN result.seq IS NULL THEN 'sent, and the answer never arrived; Salesforce is asked before it is sent again'
         ELSE nullif(result.error_message, '') END AS error_message,
    batch.route, batch.job_id, outbox.attempt, batch.sent_at, $now AS answered_at
FROM store.outbox AS outbox
JOIN store.batch AS batch USING (batch_id)
LEFT JOIN stage_result AS result ON result.seq = outbox.seq
WHERE outbox.batch_id = $batch_id AND ($unknown OR result.seq IS NOT NULL)
