-- batches_open: batches whose rows have no outcome; a crash or a lost answer left them.
-- params : $sync_id
-- returns: batch_id, run_id, route, operation, row_count, attempt, job_id
SELECT batch_id, run_id, route, operation, row_count, attempt, job_id
FROM store.batch
WHERE sync_id = $sync_id AND batch_id IN (SELECT batch_id FROM store.outbox WHERE sync_id = $sync_id)
ORDER BY batch_id
