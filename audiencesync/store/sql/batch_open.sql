-- batch_open: the intent of one request or job, written before it is sent.
-- params: $batch_id, $run_id, $sync_id, $object, $route, $operation, $rows, $attempt, $terms (how its rows are written),
--         $matched_by VARCHAR[] (the match fields), $now, $now_there (by Salesforce's clock)
INSERT INTO store.batch (batch_id, run_id, sync_id, object, route, operation, row_count, attempt, terms, matched_by, sent_at, sent_there)
VALUES ($batch_id, $run_id, $sync_id, $object, $route, $operation, $rows, $attempt, $terms, $matched_by, $now, $now_there)
