-- batch_fill_lot: give the rows of one planned request or job to a batch.
-- params: $run_id, $sync_id, $pack, $batch_id
-- reads : store.batch
UPDATE store.outbox AS outbox
SET batch_id = batch.batch_id
FROM store.batch AS batch
WHERE batch.batch_id = $batch_id AND outbox.run_id = $run_id AND outbox.sync_id = $sync_id AND outbox.pack = $pack
  AND outbox.operation = batch.operation AND outbox.object = batch.object AND outbox.route = batch.route
  AND outbox.batch_id IS NULL
