-- batch_open: the intent of one request or job, written before it is sent.
-- params: $batch_id, $run_id, $sync_id, $object, $route, $operation, $rows, $attempt, $terms (how its rows are written), $now
INSERT INTO store.batch (batch_id, run_id, sync_id, object, route, operation, row_count, attempt, terms, sent_at)
VALUES ($batch_id, $run_id, $sync_id, $object, $route, $operation, $rows, $attempt, $terms, $now)
