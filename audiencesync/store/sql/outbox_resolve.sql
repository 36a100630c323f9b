-- outbox_resolve: an Id that was looked up.
-- params: $run_id, $sync_id, $seq, $salesforce_id
UPDATE store.outbox SET salesforce_id = $salesforce_id
WHERE run_id = $run_id AND sync_id = $sync_id AND seq = $seq
