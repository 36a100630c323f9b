-- audit_push: every push and attempt as the audit shows it: the ledger, and what was sent and has no answer yet.
-- reads  : store.ledger, store.outbox, store.batch, store.sync
-- makes  : stage_audit: the audit rows (`changed` as the map it is, times in UTC without a zone), then sync_id and seq;
--          audit_changed(map): field -> [before, after] as JSON
-- grain  : one row a row of a run and attempt
CREATE OR REPLACE TEMP VIEW stage_audit AS
WITH push AS (
    SELECT run_id, sync_id, seq, profile_key, match_value, salesforce_id, action, reason, sf_changed("before", "after") AS changed, outcome,
        error_code, error_message, route, job_id, attempt, sent_at, answered_at, truncated
    FROM store.ledger
    UNION ALL BY NAME
    SELECT outbox.run_id, outbox.sync_id, seq, profile_key, match_value, salesforce_id, action, reason, sf_changed("before", "after") AS changed,
        'unknown' AS outcome, 'ANSWER_LOST' AS error_code,
        'sent, and no answer is known yet; Salesforce is asked before it is sent again' AS error_message,
        batch.route, batch.job_id, outbox.attempt, batch.sent_at, NULL AS answered_at, truncated
    FROM store.outbox AS outbox
    JOIN store.batch AS batch USING (batch_id)
    WHERE NOT EXISTS (  -- a crash between the two steps of recovery: the ledger has said so already
        FROM store.ledger AS said
        WHERE said.run_id = outbox.run_id AND said.sync_id = outbox.sync_id
          AND said.seq = outbox.seq AND said.attempt = outbox.attempt
    )
)
SELECT
    run_id, sync.name AS sync, profile_key, match_value, salesforce_id, action, reason, changed, outcome,
    error_code, error_message, route, job_id, attempt, sent_at, answered_at, truncated,
    push.sync_id, seq
FROM push
JOIN store.sync AS sync USING (sync_id);

CREATE OR REPLACE TEMP MACRO audit_changed(fields) AS
    to_json(map_from_entries(list_transform(map_entries(fields), lambda field:
        {'k': field.key, 'v': [field.value."before", field.value."after"]})));
