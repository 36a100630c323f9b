-- batch_in_order: whether the rows of a batch lie in the outbox in the order they travel; a look at the numbers alone.
-- params : $batch_id
-- returns: in_order BOOLEAN
SELECT coalesce(bool_and(seq > before), true) AS in_order
FROM (SELECT seq, lag(seq) OVER () AS before FROM store.outbox WHERE batch_id = $batch_id)
