-- batch_fill: give the taken rows to a batch.
-- params: $run_id, $sync_id, $batch_id, $seqs BIGINT[]
UPDATE store.outbox
SET batch_id = $batch_id
WHERE run_id = $run_id AND sync_id = $sync_id AND seq IN (SELECT unnest($seqs))
