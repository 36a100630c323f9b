-- settle_done: rows with an outcome leave the outbox.
-- params: $batch_id
DELETE FROM store.outbox AS outbox
USING stage_result AS result
WHERE outbox.batch_id = $batch_id AND result.seq = outbox.seq
