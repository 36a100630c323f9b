-- outbox_again: rows of one operation that wait for another attempt, in order.
-- params : $run_id, $sync_id, $operation
-- returns: object VARCHAR, seq BIGINT
SELECT object, seq
FROM store.outbox
WHERE run_id = $run_id AND sync_id = $sync_id AND operation = $operation AND batch_id IS NULL AND pack IS NULL
ORDER BY object, seq
