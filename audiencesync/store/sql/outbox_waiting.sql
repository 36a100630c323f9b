-- outbox_waiting: rows of a run that were never sent.
-- params : $run_id, $sync_id
-- returns: waiting BIGINT
SELECT count(*) AS waiting FROM store.outbox WHERE run_id = $run_id AND sync_id = $sync_id AND batch_id IS NULL
