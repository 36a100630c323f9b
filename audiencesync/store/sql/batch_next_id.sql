-- batch_next_id: a number that no batch has.
-- returns: batch_id BIGINT
SELECT coalesce(max(batch_id), 0) + 1 AS batch_id FROM store.batch
