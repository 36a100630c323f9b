-- outbox_operations: the operations of which rows are planned and not begun.
-- params : $run_id, $sync_id
-- returns: operation VARCHAR
SELECT DISTINCT operation FROM store.outbox WHERE run_id = $run_id AND sync_id = $sync_id AND batch_id IS NULL
