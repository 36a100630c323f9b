-- outbox_unresolved: rows that need a record's Id and do not know it; they must not create one.
-- params : $run_id, $sync_id, $operation
-- returns: seq BIGINT, match_value VARCHAR
SELECT seq, match_value
FROM store.outbox
WHERE run_id = $run_id AND sync_id = $sync_id AND operation = $operation AND batch_id IS NULL AND salesforce_id IS NULL
ORDER BY seq
