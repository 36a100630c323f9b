-- batches_open: batches whose rows have no outcome; a crash or a lost answer left them. A row from before rows had
--               an object belongs to that of its sync.
-- params : $sync_id
-- returns: batch_id, run_id, object, route, operation, row_count, attempt, job_id, sent_at, sent_there (by Salesforce's clock),
--          matched_by VARCHAR[] (NULL: sent before that was kept), open_rows (without an outcome)
SELECT batch_id, run_id, coalesce(batch.object, sync.object) AS object, route, operation, row_count, attempt, job_id, sent_at,
    coalesce(sent_there, sent_at) AS sent_there, matched_by, open_rows
FROM store.batch AS batch
JOIN store.sync AS sync USING (sync_id)
JOIN (SELECT batch_id, count(*) AS open_rows FROM store.outbox WHERE sync_id = $sync_id GROUP BY batch_id) USING (batch_id)
WHERE sync_id = $sync_id
ORDER BY batch_id
