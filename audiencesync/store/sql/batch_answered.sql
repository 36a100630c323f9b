-- batch_answered: nothing more is expected of a batch.
-- params: $batch_id, $now
UPDATE store.batch SET answered_at = $now WHERE batch_id = $batch_id
